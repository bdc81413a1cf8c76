#include "notify/courier.hpp"

#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/uuid.hpp"

namespace ingot::notify {
namespace {

/// So often the wall clock is looked at: it may have jumped.
constexpr Duration kLookAtClock = std::chrono::seconds(5);

std::uint64_t chance() {
    std::uint64_t value = 0;
    fill_random(reinterpret_cast<std::byte*>(&value), sizeof value);
    return value;
}

void tell(const Delivery& delivery) {
    if (delivery.state == Delivery::State::kDelivered) return;
    const bool given_up = delivery.state == Delivery::State::kGivenUp;
    const std::string text =
        fmt::format("'{}' was not told '{}', {} attempts: {}", delivery.receiver,
                    delivery.message.title, delivery.attempts, delivery.outcome);
    if (given_up) {
        log_error("{}: given up", text);
    } else {
        log_warning("{}: next at {}", text, delivery.next_at.to_string());
    }
}

}  // namespace

Courier::Courier(Parts parts, OutboxLimits limits) : parts_(std::move(parts)), outbox_(limits) {
    for (std::size_t i = 0; i < limits.at_work; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) {
            name_this_thread("courier");
            work(stop);
        });
    }
}

Courier::~Courier() {
    for (std::jthread& thread : threads_) thread.request_stop();
}

void Courier::take(std::vector<Delivery> deliveries) {
    {
        auto outbox = outbox_.lock();
        for (Delivery& delivery : deliveries) outbox->add(std::move(delivery));
    }
    news_.notify_all();
}

Status Courier::try_again(const std::string& id) {
    Delivery delivery;
    {
        auto outbox = outbox_.lock();
        INGOT_TRY_ASSIGN(delivery, outbox->try_again(id, parts_.clock.now()));
    }
    parts_.record(delivery);
    news_.notify_all();
    return {};
}

std::vector<Delivery> Courier::deliveries() const {
    std::vector<Delivery> all;
    auto outbox = outbox_.lock();
    const auto& deliveries = outbox->deliveries();
    for (auto each = deliveries.rbegin(); each != deliveries.rend(); ++each) {
        all.push_back(each->second);
    }
    return all;
}

void Courier::work(const std::stop_token& stop) {
    while (const std::optional<Delivery> delivery = next(stop)) {
        Sent sent;
        try {
            sent = parts_.send(*delivery, stop);
        } catch (const std::exception& e) {
            sent = {Sent::Kind::kTryAgain, fmt::format("unexpected: {}", e.what())};
        }
        // What was cut off here is made again by the next process.
        if (stop.stop_requested() && sent.kind != Sent::Kind::kDelivered) return;
        Delivery ended;
        std::vector<std::string> gone;
        {
            auto outbox = outbox_.lock();
            ended = outbox->ended(delivery->id, sent, parts_.clock.now(), chance());
            gone = outbox->forget();
        }
        tell(ended);
        parts_.record(ended);
        for (const std::string& id : gone) parts_.remove(id);
        news_.notify_all();
    }
}

/// Waits for a delivery whose time has come. Nothing: stopped.
std::optional<Delivery> Courier::next(const std::stop_token& stop) {
    auto outbox = outbox_.lock();
    while (!stop.stop_requested()) {
        const Timestamp now = parts_.clock.now();
        if (std::optional<Delivery> delivery = outbox->start(now)) return delivery;
        const std::optional<Timestamp> wake = outbox->next_wake();
        const Duration wait = wake ? std::min(*wake - now, kLookAtClock) : kLookAtClock;
        news_.wait_for(outbox.mutex_lock(), stop, wait, [&] {
            const std::optional<Timestamp> first = outbox->next_wake();
            return first && *first <= parts_.clock.now();
        });
    }
    return std::nullopt;
}

}  // namespace ingot::notify

#include "notify/outbox.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ingot::notify {
namespace {

using Json = nlohmann::ordered_json;

/// The wait after the n-th failed attempt, up to a fifth longer so that not all come at once.
Duration wait_after(int attempts, const OutboxLimits& limits, std::uint64_t random) {
    const double first = static_cast<double>(limits.delay_first.count());
    const double grown = first * std::pow(limits.backoff, std::min(attempts - 1, 30));
    const double capped = std::min(grown, static_cast<double>(limits.delay_max.count()));
    const double spread = static_cast<double>(random % 1000) / 5000;
    return Duration(static_cast<std::int64_t>(capped * (1 + spread)));
}

}  // namespace

std::string_view delivery_state_name(Delivery::State state) {
    switch (state) {
        case Delivery::State::kWaiting:
            return "waiting";
        case Delivery::State::kDelivered:
            return "delivered";
        case Delivery::State::kGivenUp:
            return "given_up";
    }
    return "";
}

std::string delivery_to_json(const Delivery& delivery) {
    Json json{{"id", delivery.id},
              {"receiver", delivery.receiver},
              {"state", static_cast<int>(delivery.state)},
              {"attempts", delivery.attempts},
              {"created_us", delivery.created.micros()},
              {"next_us", delivery.next_at.micros()}};
    if (delivery.ended_at) json["ended_us"] = delivery.ended_at->micros();
    json["outcome"] = delivery.outcome;
    json["message"] = message_to_json(delivery.message);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Delivery> parse_delivery(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        const auto time = [&](const char* key) {
            return Timestamp::from_micros(json.at(key).get<std::int64_t>());
        };
        const int state = json.at("state").get<int>();
        if (state < 0 || state > 2) throw std::out_of_range("an unknown state");
        INGOT_TRY_ASSIGN(Message message, parse_message(json.at("message").get<std::string>()));
        Delivery delivery{json.at("id").get<std::string>(), json.at("receiver").get<std::string>(),
                          std::move(message)};
        delivery.state = static_cast<Delivery::State>(state);
        delivery.attempts = json.at("attempts").get<int>();
        delivery.created = time("created_us");
        delivery.next_at = time("next_us");
        if (json.contains("ended_us")) delivery.ended_at = time("ended_us");
        delivery.outcome = json.at("outcome").get<std::string>();
        return delivery;
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData, "a stored delivery is not understood: {}",
                          e.what());
    }
}

void Outbox::add(Delivery delivery) {
    const std::string id = delivery.id;
    if (delivery.state == Delivery::State::kWaiting) {
        queues_[delivery.receiver].waiting.emplace(delivery.next_at, id);
    } else {
        ended_.insert(id);
    }
    const bool is_new = deliveries_.emplace(id, std::move(delivery)).second;
    INGOT_CHECK(is_new, "deliveries have different ids");
}

/// The one whose next attempt is the first; null: none may begin.
template <class Queues>
auto Outbox::first_queue(Queues& queues) const -> decltype(&queues.begin()->second) {
    if (at_work_ == limits_.at_work) return nullptr;
    decltype(&queues.begin()->second) first = nullptr;
    for (auto& [receiver, queue] : queues) {
        if (queue.at_work || queue.waiting.empty()) continue;
        const bool earlier = first == nullptr || *queue.waiting.begin() < *first->waiting.begin();
        if (earlier) first = &queue;
    }
    return first;
}

std::optional<Delivery> Outbox::start(Timestamp now) {
    Queue* const queue = first_queue(queues_);
    if (queue == nullptr || queue->waiting.begin()->first > now) return std::nullopt;
    const std::string id = queue->waiting.begin()->second;
    queue->waiting.erase(queue->waiting.begin());
    queue->at_work = true;
    ++at_work_;
    return deliveries_.at(id);
}

Delivery Outbox::ended(const std::string& id, const Sent& sent, Timestamp now,
                       std::uint64_t random) {
    Delivery& delivery = deliveries_.at(id);
    Queue& queue = queues_.at(delivery.receiver);
    queue.at_work = false;
    --at_work_;
    ++delivery.attempts;
    delivery.outcome = sent.outcome;
    const bool too_long = now - delivery.created >= limits_.give_up_after;
    if (sent.kind == Sent::Kind::kTryAgain && !too_long) {
        Duration wait = wait_after(delivery.attempts, limits_, random);
        if (sent.retry_after) wait = std::max(wait, std::min(*sent.retry_after, limits_.delay_max));
        delivery.next_at = now + wait;
        queue.waiting.emplace(delivery.next_at, id);
        return delivery;
    }
    const bool delivered = sent.kind == Sent::Kind::kDelivered;
    delivery.state = delivered ? Delivery::State::kDelivered : Delivery::State::kGivenUp;
    delivery.ended_at = now;
    ended_.insert(id);
    return delivery;
}

Result<Delivery> Outbox::try_again(const std::string& id, Timestamp now) {
    const auto found = deliveries_.find(id);
    if (found == deliveries_.end() || found->second.state == Delivery::State::kDelivered) {
        return make_error(ErrorCode::kNotFound, "there is no delivery '{}' that is not delivered",
                          id);
    }
    Delivery& delivery = found->second;
    Queue& queue = queues_[delivery.receiver];
    if (delivery.state == Delivery::State::kWaiting) {
        // One that is at work stays so.
        if (queue.waiting.erase({delivery.next_at, id}) == 0) return delivery;
    } else {
        delivery.state = Delivery::State::kWaiting;
        delivery.ended_at.reset();
        delivery.created = now;
        ended_.erase(id);
    }
    delivery.next_at = now;
    queue.waiting.emplace(now, id);
    return delivery;
}

std::vector<std::string> Outbox::forget() {
    std::vector<std::string> gone;
    while (ended_.size() > limits_.kept_ended) {
        gone.push_back(*ended_.begin());
        deliveries_.erase(*ended_.begin());
        ended_.erase(ended_.begin());
    }
    return gone;
}

std::optional<Timestamp> Outbox::next_wake() const {
    const Queue* const queue = first_queue(queues_);
    if (queue == nullptr) return std::nullopt;
    return queue->waiting.begin()->first;
}

}  // namespace ingot::notify

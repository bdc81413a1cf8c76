#include "cli/run_alerts.hpp"

#include <algorithm>
#include <cstdio>

#include "base/log.hpp"

namespace ingot::cli {

namespace orc = ingot::orchestrator;
using notify::Delivery;

namespace {

/// What this process stored of the run. Older ones are on the list of the server that will be.
Result<std::vector<Delivery>> stored_since(Timestamp begun, const orc::RunId& run,
                                           orc::Store& store) {
    INGOT_TRY_ASSIGN(const auto records, store.records(notify::kDeliveryRecord));
    std::vector<Delivery> deliveries;
    for (const auto& [id, body] : records) {
        INGOT_TRY_ASSIGN_WITH(Delivery delivery, notify::parse_delivery(body),
                              "in the delivery " + id);
        const auto& facts = delivery.message.facts;
        const bool of_run =
            std::find(facts.begin(), facts.end(),
                      std::pair<std::string, std::string>("run", run.value())) != facts.end();
        if (of_run && delivery.created >= begun) deliveries.push_back(std::move(delivery));
    }
    return deliveries;
}

void say(const Delivery& delivery) {
    const std::string text =
        delivery.state == Delivery::State::kDelivered
            ? fmt::format("told {}: {}", delivery.receiver, delivery.message.title)
            : fmt::format("{} was not told '{}': {}; {}", delivery.receiver, delivery.message.title,
                          delivery.outcome,
                          delivery.state == Delivery::State::kGivenUp
                              ? "given up"
                              : "the next `ingot serve` tries again, `ingot alerts` shows it");
    std::fprintf(stderr, "%s\n", mask_secrets(text).c_str());
}

}  // namespace

RunAlerts::RunAlerts(const project::ProjectPtr& project, Clock& clock)
    : clock_(clock), begun_(clock.now()), alerts_([](const std::vector<Delivery>&) {}) {
    alerts_.define(project, begun_);
}

Status RunAlerts::on_event(const orc::Event& event, const orc::RunStatus& run,
                           orc::Orchestrator& orchestrator) {
    return alerts_.on_event(event, run, orchestrator);
}

Status RunAlerts::deliver(const orc::RunId& run, orc::Store& store, const notify::Sender& sender,
                          const std::stop_token& stop) const {
    INGOT_TRY_ASSIGN(const std::vector<Delivery> deliveries, stored_since(begun_, run, store));
    notify::Outbox outbox;
    for (const Delivery& delivery : deliveries) outbox.add(delivery);
    while (const std::optional<Delivery> delivery = outbox.start(clock_.now())) {
        const notify::Sent sent = sender.send(*delivery, stop);
        const Delivery ended = outbox.ended(delivery->id, sent, clock_.now(), 0);
        INGOT_TRY(store.append({.runs = {}, .events = {}, .records = {notify::record_of(ended)}}));
        say(ended);
    }
    return {};
}

}  // namespace ingot::cli

#include "orchestrator/scheduler.hpp"

#include <limits>

#include "base/log.hpp"

namespace ingot::orchestrator {
namespace {

bool is_triggered(RunOrigin::Cause cause) {
    return cause != RunOrigin::Cause::kManual && cause != RunOrigin::Cause::kBackfill;
}

/// `the tick of 2015-01-01T10:05:00Z`, `bronze.events at version 12`.
std::string what_brought_it_about(const DueRun& due) {
    std::string text;
    const auto add = [&](std::string part) { text += (text.empty() ? "" : ", ") + part; };
    for (const auto& [table, version] : due.tables) {
        add(fmt::format("{} at version {}", table.text(), version));
    }
    constexpr std::size_t kNamed = 5;
    for (std::size_t i = 0; i < due.files.size() && i < kNamed; ++i) add(due.files[i]);
    if (due.files.size() > kNamed) add(fmt::format("{} more files", due.files.size() - kNamed));
    if (due.cause == RunOrigin::Cause::kWebhook) add("a call");
    if (text.empty()) text = "the tick of " + due.scheduled_for.to_string();
    return text;
}

}  // namespace

Status Scheduler::load(Store& store) {
    INGOT_TRY_ASSIGN(const auto records, store.records(kTriggerRecord));
    INGOT_TRY_ASSIGN(
        const std::vector<RunHead> unfinished,
        store.list({.unfinished = true, .at_most = std::numeric_limits<std::int32_t>::max()}));
    std::map<std::string, int> open;
    for (const RunHead& head : unfinished) {
        if (!is_triggered(head.origin.cause)) continue;
        open_.try_emplace(head.id);
        ++open[head.pipeline];
    }
    for (const auto& [pipeline, body] : records) {
        INGOT_TRY_ASSIGN_WITH(TriggerState state, parse_trigger_state(body),
                              "in the trigger of " + pipeline);
        kept_.push_back({pipeline, std::move(state), open[pipeline]});
    }
    return {};
}

Status Scheduler::define(std::vector<TriggerDefinition> definitions, Timestamp now,
                         Orchestrator& orchestrator) {
    INGOT_TRY_ASSIGN(const Decisions decisions,
                     triggers_.define(std::move(definitions), std::exchange(kept_, {}), now));
    return carry_out(decisions, orchestrator);
}

Status Scheduler::take(const TriggerEvent& event, Timestamp now, Orchestrator& orchestrator) {
    INGOT_TRY_ASSIGN(const Decisions decisions, triggers_.step(event, now));
    return carry_out(decisions, orchestrator);
}

std::optional<Timestamp> Scheduler::due(const RunId& run) const {
    const auto open = open_.find(run);
    return open == open_.end() ? std::nullopt : open->second;
}

Status Scheduler::on_event(const Event&, const RunStatus& run, Orchestrator& orchestrator) {
    if (!has_ended(run.state) || open_.erase(run.id) == 0) return {};
    const std::string& pipeline = run.spec->plan.pipeline;
    if (triggers_.state(pipeline) == nullptr) return {};
    return take(TriggeredRunEnded{pipeline}, orchestrator.now(), orchestrator);
}

Status Scheduler::on_time(Timestamp now, Orchestrator& orchestrator) {
    return take(TimeReached{}, now, orchestrator);
}

Status Scheduler::carry_out(const Decisions& decisions, Orchestrator& orchestrator) {
    for (const PassedOver& ticks : decisions.passed_over) {
        log_warning("{}: the ticks after {} until {} get no run", ticks.pipeline,
                    ticks.after.to_string(), ticks.until.to_string());
    }
    for (const DueRun& due : decisions.due) {
        PreparedRun prepared = prepare_(due);
        open_[prepared.id] = due.scheduled_for;
        INGOT_TRY(orchestrator.submit(
            prepared.id, std::move(prepared.spec),
            {due.cause, what_brought_it_about(due), std::move(prepared.code), ""}));
    }
    for (const std::string& pipeline : decisions.changed) {
        orchestrator.keep({std::string(kTriggerRecord), pipeline,
                           trigger_state_to_json(*triggers_.state(pipeline))});
    }
    for (const std::string& pipeline : decisions.forgotten) {
        orchestrator.keep({std::string(kTriggerRecord), pipeline, std::nullopt});
    }
    return {};
}

}  // namespace ingot::orchestrator

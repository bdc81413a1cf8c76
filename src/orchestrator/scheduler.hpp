#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/orchestrator.hpp"
#include "orchestrator/policy.hpp"
#include "orchestrator/triggers.hpp"

namespace ingot::orchestrator {

/// The kind of record that the state of a pipeline's trigger is.
inline constexpr std::string_view kTriggerRecord = "trigger";

/// Queues the runs that triggers decide, and keeps where each trigger is in the same transaction.
class Scheduler final : public Policy {
public:
    /// A pipeline that cannot be planned gets a run that says so and fails.
    using Prepare = std::function<PreparedRun(const DueRun&)>;

    explicit Scheduler(Prepare prepare) : prepare_(std::move(prepare)) {}

    /// Where triggers were, before the loop begins.
    Status load(Store& store);
    /// What the project says now.
    Status define(std::vector<TriggerDefinition> definitions, Timestamp now,
                  Orchestrator& orchestrator);
    /// Something happened that a trigger may wait for.
    Status take(const TriggerEvent& event, Timestamp now, Orchestrator& orchestrator);

    const Triggers& triggers() const { return triggers_; }
    /// When what brought the run about happened, a tick or another event. Nothing: the run is over,
    /// no trigger began it, or another process did.
    std::optional<Timestamp> due(const RunId& run) const;

    Status on_event(const Event& event, const RunStatus& run, Orchestrator& orchestrator) override;
    Status on_time(Timestamp now, Orchestrator& orchestrator) override;
    std::optional<Timestamp> next_time() const override { return triggers_.next_wake(); }

private:
    Status carry_out(const Decisions& decisions, Orchestrator& orchestrator);

    Prepare prepare_;
    Triggers triggers_;
    std::vector<KeptTrigger> kept_;  ///< From the store, until the first definitions come.
    /// Runs of triggers that are not over, and when they were due; nothing: nobody knows any more.
    std::map<RunId, std::optional<Timestamp>> open_;
};

}  // namespace ingot::orchestrator

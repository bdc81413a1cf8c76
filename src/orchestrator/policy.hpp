#pragma once
#include <optional>
#include <string>

#include "orchestrator/event.hpp"
#include "orchestrator/run_plan.hpp"
#include "orchestrator/run_status.hpp"

namespace ingot::orchestrator {

class Orchestrator;

/// A run that is about to be queued.
struct PreparedRun {
    RunId id;
    RunSpec spec;
    std::string code;  ///< RunOrigin::code
};

/// Decides which runs there are: schedules, backfills. All calls come from the thread of the loop;
/// what a policy submits, gives and keeps becomes durable together with what led to it. An error
/// ends the loop: only what cannot be gone on with is one.
class Policy {
public:
    virtual ~Policy() = default;
    /// After the machine has taken the event in.
    virtual Status on_event(const Event& event, const RunStatus& run, Orchestrator& orchestrator);
    /// At `next_time` or later, by the wall clock, which may jump either way.
    virtual Status on_time(Timestamp now, Orchestrator& orchestrator) = 0;
    virtual std::optional<Timestamp> next_time() const = 0;
};

}  // namespace ingot::orchestrator

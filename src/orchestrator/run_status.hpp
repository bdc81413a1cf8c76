#pragma once
// Where a run and its tasks stand.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/event.hpp"

namespace ingot::orchestrator {

/// kWaiting: for tasks before it. kQueued: for a slot. kUpForReschedule: between two checks.
/// kExpanded: its copies have not all ended. kRemoved: a copy whose item is there no more.
enum class TaskState : std::uint8_t {
    kWaiting,
    kQueued,
    kRunning,
    kUpForRetry,
    kUpForReschedule,
    kExpanded,
    kSuccess,
    kFailed,
    kSkipped,
    kUpstreamFailed,
    kCancelled,
    kRemoved,
};
std::string_view task_state_name(TaskState state);  ///< `up_for_retry`
bool has_ended(TaskState state);

/// kQueued: for a place among the active runs of its pipeline.
enum class RunState : std::uint8_t { kQueued, kRunning, kSuccess, kFailed, kCancelled };
std::string_view run_state_name(RunState state);
Result<RunState> parse_run_state(std::string_view name);
bool has_ended(RunState state);

struct AttemptStatus {
    /// kCancelled: with its run, or by a mark. kLost: the process that made it ended before it did.
    /// kDeferred: it goes on later.
    enum class State : std::uint8_t {
        kRunning,
        kSuccess,
        kFailed,
        kTimedOut,
        kCancelled,
        kLost,
        kSkipped,
        kDeferred,
    };
    State state = State::kRunning;
    Timestamp started;
    Timestamp ready = {};  ///< When it could have started, had there been a slot.
    std::optional<Timestamp> ended = {};
    std::string message = {};
    int checks = 0;  ///< How often it was deferred.
    friend bool operator==(const AttemptStatus&, const AttemptStatus&) = default;
};
/// Whether it is over, for good.
bool has_ended(AttemptStatus::State state);
std::string_view attempt_state_name(AttemptStatus::State state);

/// How the tasks right before one stand, by what the rules of `when` ask.
struct TasksBefore {
    std::uint32_t all = 0;
    std::uint32_t waiting_for = 0;  ///< They have not ended.
    std::uint32_t succeeded = 0;    ///< Failed ones whose failure is tolerated included.
    std::uint32_t failed = 0;       ///< They failed or could not run; tolerated ones included.
    std::uint32_t blocking = 0;     ///< Those of them whose failure is not tolerated.
    std::uint32_t skipped = 0;
    std::uint32_t ran = 0;          ///< They did their work, well or not.
    std::uint32_t passed_over = 0;  ///< They chose others to go on.
    friend bool operator==(const TasksBefore&, const TasksBefore&) = default;
};

struct TaskStatus {
    TaskState state = TaskState::kWaiting;
    Timestamp since;   ///< When it came into this state.
    int failures = 0;  ///< Failed attempts since it last began anew: what retries are counted by.
    std::optional<Timestamp> retry_at = {};       ///< kUpForRetry
    std::optional<Timestamp> check_at = {};       ///< kUpForReschedule
    std::string waits_for = {};                   ///< kUpForReschedule: as its last check said.
    std::optional<Timestamp> checked_since = {};  ///< A sensor's first check since it began anew.
    std::vector<AttemptStatus> attempts = {};     ///< The first has number 1.
    TasksBefore before = {};
    /// Somebody said how it came out. While it runs: it is being stopped, and comes out so then.
    std::optional<TaskMarked> mark = {};
    std::optional<std::vector<std::string>> chosen = {};  ///< kSuccess of a branch.
    std::string values = {};                              ///< kSuccess: a JSON object, or empty.

    /// Of a task whose items are known late: every copy that there ever was, by its position.
    std::vector<TaskIndex> copies = {};
    std::uint32_t items = 0;     ///< So many of them are there now; 0: it has not expanded.
    TasksBefore of_copies = {};  ///< How these stand.
    std::uint32_t leaving = 0;   ///< Copies that were withdrawn and are still being stopped.
    std::optional<TaskIndex> copy_of = {};  ///< Of a copy.
    std::string item = {};                  ///< Of a copy: as JSON.
    bool withdrawn = false;  ///< Of a copy at work: it is being stopped, and removed then.
    friend bool operator==(const TaskStatus&, const TaskStatus&) = default;
};

struct RunStatus {
    RunId id;
    std::shared_ptr<const RunSpec> spec;
    RunOrigin origin = {};
    RunState state = RunState::kQueued;
    Timestamp queued_at;
    std::optional<Timestamp> started_at = {};
    std::optional<Timestamp> ended_at = {};
    Timestamp last_event_at;
    std::optional<std::string> cancelled = {};  ///< Why.
    std::string cancelled_by = {};              ///< Empty: nobody in particular.
    std::string note = {};
    std::vector<TaskStatus> tasks = {};  ///< As in the plan, then the copies.
    std::vector<std::shared_ptr<const PlannedTask>> copies = {};  ///< What the plan does not know.

    /// Of the plan, or a copy.
    const PlannedTask& planned(TaskIndex task) const {
        const std::vector<PlannedTask>& plan = spec->plan.tasks;
        return task.value() < plan.size() ? plan[task.value()]
                                          : *copies[task.value() - plan.size()];
    }
    friend bool operator==(const RunStatus& a, const RunStatus& b);
};

/// The tasks and all that come after them, their copies that are there now included; not the
/// copies of a task that is named itself. Ascending.
std::vector<TaskIndex> with_those_after(const RunStatus& run, const std::vector<TaskIndex>& tasks);

/// What the tasks gave, as one JSON text: the object of one task, or empty; of one that has copies
/// the list of what those gave that succeeded, in the order of the items.
std::string values_of(const RunStatus& run, const std::vector<TaskIndex>& tasks);

/// The failed ones whose failure is not tolerated and those that could not run because of them: why
/// a run is failed. Ascending.
std::vector<TaskIndex> tasks_that_fail_the_run(const RunStatus& run);

/// The tasks that come after this one, by way of others too, and could not run because something
/// before them failed: what may run now that it is marked otherwise. Ascending.
std::vector<TaskIndex> those_that_could_not_run(const RunStatus& run, TaskIndex after);

/// How long to wait before the next attempt: `delay * backoff^(failures - 1)`, at most a day, plus
/// up to a quarter of it, which `seed` decides. Requires failures > 0.
Duration retry_wait(const RetryRule& rule, int failures, std::string_view seed);

}  // namespace ingot::orchestrator

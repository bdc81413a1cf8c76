#pragma once
// Where a run and its tasks stand.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/event.hpp"

namespace ingot::orchestrator {

/// kWaiting: for tasks before it. kQueued: for a slot.
enum class TaskState : std::uint8_t {
    kWaiting,
    kQueued,
    kRunning,
    kUpForRetry,
    kSuccess,
    kFailed,
    kSkipped,
    kUpstreamFailed,
    kCancelled,
};
std::string_view task_state_name(TaskState state);  ///< `up_for_retry`
bool has_ended(TaskState state);

/// kQueued: for a place among the active runs of its pipeline.
enum class RunState : std::uint8_t { kQueued, kRunning, kSuccess, kFailed, kCancelled };
std::string_view run_state_name(RunState state);
Result<RunState> parse_run_state(std::string_view name);
bool has_ended(RunState state);

struct AttemptStatus {
    /// kLost: the process that made it ended before it did.
    enum class State : std::uint8_t { kRunning, kSuccess, kFailed, kTimedOut, kCancelled, kLost };
    State state = State::kRunning;
    Timestamp started;
    std::optional<Timestamp> ended = {};
    std::string message = {};
    friend bool operator==(const AttemptStatus&, const AttemptStatus&) = default;
};
std::string_view attempt_state_name(AttemptStatus::State state);

struct TaskStatus {
    TaskState state = TaskState::kWaiting;
    Timestamp since;   ///< When it came into this state.
    int failures = 0;  ///< Failed attempts since it last began anew: what retries are counted by.
    std::optional<Timestamp> retry_at = {};    ///< kUpForRetry
    std::vector<AttemptStatus> attempts = {};  ///< The first has number 1.
    std::uint32_t waiting_for = 0;             ///< Tasks before it that have not ended.
    std::uint32_t failed_before = 0;    ///< Tasks before it that failed, tolerated ones included.
    std::uint32_t blocking_before = 0;  ///< Those whose failure is not tolerated.
    std::uint32_t skipped_before = 0;
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
    std::vector<TaskStatus> tasks = {};         ///< As in the plan.
    friend bool operator==(const RunStatus& a, const RunStatus& b);
};

/// The failed ones whose failure is not tolerated and those that could not run because of them: why
/// a run is failed. Ascending.
std::vector<TaskIndex> tasks_that_fail_the_run(const RunStatus& run);

/// How long to wait before the next attempt: `delay * backoff^(failures - 1)`, at most a day, plus
/// up to a quarter of it, which `seed` decides. Requires failures > 0.
Duration retry_wait(const RetryRule& rule, int failures, std::string_view seed);

}  // namespace ingot::orchestrator

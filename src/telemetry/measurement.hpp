#pragma once
// One number, and what it is about.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ingot::telemetry {

/// Counts are of what just happened, times are in seconds, the rest is how things stand.
enum class Metric : std::uint8_t {
    // Counts.
    kTaskCreated,  ///< By pipeline, operation; the value says how many.
    kTaskStarted,  ///< An attempt: by pipeline, task.
    kTaskEnded,    ///< An attempt: by pipeline, task, operation, state.
    kTaskLost,     ///< Its process ended before it did: by pipeline, task.
    kRunQueued,    ///< By pipeline, cause.
    kRunEnded,     ///< By pipeline, state.
    kHeartbeat,    ///< The loop is at work.
    // Times.
    kTaskDuration,   ///< Of an attempt: by pipeline, task, state.
    kTaskQueued,     ///< From when it could have started to its start: by pipeline, task.
    kRunDuration,    ///< From its start: by pipeline, state.
    kTriggerLag,     ///< From what brought a run about until it was queued: by pipeline, cause.
    kScheduleDelay,  ///< From a tick to the start of its run: by pipeline.
    kFirstTaskSchedulingDelay,  ///< From a tick to the start of its run's first task.
    kFirstTaskStartDelay,       ///< From queueing a run to the start of its first task.
    // How things stand.
    kWorkersOpen,
    kWorkersRunning,
    kTasksQueued,
    kTasksStarving,  ///< Those that wait for a slot of a pool.
    kPoolOpen,       ///< This and the next: by pool.
    kPoolQueued,
    kPoolRunning,
    kPoolDeferred,
    kPoolStarving,
    kRunsQueued,
    kRunsRunning,
    kPipelines,
    kProjectProblems,
};

struct Measurement {
    Metric metric = Metric::kHeartbeat;
    double value = 1;
    std::string pipeline = {};
    std::string task = {};       ///< As the pipeline's file names it.
    std::string operation = {};  ///< `ingest`, `models`, ...
    std::string state = {};
    std::string cause = {};
    std::string pool = {};
    friend bool operator==(const Measurement&, const Measurement&) = default;
};

/// Takes measurements in; it does not wait.
using Sink = std::function<void(const std::vector<Measurement>&)>;

}  // namespace ingot::telemetry

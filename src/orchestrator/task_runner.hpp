#pragma once
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "orchestrator/run_status.hpp"

namespace ingot::orchestrator {

/// One try of one task.
struct Attempt {
    RunId run;
    std::shared_ptr<const RunSpec> spec;
    TaskIndex task;
    int number = 1;
    Timestamp run_time;  ///< When the run was queued: the same for all its attempts.
    std::string log;     ///< A file that is made for it; its folder is there.
    int checks = 0;  ///< How often it was deferred before: not 0, it goes on, and so does the log.
    /// It outlived the process that began it, as `goes_on` said.
    bool adopted = false;
    /// Asks to return and leave what outlives this process: another one goes on with it.
    std::stop_token leave = {};
    /// What tasks before it gave, by the names of their definitions: a JSON object, or nothing; of
    /// a task that has copies the list of what they gave.
    std::map<std::string, std::string> values = {};
    /// Of a copy that the plan does not know; null: it is a task of the plan.
    std::shared_ptr<const PlannedTask> copy = {};
    std::string item = {};  ///< Of such a copy: as JSON.

    const PlannedTask& planned() const { return copy ? *copy : spec->plan.tasks[task.value()]; }
};

/// Without the name of its log.
Attempt attempt_of(const RunStatus& run, TaskIndex task, int number);

/// An attempt for another process, and its outcome for this one: docs/formats/run_store.md. What of
/// an attempt is of one process, `adopted` and `leave`, stays there.
std::string attempt_to_json(const Attempt& attempt);
std::string outcome_to_json(const TaskOutcome& outcome);
/// kCorruptData: none, or one that this version does not understand.
Result<Attempt> parse_attempt(std::string_view json);
Result<TaskOutcome> parse_outcome(std::string_view json);

/// Carries tasks out: the only thing that the orchestrator knows of them.
class TaskRunner {
public:
    virtual ~TaskRunner() = default;
    /// Called from several threads at once, one attempt each. When `stop` asks, it ends as soon as
    /// it can and says kStopped, unless it has done its work all the same. The same attempt may
    /// have been lost before: what it does must bear being done again.
    virtual TaskOutcome run(const Attempt& attempt, std::stop_token stop) = 0;
    /// Of an attempt that another process began: whether it still goes on, or has ended and nobody
    /// took its outcome; `run` then goes on with it. Otherwise nothing of it begins any more. Does
    /// not wait.
    virtual Result<bool> goes_on(const Attempt& attempt);
};

}  // namespace ingot::orchestrator

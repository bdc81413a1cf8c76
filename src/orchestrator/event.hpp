#pragma once
// What happened to a run. A run's state is the fold of its events, in their order.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/run_plan.hpp"

namespace ingot::orchestrator {

/// How one attempt came out.
struct TaskOutcome {
    /// kStopped: it ended because it was asked to, by a time limit, a mark or a cancelled run.
    /// kSkipped: there was nothing to do. kDeferred: what it waits for is not there; it is asked
    /// again later and holds nothing meanwhile.
    enum class Kind : std::uint8_t { kSuccess, kFailed, kStopped, kSkipped, kDeferred };
    Kind kind = Kind::kSuccess;
    std::string message = {};  ///< For a person; of a failure what happened and what to do.
    bool retryable = true;     ///< kFailed: another attempt may come out otherwise.
    /// kSuccess of a branch: which of the tasks right after it go on, by name.
    std::optional<std::vector<std::string>> chosen = {};
    std::string values = {};  ///< kSuccess: what others may use, as a JSON object; empty: nothing.
    Duration again_after{};   ///< kDeferred
    friend bool operator==(const TaskOutcome&, const TaskOutcome&) = default;
};

/// Always the first.
struct RunQueued {
    std::shared_ptr<const RunSpec> spec;
    RunOrigin origin = {};
    friend bool operator==(const RunQueued& a, const RunQueued& b) {
        return *a.spec == *b.spec && a.origin == b.origin;
    }
};
struct RunStarted {
    friend bool operator==(const RunStarted&, const RunStarted&) = default;
};
struct TaskStarted {
    TaskIndex task;
    int attempt = 1;  ///< Counts on over everything that ever happened to the task.
    friend bool operator==(const TaskStarted&, const TaskStarted&) = default;
};
struct TaskEnded {
    TaskIndex task;
    int attempt = 1;
    TaskOutcome outcome;
    friend bool operator==(const TaskEnded&, const TaskEnded&) = default;
};
/// The attempt goes on at a later time.
struct TaskDeferred {
    TaskIndex task;
    int attempt = 1;
    Timestamp until;
    std::string reason;  ///< What it waits for: `there is no file in/2015-01-01.done`
    friend bool operator==(const TaskDeferred&, const TaskDeferred&) = default;
};
/// What it goes through is known: the task becomes one copy per item. A copy has its position as
/// long as its run lives: one that was there before gets the new item, those beyond are removed.
struct TaskExpanded {
    TaskIndex task;
    std::vector<std::string> items;  ///< Each as JSON; not empty.
    friend bool operator==(const TaskExpanded&, const TaskExpanded&) = default;
};
struct RunCancelled {
    std::string reason;
    std::string by = {};  ///< Who asked for it; empty: nobody in particular.
    friend bool operator==(const RunCancelled&, const RunCancelled&) = default;
};
/// These run anew. Those of them that have not ended stay as they are; but the copies of a task
/// that has some are withdrawn: those at work are stopped, and it looks for its items anew.
struct TasksCleared {
    std::vector<TaskIndex> tasks;
    friend bool operator==(const TasksCleared&, const TasksCleared&) = default;
};
/// Another process goes on with the run: attempts that were running are lost and made again,
/// without counting as failures.
struct RunAdopted {
    std::vector<TaskIndex> kept = {};  ///< Their attempts outlived the process and go on.
    friend bool operator==(const RunAdopted&, const RunAdopted&) = default;
};
/// Somebody says how a task came out, whatever it did: also when it has ended, and when the run
/// has, whose state follows. An attempt that runs is stopped first, and how it ends is ignored.
/// What came after the task and has ended stays as it is. A task that has copies: each of them.
struct TaskMarked {
    enum class As : std::uint8_t { kSuccess, kFailed, kSkipped };
    TaskIndex task;
    As as = As::kSuccess;
    std::string by = {};
    friend bool operator==(const TaskMarked&, const TaskMarked&) = default;
};
/// What somebody wants others to know about the run; empty: nothing any more.
struct RunNoted {
    std::string note;
    friend bool operator==(const RunNoted&, const RunNoted&) = default;
};
using Change =
    std::variant<RunQueued, RunStarted, TaskStarted, TaskEnded, RunCancelled, TasksCleared,
                 RunAdopted, TaskMarked, RunNoted, TaskDeferred, TaskExpanded>;

struct Event {
    RunId run;
    Timestamp at;
    Change change;
    friend bool operator==(const Event&, const Event&) = default;
};

/// What the end of an attempt's work is to its run: TaskEnded or TaskDeferred.
Change change_of(TaskIndex task, int attempt, TaskOutcome outcome, Timestamp now);

/// `task_ended`; the name under which it is stored.
std::string_view change_name(const Change& change);
/// docs/formats/run_store.md. The spec of RunQueued is not part of it.
std::string change_to_json(const Change& change);
/// kCorruptData: an event that this version does not know. `spec` becomes that of a RunQueued.
Result<Change> parse_change(std::string_view name, std::string_view json,
                            const std::shared_ptr<const RunSpec>& spec);

}  // namespace ingot::orchestrator

#pragma once
// What the machine keeps of a run.
#include "orchestrator/machine.hpp"
#include "orchestrator/slots_internal.hpp"
#include "orchestrator/trigger_rule_internal.hpp"

namespace ingot::orchestrator {

struct Machine::Run {
    std::uint64_t order = 0;
    RunStatus status;
    std::vector<std::vector<TaskIndex>> users;  ///< Of each task: those that come right after it.
    std::size_t unfinished = 0;                 ///< Tasks that have not ended.
    std::size_t cancelled = 0;
    std::size_t failing = 0;                       ///< Tasks that fail the run.
    std::vector<std::optional<Timestamp>> timers;  ///< Of each task.

    const PlannedTask& plan(TaskIndex task) const { return status.planned(task); }
    TaskStatus& at(TaskIndex task) { return status.tasks[task.value()]; }
    const TaskStatus& at(TaskIndex task) const { return status.tasks[task.value()]; }
    Slots::Key key(TaskIndex task) const { return {order, task}; }
    /// Those that come right after a task; of a copy, after the task that it is a copy of.
    const std::vector<TaskIndex>& users_of(TaskIndex task) const {
        return users[at(task).copy_of.value_or(task).value()];
    }
    /// What the rule says; of a task that waits for its items also what these say.
    Verdict verdict(TaskIndex task) const;
    /// Counts those before the task anew.
    void recount(TaskIndex task);
    /// The copy at this position, new or as it was left.
    TaskIndex copy_at(TaskIndex mapped, std::uint32_t position);
    /// A copy that has not ended is there no more.
    void remove(TaskIndex copy, Timestamp now);
    /// Number of the attempt that a start would begin or, of a deferred one, go on with.
    int next_attempt(TaskIndex task) const;
    /// When the time of a sensor that has been checked is over.
    std::optional<Timestamp> sensor_end(TaskIndex task) const;
    /// The task has ended well and says who goes on.
    void choose(TaskIndex task, const std::vector<std::string>& chosen);
    /// Counts a task that has ended for one that comes after it.
    void count_for(TaskIndex user, TaskIndex before);
    /// The task ends: its state counts for the run.
    void enter(TaskIndex task, TaskState state, Timestamp now);
    /// It has not ended after all.
    void leave(TaskIndex task, Timestamp now);
    /// What the run is when every task has ended.
    RunState outcome() const;

    /// Of each branch that has chosen: those that go on, and all that comes after them.
    std::map<TaskIndex, std::set<TaskIndex>> go_on;

private:
    bool fails_with(TaskIndex task, TaskState state) const;
    void close_deferred(TaskIndex task, Timestamp now);
    void end_expanded(TaskIndex mapped, Timestamp now);
};

}  // namespace ingot::orchestrator

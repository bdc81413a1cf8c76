#pragma once
// What the machine keeps of a run.
#include "orchestrator/machine.hpp"
#include "orchestrator/slots_internal.hpp"

namespace ingot::orchestrator {

struct Machine::Run {
    std::uint64_t order = 0;
    RunStatus status;
    std::vector<std::vector<TaskIndex>> users;  ///< Of each task: those that come right after it.
    std::size_t unfinished = 0;                 ///< Tasks that have not ended.
    std::size_t cancelled = 0;
    std::size_t failing = 0;                       ///< Tasks that fail the run.
    std::vector<std::optional<Timestamp>> timers;  ///< Of each task.

    const PlannedTask& plan(TaskIndex task) const { return status.spec->plan.tasks[task.value()]; }
    TaskStatus& at(TaskIndex task) { return status.tasks[task.value()]; }
    const TaskStatus& at(TaskIndex task) const { return status.tasks[task.value()]; }
    Slots::Key key(TaskIndex task) const { return {order, task}; }
    /// The task ends: its state counts for the run.
    void enter(TaskIndex task, TaskState state, Timestamp now);
    /// It has not ended after all.
    void leave(TaskIndex task);
    /// What the run is when every task has ended.
    RunState outcome() const;

private:
    bool fails_with(TaskIndex task, TaskState state) const;
};

}  // namespace ingot::orchestrator

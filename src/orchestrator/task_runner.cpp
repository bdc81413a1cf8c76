#include "orchestrator/task_runner.hpp"

namespace ingot::orchestrator {

Result<bool> TaskRunner::goes_on(const Attempt&) {
    return false;
}

Attempt attempt_of(const RunStatus& run, TaskIndex task, int number) {
    Attempt attempt{run.id, run.spec, task, number, run.queued_at, {}};
    attempt.checks =
        run.tasks[task.value()].attempts.at(static_cast<std::size_t>(number) - 1).checks;
    const std::size_t planned = run.spec->plan.tasks.size();
    if (task.value() >= planned) attempt.copy = run.copies[task.value() - planned];
    attempt.item = run.tasks[task.value()].item;
    std::map<std::string, std::vector<TaskIndex>> from;
    for (const TaskIndex before : attempt.planned().values_from) {
        from[run.planned(before).definition].push_back(before);
    }
    for (const auto& [name, tasks] : from) attempt.values.emplace(name, values_of(run, tasks));
    return attempt;
}

}  // namespace ingot::orchestrator

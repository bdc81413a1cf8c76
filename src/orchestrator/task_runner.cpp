#include "orchestrator/task_runner.hpp"

namespace ingot::orchestrator {

Result<bool> TaskRunner::goes_on(const Attempt&) {
    return false;
}

Attempt attempt_of(const RunStatus& run, TaskIndex task, int number) {
    Attempt attempt{run.id, run.spec, task, number, run.queued_at, {}};
    attempt.checks =
        run.tasks[task.value()].attempts.at(static_cast<std::size_t>(number) - 1).checks;
    for (const TaskIndex from : attempt.planned().values_from) {
        const std::string& values = run.tasks[from.value()].values;
        attempt.values.emplace(run.spec->plan.tasks[from.value()].definition, values);
    }
    return attempt;
}

}  // namespace ingot::orchestrator

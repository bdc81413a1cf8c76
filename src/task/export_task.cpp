// A task that writes tables elsewhere.
#include <fmt/format.h>

#include "task/export_internal.hpp"

namespace ingot::task {

using orchestrator::TaskOutcome;

TaskOutcome carry_out(const project::ExportTask& task, const TaskAttempt& attempt) {
    if (exports_are_off(attempt)) return nothing_outside(attempt);
    const Result<std::string> done = task.connection() == nullptr
                                         ? export_to_files(task, attempt)
                                         : export_to_postgres(task, attempt);
    if (!done) return failed(done.error(), attempt);
    write_line(attempt.log, *done);
    return {TaskOutcome::Kind::kSuccess, *done};
}

bool exports_are_off(const TaskAttempt& attempt) {
    const project::Project& project = *attempt.workspace.project;
    const auto environment = project.environments.find(project.environment);
    return environment != project.environments.end() && !environment->second.exports;
}

TaskOutcome nothing_outside(const TaskAttempt& attempt) {
    const std::string note =
        fmt::format("nothing was done outside of the lake: the environment {} has `exports: off`",
                    attempt.workspace.project->environment);
    write_line(attempt.log, note);
    return {TaskOutcome::Kind::kSuccess, note};
}

Result<delta::SnapshotPtr> pinned_for_export(const project::ExportItem& item, Pins& pins) {
    INGOT_TRY_ASSIGN_WITH(delta::SnapshotPtr snapshot, pins.snapshot(item.from),
                          "in " + item.place.to_string());
    if (snapshot) return snapshot;
    return make_error(ErrorCode::kNotFound,
                      "{}: {} has not been built yet, so it cannot be exported: run `ingot run {}` "
                      "first, or let the task come after the one that builds it",
                      item.place.to_string(), item.from.text(), item.from.text());
}

}  // namespace ingot::task

#pragma once
// What exports to all kinds of targets share.
#include <string>

#include "task/task_attempt_internal.hpp"
#include "task/workspace.hpp"

namespace ingot::task {

/// The environment has `exports: off`: nothing outside of the lake is touched, and that is a
/// success.
bool exports_are_off(const TaskAttempt& attempt);
orchestrator::TaskOutcome nothing_outside(const TaskAttempt& attempt);

/// The newest version of the item's table, as the task first looked at it. kNotFound when it has
/// not been built.
Result<delta::SnapshotPtr> pinned_for_export(const project::ExportItem& item, Pins& pins);

/// All items in one transaction; a sentence about what was done.
Result<std::string> export_to_postgres(const project::ExportTask& task, const TaskAttempt& attempt);
/// All files are written before the first takes its place.
Result<std::string> export_to_files(const project::ExportTask& task, const TaskAttempt& attempt);

}  // namespace ingot::task

#pragma once
#include <vector>

#include "task/model_task.hpp"

namespace ingot::task {

/// Loads what a source has that its tables lack: missing, new and changed windows or files. One
/// report per table. Failures are in the reports.
std::vector<TableReport> run_source(const project::Source& source,
                                    const std::vector<project::TableName>& tables,
                                    const TaskContext& context);

}  // namespace ingot::task

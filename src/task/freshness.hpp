#pragma once
#include <vector>

#include "task/model_task.hpp"

namespace ingot::task {

/// One result for each of the tables whose source says `freshness`: how old its newest data is, the
/// end of the last done window or else the last commit. Errors: a table that cannot be read.
Result<std::vector<quality::CheckResult>> check_freshness(
    const std::vector<project::TableName>& tables, const TaskContext& context);

}  // namespace ingot::task

#pragma once
#include "task/model_task.hpp"

namespace ingot::task {

/// Appends all check results of a run to `ingot.check_results` in one commit. Nothing to do without
/// results.
Status append_check_results(const RunReport& report, const TaskContext& context);

}  // namespace ingot::task

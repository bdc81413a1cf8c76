#pragma once
#include <functional>

#include "task/model_task.hpp"

namespace ingot::task {

/// Called from the run's threads, one at a time.
struct RunProgress {
    std::function<void(const project::TableName&)> started;
    std::function<void(const TableReport&)> finished;
};

/// Ingests and builds the selected tables, inputs first, those without a path between them side by
/// side. What stands on a failed table is skipped. Then the checks across tables run. Check results
/// are appended to `ingot.check_results` at the end. Errors: a selection that matches nothing;
/// anything that goes wrong with one table is in its report.
Result<RunReport> run_tables(const Workspace& workspace, const RunOptions& options,
                             const RunProgress& progress, std::stop_token stop);

}  // namespace ingot::task

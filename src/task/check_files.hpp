#pragma once
// Checks across tables: the files of `checks/`.
#include <span>

#include "task/model_task.hpp"

namespace ingot::task {

/// Runs each file's SELECT on the pinned tables; the rows that it returns are failures, and some of
/// them are kept as samples. A check that cannot run, also because a table cannot be read, is a
/// result (kError); one whose table failed in this run (`reports`) or has not been built is
/// kSkipped, with the reason. Errors: a query that was cancelled.
Result<std::vector<quality::CheckResult>> run_check_files(
    const std::vector<const project::TableCheckFile*>& files, std::span<const TableReport> reports,
    const TaskContext& context);

/// Those of a run's results that `ingot.check_results` does not have yet: a table that the check
/// reads was published by the run, or the check came out otherwise than the last kept time. Not
/// stopped with the run.
Result<std::vector<quality::CheckResult>> new_results(const RunReport& report,
                                                      const TaskContext& context);

}  // namespace ingot::task

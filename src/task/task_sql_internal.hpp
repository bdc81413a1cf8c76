#pragma once
#include "task/task_attempt_internal.hpp"

namespace ingot::task {

/// Which of the tables that the SELECT reads has not been built yet: a sentence; empty: none.
Result<std::string> what_is_not_built(const project::TaskSql& sql, const TaskAttempt& attempt);

/// Its first rows, over the newest versions of its tables.
Result<ColumnBatch> first_rows(const project::TaskSql& sql, std::size_t rows_max,
                               const TaskAttempt& attempt);

}  // namespace ingot::task

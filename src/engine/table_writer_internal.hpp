#pragma once
// Rows of a SELECT into new data files of one or two tables.
#include "engine/engine.hpp"
#include "engine/instance_internal.hpp"

namespace ingot::engine {

/// Registers the copy functions through which the rows reach the files.
void register_table_writer(duckdb::ExtensionLoader& loader);

/// `rejected` null: everything goes to `accepted`. Else rows go by the column `_reject_reason`. On
/// an error no file is left.
Result<SplitWriteResult> write_tables(duckdb::Connection& connection, Instance& instance,
                                      const Query& select, const WriteTarget& accepted,
                                      const WriteTarget* rejected, const std::stop_token& stop);

}  // namespace ingot::engine

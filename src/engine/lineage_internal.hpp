#pragma once
// Which table columns the output columns of a bound plan are computed from.
#include <string>
#include <utility>
#include <vector>

#include "engine/duckdb_compat/planner.hpp"

namespace ingot::engine {

/// (table, column) pairs, sorted.
using ColumnSources = std::vector<std::pair<std::string, std::string>>;

/// One entry per output column of the plan, which must not have been optimized.
std::vector<ColumnSources> trace_lineage(duckdb::LogicalOperator& plan);

}  // namespace ingot::engine

#pragma once
// The tables and functions that a parsed query names.
#include <functional>
#include <string>

#include "engine/duckdb_compat/parser.hpp"

namespace ingot::engine {

struct QueryVisitor {
    /// A table that is not a CTE of the query.
    std::function<void(duckdb::BaseTableRef&)> table;
    /// Lower case; operators are not functions.
    std::function<void(const std::string& name)> function;
};

void walk_query(duckdb::QueryNode& node, const QueryVisitor& visitor);

}  // namespace ingot::engine

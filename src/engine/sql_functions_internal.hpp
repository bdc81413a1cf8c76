#pragma once
#include "engine/duckdb_compat/functions.hpp"

namespace ingot::engine {

/// Registers the SQL functions that examples and projects need beside DuckDB's own:
/// `python_literal(text)`, JSON text of a printed Python value, NULL for text that is none.
void register_sql_functions(duckdb::ExtensionLoader& loader);

}  // namespace ingot::engine

#pragma once
// Bound plans, for column lineage.
#include "duckdb/planner/operator/list.hpp"
#include "duckdb/planner/planner.hpp"

#include "engine/duckdb_compat/expressions.hpp"
#include "engine/duckdb_compat/parser.hpp"

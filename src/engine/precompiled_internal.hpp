#pragma once
// Precompiled for every unit of this module.
#include "engine/duckdb_compat/catalog.hpp"
#include "engine/duckdb_compat/planner.hpp"

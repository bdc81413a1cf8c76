#pragma once
#include "engine/duckdb_compat/functions.hpp"
#include "engine/instance_internal.hpp"

namespace ingot::engine {

/// Registers `delta_scan`, `delta_history` and `delta_files`, which take the path or URI of a
/// table. The instance must outlive its database.
void register_delta_functions(duckdb::ExtensionLoader& loader, Instance& instance);

}  // namespace ingot::engine

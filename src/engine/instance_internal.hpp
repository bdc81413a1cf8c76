#pragma once
// The parts that an engine's sessions share.
#include <memory>

#include "engine/duckdb_compat/context.hpp"
#include "engine/store_file_system_internal.hpp"

namespace ingot::engine {

struct Instance {
    std::shared_ptr<StoreRegistry> stores;
    std::unique_ptr<duckdb::DuckDB> database;
};

using InstancePtr = std::shared_ptr<Instance>;

}  // namespace ingot::engine

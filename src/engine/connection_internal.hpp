#pragma once
#include <memory>

#include "engine/instance_internal.hpp"

namespace ingot::engine {

/// A connection with the settings that all of ours have.
Result<std::unique_ptr<duckdb::Connection>> open_connection(Instance& instance);

}  // namespace ingot::engine

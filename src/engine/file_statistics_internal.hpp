#pragma once
#include <string>

#include "engine/duckdb_compat/functions.hpp"
#include "engine/engine.hpp"

namespace ingot::engine {

/// The statistics of one written file as the log keeps them (`add.stats`): record count, and for
/// the first leaf columns bounds and null counts, under physical names.
std::string statistics_json(duckdb::ClientContext& context,
                            const duckdb::CopyFunctionFileStatistics& statistics,
                            const WriteTarget& target);

}  // namespace ingot::engine

#pragma once
#include <optional>
#include <string>

#include "base/data_type.hpp"
#include "engine/duckdb_compat/context.hpp"

namespace ingot::engine {

/// Whether a value of this type may hold a null that its schema forbids, at any depth.
bool forbids_nulls(const Field& field);

/// The dotted name of the first part of the column that is null and may not be; nothing when all is
/// well.
std::optional<std::string> find_forbidden_null(const Field& field, duckdb::Vector& vector,
                                               duckdb::idx_t count);

}  // namespace ingot::engine

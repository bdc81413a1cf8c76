#pragma once
// What tasks give to those after them: JSON objects of at most 64 KiB.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "keeper/values.hpp"

#include "base/column_batch.hpp"
#include "project/value.hpp"

namespace ingot::task {

using keeper::checked_values;

/// Stored values, or an item, as a value of templates; `json` may be empty: null.
Result<project::Value> parse_values(std::string_view json);

/// A row as a JSON object, by the names of its columns. Times are ISO 8601, decimals numbers where
/// a double holds them and text where not.
std::string row_json(const ColumnBatch& batch, std::int64_t row);

}  // namespace ingot::task

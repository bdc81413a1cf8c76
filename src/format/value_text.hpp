#pragma once
// Values of columns as text and as JSON.
#include <string>
#include <string_view>

#include "base/column_batch.hpp"

namespace ingot::format {

/// One value as text; nested ones as JSON. Null is empty in CSV and `NULL` in tables, which callers
/// decide: `is_null` tells.
std::string value_text(const Column& column, std::int64_t row);
/// One value as JSON.
std::string value_json(const Column& column, std::int64_t row);

/// A text as a JSON string; bytes that are no UTF-8 become the replacement character.
std::string json_text(std::string_view text);

}  // namespace ingot::format

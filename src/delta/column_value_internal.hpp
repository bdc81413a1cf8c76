#pragma once
// Values in nested columns, as checkpoints hold them.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/column_batch.hpp"
#include "base/scalar.hpp"

namespace ingot::delta {

/// The member of a struct column; null when it has no such member.
const Column* member(const Column* column, std::string_view name);

/// What the column holds in that row; nothing for a null or for no column at all.
std::optional<std::string_view> text_at(const Column* column, std::int64_t row);
std::optional<std::int64_t> long_at(const Column* column, std::int64_t row);
std::optional<std::int32_t> int_at(const Column* column, std::int64_t row);
std::optional<bool> boolean_at(const Column* column, std::int64_t row);
std::optional<std::vector<std::string>> strings_at(const Column* column, std::int64_t row);
std::map<std::string, std::string> text_map_at(const Column* column, std::int64_t row);

/// The row as JSON, as statistics write it: nulls left out of structs, dates and timestamps as
/// text.
void append_json_value(std::string& out, const Column& column, std::int64_t row);

}  // namespace ingot::delta

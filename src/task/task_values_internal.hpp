#pragma once
// What tasks give to those after them: JSON objects of at most 64 KiB.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/column_batch.hpp"
#include "project/value.hpp"

namespace ingot::task {

inline constexpr std::size_t kValuesBytesMax = 64 * 1024;

/// The object in its shortest form, secrets masked. kInvalidArgument: it is no JSON object, too
/// large or too deep; `who` says whose it is.
Result<std::string> checked_values(std::string_view json, std::string_view who);

/// The same as values of templates; `json` may be empty: null.
Result<project::Value> parse_values(std::string_view json);

/// What a command wrote to the file; empty when it wrote nothing.
Result<std::string> read_output(const std::string& file);

/// A row as a JSON object, by the names of its columns. Times are ISO 8601, decimals numbers where
/// a double holds them and text where not.
std::string row_json(const ColumnBatch& batch, std::int64_t row);

}  // namespace ingot::task

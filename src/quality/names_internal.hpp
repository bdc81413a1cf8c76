#pragma once
// Columns by name, with a suggestion when there is none.
#include <span>
#include <string>
#include <string_view>

#include "base/data_type.hpp"
#include "base/result.hpp"
#include "project/names.hpp"

namespace ingot::quality {

/// The column, or kInvalidArgument: "there is no column 'sit': did you mean 'site'?".
Result<const Field*> find_column(const Schema& schema, std::string_view name);

/// `"a", "b"`
std::string quoted_list(std::span<const std::string> names);
/// `a, b`
std::string plain_list(std::span<const std::string> names);

/// `error` with the place in front: `models/silver/aqi.sql:3:7: message`.
Error located(Error error, const project::SourcePlace& place, std::string_view what);

}  // namespace ingot::quality

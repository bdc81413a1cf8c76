#pragma once
// What checks say about themselves to people.
#include <string>
#include <vector>

#include "base/result.hpp"
#include "quality/check_plan.hpp"

namespace ingot::quality {

/// Warn rules as conditions, one each.
Result<std::vector<RowCondition>> warn_conditions(std::span<const project::Rule> rules);

/// "1 row", "3 rows"
std::string rows_text(std::int64_t rows);

}  // namespace ingot::quality

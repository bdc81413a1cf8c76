#pragma once
#include <string>
#include <string_view>

#include "format/json_plan_internal.hpp"

namespace ingot::format {

/// Appends the value that the text spells to the plan's builder. False, and nothing appended, when
/// it does not spell one of the plan's type exactly. `zone` is for instants without an offset.
/// Requires a primitive type.
bool append_converted(const ValuePlan& plan, std::string_view text, const std::string& zone);

}  // namespace ingot::format

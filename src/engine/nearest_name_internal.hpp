#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ingot::engine {

/// `; did you mean X?` with the nearest of the names, or nothing when none is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& names);

}  // namespace ingot::engine

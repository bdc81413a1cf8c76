#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

/// The candidate that `name` is probably a misspelling of, if any is near enough. Without case.
std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates);

/// `; did you mean 'x'?` or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace ingot

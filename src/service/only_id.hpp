#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot::service {

/// Of the ids that were found to begin with `id`, of which two are enough: the only one. `noun` is
/// what they are of, and with an `s` the verb that lists them. kNotFound: there is none;
/// kInvalidArgument: there are several, or `id` is empty.
Result<std::string> only_id(std::string_view noun, std::string_view id,
                            const std::vector<std::string>& found);

}  // namespace ingot::service

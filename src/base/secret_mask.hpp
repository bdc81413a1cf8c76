#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

/// From here on, `value` and its percent-encoded form are shown as `***` in log lines and by
/// `mask_secrets`. An empty value is ignored.
void register_secret(std::string_view value);
/// All forms that are masked, for a process that masks in the place of this one.
std::vector<std::string> registered_secrets();
std::string mask_secrets(std::string_view text);

}  // namespace ingot

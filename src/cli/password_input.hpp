#pragma once
#include <string>

#include "base/result.hpp"

namespace ingot::cli {

/// A new password: from a person at a terminal, twice and unseen; otherwise the first line of
/// stdin.
Result<std::string> read_new_password();

}  // namespace ingot::cli

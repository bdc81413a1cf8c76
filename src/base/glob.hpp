#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot {

/// Whether a path is a pattern: `*` and `?` within one of its parts, or `**` as a whole part.
bool has_wildcard(std::string_view path);

/// The files that a path with wildcards names, sorted; an absent folder has none. `**` is any
/// number of folders. Names that begin with a dot are found by patterns that do too.
Result<std::vector<std::string>> glob(const std::string& pattern);

}  // namespace ingot

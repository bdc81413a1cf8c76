#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.hpp"

namespace ingot::delta {

/// The unscaled value of a decimal text (`-12.50`, `1E+3`); nothing when the text is no number, or
/// does not fit precision and scale exactly.
std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale);

/// `-12.50` for -1250 at scale 2.
std::string format_decimal(Int128 unscaled, int scale);

}  // namespace ingot::delta

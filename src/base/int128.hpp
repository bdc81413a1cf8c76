#pragma once

namespace ingot {

/// The unscaled value of a decimal of up to 38 digits. (GCC and clang; -Wpedantic accepts the
/// extension only so.)
__extension__ typedef __int128 Int128;

}  // namespace ingot

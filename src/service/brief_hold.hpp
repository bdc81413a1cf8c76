#pragma once
#include <string_view>

namespace ingot::service {

/// What the lock of the server says while a verb of the command line holds it to change a run: a
/// server that begins waits for that instead of giving up.
inline constexpr std::string_view kBriefHold = "ingot runs";

}  // namespace ingot::service

#pragma once
#include <string_view>

namespace ingot {

/// A named place where a process may die. Does nothing unless the environment variable
/// INGOT_CRASH_POINT names it
/// (`name` or `name:3` for the third time it is passed): then the process ends at once, as by `kill
/// -9`. In every build.
void crash_point(std::string_view name);

}  // namespace ingot

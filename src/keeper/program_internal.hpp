#pragma once
#include <string_view>

namespace ingot::keeper {

/// The bytes of the keeper's program, see CMakeLists.txt.
std::string_view program();

}  // namespace ingot::keeper

#pragma once
// What a command gives to tasks after it: a JSON object of at most 64 KiB.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ingot::keeper {

inline constexpr std::size_t kValuesBytesMax = 64 * 1024;
inline constexpr int kValuesDepthMax = 32;

/// The object in its shortest form, secrets masked. kInvalidArgument: it is no JSON object, too
/// large or too deep; `who` says whose it is.
Result<std::string> checked_values(std::string_view json, std::string_view who);

/// What a command wrote to the file; empty when it wrote nothing.
Result<std::string> read_values(const std::string& file);

}  // namespace ingot::keeper

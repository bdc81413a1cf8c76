#pragma once
#include <string_view>

#include "base/result.hpp"

namespace ingot::storage {

/// What a failed system call means for the person who reads it: what was tried, on which path, why
/// it failed and, where there is one, what to do about it. An absent object is kNotFound; a name
/// that the file system cannot hold is kInvalidArgument.
Error file_error(std::string_view what, std::string_view path, int error_number);

}  // namespace ingot::storage

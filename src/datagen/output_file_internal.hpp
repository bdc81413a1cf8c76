#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ingot::datagen {

/// Makes the folder and its parents.
Status make_folder(const std::string& path);

/// Writes a file under a temporary name and renames it. Returns its size.
Result<std::uint64_t> write_file(const std::string& path, std::string_view bytes);

/// One gzip member without name or time in its header.
Result<std::string> gzip(std::string_view bytes);

}  // namespace ingot::datagen

#pragma once
#include <cstdint>

#include "base/strong_type.hpp"

namespace ingot::delta {

using TableVersion = StrongType<struct TableVersionTag, std::int64_t>;

/// A file's place in a FileIndex. Valid for that snapshot only.
using FileOrdinal = StrongType<struct FileOrdinalTag, std::uint32_t>;

}  // namespace ingot::delta

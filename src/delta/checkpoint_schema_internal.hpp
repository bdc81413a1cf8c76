#pragma once
// The columns of a checkpoint, as the protocol lays them out.
#include "base/data_type.hpp"

namespace ingot::delta {

/// All action columns of a classic checkpoint that Ingot writes.
Schema checkpoint_schema();

/// Single columns of it, for reading.
Field checkpoint_column(std::string_view name);

}  // namespace ingot::delta

#pragma once
#include <memory>

#include "delta/ports.hpp"
#include "engine/instance_internal.hpp"

namespace ingot::engine {

std::unique_ptr<delta::ParquetIo> make_parquet_io(InstancePtr instance);

}  // namespace ingot::engine

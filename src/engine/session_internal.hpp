#pragma once
#include <memory>

#include "engine/engine.hpp"
#include "engine/instance_internal.hpp"

namespace ingot::engine {

Result<std::unique_ptr<Session>> make_session(InstancePtr instance,
                                              std::shared_ptr<TableLookup> lookup);

}  // namespace ingot::engine

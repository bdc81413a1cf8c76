#pragma once
#include <nlohmann/json_fwd.hpp>

#include "project/value.hpp"

namespace ingot::service {

/// A JSON value as the project's parameters have them. Whole numbers beyond 64 bits become
/// numbers.
project::Value value_of(const nlohmann::ordered_json& json);

}  // namespace ingot::service

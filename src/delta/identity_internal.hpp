#pragma once
#include <string>

#include "delta/actions.hpp"

namespace ingot::delta {

/// A random UUID (version 4).
std::string random_uuid();

/// The protocol with the feature timestampNtz added, in the form of readers 3 and writers 7.
Protocol with_timestamp_ntz(const Protocol& protocol);

}  // namespace ingot::delta

#pragma once
// The hash of what decides a table's rows; docs/formats/code_hash.md.
#include "project/project.hpp"

namespace ingot::project {

/// Sets `code_hash` of every source and model. Models must be in order; seeds have theirs.
void set_code_hashes(Project& project);

}  // namespace ingot::project

#pragma once
// The items of a task that are known late: out of what the tasks before it gave.
#include <string>
#include <vector>

#include "orchestrator/run_status.hpp"

namespace ingot::orchestrator {

/// Each as JSON: a text, a number, a boolean or an object. kInvalidArgument, with the place in the
/// pipeline's file: there is no list, it is too long or too large, or has something else in it.
Result<std::vector<std::string>> items_of(const RunStatus& run, TaskIndex task);

}  // namespace ingot::orchestrator

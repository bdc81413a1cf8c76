#pragma once
#include <string>
#include <vector>

#include "base/time.hpp"

namespace ingot {

/// Ends the processes of this user whose environment has all these `NAME=value`, as they were when
/// each was started: children that outlived the process that began them, and what they began in
/// turn. SIGTERM, and SIGKILL after the grace. Returns how many there were. The calling process
/// is never one of them.
std::size_t end_left_processes(const std::vector<std::string>& environment,
                               Duration grace = std::chrono::seconds(5));

}  // namespace ingot

#pragma once
// The record of a run, as a person reads it.
#include <map>
#include <string>
#include <string_view>

#include "service/run_view.hpp"

namespace ingot::cli {

/// `2015-01-01T00:00:00Z..2015-01-01T03:00:00Z`, or nothing.
std::string window_text(const std::optional<Interval>& window);

/// The run, its tasks and their attempts, on stdout.
void print_record(const service::RunView& view);
/// One line on stderr, after a run. `tasks`: how many, by state.
void print_outcome(const std::string& run_id, std::string_view state,
                   const std::map<std::string, int>& tasks);

}  // namespace ingot::cli

#pragma once
// Records of runs, as a person reads them. Documents are those of the API.
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/interval_set.hpp"
#include "base/result.hpp"

namespace ingot::cli {

/// `2015-01-01T00:00:00Z..2015-01-01T03:00:00Z`, or nothing.
std::string window_text(const std::optional<Interval>& window);
/// The same, as `{"start": ..., "end": ...}` or null.
std::string window_text(const nlohmann::ordered_json& window);

/// A line for each run of a list, on stdout.
Status print_runs(const nlohmann::ordered_json& runs);
/// The run, its tasks and their attempts, on stdout.
Status print_record(const nlohmann::ordered_json& run);
/// One line on stderr, after a run. `tasks`: how many, by state.
void print_outcome(const std::string& run_id, std::string_view state,
                   const std::map<std::string, int>& tasks);

}  // namespace ingot::cli

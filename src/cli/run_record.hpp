#pragma once
// The record of a run, as a person reads it.
#include <string>

#include "service/run_view.hpp"

namespace ingot::cli {

/// `2015-01-01T00:00:00Z..2015-01-01T03:00:00Z`, or nothing.
std::string window_text(const std::optional<Interval>& window);

/// The run, its tasks and their attempts, on stdout.
void print_record(const service::RunView& view);
/// One line on stderr, after a run.
void print_outcome(const orchestrator::RunStatus& run);

}  // namespace ingot::cli

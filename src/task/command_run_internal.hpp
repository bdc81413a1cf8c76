#pragma once
#include "task/kept_attempt_internal.hpp"

namespace ingot::task {

/// Runs it in the project's folder, its output going to the attempt's log; or waits for the one
/// that outlived the process which began the attempt. How it ended is a value. It goes on when this
/// process is killed.
Result<CommandEnd> run_command(const project::CommandTask& command, const TaskAttempt& attempt);

/// The outcome of one that did not end well: stopped, skipped or failed.
orchestrator::TaskOutcome ended_badly(const project::CommandTask& command, const CommandEnd& end,
                                      const TaskAttempt& attempt);

}  // namespace ingot::task

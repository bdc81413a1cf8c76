#pragma once
#include "base/process.hpp"
#include "task/task_attempt_internal.hpp"

namespace ingot::task {

/// How a program of a task came out.
struct CommandEnd {
    ExitStatus exit;
    std::string last;    ///< The end of what it printed, secrets masked.
    std::string values;  ///< What it gave, checked; only when it ended well.
};

/// Runs it in the project's folder, its output going to the attempt's log. How it ended is a value.
Result<CommandEnd> run_command(const project::CommandTask& command, const TaskAttempt& attempt);

/// The outcome of one that did not end well: stopped, skipped or failed.
orchestrator::TaskOutcome ended_badly(const project::CommandTask& command, const CommandEnd& end,
                                      const TaskAttempt& attempt);

}  // namespace ingot::task

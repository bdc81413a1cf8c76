#pragma once
// An attempt whose work is in a process of its own, with a keeper: it outlives the process that
// began it.
#include <functional>
#include <string>
#include <string_view>

#include "keeper/kept_command.hpp"

#include "task/task_attempt_internal.hpp"

namespace ingot::task {

/// How a program of a task came out.
using CommandEnd = keeper::End;

/// The absolute path of a file beside the attempt's log. Each check of a sensor has its own.
std::string beside_log(const orchestrator::Attempt& attempt, int checks, std::string_view ending);

/// An order in the project's folder, its output going to the attempt's log. By what is in its
/// environment all that it starts is found again.
keeper::Order order_for(const TaskAttempt& attempt);

/// Has a keeper do what is ordered, or waits for the one that outlived the process which began the
/// attempt. Errors as keeper::run_kept, and those of `order`.
Result<CommandEnd> run_kept_attempt(const TaskAttempt& attempt,
                                    const std::function<Result<keeper::Order>()>& order);

/// Ends all that the attempt started and that is still at work; how many there were.
std::size_t end_processes_of(const orchestrator::Attempt& attempt);

}  // namespace ingot::task

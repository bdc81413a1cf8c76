#pragma once
#include <stop_token>

#include "task/planner.hpp"
#include "task/run_report.hpp"
#include "task/workspace.hpp"

namespace ingot::task {

/// One run's identity.
struct RunIdentity {
    std::string id;
    Timestamp time;  ///< `$run.time`: the same for all tasks of the run.
};

/// What a task of a run works with.
struct TaskContext {
    const Workspace& workspace;
    Pins& pins;
    const RunOptions& options;
    const RunIdentity& run;
    std::stop_token stop;
};

/// Brings one model up to date: plans, runs its SELECT over pinned inputs, checks, publishes.
/// Failures are in the report.
TableReport run_model(const project::Model& model, const TaskContext& context);

}  // namespace ingot::task

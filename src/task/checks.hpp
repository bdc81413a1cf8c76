#pragma once
#include <stop_token>
#include <vector>

#include "engine/engine.hpp"
#include "quality/check_plan.hpp"
#include "task/workspace.hpp"

namespace ingot::task {

struct CheckRun {
    quality::CheckTarget target;
    std::vector<project::Check> checks;
    std::vector<quality::RowCondition> conditions;
    quality::CheckFacts facts;
    ParameterValues parameters;
    std::vector<std::string> sample_columns;
};

/// Runs all checks of a table, as few scans as possible, and shows some rows of what failed. A
/// check that cannot run is a result (kError), not an error; errors are plans that make no sense
/// and a query that was cancelled.
Result<std::vector<quality::CheckResult>> run_checks(engine::Session& session, const CheckRun& run,
                                                     std::stop_token stop);

}  // namespace ingot::task

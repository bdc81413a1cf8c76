#pragma once
// What a run would do, table by table, without doing it.
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "task/planner.hpp"

namespace ingot::task {

/// kWaits: what it has to do is known only when its inputs, which run first, are done.
enum class PlannedStep : std::uint8_t { kUpToDate, kRun, kWaits, kView, kBlocked };
std::string_view planned_step_name(PlannedStep step);

struct TablePlan {
    project::TableName table;
    PlannedStep step = PlannedStep::kUpToDate;
    std::string reason;             ///< Why: `3 windows new`, `after silver.events`.
    std::vector<Interval> ranges;   ///< Neighbouring windows as one; empty without windows.
    std::int64_t windows = 0;       ///< To build.
    std::int64_t inputs = 0;        ///< Of a source: files to load.
    std::uint64_t input_bytes = 0;  ///< As far as known before fetching.
    std::int64_t missing = 0;       ///< Windows without input.
    std::vector<std::string> warnings;
};

/// In the order of a run. Looks at sources, progress and logs; writes nothing. What keeps one table
/// from running is its kBlocked. Errors: a selection that matches nothing.
Result<std::vector<TablePlan>> plan_tables(const Workspace& workspace, const RunOptions& options,
                                           std::stop_token stop);

/// How many windows the selected sources would have to download for `options.window`: a number to
/// ask a person about. Looks at progress only, at no server.
Result<std::int64_t> downloads_ahead(const Workspace& workspace, const RunOptions& options);

}  // namespace ingot::task

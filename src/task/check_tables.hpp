#pragma once
#include <optional>
#include <stop_token>
#include <vector>

#include "quality/check_result.hpp"
#include "task/planner.hpp"

namespace ingot::task {

/// How the checks of one published table came out.
struct CheckedTable {
    project::TableName table;
    std::optional<delta::TableVersion> version;  ///< Absent: not built yet, so nothing was checked.
    std::vector<quality::CheckResult> results;
};

struct CheckedTables {
    std::vector<CheckedTable> tables;
    std::vector<quality::CheckResult> across;  ///< Across tables, and of sources' freshness.
};

/// Runs the checks of the selected tables, and those across them, against their newest versions.
/// Views and tables read in place are left out. Writes nothing. Errors: a selection that matches
/// nothing, an unreadable table.
Result<CheckedTables> check_tables(const Workspace& workspace, const RunOptions& options,
                                   std::stop_token stop);

}  // namespace ingot::task

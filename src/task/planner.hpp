#pragma once
// What a run has to do for each table, and why. Reads progress and logs; changes nothing.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "publish/staleness.hpp"
#include "task/workspace.hpp"

namespace ingot::task {

struct RunOptions {
    std::string select;
    std::string exclude;
    std::optional<Interval> window;  ///< `--window`
    bool full = false;               ///< `--full`: everything again, whatever progress says.
    bool fail_fast = false;
    unsigned parallel = 1;  ///< Tables at work at once.
    std::string run_id;     ///< The run that this is a part of; empty: it is one of its own.
    std::vector<std::string> left_checks = {};  ///< Across tables, that another part of it runs.
};

/// The work on one model. Neither part: it is up to date.
struct ModelWork {
    std::vector<publish::WindowWork> windows;
    std::optional<publish::WindowWork> whole;
    bool anew = false;  ///< What the table holds goes: nothing of it would be replaced otherwise.
    std::map<std::string, publish::InputHistory>
        inputs;  ///< Real tables that it reads, through views too.
    std::string warning;
    bool empty() const { return windows.empty() && !whole; }
};

/// The tables that a model reads in the end: views are replaced by what they read. Sorted, each
/// once.
std::vector<project::TableName> base_inputs(const project::Project& project,
                                            const project::Model& model);

/// Errors: kNotFound when an input has not been built yet.
Result<ModelWork> plan_model(const project::Model& model, const Workspace& workspace, Pins& pins,
                             const RunOptions& options, Timestamp now);

/// `3 windows new, 1 input changed (bronze.events changed in version 12)`
std::string summarize(const std::vector<publish::WindowWork>& windows);

/// Neighbouring windows as ranges: the unit of work.
std::vector<Interval> contiguous_ranges(const std::vector<publish::WindowWork>& windows);

}  // namespace ingot::task

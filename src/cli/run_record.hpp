#pragma once
// The record of a run, for people and programs.
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "orchestrator/machine.hpp"
#include "orchestrator/run_folder.hpp"

#include "project/project.hpp"

namespace ingot::cli {

/// References; all parts outlive it.
struct RunRecord {
    const orchestrator::RunStatus& run;
    const orchestrator::Machine& machine;  ///< That knows the run: says why tasks wait.
    const orchestrator::RunFolder& folder;
    bool at_work = false;  ///< A process carries it out. Else an unfinished run is interrupted.
};

/// The file of the project's store; absolute.
std::string store_path(const project::Project& project);

/// `running`, and `interrupted` where nobody is at work.
std::string state_text(orchestrator::RunState state, bool at_work);
/// `2015-01-01T00:00:00Z..2015-01-01T03:00:00Z`, or nothing.
std::string window_text(const std::optional<Interval>& window);

nlohmann::ordered_json record_json(const RunRecord& record);
/// The run, its tasks and their attempts, on stdout.
void print_record(const RunRecord& record);
/// One line on stderr, after a run.
void print_outcome(const RunRecord& record);

}  // namespace ingot::cli

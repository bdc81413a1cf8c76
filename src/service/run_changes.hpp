#pragma once
// What may be done to runs afterwards: decided from the store, then given to the orchestrator.
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/orchestrator.hpp"

namespace ingot::service {

/// Which tasks to run anew.
struct ClearRequest {
    std::vector<std::string> tasks = {};  ///< Empty: all.
    bool failed_only = false;             ///< Of them, those that did not succeed.
    bool upstream = false;                ///< And all before them.
    bool downstream = true;               ///< And all after them.
    bool past = false;    ///< The same in the newest run of each window that begins earlier.
    bool future = false;  ///< Likewise later.
};

/// Runs that one request clears at most, because all are taken in at once.
inline constexpr std::size_t kClearedRunsMax = 1000;

/// What a clear does with one run.
struct ClearedRun {
    struct Task {
        orchestrator::TaskIndex index;
        std::string name;
        orchestrator::TaskState state = orchestrator::TaskState::kSuccess;  ///< As it is now.
    };
    orchestrator::RunHead head;
    std::vector<Task> tasks;  ///< Not empty; at least one of them has ended.
};

/// The run as its events left it. kNotFound.
Result<orchestrator::RunStatus> status_of(orchestrator::Store& store,
                                          const orchestrator::RunId& run);

/// The tasks that would run anew, in the order of windows. Of other runs only those of the same
/// pipeline and `lake` that have the tasks; with `failed_only`, those that did not succeed.
/// kInvalidArgument: no such task, with the nearest name; no window to tell earlier from; more runs
/// than kClearedRunsMax; another lake. kAlreadyExists: a run is still being cancelled.
Result<std::vector<ClearedRun>> plan_clear(orchestrator::Store& store,
                                           const orchestrator::RunId& run,
                                           const ClearRequest& request, const std::string& lake);
/// All of them or, on an error, none.
Status clear_runs(orchestrator::Orchestrator& orchestrator, const std::vector<ClearedRun>& runs);

/// As the API has it: `runs` with `run_id`, `window` and `tasks`, and `dry_run`.
nlohmann::ordered_json cleared_json(const std::vector<ClearedRun>& runs, bool dry_run);

/// The run with this id, or the only one whose id begins so. kNotFound; kInvalidArgument: several.
Result<orchestrator::RunId> find_run(orchestrator::Store& store, const std::string& id);

orchestrator::RunCancelled cancelled_by(const std::string& by, const std::string& reason);
/// `success`, `failed`, `skipped`
Result<orchestrator::TaskMarked::As> parse_mark(const std::string& state);

/// The chosen ones of a run, by position; a name may be that of all items of `each`, and is that of
/// the task itself where these are known late. Empty: all of the plan. kInvalidArgument: no such
/// task, with the nearest name.
Result<std::set<std::uint32_t>> chosen_tasks(const orchestrator::RunStatus& run,
                                             const std::vector<std::string>& names);

/// Says how tasks of a run came out.
Status mark_tasks(orchestrator::Orchestrator& orchestrator, const orchestrator::RunId& run,
                  const std::set<std::uint32_t>& tasks, orchestrator::TaskMarked::As as,
                  const std::string& by);

}  // namespace ingot::service

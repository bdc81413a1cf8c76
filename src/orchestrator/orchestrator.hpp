#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <stop_token>
#include <utility>
#include <vector>

#include "orchestrator/machine.hpp"
#include "orchestrator/run_folder.hpp"
#include "orchestrator/store.hpp"
#include "orchestrator/task_runner.hpp"

#include "base/executor.hpp"
#include "base/guarded.hpp"

namespace ingot::orchestrator {

/// The parts that it works with; all outlive it.
struct OrchestratorParts {
    Store& store;
    TaskRunner& runner;
    const RunFolder& folder;
    Clock& clock;
};

/// Does what the machine decides: makes each step durable, then starts and stops tasks on threads
/// of its own. What happens while a step is being made durable goes into the next one, all at once.
class Orchestrator {
public:
    /// Called after an event has become durable.
    using Observer = std::function<void(const Event&, const RunStatus&)>;

    Orchestrator(OrchestratorParts parts, Limits limits, Observer observer = {});

    /// Queues a new run, and starts what may start.
    Status submit(const RunId& id, RunSpec spec);
    /// Goes on with a run that its process left: what had ended stays so. `fence` is what
    /// `take_over` gave.
    Status adopt(const StoredRun& run, Fence fence);
    /// Ends a run that its process left.
    Status retire(const StoredRun& run, Fence fence, const std::string& reason);

    /// Works until all runs have ended; when `stop` asks, they are cancelled first. On an error of
    /// the store everything is stopped and the runs are left as the store has them: interrupted.
    Status work(std::stop_token stop);

    const Machine& machine() const { return machine_; }

private:
    Status take(std::vector<Event> events);
    Status commit(const Actions& actions);
    Status replay(const StoredRun& run, Fence fence);
    Status start(const Actions::Start& start);
    TaskOutcome carry_out(const Attempt& attempt, std::stop_token stop);
    std::vector<Event> wait_for_events(const std::stop_token& stop);
    Status cancel_all();
    Timestamp now() const;

    OrchestratorParts parts_;
    Observer observer_;
    Machine machine_;
    Timestamp begun_;  ///< Time goes on from here by the steady clock.
    Duration begun_steady_;
    std::map<RunId, Fence> fences_;  ///< Of the runs that have not ended.
    std::map<std::pair<RunId, TaskIndex>, std::stop_source> running_;
    Guarded<std::vector<Event>> inbox_;
    std::condition_variable_any news_;
    bool cancelled_ = false;
    Executor executor_;  ///< The last: its threads use the rest.
};

}  // namespace ingot::orchestrator

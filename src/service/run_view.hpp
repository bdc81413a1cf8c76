#pragma once
// A run as people and programs see it.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "orchestrator/machine.hpp"
#include "orchestrator/run_folder.hpp"
#include "orchestrator/store.hpp"

namespace ingot::service {

struct RunView {
    orchestrator::RunStatus run;
    bool at_work = false;  ///< A process carries it out. Else an unfinished run is interrupted.
    std::vector<std::string>
        notes;  ///< Of each task: why it waits, or what came of it; one sentence.
};

/// `machine` knows the run.
RunView view_of(const orchestrator::Machine& machine, const orchestrator::RunId& run, bool at_work);
/// As the store has it. kCorruptData: its events do not fit together.
Result<RunView> view_of(const orchestrator::StoredRun& run, bool at_work,
                        const std::map<std::string, int>& pools);

/// `running`, and `interrupted` where nobody is at work.
std::string state_text(orchestrator::RunState state, bool at_work);
/// All that `state_text` can say.
const std::vector<std::string>& run_states();
/// The runs that may be in this one of `run_states`; empty: all. Who is at work the store cannot
/// know, so of `running`, `queued` and `interrupted` it gives others too.
Result<orchestrator::RunFilter> filter_by_state(const std::string& state);

/// `{"start": ..., "end": ...}`, or null.
nlohmann::ordered_json window_json(const std::optional<Interval>& window);
/// `run_id`, `pipeline`, `state`, `window`, `cause`, ...: as lists have it.
nlohmann::ordered_json head_json(const orchestrator::RunHead& head, bool at_work);
/// The same, and its tasks with their attempts and logs.
nlohmann::ordered_json run_json(const RunView& view, const orchestrator::RunFolder& folder);

}  // namespace ingot::service

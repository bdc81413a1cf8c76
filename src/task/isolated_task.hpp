#pragma once
// A task in a process of its own: what that process is asked to do, and how it says what came of
// it. docs/formats/run_store.md
#include <map>
#include <string>
#include <string_view>

#include "orchestrator/task_runner.hpp"

namespace ingot::task {

/// What the process is told. Secrets are no part of it: it reads them where the project says.
struct IsolatedOrder {
    std::string root;                           ///< Folder of the project.
    std::map<std::string, std::string> params;  ///< Of the project, as `--param` takes them.
    std::string code;                           ///< Version of the definitions of the run.
    unsigned parallel = 1;                      ///< Tables at work at once.
    orchestrator::Attempt attempt;
};
std::string isolated_order_to_json(const IsolatedOrder& order);
/// kCorruptData
Result<IsolatedOrder> parse_isolated_order(std::string_view json);

/// Reads the order from its file, which is gone then.
Result<IsolatedOrder> take_isolated_order(const std::string& file);
/// Says how the attempt came out; it is on the disk afterwards.
Status leave_outcome(const orchestrator::Attempt& attempt,
                     const orchestrator::TaskOutcome& outcome);

}  // namespace ingot::task

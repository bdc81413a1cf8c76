#pragma once
#include <string>
#include <vector>

#include "orchestrator/trigger_state.hpp"
#include "service/definitions.hpp"

namespace ingot::service {

/// Where a trigger is, as tables and files tell.
struct RebuiltTrigger {
    std::string pipeline;
    orchestrator::TriggerState state;
    std::string reason;  ///< One sentence for a person.
};

/// For a store that was lost: what tables have is dealt with, and what tables and files there are
/// has been seen. So nothing is done again, and what is missing since is caught up as `catchup`
/// says.
Result<std::vector<RebuiltTrigger>> rebuild_triggers(const Definitions& definitions, Timestamp now);

}  // namespace ingot::service

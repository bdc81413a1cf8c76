#pragma once
#include <map>
#include <string>

#include "orchestrator/trigger_state.hpp"
#include "service/definitions.hpp"

namespace ingot::service {

using FilesFound = std::map<std::string, orchestrator::TriggerState::File>;

/// What the pattern of a schedule finds now. Relative paths are below the project's folder.
Result<FilesFound> files_of(const Definitions& definitions, const project::FileSchedule& schedule,
                            Timestamp now);

}  // namespace ingot::service

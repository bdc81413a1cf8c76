#pragma once
// What the project says at one time, ready to be carried out.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/run_plan.hpp"

#include "engine/engine.hpp"
#include "project/project.hpp"
#include "project/secrets.hpp"
#include "task/workspace.hpp"

namespace ingot::service {

/// One pipeline, or why it cannot run.
struct PlannedPipeline {
    std::shared_ptr<const project::Pipeline> pipeline;
    Result<orchestrator::RunPlan> plan;
};

/// Immutable; runs keep those that they began with.
struct Definitions {
    std::string code;  ///< A commit of git, or else `files-` and a hash of the project's files.
    Timestamp loaded_at;
    std::unique_ptr<project::SecretStore> secrets;
    task::Workspace workspace;
    std::map<std::string, PlannedPipeline> pipelines;

    const project::Project& project() const { return *workspace.project; }
    /// Of a file. Null: there is none.
    const PlannedPipeline* find(const std::string& pipeline) const;
};
using DefinitionsPtr = std::shared_ptr<const Definitions>;

/// The engine and the clock outlive it.
Result<DefinitionsPtr> make_definitions(project::ProjectPtr project, engine::Engine& engine,
                                        Clock& clock);

/// kNotFound, with the nearest name.
Error no_such_pipeline(const Definitions& definitions, const std::string& name);

/// That of a file, or the one that a selection makes, by its name. kNotFound, with the nearest
/// name.
Result<PlannedPipeline> planned_pipeline(const Definitions& definitions, const std::string& name);

/// What a run of a pipeline is asked to do.
struct RunRequest {
    std::optional<Interval> window = {};
    std::map<std::string, project::Value> params = {};  ///< Beside, or instead of, the project's.
    bool full = false;
};

/// kNotFound: no such pipeline, with the nearest name. kInvalidArgument: parameters that do not
/// fit, or a window where the pipeline has none. kUnsupported: its plan.
Result<orchestrator::RunSpec> make_spec(const Definitions& definitions, const std::string& pipeline,
                                        const RunRequest& request);

/// The type of a parameter, the pipeline's own before the project's; null: there is none.
const project::Param* find_param(const Definitions& definitions, const project::Pipeline& pipeline,
                                 const std::string& name);

/// A run of a pipeline that make_spec refuses: its only task fails and says why.
orchestrator::RunSpec unplanned_spec(const Definitions& definitions, const std::string& pipeline);

/// A JSON object of parameters, and back.
std::string params_to_json(const std::map<std::string, project::Value>& params);
Result<std::map<std::string, project::Value>> parse_params(const std::string& json);

/// The workspace in which a run works: its parameters are those of the run.
Result<task::Workspace> workspace_of(const Definitions& definitions,
                                     const orchestrator::RunSpec& spec);

/// When any file of the project was changed, added or removed, this changes.
std::uint64_t files_fingerprint(const std::string& root);

}  // namespace ingot::service

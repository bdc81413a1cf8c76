#pragma once
#include "orchestrator/task_runner.hpp"
#include "service/definitions.hpp"

#include "base/guarded.hpp"
#include "task/isolated_task.hpp"
#include "task/pipeline_runner.hpp"

namespace ingot::service {

/// Carries out the tasks of all pipelines of a project. A run keeps the definitions that it began
/// with for as long as this process lives; one that another process began gets the newest.
/// Thread-safe.
class PipelineTasks final : public orchestrator::TaskRunner {
public:
    explicit PipelineTasks(unsigned parallel) : parallel_(parallel) {}

    /// What runs from now on get.
    void define(DefinitionsPtr definitions);
    DefinitionsPtr definitions() const { return state_.lock()->newest; }
    /// The run keeps these; until it is let go.
    void pin(const orchestrator::RunId& run, DefinitionsPtr definitions);
    void let_go(const orchestrator::RunId& run);

    orchestrator::TaskOutcome run(const orchestrator::Attempt& attempt,
                                  std::stop_token stop) override;
    Result<bool> goes_on(const orchestrator::Attempt& attempt) override;

private:
    /// What a run keeps.
    struct Pinned {
        DefinitionsPtr definitions;
        std::shared_ptr<const project::Pipeline> pipeline = {};  ///< Null: nobody has asked yet.
    };
    struct State {
        DefinitionsPtr newest;
        std::map<orchestrator::RunId, Pinned> pinned;
    };
    Result<Pinned> pinned_for(const orchestrator::Attempt& attempt);

    unsigned parallel_;
    Guarded<State> state_;
};

/// What the process of an isolated task does: carries it out by the project as it is now.
orchestrator::TaskOutcome carry_out(const task::IsolatedOrder& order,
                                    const Definitions& definitions, std::stop_token stop);

}  // namespace ingot::service

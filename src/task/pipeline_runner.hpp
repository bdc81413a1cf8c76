#pragma once
#include "orchestrator/task_runner.hpp"

#include "task/runner.hpp"

namespace ingot::task {

struct PipelineRunnerOptions {
    unsigned parallel = 1;  ///< Tables of one task at work at once.
    RunProgress progress;   ///< Called from several threads.
};

/// Carries out the tasks of one pipeline: ingest, models, check, command. Each attempt writes a
/// log. All bear being done again: tables know what is done; commands have to see to it themselves.
class PipelineRunner final : public orchestrator::TaskRunner {
public:
    PipelineRunner(const Workspace& workspace, const project::Pipeline& pipeline,
                   PipelineRunnerOptions options)
        : workspace_(workspace), pipeline_(pipeline), options_(std::move(options)) {}

    orchestrator::TaskOutcome run(const orchestrator::Attempt& attempt,
                                  std::stop_token stop) override;

private:
    const Workspace& workspace_;
    const project::Pipeline& pipeline_;
    PipelineRunnerOptions options_;
};

}  // namespace ingot::task

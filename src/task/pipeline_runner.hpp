#pragma once
#include "orchestrator/task_runner.hpp"

#include "task/runner.hpp"

namespace ingot::task {

struct PipelineRunnerOptions {
    unsigned parallel = 1;  ///< Tables of one task at work at once.
    RunProgress progress;   ///< Called from several threads.
};

/// Whether the command of an attempt that another process began goes on; see TaskRunner.
Result<bool> command_goes_on(const orchestrator::Attempt& attempt);
/// Ends the command of an attempt that was adopted and that nobody can go on with.
void end_command(const orchestrator::Attempt& attempt);

/// Carries out the tasks of one pipeline. Each attempt writes a log. All bear being done again:
/// tables know what is done, and a command outlives this process.
class PipelineRunner final : public orchestrator::TaskRunner {
public:
    PipelineRunner(const Workspace& workspace, const project::Pipeline& pipeline,
                   PipelineRunnerOptions options)
        : workspace_(workspace), pipeline_(pipeline), options_(std::move(options)) {}

    orchestrator::TaskOutcome run(const orchestrator::Attempt& attempt,
                                  std::stop_token stop) override;
    Result<bool> goes_on(const orchestrator::Attempt& attempt) override;

private:
    const Workspace& workspace_;
    const project::Pipeline& pipeline_;
    PipelineRunnerOptions options_;
};

}  // namespace ingot::task

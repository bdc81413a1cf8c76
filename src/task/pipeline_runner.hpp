#pragma once
#include "orchestrator/task_runner.hpp"

#include "task/runner.hpp"

namespace ingot::task {

struct PipelineRunnerOptions {
    unsigned parallel = 1;  ///< Tables of one task at work at once.
    RunProgress progress;   ///< Called from several threads; not for tasks in other processes.
    std::string code = {};  ///< Version of the definitions, for processes that read them anew.
    /// This is the process of an isolated task: its attempt has begun, with its log.
    bool inside = false;
};

/// Whether what an attempt that another process began has in a process of its own goes on; see
/// TaskRunner.
Result<bool> kept_attempt_goes_on(const orchestrator::Attempt& attempt);
/// Ends an attempt that was adopted and that nobody can go on with.
void end_kept_attempt(const orchestrator::Attempt& attempt);

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

#pragma once
// What the kinds of tasks share: one attempt of a pipeline's task, its log, and how errors become
// outcomes. Each kind has a file of its own.
#include <cstdio>
#include <map>
#include <stop_token>
#include <string_view>

#include "orchestrator/task_runner.hpp"

#include "project/template_text.hpp"
#include "task/runner.hpp"

namespace ingot::task {

/// One attempt of a task. References; all parts outlive it.
struct TaskAttempt {
    const Workspace& workspace;
    const project::Pipeline& pipeline;
    const project::PipelineTask& task;
    const orchestrator::Attempt& attempt;
    const std::map<std::string, project::Value>& values;  ///< What tasks gave, by their names.
    const project::Value& item;                           ///< Of a copy.
    unsigned parallel = 1;                                ///< Tables at work at once.
    const RunProgress& progress;
    std::FILE* log;
    std::stop_token stop;
};

/// A line at once, secrets masked: whoever follows the log sees it, and a killed process leaves it.
void write_line(std::FILE* log, std::string_view line);

/// Whether the same attempt, made again, would come out the same.
bool is_permanent(ErrorCode code);

/// Logs the error; stopped when the attempt was asked to stop.
orchestrator::TaskOutcome failed(const Error& error, const TaskAttempt& attempt);

/// What templates of the task may use.
project::TemplateContext template_values(const TaskAttempt& attempt);

orchestrator::TaskOutcome carry_out(const project::IngestTask& ingest, const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::ModelsTask& models, const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::CheckTask& checks, const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::CommandTask& command,
                                    const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::ExportTask& exports, const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::SqlTask& sql, const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::HttpTask& http, const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::SensorTask& sensor, const TaskAttempt& attempt);
orchestrator::TaskOutcome carry_out(const project::BranchTask& branch, const TaskAttempt& attempt);

/// Whether it has a process of its own that is no command.
bool is_isolated(const TaskAttempt& attempt);
/// Has the attempt carried out in a process of its own, and waits for it.
orchestrator::TaskOutcome carry_out_isolated(const TaskAttempt& attempt, const std::string& code);

}  // namespace ingot::task

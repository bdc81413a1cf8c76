#include "service/pipeline_tasks.hpp"

#include <algorithm>

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;

/// Why these definitions cannot carry the task out: it was planned with others.
std::optional<std::string> does_not_fit(const Definitions& definitions,
                                        const project::Pipeline& pipeline,
                                        const orc::Attempt& attempt) {
    if (attempt.planned().definition.empty()) {
        const auto spec = make_spec(definitions, pipeline.name, {attempt.spec->window});
        return spec ? "it can be planned now: start a run anew" : spec.error().to_string();
    }
    const auto& tasks = pipeline.tasks;
    const auto task = std::find_if(tasks.begin(), tasks.end(), [&](const auto& each) {
        return each.name == attempt.planned().definition;
    });
    const auto& item = attempt.planned().item;
    const bool has_item =
        attempt.copy || !item || (task != tasks.end() && *item < task->each.size());
    if (task == tasks.end() || !has_item) {
        return fmt::format("the task {} is gone from {}: start a run anew", attempt.planned().name,
                           pipeline.place.file);
    }
    return std::nullopt;
}

orc::TaskOutcome cannot_be_done(std::string why) {
    return {orc::TaskOutcome::Kind::kFailed, std::move(why), false};
}

}  // namespace

void PipelineTasks::define(DefinitionsPtr definitions) {
    state_.lock()->newest = std::move(definitions);
}

void PipelineTasks::pin(const orc::RunId& run, DefinitionsPtr definitions) {
    state_.lock()->pinned.insert_or_assign(run, Pinned{std::move(definitions)});
}

void PipelineTasks::let_go(const orc::RunId& run) {
    state_.lock()->pinned.erase(run);
}

orc::TaskOutcome PipelineTasks::run(const orc::Attempt& attempt, std::stop_token stop) {
    const Result<Pinned> pinned = pinned_for(attempt);
    std::optional<std::string> why =
        pinned ? does_not_fit(*pinned->definitions, *pinned->pipeline, attempt)
               : fmt::format("{}: start a run anew", pinned.error().to_string());
    if (why) {
        if (attempt.adopted) task::end_command(attempt);
        return cannot_be_done(*std::move(why));
    }
    const Result<task::Workspace> workspace = workspace_of(*pinned->definitions, *attempt.spec);
    if (!workspace) return cannot_be_done(workspace.error().to_string());
    task::PipelineRunner runner(*workspace, *pinned->pipeline, {parallel_, {}});
    return runner.run(attempt, std::move(stop));
}

/// The pipeline of a selection is made once for a run.
Result<PipelineTasks::Pinned> PipelineTasks::pinned_for(const orc::Attempt& attempt) {
    auto state = state_.lock();
    Pinned& pinned = state->pinned.try_emplace(attempt.run, Pinned{state->newest}).first->second;
    if (pinned.pipeline == nullptr) {
        INGOT_TRY_ASSIGN(const PlannedPipeline planned,
                         planned_pipeline(*pinned.definitions, attempt.spec->plan.pipeline));
        pinned.pipeline = planned.pipeline;
    }
    return pinned;
}

Result<bool> PipelineTasks::goes_on(const orc::Attempt& attempt) {
    return task::command_goes_on(attempt);
}

}  // namespace ingot::service

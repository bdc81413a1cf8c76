#include "service/pipeline_tasks.hpp"

#include <algorithm>

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;

/// Why these definitions cannot carry the task out: it was planned with others.
std::optional<std::string> does_not_fit(const Definitions& definitions,
                                        const orc::Attempt& attempt) {
    const std::string& name = attempt.spec->plan.pipeline;
    const PlannedPipeline* planned = definitions.find(name);
    if (planned == nullptr) {
        return fmt::format("the pipeline {} is gone from the project: start a run anew", name);
    }
    if (attempt.planned().definition.empty()) {
        const auto spec = make_spec(definitions, name, {attempt.spec->window});
        return spec ? "it can be planned now: start a run anew" : spec.error().to_string();
    }
    const auto& tasks = planned->pipeline->tasks;
    const auto task = std::find_if(tasks.begin(), tasks.end(), [&](const auto& each) {
        return each.name == attempt.planned().definition;
    });
    const auto& item = attempt.planned().item;
    const bool has_item =
        attempt.copy || !item || (task != tasks.end() && *item < task->each.size());
    if (task == tasks.end() || !has_item) {
        return fmt::format("the task {} is gone from {}: start a run anew", attempt.planned().name,
                           planned->pipeline->place.file);
    }
    return std::nullopt;
}

}  // namespace

void PipelineTasks::define(DefinitionsPtr definitions) {
    state_.lock()->newest = std::move(definitions);
}

void PipelineTasks::pin(const orc::RunId& run, DefinitionsPtr definitions) {
    state_.lock()->pinned.insert_or_assign(run, std::move(definitions));
}

void PipelineTasks::let_go(const orc::RunId& run) {
    state_.lock()->pinned.erase(run);
}

orc::TaskOutcome PipelineTasks::run(const orc::Attempt& attempt, std::stop_token stop) {
    DefinitionsPtr definitions;
    {
        auto state = state_.lock();
        const auto pinned = state->pinned.try_emplace(attempt.run, state->newest).first;
        definitions = pinned->second;
    }
    if (std::optional<std::string> why = does_not_fit(*definitions, attempt)) {
        if (attempt.adopted) task::end_command(attempt);
        return {orc::TaskOutcome::Kind::kFailed, *std::move(why), false};
    }
    const Result<task::Workspace> workspace = workspace_of(*definitions, *attempt.spec);
    if (!workspace) {
        return {orc::TaskOutcome::Kind::kFailed, workspace.error().to_string(), false};
    }
    const project::Pipeline& pipeline = *definitions->find(attempt.spec->plan.pipeline)->pipeline;
    task::PipelineRunner runner(*workspace, pipeline, {parallel_, {}});
    return runner.run(attempt, std::move(stop));
}

Result<bool> PipelineTasks::goes_on(const orc::Attempt& attempt) {
    return task::command_goes_on(attempt);
}

}  // namespace ingot::service

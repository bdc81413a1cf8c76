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

orc::TaskOutcome cannot_be_done(const orc::Attempt& attempt, std::string why) {
    if (attempt.adopted) task::end_kept_attempt(attempt);
    return {orc::TaskOutcome::Kind::kFailed, std::move(why), false};
}

std::string start_anew(const Error& error) {
    return error.to_string() + ": start a run anew";
}

orc::TaskOutcome carry_out(const orc::Attempt& attempt, const Definitions& definitions,
                           const project::Pipeline& pipeline,
                           const task::PipelineRunnerOptions& options, std::stop_token stop) {
    std::optional<std::string> why = does_not_fit(definitions, pipeline, attempt);
    if (why) return cannot_be_done(attempt, *std::move(why));
    const Result<task::Workspace> workspace = workspace_of(definitions, *attempt.spec);
    if (!workspace) return cannot_be_done(attempt, workspace.error().to_string());
    task::PipelineRunner runner(*workspace, pipeline, options);
    return runner.run(attempt, std::move(stop));
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
    if (!pinned) return cannot_be_done(attempt, start_anew(pinned.error()));
    return carry_out(attempt, *pinned->definitions, *pinned->pipeline,
                     {parallel_, {}, pinned->definitions->code}, std::move(stop));
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
    return task::kept_attempt_goes_on(attempt);
}

orc::TaskOutcome carry_out(const task::IsolatedOrder& order, const Definitions& definitions,
                           std::stop_token stop) {
    const Result<PlannedPipeline> planned =
        planned_pipeline(definitions, order.attempt.spec->plan.pipeline);
    if (!planned) return cannot_be_done(order.attempt, start_anew(planned.error()));
    return carry_out(order.attempt, definitions, *planned->pipeline,
                     {order.parallel, {}, definitions.code, true}, std::move(stop));
}

}  // namespace ingot::service

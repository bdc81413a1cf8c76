#include "task/run_plan.hpp"

#include <algorithm>
#include <map>

#include "base/uuid.hpp"
#include "ingest/input.hpp"
#include "project/selector.hpp"
#include "project/window.hpp"
#include "publish/progress.hpp"
#include "task/ingest_plan_internal.hpp"
#include "task/model_task.hpp"

namespace ingot::task {
namespace {

using Plans = std::map<project::TableName, PlannedStep>;

Result<std::vector<project::TableName>> selected_tables(const project::Project& project,
                                                        const RunOptions& options) {
    const project::TableGraph graph(project);
    INGOT_TRY_ASSIGN(
        project::SelectedWork selected,
        project::select_work(project, graph, {options.select, options.exclude, nullptr}));
    return std::move(selected.tables);
}

Result<TablePlan> plan_source(const project::Source& source, const project::TableName& table,
                              const TaskContext& context);
Result<TablePlan> plan_one_model(const project::Model& model, const Plans& before,
                                 const TaskContext& context);

}  // namespace

std::string_view planned_step_name(PlannedStep step) {
    switch (step) {
        case PlannedStep::kUpToDate:
            return "up to date";
        case PlannedStep::kRun:
            return "run";
        case PlannedStep::kWaits:
            return "waits";
        case PlannedStep::kView:
            return "view";
        case PlannedStep::kBlocked:
            return "blocked";
    }
    return "unknown";
}

Result<std::vector<TablePlan>> plan_tables(const Workspace& workspace, const RunOptions& options,
                                           std::stop_token stop) {
    INGOT_TRY_ASSIGN(const std::vector<project::TableName> tables,
                     selected_tables(*workspace.project, options));
    Pins pins(workspace);
    const RunIdentity run{uuid_v7(), workspace.clock.now()};
    const TaskContext context{workspace, pins, options, run, std::move(stop)};
    std::vector<TablePlan> plans;
    Plans before;
    for (const project::TableName& table : tables) {
        const project::Source* source = workspace.project->find_source(table);
        Result<TablePlan> plan =
            source != nullptr
                ? plan_source(*source, table, context)
                : plan_one_model(*workspace.project->find_model(table), before, context);
        if (!plan && plan.error().code == ErrorCode::kCancelled) return plan.error();
        if (!plan) {
            TablePlan blocked;
            blocked.step = PlannedStep::kBlocked;
            blocked.reason = plan.error().to_string();
            plan = std::move(blocked);
        }
        plan->table = table;
        before[table] = plan->step;
        plans.push_back(*std::move(plan));
    }
    return plans;
}

Result<std::int64_t> downloads_ahead(const Workspace& workspace, const RunOptions& options) {
    if (!options.window) return std::int64_t{0};
    INGOT_TRY_ASSIGN(const std::vector<project::TableName> tables,
                     selected_tables(*workspace.project, options));
    Pins pins(workspace);
    std::int64_t downloads = 0;
    for (const project::TableName& table : tables) {
        const project::Source* source = workspace.project->find_source(table);
        if (source == nullptr || !source->window) continue;
        const auto* files = std::get_if<project::FilesOrigin>(&source->from);
        if (files == nullptr && !std::holds_alternative<project::HttpOrigin>(source->from))
            continue;
        if (files != nullptr) {
            project::TemplateContext render;
            render.window = options.window;
            render.run_time = workspace.clock.now();
            render.params = &workspace.project->params;
            render.secrets = workspace.secrets;
            INGOT_TRY_ASSIGN(const project::Rendered path, files->path.render(render));
            const auto* text = std::get_if<std::string>(&path);
            if (text == nullptr || !text->starts_with("http")) continue;
        }
        INGOT_TRY_ASSIGN(
            const std::vector<Interval> windows,
            project::windows_overlapping(*source->window, IntervalSet({*options.window})));
        IntervalSet done;
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(table));
        if (snapshot && !options.full) {
            INGOT_TRY_ASSIGN(const publish::StoredProgress stored,
                             publish::load_progress(*snapshot));
            done = stored.progress.in_state(publish::WindowState::kDone)
                       .united(stored.progress.in_state(publish::WindowState::kEmpty));
        }
        downloads += std::count_if(windows.begin(), windows.end(), [&](const Interval& window) {
            return !IntervalSet({window}).minus(done).empty();
        });
    }
    return downloads;
}

namespace {

Result<TablePlan> plan_source(const project::Source& source, const project::TableName& table,
                              const TaskContext& context) {
    TablePlan plan;
    if (std::holds_alternative<project::DeltaOrigin>(source.from)) {
        plan.step = PlannedStep::kView;
        plan.reason = "read where it is";
        return plan;
    }
    const project::Project& project = *context.workspace.project;
    INGOT_TRY_ASSIGN(const std::unique_ptr<ingest::InputFinder> finder,
                     ingest::open_finder(source, {project, context.workspace.secrets,
                                                  context.workspace.clock, context.run.time,
                                                  project.root + "/.ingot/inputs", context.stop}));
    INGOT_TRY_ASSIGN(const IngestWork work, plan_ingest(source, table, *finder, context));
    INGOT_TRY_ASSIGN(const std::string missing_warning, judge_absent(work, source));
    plan.warnings = work.warnings;
    if (!missing_warning.empty()) plan.warnings.push_back(missing_warning);
    plan.missing = work.missing;
    if (work.empty()) return plan;
    plan.step = PlannedStep::kRun;
    plan.reason = work.reason;
    std::vector<Interval> windows;
    for (const ingest::Input& input : work.load) {
        plan.inputs +=
            static_cast<std::int64_t>(std::max(input.files.size(), input.identities.size()));
        for (const publish::InputIdentity& identity : input.identities)
            plan.input_bytes += identity.size;
        if (input.window) windows.push_back(*input.window);
    }
    plan.windows = static_cast<std::int64_t>(windows.size());
    plan.ranges = IntervalSet(std::move(windows)).intervals();
    return plan;
}

/// The first table that the model reads and that runs before it in this plan.
std::optional<project::TableName> input_that_runs(const project::Project& project,
                                                  const project::Model& model,
                                                  const Plans& before) {
    for (const project::TableName& input : base_inputs(project, model)) {
        const auto found = before.find(input);
        if (found == before.end()) continue;
        if (found->second == PlannedStep::kRun || found->second == PlannedStep::kWaits)
            return input;
    }
    return std::nullopt;
}

Result<TablePlan> plan_one_model(const project::Model& model, const Plans& before,
                                 const TaskContext& context) {
    TablePlan plan;
    if (model.kind == project::ModelKind::kView) {
        plan.step = PlannedStep::kView;
        return plan;
    }
    const project::Project& project = *context.workspace.project;
    for (const project::TableName& input : base_inputs(project, model)) {
        const auto found = before.find(input);
        if (found != before.end() && found->second == PlannedStep::kBlocked)
            return make_error(ErrorCode::kNotFound, "its input {} cannot run", input.text());
    }
    const std::optional<project::TableName> input = input_that_runs(project, model, before);
    const Result<ModelWork> work =
        plan_model(model, context.workspace, context.pins, context.options, context.run.time);
    if (!work && !(input && work.error().code == ErrorCode::kNotFound)) return work.error();
    if (work && !work->empty()) {
        plan.step = PlannedStep::kRun;
        plan.reason = work->whole ? work->whole->detail : summarize(work->windows);
        if (work->whole && plan.reason.empty())
            plan.reason = publish::work_reason_name(work->whole->reason);
        plan.ranges = contiguous_ranges(work->windows);
        plan.windows = static_cast<std::int64_t>(work->windows.size());
    }
    if (!input) {
        if (work && !work->warning.empty()) plan.warnings.push_back(work->warning);
        return plan;
    }
    if (plan.step != PlannedStep::kRun) plan.step = PlannedStep::kWaits;
    plan.reason += (plan.reason.empty() ? "after " : ", and after ") + input->text();
    return plan;
}

}  // namespace
}  // namespace ingot::task

#include "service/window_history.hpp"

#include "service/selection_pipeline.hpp"

#include "base/uuid.hpp"
#include "project/lineage.hpp"
#include "project/selector.hpp"
#include "publish/progress.hpp"

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;

constexpr std::size_t kWindowsMax = 100'000;

Result<std::shared_ptr<const project::Pipeline>> pipeline_with_windows(
    const Definitions& definitions, const BackfillRequest& request);
Result<std::vector<Interval>> closed_windows(const project::Pipeline& pipeline,
                                             const Interval& range, Timestamp now);

}  // namespace

Result<orc::Backfill> plan_backfill(const Definitions& definitions, const BackfillRequest& request,
                                    orc::Store& store, Timestamp now, const std::string& by) {
    INGOT_TRY_ASSIGN(const std::shared_ptr<const project::Pipeline> pipeline,
                     pipeline_with_windows(definitions, request));
    INGOT_TRY_ASSIGN(const std::vector<Interval> windows,
                     closed_windows(*pipeline, request.range, now));
    INGOT_TRY_ASSIGN(const std::optional<IntervalSet> in_tables,
                     windows_in_tables(definitions, *pipeline));
    std::map<Interval, orc::WindowHistory> history;
    for (const Interval& window : windows) {
        INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> newest,
                         store.list({.pipeline = pipeline->name, .window = window, .at_most = 1}));
        orc::WindowHistory& known = history[window];
        if (!newest.empty()) known.newest_run = newest.front().state;
        known.in_tables = in_tables && in_tables->contains(window);
    }
    orc::Backfill backfill;
    backfill.id = uuid_v7();
    backfill.pipeline = pipeline->name;
    backfill.range = request.range;
    backfill.order = request.order.value_or(pipeline->backfill.order);
    backfill.redo = request.redo.value_or(pipeline->backfill.redo);
    backfill.active_runs = request.active_runs.value_or(pipeline->backfill.active_runs);
    backfill.by = by;
    backfill.created_at = now;
    backfill.windows = orc::plan_backfill(windows, history, backfill.order, backfill.redo);
    backfill.params = params_to_json(request.params);
    return backfill;
}

Result<orc::PreparedRun> prepare_run(const Definitions& definitions, const orc::Backfill& backfill,
                                     const Interval& window) {
    RunRequest request{window, {}, backfill.redo == orc::BackfillRedo::kAll};
    INGOT_TRY_ASSIGN(request.params, parse_params(backfill.params));
    INGOT_TRY_ASSIGN(orc::RunSpec spec, make_spec(definitions, backfill.pipeline, request));
    return orc::PreparedRun{orc::RunId(uuid_v7()), std::move(spec), definitions.code};
}

Result<std::optional<IntervalSet>> windows_in_tables(const Definitions& definitions,
                                                     const project::Pipeline& pipeline) {
    const project::Project& project = definitions.project();
    const project::TableGraph graph(project);
    task::Pins pins(definitions.workspace);
    std::optional<IntervalSet> all;
    for (const project::PipelineTask& task : pipeline.tasks) {
        const auto* ingest = std::get_if<project::IngestTask>(&task.body);
        const auto* models = std::get_if<project::ModelsTask>(&task.body);
        if (ingest == nullptr && models == nullptr) continue;
        const std::string& select = ingest != nullptr ? ingest->select : models->select;
        INGOT_TRY_ASSIGN(const project::SelectedWork work,
                         project::select_work(project, graph, {select, "", nullptr}));
        for (const project::TableName& table : work.tables) {
            const project::Model* model = project.find_model(table);
            const project::Source* source = project.find_source(table);
            const bool keeps_windows =
                (model != nullptr && model->window) || (source != nullptr && source->window);
            if (!keeps_windows) continue;
            IntervalSet has;
            INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(table));
            if (snapshot) {
                INGOT_TRY_ASSIGN(const publish::StoredProgress stored,
                                 publish::load_progress(*snapshot));
                has = stored.progress.in_state(publish::WindowState::kDone)
                          .united(stored.progress.in_state(publish::WindowState::kEmpty));
            }
            all = all ? all->intersected(has) : has;
        }
    }
    return all;
}

namespace {

Result<std::shared_ptr<const project::Pipeline>> pipeline_with_windows(
    const Definitions& definitions, const BackfillRequest& request) {
    // Also says what is wrong with the name, the plan or the parameters.
    INGOT_TRY(make_spec(definitions, request.pipeline, {request.range, request.params}));
    INGOT_TRY_ASSIGN(PlannedPipeline planned, planned_pipeline(definitions, request.pipeline));
    if (planned.pipeline->window) return std::move(planned.pipeline);
    if (request.pipeline.starts_with(kSelectionPrefix)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "no table of {} has windows to go back over: `ingot run` brings it up to "
                          "date",
                          planned.pipeline->place.file);
    }
    return make_error(ErrorCode::kInvalidArgument,
                      "{} has no windows to go back over: give it a `window:`",
                      planned.pipeline->place.file);
}

Result<std::vector<Interval>> closed_windows(const project::Pipeline& pipeline,
                                             const Interval& range, Timestamp now) {
    if (range.start >= range.end) {
        return make_error(ErrorCode::kInvalidArgument, "the range ends at {}, before it begins",
                          range.end.to_string());
    }
    INGOT_TRY_ASSIGN(const Interval last, project::last_closed_window(*pipeline.window, now));
    const Interval over{range.start, std::min(range.end, last.end)};
    if (over.start >= over.end) {
        return make_error(ErrorCode::kInvalidArgument,
                          "no window of the range is over yet: the last one that is ends at {}",
                          last.end.to_string());
    }
    INGOT_TRY_ASSIGN(std::vector<Interval> windows,
                     project::enumerate_windows(*pipeline.window, over, kWindowsMax));
    if (!windows.empty()) return windows;
    return make_error(ErrorCode::kInvalidArgument,
                      "the range holds no whole window: {} has one per {}", pipeline.name,
                      pipeline.window->to_string());
}

}  // namespace
}  // namespace ingot::service

#include "task/check_tables.hpp"

#include "base/uuid.hpp"
#include "project/selector.hpp"
#include "task/audit.hpp"
#include "task/check_files.hpp"
#include "task/freshness.hpp"

namespace ingot::task {
namespace {

/// What a check may say about `$window`: all that the table has.
Result<std::optional<Interval>> whole_range(const delta::Snapshot& snapshot) {
    INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(snapshot));
    const std::vector<publish::ProgressEntry>& entries = stored.progress.entries();
    if (entries.empty()) return std::optional<Interval>();
    return std::optional(Interval{entries.front().interval.start, entries.back().interval.end});
}

}  // namespace

Result<CheckedTables> check_tables(const Workspace& workspace, const RunOptions& options,
                                   std::stop_token stop) {
    const project::Project& project = *workspace.project;
    const project::TableGraph graph(project);
    INGOT_TRY_ASSIGN(
        const project::SelectedWork selected,
        project::select_work(project, graph, {options.select, options.exclude, nullptr}));
    Pins pins(workspace);
    const RunIdentity run{uuid_v7(), workspace.clock.now()};
    const TaskContext context{workspace, pins, options, run, std::move(stop)};
    CheckedTables checked;
    for (const project::TableName& name : selected.tables) {
        const project::Model* model = project.find_model(name);
        const project::SourceTable* table = project.find_source_table(name);
        if (model != nullptr && model->kind == project::ModelKind::kView) continue;
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(name));
        CheckedTable each{name, std::nullopt, {}};
        if (snapshot) {
            each.version = snapshot->version();
            ParameterValues values;
            INGOT_TRY_ASSIGN(const std::optional<Interval> whole, whole_range(*snapshot));
            if (whole) values.ranges = {*whole};
            values.run_time = run.time;
            values.params = &project.params;
            values.param_types = &project.param_types;
            if (model != nullptr) values.matrix = &model->matrix;
            const AuditedTable audited{name,
                                       model != nullptr ? model->checks : table->checks,
                                       model,
                                       table,
                                       values,
                                       model != nullptr ? model->key : std::vector<std::string>(),
                                       model != nullptr && model->allow_empty};
            INGOT_TRY_ASSIGN_WITH(each.results, check_published(audited, snapshot, context),
                                  "while checking " + name.text());
        }
        checked.tables.push_back(std::move(each));
    }
    INGOT_TRY_ASSIGN(checked.across, run_check_files(selected.checks, {}, context));
    INGOT_TRY_ASSIGN(const std::vector<quality::CheckResult> fresh,
                     check_freshness(selected.tables, context));
    checked.across.insert(checked.across.end(), fresh.begin(), fresh.end());
    return checked;
}

}  // namespace ingot::task

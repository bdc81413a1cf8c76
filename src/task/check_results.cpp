#include "task/check_results.hpp"

#include "quality/tables.hpp"
#include "task/batch_list.hpp"
#include "task/check_files.hpp"
#include "task/table_publish_internal.hpp"

namespace ingot::task {

Status append_check_results(const RunReport& report, const TaskContext& context) {
    std::vector<ColumnBatch> batches;
    const quality::ResultStamp stamp{
        report.run_id, context.workspace.clock.now(),
        context.options.window ? std::optional(context.options.window->start) : std::nullopt,
        context.options.window ? std::optional(context.options.window->end) : std::nullopt};
    for (const TableReport& table : report.tables) {
        if (!table.checks.empty())
            batches.push_back(quality::check_results_batch(table.checks, stamp));
    }
    INGOT_TRY_ASSIGN(const std::vector<quality::CheckResult> across, new_results(report, context));
    if (!across.empty()) batches.push_back(quality::check_results_batch(across, stamp));
    if (batches.empty()) return {};
    BatchList rows(quality::check_results_schema(), std::move(batches));
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, context.pins.open_session());
    INGOT_TRY(session->add_source("new_check_results", rows));

    publish::PublishRequest request;
    request.table = quality::check_results_table().text();
    request.location = context.workspace.lake.location(quality::check_results_table());
    request.shape.schema = quality::check_results_schema();
    request.shape.description = "Results of checks, one row per check and run";
    request.select.sql = "SELECT * FROM new_check_results";
    request.mode = publish::AppendRows{};
    request.on_schema_change = project::OnSchemaChange::kAdd;
    request.run_id = report.run_id;
    request.run_time = report.started;
    publish::PublishContext surroundings = publish_context(*session, context);
    surroundings.stop = {};  // What the run published has its results, also when it is stopped.
    INGOT_TRY(publish::publish(request, surroundings));
    return session->remove_source("new_check_results");
}

}  // namespace ingot::task

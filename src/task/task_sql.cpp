#include "project/lineage.hpp"
#include "task/task_sql_internal.hpp"
#include "task/workspace.hpp"

namespace ingot::task {

Result<std::string> what_is_not_built(const project::TaskSql& sql, const TaskAttempt& attempt) {
    Pins pins(attempt.workspace);
    for (const project::TableName& table :
         project::base_tables(*attempt.workspace.project, sql.inputs)) {
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(table));
        if (!snapshot) return table.text() + " has not been built yet";
    }
    return std::string();
}

Result<ColumnBatch> first_rows(const project::TaskSql& sql, std::size_t rows_max,
                               const TaskAttempt& attempt) {
    const project::Project& project = *attempt.workspace.project;
    ParameterValues values;
    if (attempt.attempt.spec->window) values.ranges.push_back(*attempt.attempt.spec->window);
    values.run_time = attempt.attempt.run_time;
    values.params = &project.params;
    std::map<std::string, project::Param> types = attempt.pipeline.params;
    types.insert(project.param_types.begin(), project.param_types.end());
    values.param_types = &types;
    engine::Query query{
        fmt::format("SELECT * FROM (\n{}\n) AS answer LIMIT {}", sql.bindable, rows_max), {}};
    INGOT_TRY_ASSIGN_WITH(query.parameters, bind_parameters(sql.parameters, values),
                          "in " + sql.place.to_string());
    Pins pins(attempt.workspace);
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, pins.open_session());
    INGOT_TRY_ASSIGN_WITH(ColumnBatch batch, session->query_all(query, attempt.stop),
                          "in " + sql.place.to_string());
    return batch;
}

}  // namespace ingot::task

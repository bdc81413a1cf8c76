// A task that runs SQL: on a connection in one transaction, or over the lake with its rows in the
// log.
#include <algorithm>
#include <fmt/format.h>

#include "postgres/column_types.hpp"
#include "postgres/sql_text.hpp"

#include "task/export_internal.hpp"
#include "task/postgres_connection.hpp"
#include "task/task_attempt_internal.hpp"
#include "task/workspace.hpp"

namespace ingot::task {
namespace {

using orchestrator::TaskOutcome;

constexpr std::size_t kLoggedRowsMax = 1000;

/// What the parameters of a statement stand for, by their bindable names (`window__start`).
ParameterValues values_of(const TaskAttempt& attempt) {
    const project::Project& project = *attempt.workspace.project;
    ParameterValues values;
    if (attempt.attempt.spec->window) values.ranges = {*attempt.attempt.spec->window};
    values.run_time = attempt.attempt.run_time;
    values.params = &project.params;
    values.param_types = &project.param_types;
    return values;
}

std::string bindable(std::string name) {
    if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
        name.replace(dot, 1, "__");
    }
    return name;
}

Result<Scalar> value_of(const std::string& name, const ParameterValues& values) {
    INGOT_TRY_ASSIGN(auto bound, bind_parameters({bindable(name)}, values));
    return std::move(bound).begin()->second;
}

Result<std::vector<postgres::Statement>> statements_of(const project::SqlTask& sql,
                                                       const ParameterValues& values) {
    const auto type_of = [&](const std::string& name) -> Result<std::string> {
        INGOT_TRY_ASSIGN(const Scalar value, value_of(name, values));
        return postgres::column_type(value.type());
    };
    return postgres::split_statements(sql.sql, type_of);
}

/// `a, null, c`, at most so many; the rest is counted.
void log_rows(const postgres::QueryRows& found, const TaskAttempt& attempt) {
    if (found.columns.empty()) return;
    write_line(attempt.log, fmt::format("{}", fmt::join(found.columns, ", ")));
    for (std::size_t i = 0; i < std::min(found.rows.size(), kLoggedRowsMax); ++i) {
        std::string line;
        for (const postgres::Value& value : found.rows[i]) {
            line += (line.empty() ? "" : ", ") + value.value_or("null");
        }
        write_line(attempt.log, line);
    }
    if (found.rows.size() > kLoggedRowsMax) {
        write_line(attempt.log,
                   fmt::format("and {} rows more", found.rows.size() - kLoggedRowsMax));
    }
}

Result<std::string> run_on_connection(const project::SqlTask& sql, const TaskAttempt& attempt) {
    const ParameterValues values = values_of(attempt);
    INGOT_TRY_ASSIGN(const std::vector<postgres::Statement> statements, statements_of(sql, values));
    INGOT_TRY_ASSIGN(const std::unique_ptr<postgres::Connection> connection,
                     open_postgres(*attempt.workspace.project, sql.connection,
                                   template_values(attempt), attempt.stop));
    INGOT_TRY_ASSIGN(postgres::Transaction transaction, postgres::Transaction::begin(*connection));
    for (const postgres::Statement& statement : statements) {
        std::vector<postgres::Value> parameters;
        for (const std::string& name : statement.parameters) {
            INGOT_TRY_ASSIGN(const Scalar value, value_of(name, values));
            parameters.push_back(value.is_null() ? postgres::Value() : value.to_string());
        }
        INGOT_TRY_ASSIGN_WITH(const postgres::QueryRows found,
                              connection->query(statement.sql, parameters),
                              fmt::format("in the statement of line {}", statement.line));
        log_rows(found, attempt);
        if (found.columns.empty()) {
            write_line(attempt.log, fmt::format("statement of line {}: {} rows", statement.line,
                                                found.affected));
        }
    }
    INGOT_TRY(transaction.commit());
    return fmt::format("{} statements", statements.size());
}

Result<std::string> run_on_lake(const project::SqlTask& sql, const TaskAttempt& attempt) {
    std::vector<std::string> names;
    for (const std::string& name : sql.query.parameters) names.push_back(bindable(name));
    // As text, whatever their types: the log is for people.
    engine::Query query{
        fmt::format("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({}\n)", sql.query.bindable_sql), {}};
    INGOT_TRY_ASSIGN(query.parameters, bind_parameters(names, values_of(attempt)));
    Pins pins(attempt.workspace);
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, pins.open_session());
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::QueryResult> rows,
                     session->query(query, attempt.stop));
    postgres::QueryRows found;
    for (const Field& field : rows->schema().fields) found.columns.push_back(field.name);
    std::size_t count = 0;
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows->next());
        if (!batch) break;
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            if (++count > kLoggedRowsMax) continue;
            postgres::Row& values = found.rows.emplace_back();
            for (const Column& column : batch->columns) {
                values.emplace_back(scalar_at(column, row).to_string());
            }
        }
    }
    log_rows(found, attempt);
    if (count > kLoggedRowsMax) {
        write_line(attempt.log, fmt::format("and {} rows more", count - kLoggedRowsMax));
    }
    return fmt::format("{} rows", count);
}

}  // namespace

TaskOutcome carry_out(const project::SqlTask& sql, const TaskAttempt& attempt) {
    if (!sql.connection.empty() && exports_are_off(attempt)) return nothing_outside(attempt);
    Result<std::string> done =
        sql.connection.empty() ? run_on_lake(sql, attempt) : run_on_connection(sql, attempt);
    if (!done) {
        return failed(std::move(done).error().with("in " + sql.place.to_string()), attempt);
    }
    write_line(attempt.log, *done);
    return {TaskOutcome::Kind::kSuccess, *done};
}

}  // namespace ingot::task

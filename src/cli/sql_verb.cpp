#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <unistd.h>

#include "cli/output.hpp"
#include "cli/sql_shell.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

struct SqlOptions {
    std::string statement;
    std::string format = "table";
    std::int64_t max_rows = 200;
};

void print_csv_field(const std::string& text, bool null) {
    if (!null) std::fputs(csv_field(text).c_str(), stdout);
}

Status print_csv(engine::QueryResult& rows) {
    for (std::size_t i = 0; i < rows.schema().fields.size(); ++i) {
        if (i > 0) std::fputc(',', stdout);
        print_csv_field(rows.schema().fields[i].name, false);
    }
    std::fputc('\n', stdout);
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows.next());
        if (!batch) return {};
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            for (std::size_t i = 0; i < batch->columns.size(); ++i) {
                if (i > 0) std::fputc(',', stdout);
                print_csv_field(value_text(batch->columns[i], row), batch->columns[i].is_null(row));
            }
            std::fputc('\n', stdout);
        }
    }
}

Status print_json(engine::QueryResult& rows) {
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows.next());
        if (!batch) return {};
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            std::string line = "{";
            for (std::size_t i = 0; i < batch->columns.size(); ++i) {
                if (i > 0) line += ",";
                line += json_text(batch->schema.fields[i].name) + ":" +
                        value_json(batch->columns[i], row);
            }
            std::puts((line + "}").c_str());
        }
    }
}

Status print_table(engine::QueryResult& rows, std::int64_t max_rows) {
    std::vector<std::string> header;
    for (const Field& field : rows.schema().fields) header.push_back(field.name);
    TextTable table(header);
    for (std::size_t i = 0; i < header.size(); ++i) {
        if (rows.schema().fields[i].type.is_numeric()) table.align_right(i);
    }
    std::int64_t count = 0;
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows.next());
        if (!batch) break;
        for (std::int64_t row = 0; row < batch->rows; ++row, ++count) {
            if (count >= max_rows) continue;
            std::vector<std::string> cells;
            for (const Column& column : batch->columns) {
                cells.push_back(column.is_null(row) ? "NULL" : value_text(column, row));
            }
            table.add(std::move(cells));
        }
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    if (count > max_rows) {
        std::fprintf(stdout,
                     "(%s rows, the first %s shown; --rows N shows more, --format csv all)\n",
                     with_thousands(count).c_str(), with_thousands(max_rows).c_str());
    }
    return {};
}

Status run_statement(Invocation& invocation, engine::Session& session, const SqlOptions& options,
                     const std::string& statement) {
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::QueryResult> rows,
                     session.query({statement, {}}, invocation.stop()));
    const std::string format = invocation.json() ? "json" : options.format;
    return format == "csv"    ? print_csv(*rows)
           : format == "json" ? print_json(*rows)
                              : print_table(*rows, options.max_rows);
}

/// Each statement sees the newest versions: a shell may stay open for long.
Result<int> run_shell(Invocation& invocation, const SqlOptions& options) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace_or_bare());
    const auto run = [&](const std::string& statement) -> Status {
        task::Pins pins(*workspace);
        INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, pins.open_session());
        return run_statement(invocation, *session, options, statement);
    };
    ShellActions actions;
    actions.run = run;
    actions.schema = [&](const std::string& table) { return run("DESCRIBE FROM " + table); };
    actions.tables = [&] {
        std::vector<std::string> names;
        for (const project::TableName& table : workspace->project->table_names())
            names.push_back(table.text());
        return names;
    };
    actions.stopped = [&] { return invocation.stop().stop_requested(); };
    run_sql_shell(std::cin, actions);
    return kExitOk;
}

Result<int> run_sql(Invocation& invocation, const SqlOptions& options) {
    if (options.statement.empty() && isatty(STDIN_FILENO) == 1) {
        return run_shell(invocation, options);
    }
    std::string statement = options.statement;
    if (statement.empty() || statement == "-") {
        statement.assign(std::istreambuf_iterator<char>(std::cin),
                         std::istreambuf_iterator<char>());
    }
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace_or_bare());
    task::Pins pins(*workspace);
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, pins.open_session());
    INGOT_TRY(run_statement(invocation, *session, options, statement));
    return kExitOk;
}

}  // namespace

void add_sql(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("sql", "Query the project's tables, any Delta table, and files");
    auto options = std::make_shared<SqlOptions>();
    verb->add_option("statement", options->statement,
                     "SQL text; '-': from stdin; absent: a shell at a terminal, else stdin");
    verb->add_option("--format", options->format, "table, csv or json (one object per line)")
        ->check(CLI::IsMember({"table", "csv", "json"}));
    verb->add_option("--rows", options->max_rows, "Rows that a table shows at most");
    verb->callback([&chosen, options] {
        chosen([options](Invocation& invocation) { return run_sql(invocation, *options); });
    });
}

}  // namespace ingot::cli

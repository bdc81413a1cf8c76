#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <map>
#include <unistd.h>

#include "cli/sql_output.hpp"
#include "cli/sql_shell.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

const std::map<std::string, RowFormat> kFormats = {{"table", RowFormat::kTable},
                                                   {"csv", RowFormat::kCsv},
                                                   {"json", RowFormat::kJson},
                                                   {"arrow", RowFormat::kArrow},
                                                   {"parquet", RowFormat::kParquet}};

struct SqlOptions {
    std::string statement;
    std::string format = "table";
    std::string file;
    std::int64_t max_rows = 200;
};

Status run_statement(Invocation& invocation, engine::Session& session, const SqlOptions& options,
                     const std::string& statement) {
    RowOutput output;
    output.format = invocation.json() ? RowFormat::kJson : kFormats.at(options.format);
    output.file = options.file;
    output.table_rows_max = options.max_rows;
    return write_rows(session, statement, output, invocation.stop());
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
    verb->add_option("--format", options->format,
                     "table, csv, json (one object per line), arrow (a stream) or parquet")
        ->check(CLI::IsMember({"table", "csv", "json", "arrow", "parquet"}));
    verb->add_option("-o,--output", options->file,
                     "Write to this file, whole or not at all, instead of stdout");
    verb->add_option("--rows", options->max_rows, "Rows that a table shows at most");
    verb->callback([&chosen, options] {
        chosen([options](Invocation& invocation) { return run_sql(invocation, *options); });
    });
}

}  // namespace ingot::cli

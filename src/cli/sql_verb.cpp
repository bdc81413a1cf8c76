#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "cli/output.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

struct SqlOptions {
    std::string statement;
    std::string format = "table";
    std::int64_t max_rows = 200;
};

void print_csv_field(const std::string& text, bool null) {
    if (null) return;
    if (!text.empty() && text.find_first_of(",\"\n\r") == std::string::npos) {
        std::fputs(text.c_str(), stdout);
        return;
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c;
        if (c == '"') quoted += c;
    }
    std::fputs((quoted + "\"").c_str(), stdout);
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
                line += "\"" + batch->schema.fields[i].name +
                        "\":" + value_json(batch->columns[i], row);
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

Result<int> run_sql(Invocation& invocation, const SqlOptions& options) {
    std::string statement = options.statement;
    if (statement.empty() || statement == "-") {
        statement.assign(std::istreambuf_iterator<char>(std::cin),
                         std::istreambuf_iterator<char>());
    }
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    task::Pins pins(*workspace);
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, pins.open_session());
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::QueryResult> rows,
                     session->query({statement, {}}, invocation.stop()));
    const std::string format = invocation.json() ? "json" : options.format;
    INGOT_TRY(format == "csv"    ? print_csv(*rows)
              : format == "json" ? print_json(*rows)
                                 : print_table(*rows, options.max_rows));
    return kExitOk;
}

}  // namespace

void add_sql(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("sql", "Query the project's tables, any Delta table, and files");
    auto options = std::make_shared<SqlOptions>();
    verb->add_option("statement", options->statement, "SQL text; absent or '-': from stdin");
    verb->add_option("--format", options->format, "table, csv or json (one object per line)")
        ->check(CLI::IsMember({"table", "csv", "json"}));
    verb->add_option("--rows", options->max_rows, "Rows that a table shows at most");
    verb->callback([&chosen, options] {
        chosen([options](Invocation& invocation) { return run_sql(invocation, *options); });
    });
}

}  // namespace ingot::cli

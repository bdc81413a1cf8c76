#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "project/selector.hpp"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct LineageArguments {
    std::string table;
    bool columns = false;
};

Json names(const std::vector<project::TableName>& tables) {
    Json json = Json::array();
    for (const project::TableName& table : tables) json.push_back(table.text());
    return json;
}

std::string joined(const std::vector<project::TableName>& tables) {
    std::string text;
    for (const project::TableName& table : tables)
        text += (text.empty() ? "" : ", ") + table.text();
    return text;
}

Result<std::vector<project::TableName>> wanted_tables(const project::Project& project,
                                                      const LineageArguments& arguments) {
    if (arguments.table.empty()) return project.table_names();
    const project::TableGraph graph(project);
    return project::select_tables(project, graph, {arguments.table, "", nullptr});
}

std::string sources_text(const sql::ColumnLineage& column) {
    std::string text;
    for (const auto& [table, source] : column.sources)
        text += (text.empty() ? "" : ", ") + table + "." + source;
    return text;
}

Json columns_json(const project::TableColumns& columns) {
    Json json = Json::array();
    for (const sql::ColumnLineage& column : columns.columns) {
        Json sources = Json::array();
        for (const auto& [table, source] : column.sources)
            sources.push_back({{"table", table}, {"column", source}});
        json.push_back({{"column", column.column.name},
                        {"type", column.column.type.to_string()},
                        {"sources", std::move(sources)}});
    }
    return json;
}

Result<int> show_columns(Invocation& invocation, const project::Project& project,
                         const std::vector<project::TableName>& tables) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    task::Pins pins(*workspace);
    project::ColumnLineageOptions options;
    options.cache_file = project.root + "/.ingot/lineage.json";
    options.lake = [&](const project::TableName& table) -> std::optional<Schema> {
        const Result<delta::SnapshotPtr> snapshot = pins.snapshot(table);
        if (!snapshot || !*snapshot) return std::nullopt;
        return (*snapshot)->schema();
    };
    INGOT_TRY_ASSIGN(const project::ColumnLineageResult lineage,
                     project::column_lineage(project, workspace->engine.sql_facts(), options));
    Json json = Json::array();
    for (const project::TableName& table : tables) {
        const auto found = lineage.tables.find(table);
        if (found == lineage.tables.end()) continue;
        json.push_back({{"table", table.text()},
                        {"columns", columns_json(found->second)},
                        {"unknown", found->second.unknown}});
        if (invocation.json()) continue;
        std::printf("%s\n", table.text().c_str());
        if (!found->second.unknown.empty()) {
            std::printf("  columns unknown: %s\n\n", found->second.unknown.c_str());
            continue;
        }
        TextTable text({"  column", "type", "from"});
        for (const sql::ColumnLineage& column : found->second.columns) {
            text.add(
                {"  " + column.column.name, column.column.type.to_string(), sources_text(column)});
        }
        std::printf("%s\n", text.to_string(terminal_width()).c_str());
    }
    if (invocation.json()) std::printf("%s\n", json.dump(2).c_str());
    return kExitOk;
}

Result<int> lineage(Invocation& invocation, const LineageArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(const std::vector<project::TableName> tables,
                     wanted_tables(*project, arguments));
    if (arguments.columns) return show_columns(invocation, *project, tables);
    const project::TableGraph graph(*project);
    if (invocation.json()) {
        Json json = Json::array();
        for (const project::TableName& table : tables) {
            json.push_back({{"table", table.text()},
                            {"inputs", names(graph.inputs(table))},
                            {"users", names(graph.users(table))},
                            {"upstream", names(graph.upstream(table))},
                            {"downstream", names(graph.downstream(table))}});
        }
        std::printf("%s\n", json.dump(2).c_str());
        return kExitOk;
    }
    if (!arguments.table.empty()) {
        const project::TableName& table = tables.front();
        std::printf("%s\n  made from   %s\n  used by     %s\n  upstream    %s\n  downstream  %s\n",
                    table.text().c_str(), joined(graph.inputs(table)).c_str(),
                    joined(graph.users(table)).c_str(), joined(graph.upstream(table)).c_str(),
                    joined(graph.downstream(table)).c_str());
        return kExitOk;
    }
    TextTable text({"table", "made from", "used by"});
    for (const project::TableName& table : tables)
        text.add({table.text(), joined(graph.inputs(table)), joined(graph.users(table))});
    std::fputs(text.to_string(terminal_width()).c_str(), stdout);
    return kExitOk;
}

}  // namespace

void add_lineage(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("lineage", "Show which table, and which column, is made from which");
    auto arguments = std::make_shared<LineageArguments>();
    verb->add_option("table", arguments->table, "layer.name; absent: all tables");
    verb->add_flag("--columns", arguments->columns, "Columns, with the columns they come from");
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return lineage(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/selection.hpp"
#include "cli/verbs.hpp"
#include "project/lineage.hpp"
#include "quality/row_rules.hpp"

namespace ingot::cli {
namespace {

/// `$window__start` becomes its value, outside of quotes.
std::string with_values(const std::string& sql, const std::map<std::string, Scalar>& values) {
    std::string text;
    char quote = 0;
    for (std::size_t at = 0; at < sql.size(); ++at) {
        const char c = sql[at];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '$') {
            std::size_t end = at + 1;
            while (end < sql.size() &&
                   (std::isalnum(static_cast<unsigned char>(sql[end])) != 0 || sql[end] == '_'))
                ++end;
            const auto value = values.find(sql.substr(at + 1, end - at - 1));
            if (value != values.end()) {
                text += value->second.to_sql();
                at = end - 1;
                continue;
            }
        }
        text += c;
    }
    return text;
}

/// Values for what has one; a window only when `--window` says which.
std::map<std::string, Scalar> known_values(const std::vector<std::string>& names,
                                           const project::Project& project,
                                           const project::Model& model,
                                           const std::optional<Interval>& window) {
    task::ParameterValues values;
    if (window) values.ranges = {*window};
    values.run_time = system_clock().now();
    values.params = &project.params;
    values.param_types = &project.param_types;
    values.matrix = &model.matrix;
    std::map<std::string, Scalar> known;
    for (const std::string& name : names) {
        if (name == "previous__row_count" || (name == "run__time" && !window)) continue;
        if (const auto bound = task::bind_parameters({name}, values)) known.merge(std::map(*bound));
    }
    return known;
}

Result<std::string> rendered(Invocation& invocation, const project::Project& project,
                             const project::Model& model, const std::optional<Interval>& window) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    task::Pins pins(*workspace);
    project::ColumnLineageOptions options;
    options.lake = [&](const project::TableName& table) -> std::optional<Schema> {
        const Result<delta::SnapshotPtr> snapshot = pins.snapshot(table);
        return snapshot && *snapshot ? std::optional((*snapshot)->schema()) : std::nullopt;
    };
    INGOT_TRY_ASSIGN(const project::ColumnLineageResult lineage,
                     project::column_lineage(project, workspace->engine.sql_facts(), options));
    const auto columns = lineage.tables.find(model.name);
    if (columns == lineage.tables.end() || !columns->second.unknown.empty()) {
        return make_error(
            ErrorCode::kNotFound, "the columns of {} are not known yet: {}", model.name.text(),
            columns == lineage.tables.end() ? "the model does not bind" : columns->second.unknown);
    }
    if (model.command) {
        // What the program is given; what it makes of it is not SQL.
        return with_values(model.query.bindable_sql,
                           known_values(task::bindable_parameters(model), project, model, window));
    }
    Schema produced;
    for (const sql::ColumnLineage& column : columns->second.columns)
        produced.fields.push_back(column.column);
    INGOT_TRY_ASSIGN(
        const quality::CompiledRows rows,
        quality::compile_rows(model.query.bindable_sql, produced, quality::rules_of(model),
                              {"run", system_clock().now()}));
    return with_values(rows.sql, known_values(rows.parameters, project, model, window));
}

Result<int> render(Invocation& invocation, const SelectionArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(const std::vector<project::TableName> tables,
                     selected_tables(*project, arguments));
    INGOT_TRY_ASSIGN(const std::optional<Interval> window, selected_window(*project, arguments));
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const project::TableName& table : tables) {
        const project::Model* model = project->find_model(table);
        if (model == nullptr || model->seed) {
            return make_error(ErrorCode::kInvalidArgument, "{} is no SQL model: {}", table.text(),
                              model == nullptr ? "a source fills it" : "it is a seed file");
        }
        INGOT_TRY_ASSIGN(const std::string sql, rendered(invocation, *project, *model, window));
        json.push_back({{"table", table.text()}, {"file", model->path}, {"sql", sql}});
        if (invocation.json()) continue;
        for (const std::string& macro : project->macro_statements(*model))
            std::printf("%s;\n", macro.c_str());
        std::printf("-- %s (%s)\n%s\n", table.text().c_str(), model->path.c_str(), sql.c_str());
    }
    if (invocation.json()) std::printf("%s\n", json.dump(2).c_str());
    return kExitOk;
}

}  // namespace

void add_render(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand(
        "render",
        "Print the SQL that a model runs, with its row rules (kind command: the SQL of its input)");
    auto arguments = std::make_shared<SelectionArguments>();
    verb->add_option("model", arguments->select, "Models, as in `run`")->required();
    add_window_option(*verb, *arguments);
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return render(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

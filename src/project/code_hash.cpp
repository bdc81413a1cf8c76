#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>
#include <unordered_map>

#include "base/hash.hpp"
#include "project/code_hash_internal.hpp"
#include "project/files_internal.hpp"
#include "project/sql_text_internal.hpp"

namespace ingot::project {

namespace {

/// Lines `name<TAB>value<LF>`, with the value's length in front so that no two texts meet.
class Canon {
public:
    void add(std::string_view name, std::string_view value) {
        text_ += fmt::format("{}\t{}\t{}\n", name, value.size(), value);
    }
    void add_list(std::string_view name, const std::vector<std::string>& values) {
        for (const std::string& value : values) add(name, value);
    }
    std::string hash() const { return sha256_hex(text_); }

private:
    std::string text_;
};

void add_rules(Canon& canon, const std::vector<Rule>& rules) {
    for (const Rule& rule : rules) {
        canon.add("reject.reason", rule.reason);
        canon.add("reject.when", normalize_sql(rule.when));
    }
}

void add_columns(Canon& canon, const std::vector<ColumnSpec>& columns) {
    for (const ColumnSpec& column : columns) {
        canon.add("column", column.name);
        if (column.type)
            canon.add("type", column.type->is_json() ? "json" : column.type->to_string());
        if (column.expr) canon.add("expr", normalize_sql(*column.expr));
    }
}

void add_param(Canon& canon, const Project& project, const std::string& name) {
    const auto value = project.params.find(name);
    if (value != project.params.end()) canon.add("param." + name, value->second.to_json());
}

void add_named(Canon& canon, std::string_view name,
               const std::vector<std::pair<std::string, Template>>& list) {
    for (const auto& [key, value] : list) canon.add(fmt::format("{}.{}", name, key), value.text());
}

void add_format(Canon& canon, const Format& format) {
    canon.add("format", format_name(format));
    if (const auto* json = std::get_if<JsonFormat>(&format.kind))
        canon.add("records", json->records);
    if (const auto* csv = std::get_if<CsvFormat>(&format.kind)) {
        canon.add("csv", fmt::format("{}{}{}{}{}{}{}{}", csv->delimiter, csv->quote, csv->escape,
                                     csv->header, csv->trim_header, csv->trim_values,
                                     csv->skip_lines, csv->encoding));
        canon.add_list("null_value", csv->null_values);
        canon.add_list("name", csv->names);
    }
    canon.add("options", fmt::format("{} {} {} {}", static_cast<int>(format.unknown_fields),
                                     static_cast<int>(format.bad_row),
                                     static_cast<int>(format.bad_value), format.max_record_bytes));
    for (const RefuseRule& rule : format.refuse_when)
        canon.add("refuse." + rule.has_field, rule.reason);
    for (const auto& [from, to] : format.rename) canon.add("rename." + from, to);
}

/// Where the rows come from. The values of parameters are no part of it: another folder with the
/// same files gives the same rows, and what was read is recorded by its identity.
void add_origin(Canon& canon, const Origin& origin) {
    canon.add("from", origin_name(origin));
    if (const auto* files = std::get_if<FilesOrigin>(&origin)) {
        canon.add("path", files->path.text());
        canon.add("member", files->member);
    } else if (const auto* http = std::get_if<HttpOrigin>(&origin)) {
        canon.add("url", http->url.text());
        canon.add("method", http->method);
        canon.add("body", http->body.text());
        canon.add("parts", http->parts ? http->parts->text() : "");
        add_named(canon, "query", http->query);
    } else if (const auto* command = std::get_if<CommandOrigin>(&origin)) {
        for (const Template& part : command->argv) canon.add("argv", part.text());
        add_named(canon, "environment", command->environment);
    } else if (const auto* delta = std::get_if<DeltaOrigin>(&origin)) {
        canon.add("path", delta->path.text());
    }
}

std::string source_hash(const Source& source) {
    Canon canon;
    canon.add("load", load_kind_name(source.load));
    canon.add("window", source.window ? source.window->to_string() : "");
    add_origin(canon, source.from);
    add_format(canon, source.format);
    for (const SourceTable& table : source.tables) {
        canon.add("table", table.name.text());
        canon.add("member", table.member);
        if (table.format) add_format(canon, *table.format);
        add_columns(canon, table.columns);
        add_rules(canon, table.reject);
    }
    return canon.hash();
}

class ModelHash {
public:
    explicit ModelHash(const Project& project) : project_(project) {
        for (const Macro& macro : project.macros) {
            macros_.emplace(macro.name, normalize_sql(macro.sql));
        }
    }

    std::string of(const Model& model) {
        Canon canon;
        canon.add("kind", model_kind_name(model.kind));
        canon.add("sql", normalize_sql(model.sql));
        canon.add_list("key", model.key);
        canon.add_list("order_by", model.order_by);
        canon.add("time", model.time);
        canon.add("window", model.window ? model.window->to_string() : "");
        canon.add("late", fmt::format("{}", static_cast<int>(model.late)));
        add_rules(canon, model.reject);
        if (model.deletes != Deletes::kIgnore) canon.add("deletes", "close");
        add_duplicates(canon, model);
        if (model.kind == ModelKind::kCommand) add_columns(canon, model.columns);
        for (const auto& [name, value] : model.matrix) canon.add("matrix." + name, value.to_json());
        if (model.command) add_command(canon, *model.command);
        for (const std::string& name : model.macros) canon.add("macro", macros_.at(name));
        for (const std::string& name : model.query.parameters) {
            if (name.starts_with("params.")) add_param(canon, project_, name.substr(7));
        }
        // The text of a view is part of everything that reads it.
        for (const TableName& input : model.inputs) {
            const auto view = views_.find(input);
            if (view != views_.end()) canon.add("view", view->second);
        }
        std::string hash = canon.hash();
        if (model.kind == ModelKind::kView) views_.emplace(model.name, hash);
        return hash;
    }

private:
    static void add_duplicates(Canon& canon, const Model& model) {
        if (model.duplicates.mode == Duplicates::Mode::kError) return;
        canon.add("duplicates", normalize_sql(model.duplicates.keep));
        canon.add("others", fmt::format("{} {}", static_cast<int>(model.duplicates.mode),
                                        static_cast<int>(model.duplicates.others)));
        canon.add("reason", model.duplicates.reason);
    }

    void add_command(Canon& canon, const CommandSpec& command) const {
        for (const Template& part : command.argv) {
            canon.add("argv", part.text());
            for (const std::string& name : part.params()) add_param(canon, project_, name);
            if (const auto script = project_file(part.text())) canon.add("script", *script);
        }
        add_named(canon, "environment", command.environment);
        canon.add("emits", fmt::format("{}", static_cast<int>(command.emits)));
    }

    /// The bytes of a file of the project, when an argument is the path of one.
    std::optional<std::string> project_file(const std::string& argument) const {
        const std::filesystem::path path = std::filesystem::path(argument).lexically_normal();
        if (path.empty() || path.is_absolute() || *path.begin() == "..") return std::nullopt;
        const std::string full = project_.root + "/" + path.string();
        std::error_code none;
        if (!std::filesystem::is_regular_file(full, none)) return std::nullopt;
        const Result<std::string> bytes = read_file(full);
        return bytes ? std::optional(*bytes) : std::nullopt;
    }

    const Project& project_;
    std::unordered_map<std::string, std::string> macros_;
    std::unordered_map<TableName, std::string> views_;
};

}  // namespace

void set_code_hashes(Project& project) {
    for (Source& source : project.sources) source.code_hash = source_hash(source);
    ModelHash hash(project);
    for (Model& model : project.models) {
        if (model.kind != ModelKind::kSeed) model.code_hash = hash.of(model);
    }
}

}  // namespace ingot::project

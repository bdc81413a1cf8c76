#include "project/lineage.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/hash.hpp"
#include "base/nearest_name.hpp"
#include "project/history.hpp"
#include "project/lineage_cache_internal.hpp"
#include "project/resolve_internal.hpp"

namespace ingot::project {

namespace {

std::vector<TableName> reachable(const std::map<TableName, std::vector<TableName>>& edges,
                                 const TableName& start, std::size_t steps) {
    std::set<TableName> seen;
    std::vector<TableName> level = {start};
    for (std::size_t step = 0; step < steps && !level.empty(); ++step) {
        std::vector<TableName> next;
        for (const TableName& table : level) {
            const auto found = edges.find(table);
            if (found == edges.end()) continue;
            for (const TableName& neighbour : found->second) {
                if (neighbour != start && seen.insert(neighbour).second) next.push_back(neighbour);
            }
        }
        level = std::move(next);
    }
    return {seen.begin(), seen.end()};
}

/// Columns that every load adds to what the source declares.
const std::vector<Field>& load_columns() {
    static const std::vector<Field> columns = {{"_source_file", TypeId::kString},
                                               {"_source_line", TypeId::kLong},
                                               {"_window", TypeId::kTimestamp},
                                               {"_loaded_at", TypeId::kTimestamp}};
    return columns;
}

/// Columns of a quarantine table beside those of its table.
const std::vector<Field>& quarantine_columns() {
    static const std::vector<Field> columns = {
        {"_reject_reason", TypeId::kString}, {"_rejected_at", TypeId::kTimestamp},
        {"_file", TypeId::kString},          {"_line", TypeId::kLong},
        {"_raw", TypeId::kString},           {"_window_start", TypeId::kTimestamp}};
    return columns;
}

void add_missing(Schema& schema, const std::vector<Field>& fields) {
    for (const Field& field : fields) {
        if (schema.find(field.name) == nullptr) schema.fields.push_back(field);
    }
}

/// The declared columns, when each has a type.
std::optional<Schema> declared_schema(const std::vector<ColumnSpec>& columns) {
    if (columns.empty()) return std::nullopt;
    Schema schema;
    for (const ColumnSpec& column : columns) {
        if (!column.type) return std::nullopt;
        schema.fields.push_back({column.name, *column.type});
    }
    return schema;
}

class ColumnBinder {
public:
    ColumnBinder(const Project& project, sql::SqlFacts& facts, const ColumnLineageOptions& options)
        : project_(project), facts_(facts), options_(options), cache_(options.cache_file) {}

    Result<ColumnLineageResult> run() {
        add_sources();
        for (const Model& model : project_.models) {
            if (model.kind == ModelKind::kSeed) {
                add_seed(model);
            } else {
                bind(model);
            }
        }
        INGOT_TRY(cache_.save());
        const auto by_place = [](const Problem& a, const Problem& b) { return a.place < b.place; };
        std::stable_sort(result_.problems.begin(), result_.problems.end(), by_place);
        return std::move(result_);
    }

private:
    void add_sources() {
        for (const Source& source : project_.sources) {
            for (const SourceTable& table : source.tables) add_source_table(source, table);
        }
    }

    void add_source_table(const Source& source, const SourceTable& table) {
        const auto stored = options_.lake ? options_.lake(table.name) : std::nullopt;
        auto schema = declared_schema(table.columns);
        if (schema && stored) add_missing(*schema, stored->fields);
        if (!schema) schema = stored;
        if (!schema) {
            return unknown(table.name, "the columns of " + table.name.text() +
                                           " are neither declared nor loaded yet");
        }
        const bool copied = !std::holds_alternative<DeltaOrigin>(source.from);
        if (copied) add_missing(*schema, load_columns());
        const Format& format = table.format ? *table.format : source.format;
        // Columns may come that nobody declared: one that is missing now is no mistake yet.
        if (copied && !stored && format.unknown_fields == UnknownFields::kAdd)
            open_.insert(table.name);
        set_schema(table.name, *std::move(schema));
    }

    void add_seed(const Model& seed) {
        auto schema = declared_schema(seed.columns);
        if (!schema && options_.lake) schema = options_.lake(seed.name);
        if (!schema) {
            return unknown(seed.name, "the columns of " + seed.name.text() +
                                          " are neither declared nor loaded yet");
        }
        set_schema(seed.name, *std::move(schema));
    }

    /// A table without inputs: each column comes from itself.
    void set_schema(const TableName& name, Schema schema) {
        TableColumns columns;
        for (const Field& field : schema.fields) columns.columns.push_back({field, {}});
        result_.tables.emplace(name, std::move(columns));
        schemas_.emplace(name, std::move(schema));
    }

    void unknown(const TableName& name, std::string why) {
        result_.tables.emplace(name, TableColumns{{}, std::move(why)});
    }

    void bind(const Model& model) {
        std::map<std::string, Schema> tables;
        bool open = false;
        for (const TableName& input : model.inputs) {
            const auto schema = input_schema(input);
            if (!schema) {
                const auto found = result_.tables.find(input);
                return unknown(model.name,
                               found == result_.tables.end() || found->second.unknown.empty()
                                   ? "the columns of " + input.text() + " are not known"
                                   : found->second.unknown);
            }
            open = open || open_.contains(input);
            tables.emplace(input.text(), *schema);
        }
        auto columns = cached_or_bound(model, tables);
        if (!columns) {
            if (open) {
                open_.insert(model.name);
                return unknown(model.name,
                               "an input takes columns as they come: " + columns.error().message);
            }
            report(model, columns.error());
            return unknown(model.name, columns.error().message);
        }
        if (model.kind == ModelKind::kScd2) add_history(model, *columns);
        if (model.kind == ModelKind::kCommand) columns = through_program(model, *columns);
        check_contract(model, *columns);
        Schema schema;
        for (const sql::ColumnLineage& column : *columns) schema.fields.push_back(column.column);
        schemas_.emplace(model.name, std::move(schema));
        result_.tables.emplace(model.name, TableColumns{*std::move(columns), ""});
    }

    /// What is wrong with `time` and the like is said by check_contract, or when the model runs.
    static void add_history(const Model& model, std::vector<sql::ColumnLineage>& columns) {
        Schema selected;
        for (const sql::ColumnLineage& column : columns) selected.fields.push_back(column.column);
        const auto added = history_columns(model, selected);
        if (!added) return;
        std::vector<std::pair<std::string, std::string>> of_time;
        if (const auto time = selected.index_of(model.time)) of_time = columns[*time].sources;
        for (const Field& field : *added) columns.push_back({field, of_time});
    }

    /// Nobody knows what a program does: each column that it writes comes from all that it reads.
    static std::vector<sql::ColumnLineage> through_program(
        const Model& model, const std::vector<sql::ColumnLineage>& read) {
        std::set<std::pair<std::string, std::string>> sources;
        for (const sql::ColumnLineage& column : read)
            sources.insert(column.sources.begin(), column.sources.end());
        std::vector<sql::ColumnLineage> written;
        const std::optional<Schema> declared = declared_schema(model.columns);
        for (const Field& field : declared->fields)
            written.push_back({field, {sources.begin(), sources.end()}});
        return written;
    }

    std::optional<Schema> input_schema(const TableName& input) const {
        const auto found = schemas_.find(input);
        if (found != schemas_.end()) return found->second;
        if (const auto origin = quarantined_table(input, project_)) {
            const auto of_origin = schemas_.find(*origin);
            if (of_origin == schemas_.end()) return std::nullopt;
            Schema schema = of_origin->second;
            add_missing(schema, quarantine_columns());
            return schema;
        }
        return options_.lake ? options_.lake(input) : std::nullopt;
    }

    Result<std::vector<sql::ColumnLineage>> cached_or_bound(
        const Model& model, const std::map<std::string, Schema>& tables) {
        const std::map<std::string, DataType> parameters = parameter_types(model);
        const std::vector<std::string> macros = project_.macro_statements(model);
        const std::string key = cache_key(model, tables, parameters, macros);
        if (auto cached = cache_.find(key)) {
            ++result_.cached;
            return *std::move(cached);
        }
        INGOT_TRY_ASSIGN(auto columns, facts_.bind(model.query, tables, parameters, macros));
        ++result_.bound;
        cache_.put(key, columns);
        return columns;
    }

    std::map<std::string, DataType> parameter_types(const Model& model) const {
        std::map<std::string, DataType> types;
        for (const std::string& name : model.query.parameters) {
            DataType type = TypeId::kTimestamp;  // window.start, window.end, run.time
            if (name.starts_with("params.")) {
                type = project_.param_types.at(name.substr(7)).data_type();
            } else if (name.starts_with("matrix.")) {
                type = model.matrix.at(name.substr(7)).natural_type();
            }
            types.emplace(name, type);
        }
        return types;
    }

    static std::string cache_key(const Model& model, const std::map<std::string, Schema>& tables,
                                 const std::map<std::string, DataType>& parameters,
                                 const std::vector<std::string>& macros) {
        std::string text = model.sql;
        const auto add = [&](std::string_view part) {
            text += '\0';
            text += part;
        };
        for (const auto& [name, schema] : tables) {
            add(name);
            for (const Field& field : schema.fields) {
                add(field.name);
                add(field.type.to_string());
            }
        }
        for (const auto& [name, type] : parameters) {
            add(name);
            add(type.to_string());
        }
        for (const std::string& macro : macros) add(macro);
        return sha256_hex(text);
    }

    void report(const Model& model, const Error& error) {
        Problems found;
        report_sql_error(error, {model.path, model.sql_first_line, model.sql_first_column}, found);
        for (const Problem& problem : found.list()) result_.problems.push_back(problem);
    }

    void problem(const SourcePlace& place, std::string message) {
        result_.problems.push_back({place, std::move(message), ErrorCode::kInvalidArgument});
    }

    /// What the front matter says about columns, against those that the SELECT has.
    void check_contract(const Model& model, const std::vector<sql::ColumnLineage>& columns) {
        std::vector<std::string> names;
        Schema schema;
        for (const sql::ColumnLineage& column : columns) {
            names.push_back(column.column.name);
            schema.fields.push_back(column.column);
        }
        for (const ColumnSpec& column : model.columns) {
            const Field* field = schema.find(column.name);
            if (field == nullptr) {
                problem(column.place, "the SELECT of " + model.name.text() + " has no column '" +
                                          column.name + "'" + did_you_mean(column.name, names));
            } else if (column.type && !fits(field->type, *column.type)) {
                problem(column.place,
                        fmt::format("column '{}' is declared {}, but the SELECT gives {}: cast it "
                                    "(`::{}`) or change the contract",
                                    column.name, sql_type_name(*column.type),
                                    sql_type_name(field->type), sql_type_name(*column.type)));
            }
        }
        const auto exists = [&](const std::vector<std::string>& wanted, std::string_view key) {
            for (const std::string& name : wanted) {
                if (name.empty() || schema.find(name) != nullptr) continue;
                problem(model.place,
                        fmt::format("'{}' names the column '{}', which {} {} does not have{}", key,
                                    name, model.command ? "the contract of" : "the SELECT of",
                                    model.name.text(), did_you_mean(name, names)));
            }
        };
        exists(model.key, "key");
        exists({model.time}, "time");
        exists(model.order_by, "order_by");
        exists(model.partition, "partition");
        exists(model.cluster, "cluster");
    }

    /// A value of the SELECT's type is one of the declared type without loss.
    static bool fits(const DataType& given, const DataType& declared) {
        if (given.to_string() == declared.to_string()) return true;
        const auto common = common_type(given, declared);
        return common && common->to_string() == declared.to_string();
    }

    const Project& project_;
    sql::SqlFacts& facts_;
    const ColumnLineageOptions& options_;
    LineageCache cache_;
    ColumnLineageResult result_;
    std::map<TableName, Schema> schemas_;
    std::set<TableName> open_;
};

}  // namespace

TableGraph::TableGraph(const Project& project) {
    for (const Model& model : project.models) {
        std::set<TableName> inputs;
        for (const TableName& input : model.inputs) {
            inputs.insert(quarantined_table(input, project).value_or(input));
        }
        for (const TableName& input : inputs) users_[input].push_back(model.name);
        inputs_[model.name].assign(inputs.begin(), inputs.end());
    }
}

const std::vector<TableName>& TableGraph::inputs(const TableName& table) const {
    static const std::vector<TableName> none;
    const auto found = inputs_.find(table);
    return found == inputs_.end() ? none : found->second;
}

const std::vector<TableName>& TableGraph::users(const TableName& table) const {
    static const std::vector<TableName> none;
    const auto found = users_.find(table);
    return found == users_.end() ? none : found->second;
}

std::vector<TableName> TableGraph::upstream(const TableName& table, std::size_t steps) const {
    return reachable(inputs_, table, steps);
}

std::vector<TableName> TableGraph::downstream(const TableName& table, std::size_t steps) const {
    return reachable(users_, table, steps);
}

std::vector<TableName> base_tables(const Project& project, const std::vector<TableName>& inputs) {
    std::set<TableName> tables;
    std::set<TableName> seen;
    std::vector<TableName> open = inputs;
    while (!open.empty()) {
        const TableName table = open.back();
        open.pop_back();
        if (!seen.insert(table).second) continue;
        const Model* input = project.find_model(table);
        if (input != nullptr && input->kind == ModelKind::kView) {
            open.insert(open.end(), input->inputs.begin(), input->inputs.end());
        } else {
            tables.insert(table);
        }
    }
    return {tables.begin(), tables.end()};
}

Result<ColumnLineageResult> column_lineage(const Project& project, sql::SqlFacts& facts,
                                           const ColumnLineageOptions& options) {
    return ColumnBinder(project, facts, options).run();
}

}  // namespace ingot::project

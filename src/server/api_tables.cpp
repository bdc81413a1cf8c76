// Tables: what the lake holds of them, how they are made, how well they are.
#include "server/api_platform.hpp"
#include "server/problem.hpp"
#include "server/table_shelf.hpp"
#include "server/table_windows.hpp"

#include "base/nearest_name.hpp"
#include "format/value_text.hpp"
#include "project/lineage.hpp"
#include "quality/readiness.hpp"

namespace ingot::server {
namespace {

using ShelfPtr = std::shared_ptr<TableShelf>;

// ---- How it looks

std::vector<Schema::Field> table_fields() {
    const Schema number = Schema::integer().nullable();
    const Schema checks = Schema::object({{"passed", Schema::integer()},
                                          {"failed", Schema::integer()},
                                          {"warned", Schema::integer()}})
                              .named("CheckCounts");
    const Schema freshness =
        Schema::object({{"state", Schema::one_of({"fresh", "warn", "error", "unknown"})},
                        {"at", Schema::date_time().nullable().described("Of its newest data")}})
            .named("Freshness");
    return {{"table", Schema::text()},
            {"layer", Schema::text()},
            {"name", Schema::text()},
            {"kind", Schema::text().described("source, view, table, incremental, merge, ...")},
            {"description", Schema::text()},
            {"owner", Schema::text()},
            {"tags", Schema::array(Schema::text())},
            {"version", Schema::integer().nullable().described("Null: it has not been built")},
            {"rows", number},
            {"bytes", number},
            {"files", number},
            {"changed_at", Schema::date_time().nullable()},
            {"checks", checks.nullable().described("Newest results; null: none yet")},
            {"freshness", freshness.nullable().described("Null: nothing is asked of it")},
            {"inputs", Schema::array(Schema::text())},
            {"problem", Schema::text().described("Why its files cannot be read; empty: they can")}};
}

Schema table_head_schema() {
    return Schema::object(table_fields()).named("TableHead");
}

Schema table_schema() {
    std::vector<Schema::Field> fields = table_fields();
    const Schema column = Schema::object({{"name", Schema::text()},
                                          {"type", Schema::text()},
                                          {"description", Schema::text()},
                                          {"nullable", Schema::boolean()}})
                              .named("Column");
    fields.push_back({"columns", Schema::array(column)});
    fields.push_back({"partition", Schema::array(Schema::text())});
    fields.push_back({"sql", Schema::text().described("Of a model; empty for others")});
    fields.push_back({"place", Schema::text().described("The file that says so")});
    fields.push_back({"window", Schema::text().nullable()});
    fields.push_back({"outputs", Schema::array(Schema::text())});
    return Schema::object(std::move(fields)).named("Table");
}

// ---- What the project says

/// Model or source: one of them is set.
struct Definition {
    const project::Model* model = nullptr;
    const project::Source* source = nullptr;
    const project::SourceTable* source_table = nullptr;

    std::string kind() const {
        return model != nullptr ? std::string(project::model_kind_name(model->kind)) : "source";
    }
    std::string description() const {
        if (model != nullptr) return model->description;
        return source_table != nullptr && !source_table->description.empty()
                   ? source_table->description
                   : source->description;
    }
    const std::string& owner() const { return model != nullptr ? model->owner : source->owner; }
    const std::vector<std::string>& tags() const {
        return model != nullptr ? model->tags : source->tags;
    }
    const std::vector<project::ColumnSpec>& columns() const {
        static const std::vector<project::ColumnSpec> kNone;
        if (model != nullptr) return model->columns;
        return source_table != nullptr ? source_table->columns : kNone;
    }
    std::string place() const { return model != nullptr ? model->path : source->place.file; }
    const std::optional<project::WindowSpec>& window() const {
        return model != nullptr ? model->window : source->window;
    }
};

Result<project::TableName> find_table(const project::Project& project, const std::string& text) {
    const auto name = project::TableName::parse(text);
    if (name && (project.find_model(*name) != nullptr || project.find_source(*name) != nullptr))
        return *name;
    std::vector<std::string> names;
    for (const project::TableName& known : project.table_names()) names.push_back(known.text());
    return make_error(ErrorCode::kNotFound, "there is no table '{}'{}", text,
                      did_you_mean(text, names));
}

Definition definition_of(const project::Project& project, const project::TableName& table) {
    if (const project::Model* model = project.find_model(table)) return {.model = model};
    return {.source = project.find_source(table), .source_table = project.find_source_table(table)};
}

Json names_json(const std::vector<project::TableName>& tables) {
    Json names = Json::array();
    for (const project::TableName& table : tables) names.push_back(table.text());
    return names;
}

// ---- A table in a list

Json counts_json(const TableShelf::Checks& checks, const std::string& table) {
    const auto found = checks.find(table);
    if (found == checks.end()) return {};
    std::int64_t passed = 0;
    std::int64_t failed = 0;
    std::int64_t warned = 0;
    for (const LastCheck& check : found->second) {
        passed += check.status == "passed" ? 1 : 0;
        warned += check.status == "warned" ? 1 : 0;
        failed += check.status == "failed" || check.status == "error" ? 1 : 0;
    }
    return {{"passed", passed}, {"failed", failed}, {"warned", warned}};
}

Json freshness_json(const Definition& definition, const project::TableName& table,
                    const TableFacts* facts, Timestamp now) {
    if (definition.source == nullptr || !definition.source->freshness) return {};
    std::optional<Timestamp> newest;
    if (facts != nullptr)
        newest = definition.source->window ? facts->newest_window_end : facts->changed_at;
    const quality::Judgement judged =
        quality::judge_freshness(*definition.source->freshness, table.text(), newest, now);
    const char* state = !newest                                     ? "unknown"
                        : judged.verdict == quality::Verdict::kOk   ? "fresh"
                        : judged.verdict == quality::Verdict::kWarn ? "warn"
                                                                    : "error";
    return {{"state", state}, {"at", newest ? Json(newest->to_string()) : Json()}};
}

/// One table that cannot be read must not hide the others.
struct Looked {
    std::shared_ptr<const TableFacts> facts;
    std::string problem;
};

Looked look(TableShelf& shelf, const service::Definitions& definitions,
            const project::TableName& table, bool is_view) {
    if (is_view) return {};
    auto facts = shelf.facts(definitions, table);
    if (facts) return {*std::move(facts), ""};
    return {nullptr, facts.error().to_string()};
}

Json head_json(const service::Definitions& definitions, const project::TableName& table,
               const Looked& looked, const TableShelf::Checks& checks, Timestamp now) {
    const Definition definition = definition_of(definitions.project(), table);
    const TableFacts* facts = looked.facts.get();
    const auto known = [&](auto value) { return facts == nullptr ? Json() : Json(value(*facts)); };
    Json json{{"table", table.text()},
              {"layer", table.layer()},
              {"name", table.name()},
              {"kind", definition.kind()},
              {"description", definition.description()},
              {"owner", definition.owner()},
              {"tags", definition.tags()}};
    json["version"] = known([](const TableFacts& it) { return it.version; });
    json["rows"] = facts != nullptr && facts->rows ? Json(*facts->rows) : Json();
    json["bytes"] = known([](const TableFacts& it) { return it.bytes; });
    json["files"] = known([](const TableFacts& it) { return it.files; });
    json["changed_at"] = known([](const TableFacts& it) { return it.changed_at.to_string(); });
    json["checks"] = counts_json(checks, table.text());
    json["freshness"] = freshness_json(definition, table, facts, now);
    json["inputs"] =
        definition.model != nullptr ? names_json(definition.model->inputs) : Json::array();
    json["problem"] = looked.problem;
    return json;
}

bool is_view(const project::Project& project, const project::TableName& table) {
    const project::Model* model = project.find_model(table);
    return model != nullptr && model->kind == project::ModelKind::kView;
}

Endpoint list_tables(service::Service& service, const ShelfPtr& shelf) {
    return {.path = "/api/v1/tables",
            .name = "list_tables",
            .summary = "Tables by name, with what the lake holds of them",
            .area = "tables",
            .role = Role::kViewer,
            .in_query = page_params(),
            .answers = {{200, "A page of tables", Schema::page(table_head_schema())}},
            .handle = [&service, shelf](const Call& call) -> Result<Reply> {
                const service::DefinitionsPtr definitions = service.definitions();
                const project::Project& project = definitions->project();
                INGOT_TRY_ASSIGN(const auto checks, shelf->checks(*definitions));
                const std::string after = call.text("after");
                const auto limit = static_cast<std::size_t>(call.number("limit"));
                Json items = Json::array();
                Json next;
                for (const project::TableName& table : project.table_names()) {
                    if (table.text() <= after) continue;
                    if (items.size() == limit) {
                        next = items.back()["table"];
                        break;
                    }
                    const Looked looked =
                        look(*shelf, *definitions, table, is_view(project, table));
                    items.push_back(
                        head_json(*definitions, table, looked, *checks, system_clock().now()));
                }
                return Reply(json_response({{"items", std::move(items)}, {"next", next}}));
            }};
}

// ---- One table

Json columns_json(const Definition& definition, const ingot::Schema* schema) {
    std::map<std::string, const project::ColumnSpec*> specs;
    for (const project::ColumnSpec& spec : definition.columns()) specs[spec.name] = &spec;
    Json columns = Json::array();
    if (schema == nullptr) {
        for (const project::ColumnSpec& spec : definition.columns()) {
            columns.push_back({{"name", spec.name},
                               {"type", spec.type ? spec.type->to_string() : ""},
                               {"description", spec.description},
                               {"nullable", !spec.required}});
        }
        return columns;
    }
    for (const Field& field : schema->fields) {
        const auto spec = specs.find(field.name);
        columns.push_back(
            {{"name", field.name},
             {"type", field.type.to_string()},
             {"description", spec == specs.end() ? "" : spec->second->description},
             {"nullable", field.nullable && (spec == specs.end() || !spec->second->required)}});
    }
    return columns;
}

/// A view's columns are those of its SELECT, where its inputs are there.
std::optional<ingot::Schema> view_schema(const task::Workspace& workspace,
                                         const project::TableName& table) {
    task::Pins pins(workspace);
    const auto session = pins.open_session();
    if (!session) return std::nullopt;
    auto schema = (*session)->describe({"SELECT * FROM " + table.text(), {}});
    if (!schema) return std::nullopt;
    return *std::move(schema);
}

Endpoint get_table(service::Service& service, const ShelfPtr& shelf) {
    return {.path = "/api/v1/tables/{table}",
            .name = "get_table",
            .summary = "A table with its columns, its SQL and what is made from it",
            .area = "tables",
            .role = Role::kViewer,
            .answers = {{200, "The table", table_schema()}},
            .handle = [&service, shelf](const Call& call) -> Result<Reply> {
                const service::DefinitionsPtr definitions = service.definitions();
                const project::Project& project = definitions->project();
                INGOT_TRY_ASSIGN(const project::TableName table,
                                 find_table(project, call.text("table")));
                INGOT_TRY_ASSIGN(const auto checks, shelf->checks(*definitions));
                const Definition definition = definition_of(project, table);
                const bool view = is_view(project, table);
                const Looked looked = look(*shelf, *definitions, table, view);
                Json json = head_json(*definitions, table, looked, *checks, system_clock().now());
                std::optional<ingot::Schema> schema;
                if (looked.facts) schema = looked.facts->columns;
                if (view) schema = view_schema(definitions->workspace, table);
                json["columns"] = columns_json(definition, schema ? &*schema : nullptr);
                json["partition"] = looked.facts ? Json(looked.facts->partition) : Json::array();
                json["sql"] = definition.model != nullptr ? definition.model->sql : "";
                json["place"] = definition.place();
                json["window"] =
                    definition.window() ? Json(definition.window()->to_string()) : Json();
                json["outputs"] = names_json(project::TableGraph(project).users(table));
                return Reply(json_response(json));
            }};
}

// ---- Versions

Schema version_schema() {
    return Schema::object({{"version", Schema::integer()},
                           {"at", Schema::date_time()},
                           {"operation", Schema::text()},
                           {"rows_added", Schema::integer().nullable()},
                           {"rows_removed", Schema::integer().nullable()},
                           {"run_id", Schema::text().nullable()}})
        .named("TableVersion");
}

std::optional<std::int64_t> metric(const delta::CommitInfo& info, const char* name) {
    const auto found = info.operation_metrics.find(name);
    if (found == info.operation_metrics.end()) return std::nullopt;
    const auto number = Schema::integer().parse(found->second);
    return number ? std::optional(number->get<std::int64_t>()) : std::nullopt;
}

/// The run, when it is one of a pipeline and so has a page of its own.
Result<Json> recorded_run(const service::Service& service, const std::string& id) {
    if (id.empty()) return Json();
    INGOT_TRY_ASSIGN(const std::vector<orchestrator::RunHead> found,
                     service.list({.id_prefix = id, .at_most = 1}));
    return !found.empty() && found.front().id.value() == id ? Json(id) : Json();
}

Result<Json> version_json(const service::Service& service, const delta::HistoryEntry& entry) {
    const auto number = [](std::optional<std::int64_t> value) {
        return value ? Json(*value) : Json();
    };
    const delta::CommitInfo info = entry.info.value_or(delta::CommitInfo{});
    const auto run = info.operation_parameters.find("ingot.run");
    INGOT_TRY_ASSIGN(
        Json run_id,
        recorded_run(service, run == info.operation_parameters.end() ? "" : run->second));
    return Json{{"version", entry.version.value()},
                {"at", entry.timestamp.to_string()},
                {"operation", info.operation},
                {"rows_added", number(metric(info, "numOutputRows"))},
                {"rows_removed", number(metric(info, "numDeletedRows"))},
                {"run_id", std::move(run_id)}};
}

Endpoint list_versions(service::Service& service) {
    return {.path = "/api/v1/tables/{table}/versions",
            .name = "list_versions",
            .summary = "Versions of a table, newest first",
            .area = "tables",
            .role = Role::kViewer,
            .in_query = page_params(),
            .answers = {{200, "A page; those whose log was cleaned up are absent",
                         Schema::page(version_schema())}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const service::DefinitionsPtr definitions = service.definitions();
                INGOT_TRY_ASSIGN(const project::TableName table,
                                 find_table(definitions->project(), call.text("table")));
                std::int64_t before = INT64_MAX;
                if (const std::string after = call.text("after"); !after.empty()) {
                    INGOT_TRY_ASSIGN_WITH(const Json number, Schema::integer().parse(after),
                                          "in after");
                    before = number.get<std::int64_t>();
                }
                task::Pins pins(definitions->workspace);
                INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(table));
                Json items = Json::array();
                if (!snapshot) return Reply(json_response({{"items", items}, {"next", nullptr}}));
                const auto limit = static_cast<std::size_t>(call.number("limit"));
                const std::int64_t newest = snapshot->version().value();
                // The log is read from its end: the pages before have to be passed.
                const auto passed =
                    static_cast<std::size_t>(std::max<std::int64_t>(newest - before + 1, 0));
                INGOT_TRY_ASSIGN(const auto entries,
                                 delta::read_history(snapshot->location(), passed + limit + 1));
                Json next;
                for (const delta::HistoryEntry& entry : entries) {
                    if (entry.version.value() >= before) continue;
                    if (items.size() == limit) {
                        next = items.back()["version"].dump();
                        break;
                    }
                    INGOT_TRY_ASSIGN(Json item, version_json(service, entry));
                    items.push_back(std::move(item));
                }
                return Reply(json_response({{"items", std::move(items)}, {"next", next}}));
            }};
}

// ---- Checks

Schema check_schema() {
    return Schema::object(
               {{"name", Schema::text()},
                {"status", Schema::one_of({"passed", "warned", "failed", "error", "skipped"})},
                {"message", Schema::text()},
                {"at", Schema::date_time()},
                {"run_id", Schema::text().nullable()}})
        .named("CheckResult");
}

Endpoint list_checks(service::Service& service, const ShelfPtr& shelf) {
    return {.path = "/api/v1/tables/{table}/checks",
            .name = "list_checks",
            .summary = "The newest result of each check of a table",
            .area = "tables",
            .role = Role::kViewer,
            .answers = {{200, "All of them, by name", Schema::page(check_schema())}},
            .handle = [&service, shelf](const Call& call) -> Result<Reply> {
                const service::DefinitionsPtr definitions = service.definitions();
                INGOT_TRY_ASSIGN(const project::TableName table,
                                 find_table(definitions->project(), call.text("table")));
                INGOT_TRY_ASSIGN(const auto checks, shelf->checks(*definitions));
                Json items = Json::array();
                const auto found = checks->find(table.text());
                if (found != checks->end()) {
                    for (const LastCheck& check : found->second) {
                        INGOT_TRY_ASSIGN(Json run_id, recorded_run(service, check.run_id));
                        items.push_back({{"name", check.name},
                                         {"status", check.status},
                                         {"message", check.message},
                                         {"at", check.at.to_string()},
                                         {"run_id", std::move(run_id)}});
                    }
                }
                return Reply(json_response({{"items", std::move(items)}, {"next", nullptr}}));
            }};
}

// ---- Windows

Endpoint list_windows(service::Service& service) {
    const Schema window =
        Schema::object({{"start", Schema::date_time()},
                        {"end", Schema::date_time()},
                        {"state", Schema::one_of({"done", "empty", "missing", "stale", "open"})}})
            .named("TableWindow");
    return {.path = "/api/v1/tables/{table}/windows",
            .name = "list_windows",
            .summary = "The windows of a table in a range, 2,000 at most, and how they stand",
            .area = "tables",
            .role = Role::kViewer,
            .in_query = {{"from", Schema::date_time(), "Absent: 240 windows before `to`"},
                         {"to", Schema::date_time(), "Absent: now"}},
            .answers = {{200, "Oldest first; without windows an empty list",
                         Schema::object({{"window", Schema::text().nullable()},
                                         {"items", Schema::array(window)}})
                             .named("TableWindows")}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const service::DefinitionsPtr definitions = service.definitions();
                const project::Project& project = definitions->project();
                INGOT_TRY_ASSIGN(const project::TableName table,
                                 find_table(project, call.text("table")));
                const Definition definition = definition_of(project, table);
                if (!definition.window())
                    return Reply(json_response({{"window", nullptr}, {"items", Json::array()}}));
                WindowQuestion question{table, *definition.window(), {}, {}, system_clock().now()};
                if (const std::string from = call.text("from"); !from.empty()) {
                    INGOT_TRY_ASSIGN(question.from, parse_timestamp(from));
                }
                if (const std::string to = call.text("to"); !to.empty()) {
                    INGOT_TRY_ASSIGN(question.to, parse_timestamp(to));
                }
                INGOT_TRY_ASSIGN(const auto windows,
                                 windows_of_table(definitions->workspace, question));
                Json items = Json::array();
                for (const TableWindow& it : windows) {
                    items.push_back({{"start", it.window.start.to_string()},
                                     {"end", it.window.end.to_string()},
                                     {"state", it.state}});
                }
                return Reply(json_response(
                    {{"window", question.unit.to_string()}, {"items", std::move(items)}}));
            }};
}

// ---- Rows

/// A decimal is a text: as a number it would lose digits on its way.
Json value_of(const Column& column, std::int64_t row) {
    const bool exact = column.type.id() == TypeId::kDecimal && !column.is_null(row);
    if (exact) return format::value_text(column, row);
    return Json::parse(format::value_json(column, row), nullptr, false);
}

Endpoint sample_rows(service::Service& service) {
    const Schema column =
        Schema::object({{"name", Schema::text()}, {"type", Schema::text()}}).named("SampleColumn");
    return {.path = "/api/v1/tables/{table}/rows",
            .name = "sample_rows",
            .summary = "Some rows of a table, in no order",
            .area = "tables",
            .role = Role::kViewer,
            .in_query = {{"limit", Schema::integer().at_least(1).at_most(500), "How many", 50}},
            .answers = {{200, "Values as JSON; decimals and times as texts",
                         Schema::object({{"columns", Schema::array(column)},
                                         {"rows", Schema::array(Schema::array(Schema::any()))}})
                             .named("SampleRows")}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const service::DefinitionsPtr definitions = service.definitions();
                INGOT_TRY_ASSIGN(const project::TableName table,
                                 find_table(definitions->project(), call.text("table")));
                task::Pins pins(definitions->workspace);
                INGOT_TRY_ASSIGN(const auto session, pins.open_session());
                INGOT_TRY_ASSIGN(
                    const ColumnBatch batch,
                    session->query_all({fmt::format("SELECT * FROM {} LIMIT {}", table.text(),
                                                    call.number("limit")),
                                        {}}));
                Json columns = Json::array();
                for (const Field& field : batch.schema.fields)
                    columns.push_back({{"name", field.name}, {"type", field.type.to_string()}});
                Json rows = Json::array();
                for (std::int64_t row = 0; row < batch.rows; ++row) {
                    Json values = Json::array();
                    for (const Column& each : batch.columns) values.push_back(value_of(each, row));
                    rows.push_back(std::move(values));
                }
                return Reply(
                    json_response({{"columns", std::move(columns)}, {"rows", std::move(rows)}}));
            }};
}

}  // namespace

std::vector<Endpoint> table_endpoints(service::Service& service) {
    const auto shelf = std::make_shared<TableShelf>();
    return {list_tables(service, shelf), get_table(service, shelf), list_versions(service),
            list_checks(service, shelf), list_windows(service),     sample_rows(service)};
}

}  // namespace ingot::server

#include "task/model_tests.hpp"

#include <algorithm>
#include <set>

#include "project/window.hpp"
#include "publish/history_sql.hpp"
#include "publish/merge_sql.hpp"
#include "quality/row_rules.hpp"
#include "quality/sql_text.hpp"
#include "quality/tables.hpp"
#include "task/command_rows.hpp"
#include "task/history.hpp"

namespace ingot::task {
namespace {

using Row = project::ModelTest::Row;

constexpr const char* kResult = "ingot_test_result";
constexpr const char* kOwnRows = "staged.stored";
constexpr std::size_t kDifferencesMax = 20;

/// Columns that ingest adds to every table of a source.
const std::vector<Field>& provenance_columns() {
    static const std::vector<Field> kColumns{{"_source_file", TypeId::kString, true, {}},
                                             {"_source_line", TypeId::kLong, true, {}},
                                             {"_loaded_at", TypeId::kTimestamp, true, {}},
                                             {"_window", TypeId::kTimestamp, true, {}}};
    return kColumns;
}

std::string null_of(const DataType& type) {
    return "CAST(NULL AS " + sql_type_name(type) + ")";
}

/// Rows as a SELECT with these columns; what a row does not name is null. kInvalidArgument for a
/// name that is no column.
Result<std::string> rows_select(const std::vector<Row>& rows, const Schema& schema) {
    std::string sql;
    for (const Row& row : rows) {
        std::string columns;
        for (const Field& field : schema.fields) {
            const auto named = std::find_if(
                row.begin(), row.end(), [&](const auto& cell) { return cell.first == field.name; });
            const std::string value =
                named == row.end() || named->second.is_null()
                    ? null_of(field.type)
                    : "CAST(" + named->second.to_sql() + " AS " + sql_type_name(field.type) + ")";
            columns +=
                (columns.empty() ? "" : ", ") + value + " AS " + quality::quoted_name(field.name);
        }
        for (const auto& [name, value] : row) {
            if (schema.find(name) == nullptr) {
                return make_error(ErrorCode::kInvalidArgument, "there is no column '{}'", name);
            }
        }
        sql += (sql.empty() ? "SELECT " : " UNION ALL SELECT ") + columns;
    }
    if (!sql.empty()) return sql;
    for (const Field& field : schema.fields) {
        sql += (sql.empty() ? "SELECT " : ", ") + null_of(field.type) + " AS " +
               quality::quoted_name(field.name);
    }
    return sql + " WHERE false";
}

/// The tables that one test sees: the rows that it gives, everything else empty.
class TestTables final : public engine::TableLookup,
                         public std::enable_shared_from_this<TestTables> {
public:
    TestTables(const project::Project& project, engine::Engine& engine,
               const project::ModelTest& test, const project::Model& model)
        : project_(project), engine_(engine), test_(test), model_(model) {}

    Result<std::optional<engine::Relation>> find(std::string_view layer, std::string_view name,
                                                 std::optional<delta::TableVersion>) override {
        const project::TableName table{std::string(layer), std::string(name)};
        const std::string text = table.text() == kOwnRows ? model_.name.text() : table.text();
        if (text == model_.name.text()) {
            INGOT_TRY_ASSIGN(const Schema schema, schema_of(model_.name));
            INGOT_TRY_ASSIGN_WITH(std::string sql, rows_select(test_.existing, schema),
                                  "in `existing`");
            return std::optional<engine::Relation>(std::move(sql));
        }
        const project::Model* view = project_.find_model(table);
        const auto given = test_.given.find(table);
        if (given == test_.given.end() && view != nullptr &&
            view->kind == project::ModelKind::kView) {
            return std::optional<engine::Relation>(view->query.bindable_sql);
        }
        if (view == nullptr && project_.find_source(table) == nullptr)
            return std::optional<engine::Relation>();
        INGOT_TRY_ASSIGN(const Schema schema, schema_of(table));
        INGOT_TRY_ASSIGN_WITH(
            std::string sql,
            rows_select(given == test_.given.end() ? std::vector<Row>() : given->second, schema),
            "in `given` rows of " + text);
        return std::optional<engine::Relation>(std::move(sql));
    }

    std::vector<std::string> names() override {
        std::vector<std::string> names;
        for (const project::TableName& table : project_.table_names())
            names.push_back(table.text());
        return names;
    }

    /// The columns of a table as the project tells them: declared, or those that a model's SELECT
    /// gives.
    Result<Schema> schema_of(const project::TableName& table) {
        if (const auto known = schemas_.find(table); known != schemas_.end()) return known->second;
        INGOT_TRY_ASSIGN(Schema schema, find_schema(table));
        return schemas_.emplace(table, std::move(schema)).first->second;
    }

    Result<std::unique_ptr<engine::Session>> open_session() {
        INGOT_TRY_ASSIGN(std::unique_ptr<engine::Session> session,
                         engine_.session(shared_from_this()));
        for (const project::Macro& macro : project_.macros)
            INGOT_TRY(session->execute({macro.sql, {}}));
        return session;
    }

private:
    Result<Schema> find_schema(const project::TableName& table) {
        Schema schema;
        if (const project::SourceTable* source = project_.find_source_table(table)) {
            for (const project::ColumnSpec& column : source->columns) {
                if (!column.type) {
                    return make_error(ErrorCode::kInvalidArgument,
                                      "{}: column {} needs a type to be tested with",
                                      column.place.to_string(), column.name);
                }
                schema.fields.push_back(Field{column.name, *column.type, true, {}});
            }
            schema.fields.insert(schema.fields.end(), provenance_columns().begin(),
                                 provenance_columns().end());
            return schema;
        }
        const project::Model* model = project_.find_model(table);
        INGOT_CHECK(model != nullptr, table.text());
        if (model->seed || model->command) {
            for (const project::ColumnSpec& column : model->columns) {
                schema.fields.push_back(
                    Field{column.name, column.type.value_or(TypeId::kString), true, {}});
            }
            return schema;
        }
        INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, open_session());
        engine::Query query{model->query.bindable_sql, {}};
        INGOT_TRY_ASSIGN(query.parameters, null_parameters(*model));
        INGOT_TRY_ASSIGN_WITH(schema, session->describe(query), "in " + model->path);
        INGOT_TRY(begin_versions(*model, {}, query, schema));
        for (const project::ColumnSpec& column : model->columns) {
            const std::optional<std::size_t> at = schema.index_of(column.name);
            if (at && column.type) schema.fields[*at].type = *column.type;
        }
        return schema;
    }

    Result<std::map<std::string, Scalar>> null_parameters(const project::Model& model) {
        ParameterValues values;
        values.ranges = {{Timestamp::from_micros(0), Timestamp::from_micros(1)}};
        values.params = &project_.params;
        values.param_types = &project_.param_types;
        values.matrix = &model.matrix;
        return bind_parameters(bindable_parameters(model), values);
    }

    const project::Project& project_;
    engine::Engine& engine_;
    const project::ModelTest& test_;
    const project::Model& model_;
    std::map<project::TableName, Schema> schemas_;
};

std::vector<std::string> named_columns(const std::vector<Row>& rows) {
    std::vector<std::string> names;
    for (const Row& row : rows) {
        for (const auto& [name, value] : row) {
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        }
    }
    return names;
}

std::string row_text(const ColumnBatch& batch, std::int64_t row) {
    std::string text;
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
        text += fmt::format("{}{}: {}", i == 0 ? "{" : ", ", batch.schema.fields[i].name,
                            scalar_at(batch.columns[i], row).to_string());
    }
    return text + "}";
}

/// Appends the rows of `minuend` that `subtrahend` lacks, as bags.
Status append_missing(engine::Session& session, const std::string& minuend,
                      const std::string& subtrahend, const Schema& columns, const char* what,
                      std::vector<std::string>& differences) {
    // Printed as text, so that nested values read well.
    std::string shown;
    for (const Field& field : columns.fields) {
        const std::string name = quality::quoted_name(field.name);
        shown += (shown.empty() ? "" : ", ") + name + "::VARCHAR AS " + name;
    }
    INGOT_TRY_ASSIGN(
        const ColumnBatch rows,
        session.query_all({fmt::format("SELECT {} FROM (({}) EXCEPT ALL ({})) LIMIT {}", shown,
                                       minuend, subtrahend, kDifferencesMax),
                           {}}));
    for (std::int64_t row = 0; row < rows.rows; ++row)
        differences.push_back(std::string(what) + row_text(rows, row));
    return {};
}

/// Compares the named columns of `actual` (a FROM clause) with the expected rows.
Status compare_rows(engine::Session& session, const std::string& actual, const Schema& schema,
                    const std::vector<Row>& expected, std::vector<std::string>& differences) {
    Schema columns;
    std::string list;
    for (const std::string& name : named_columns(expected)) {
        const Field* field = schema.find(name);
        if (field == nullptr)
            return make_error(ErrorCode::kInvalidArgument, "the result has no column '{}'", name);
        columns.fields.push_back(*field);
        list += (list.empty() ? "" : ", ") + quality::quoted_name(field->name);
    }
    if (columns.fields.empty()) {
        INGOT_TRY_ASSIGN(const ColumnBatch count,
                         session.query_all({"SELECT count(*) FROM " + actual, {}}));
        const auto rows = count.columns.front().value<std::int64_t>(0);
        if (rows != static_cast<std::int64_t>(expected.size())) {
            differences.push_back(fmt::format("{} rows, expected {}", rows, expected.size()));
        }
        return {};
    }
    INGOT_TRY_ASSIGN(const std::string wanted, rows_select(expected, columns));
    const std::string found = "SELECT " + list + " FROM " + actual;
    INGOT_TRY(append_missing(session, wanted, found, columns, "missing:    ", differences));
    return append_missing(session, found, wanted, columns, "unexpected: ", differences);
}

Result<Interval> window_of(const project::Model& model, const project::ModelTest& test) {
    if (test.window) return *test.window;
    // All of time: a test without a window is about rows, not about when they were.
    constexpr std::int64_t kFarMicros = 250'000'000'000'000'000;
    INGOT_CHECK(model.window.has_value(), model.name.text());
    return Interval{Timestamp::from_micros(-kFarMicros / 10), Timestamp::from_micros(kFarMicros)};
}

Status run_test(const project::Model& model, const project::ModelTest& test,
                const project::Project& project, engine::Engine& engine,
                const std::stop_token& stop, std::vector<std::string>& differences) {
    const auto tables = std::make_shared<TestTables>(project, engine, test, model);
    std::optional<CommandRows> command_rows;
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, tables->open_session());
    std::map<std::string, project::Value> params = project.params;
    for (const auto& [name, value] : test.params) params[name] = value;

    ParameterValues values;
    if (model.is_windowed()) {
        INGOT_TRY_ASSIGN(const Interval window, window_of(model, test));
        values.ranges = {window};
    }
    values.run_time = test.run_time.value_or(model.is_windowed() ? values.ranges.back().end
                                                                 : Timestamp::from_micros(0));
    values.params = &params;
    values.param_types = &project.param_types;
    values.matrix = &model.matrix;
    values.previous_row_count = static_cast<std::int64_t>(test.existing.size());

    engine::Query select{model.query.bindable_sql, {}};
    INGOT_TRY_ASSIGN(select.parameters, bind_parameters(bindable_parameters(model), values));
    if (model.command) {
        const CommandContext command{project, nullptr, values, stop};
        INGOT_TRY_ASSIGN(command_rows, CommandRows::run(model, *session, select, command));
        INGOT_TRY(command_rows->add_to(*session));
        select = command_rows->select();
    }
    INGOT_TRY_ASSIGN(Schema produced, session->describe(select));
    INGOT_TRY(begin_versions(model, values.run_time, select, produced));
    INGOT_TRY_ASSIGN(const quality::CompiledRows rows,
                     quality::compile_rows(select.sql, produced, quality::rules_of(model),
                                           {"test", values.run_time}));
    engine::Query create{"CREATE TEMP TABLE " + std::string(kResult) + " AS " + rows.sql, {}};
    INGOT_TRY_ASSIGN(create.parameters, bind_parameters(rows.parameters, values));
    INGOT_TRY(session->execute(create));

    const std::string reason = quality::quoted_name(quality::kRejectReasonColumn);
    std::string accepted = kResult;
    if (rows.splits) accepted = fmt::format("(SELECT * FROM {} WHERE {} IS NULL)", kResult, reason);
    if (model.kind == project::ModelKind::kMerge) {
        accepted =
            "(" + publish::merge_select({model.key, model.order_by}, produced, accepted, kOwnRows) +
            ")";
    } else if (model.kind == project::ModelKind::kScd2) {
        const std::string rejects =
            rows.splits ? fmt::format("(SELECT * FROM {} WHERE {} IS NOT NULL)", kResult, reason)
                        : std::string();
        accepted = "(" +
                   publish::history_select(history_mode(model, values.run_time), produced,
                                           {accepted, kOwnRows, rejects}) +
                   ")";
    }
    INGOT_TRY_WITH(compare_rows(*session, accepted, produced, test.expect, differences),
                   "in `expect`");
    if (!test.rejected) return {};
    Schema with_reason = produced;
    with_reason.fields.push_back(
        Field{std::string(quality::kRejectReasonColumn), TypeId::kString, true, {}});
    const std::string rejected =
        rows.splits
            ? fmt::format("(SELECT * FROM {} WHERE {} IS NOT NULL)", kResult, reason)
            : fmt::format("(SELECT *, NULL::VARCHAR AS {} FROM {} WHERE false)", reason, kResult);
    INGOT_TRY_WITH(compare_rows(*session, rejected, with_reason, *test.rejected, differences),
                   "in `rejected`");
    return {};
}

}  // namespace

std::vector<ModelTestResult> run_model_tests(const std::vector<const project::Model*>& models,
                                             const project::Project& project,
                                             engine::Engine& engine, Clock& clock,
                                             std::stop_token stop) {
    std::vector<ModelTestResult> results;
    for (const project::Model* model : models) {
        for (const project::ModelTest& test : model->tests) {
            if (stop.stop_requested()) return results;
            ModelTestResult result{model->name, test.name, test.place, false, {}, {}};
            const Duration begin = clock.steady();
            const Status ran = run_test(*model, test, project, engine, stop, result.differences);
            if (!ran) result.differences.push_back(ran.error().to_string());
            result.passed = result.differences.empty();
            result.elapsed = clock.steady() - begin;
            results.push_back(std::move(result));
        }
    }
    return results;
}

}  // namespace ingot::task

#include "task/export_record.hpp"

#include <charconv>
#include <map>

#include "postgres/sql_text.hpp"

namespace ingot::task {
namespace {

using postgres::Connection;
using postgres::QueryRows;
using project::ExportTable;

constexpr std::string_view kRecords = "ingot_exports";

std::string records_of(const std::string& schema) {
    return postgres::quote_name(schema) + "." + std::string(kRecords);
}

Status lock(Connection& connection, const std::string& name, const std::function<void()>& waits) {
    const std::string key = "hashtextextended($1, 0)";
    INGOT_TRY_ASSIGN(const QueryRows tried,
                     connection.query("SELECT pg_try_advisory_xact_lock(" + key + ")", {{name}}));
    if (tried.rows.at(0).at(0) == "t") return {};
    waits();
    INGOT_TRY(connection.query("SELECT pg_advisory_xact_lock(" + key + ")", {{name}}));
    return {};
}

Result<std::vector<TargetColumn>> read_columns(Connection& connection, const std::string& table) {
    INGOT_TRY_ASSIGN(const QueryRows found,
                     connection.query("SELECT attname, format_type(atttypid, atttypmod), "
                                      "attnotnull AND NOT atthasdef AND attidentity = '', "
                                      "attgenerated <> '' OR attidentity = 'a' "
                                      "FROM pg_attribute WHERE attrelid = $1::regclass AND "
                                      "attnum > 0 AND NOT attisdropped ORDER BY attnum",
                                      {{table}}));
    std::vector<TargetColumn> columns;
    for (const postgres::Row& row : found.rows) {
        columns.push_back({*row[0], *row[1], row[2] == "t", row[3] == "t"});
    }
    return columns;
}

/// Those that ON CONFLICT can use: whole, valid, checked at once.
Result<std::vector<std::vector<std::string>>> read_unique(Connection& connection,
                                                          const std::string& table) {
    INGOT_TRY_ASSIGN(
        const QueryRows found,
        connection.query("SELECT i.indexrelid::bigint, a.attname FROM pg_index i "
                         "JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
                         "a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) "
                         "WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indisvalid AND "
                         "i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL",
                         {{table}}));
    std::map<std::string, std::vector<std::string>> indexes;
    for (const postgres::Row& row : found.rows) indexes[*row[0]].push_back(*row[1]);
    std::vector<std::vector<std::string>> unique;
    for (auto& [index, columns] : indexes) unique.push_back(std::move(columns));
    return unique;
}

}  // namespace

Result<std::optional<TargetTable>> read_target(Connection& connection, const ExportTable& table) {
    const std::string name = quoted(table);
    INGOT_TRY_ASSIGN(
        const QueryRows kind,
        connection.query("SELECT relkind FROM pg_class WHERE oid = to_regclass($1)", {{name}}));
    if (kind.rows.empty()) return std::optional<TargetTable>();
    if (kind.rows[0][0] != "r" && kind.rows[0][0] != "p") {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} is no table (it is of kind '{}' in pg_class): export under another "
                          "name, or drop it",
                          table.text(), kind.rows[0][0].value_or(""));
    }
    TargetTable target;
    INGOT_TRY_ASSIGN(target.columns, read_columns(connection, name));
    INGOT_TRY_ASSIGN(target.unique, read_unique(connection, name));
    INGOT_TRY_ASSIGN(
        const QueryRows indexes,
        connection.query("SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                         "WHERE i.indrelid = $1::regclass",
                         {{name}}));
    for (const postgres::Row& row : indexes.rows) target.indexes.push_back(*row[0]);
    INGOT_TRY_ASSIGN(const QueryRows rows,
                     connection.query("SELECT EXISTS (SELECT 1 FROM " + name + ")"));
    target.has_rows = rows.rows.at(0).at(0) == "t";
    return std::optional(std::move(target));
}

Status lock_target(Connection& connection, const ExportTable& table,
                   const std::function<void()>& waits) {
    return lock(connection, "ingot export " + quoted(table), waits);
}

Status ensure_records(Connection& connection, const std::string& schema) {
    const std::string name = records_of(schema);
    const auto is_there = [&]() -> Result<bool> {
        INGOT_TRY_ASSIGN(const QueryRows found,
                         connection.query("SELECT to_regclass($1) IS NOT NULL", {{name}}));
        return found.rows.at(0).at(0) == "t";
    };
    INGOT_TRY_ASSIGN(bool there, is_there());
    if (there) return {};
    // Two that make it at once would fail in the catalog.
    INGOT_TRY(lock(connection, "ingot exports " + schema, [] {}));
    INGOT_TRY_ASSIGN(there, is_there());
    if (there) return {};
    return connection.execute("CREATE TABLE " + name +
                              " (target text PRIMARY KEY, source text NOT NULL, "
                              "source_id text NOT NULL, version bigint NOT NULL, "
                              "definition text NOT NULL, rows bigint NOT NULL, "
                              "run_id text NOT NULL, exported_at timestamptz NOT NULL)");
}

Result<std::optional<ExportRecord>> read_record(Connection& connection, const ExportTable& table) {
    INGOT_TRY_ASSIGN(const QueryRows found,
                     connection.query("SELECT source, source_id, version, definition FROM " +
                                          records_of(table.schema) + " WHERE target = $1",
                                      {{table.table}}));
    if (found.rows.empty()) return std::optional<ExportRecord>();
    const postgres::Row& row = found.rows[0];
    ExportRecord record{*row[0], *row[1], 0, *row[3]};
    const std::string& version = *row[2];
    std::from_chars(version.data(), version.data() + version.size(), record.version);
    return std::optional(std::move(record));
}

Status write_record(Connection& connection, const ExportTable& table, const ExportRecord& record,
                    const ExportedRows& exported) {
    INGOT_TRY(connection.query(
        "INSERT INTO " + records_of(table.schema) +
            " (target, source, source_id, version, definition, rows, run_id, exported_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, now()) ON CONFLICT (target) DO UPDATE SET "
            "source = excluded.source, source_id = excluded.source_id, version = excluded.version, "
            "definition = excluded.definition, rows = excluded.rows, run_id = excluded.run_id, "
            "exported_at = excluded.exported_at",
        {{table.table},
         {record.source},
         {record.source_id},
         {std::to_string(record.version)},
         {record.definition},
         {std::to_string(exported.rows)},
         {exported.run}}));
    return {};
}

}  // namespace ingot::task

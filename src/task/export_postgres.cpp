// Exports to tables of PostgreSQL: all items of a task in one transaction
// (docs/adr/0009-exports.md).
#include <algorithm>
#include <fmt/format.h>

#include "postgres/sql_text.hpp"

#include "base/crash_point.hpp"
#include "delta/overlay.hpp"
#include "quality/sql_text.hpp"
#include "task/export_changes.hpp"
#include "task/export_internal.hpp"
#include "task/export_plan.hpp"
#include "task/export_record.hpp"
#include "task/postgres_connection.hpp"

namespace ingot::task {
namespace {

using postgres::Connection;
using project::ExportItem;
using project::ExportTable;

/// One item on its way.
struct Work {
    const ExportItem& item;
    delta::SnapshotPtr snapshot;
    ExportSource source;
    ExportPlan plan;
    std::optional<ExportRecord> record;
    const ExportTable& table() const { return std::get<ExportTable>(item.to); }
};

Result<std::vector<Work>> pin(const project::ExportTask& task, Pins& pins);
Status lock_targets(Connection& connection, const std::vector<Work>& works,
                    const TaskAttempt& attempt);
Status plan_all(Connection& connection, std::vector<Work>& works, const TaskAttempt& attempt);
Result<std::int64_t> write(Connection& connection, const Work& work, Pins& pins,
                           const TaskAttempt& attempt);

}  // namespace

Result<std::string> export_to_postgres(const project::ExportTask& task,
                                       const TaskAttempt& attempt) {
    Pins pins(attempt.workspace);
    INGOT_TRY_ASSIGN(std::vector<Work> works, pin(task, pins));
    INGOT_TRY_ASSIGN(const std::unique_ptr<Connection> connection,
                     open_postgres(*attempt.workspace.project, *task.connection(),
                                   template_values(attempt), attempt.stop));
    INGOT_TRY_ASSIGN(postgres::Transaction transaction, postgres::Transaction::begin(*connection));
    INGOT_TRY(lock_targets(*connection, works, attempt));
    INGOT_TRY(plan_all(*connection, works, attempt));
    crash_point("export.planned");
    std::int64_t rows = 0;
    std::size_t written = 0;
    for (const Work& work : works) {
        INGOT_TRY_ASSIGN(const std::int64_t sent, write(*connection, work, pins, attempt));
        rows += sent;
        if (work.plan.rows != ExportPlan::Rows::kNone) ++written;
        crash_point("export.written");
    }
    crash_point("export.recorded");
    INGOT_TRY(transaction.commit());
    crash_point("export.committed");
    return fmt::format("{} of {} tables written, {} rows sent", written, works.size(), rows);
}

namespace {

Result<std::vector<Work>> pin(const project::ExportTask& task, Pins& pins) {
    std::vector<Work> works;
    for (const ExportItem& item : task.items) {
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pinned_for_export(item, pins));
        works.push_back({item,
                         snapshot,
                         {snapshot->metadata().id, snapshot->version().value(),
                          snapshot->version().value(), snapshot->schema()},
                         {},
                         {}});
    }
    return works;
}

/// In one order, so that two exports never wait for each other.
Status lock_targets(Connection& connection, const std::vector<Work>& works,
                    const TaskAttempt& attempt) {
    std::vector<const ExportTable*> tables;
    for (const Work& work : works) tables.push_back(&work.table());
    std::sort(tables.begin(), tables.end(),
              [](const ExportTable* a, const ExportTable* b) { return quoted(*a) < quoted(*b); });
    for (const ExportTable* table : tables) {
        INGOT_TRY(lock_target(connection, *table, [&] {
            write_line(attempt.log, "another export into " + table->text() +
                                        " is at work: this one waits until it is done");
        }));
    }
    std::vector<std::string> schemas;
    for (const ExportTable* table : tables) schemas.push_back(table->schema);
    schemas.erase(std::unique(schemas.begin(), schemas.end()), schemas.end());
    for (const std::string& schema : schemas) {
        INGOT_TRY_WITH(ensure_records(connection, schema),
                       "while making the table ingot_exports in the schema " + schema);
    }
    return {};
}

/// Everything is decided before anything is written.
Status plan_all(Connection& connection, std::vector<Work>& works, const TaskAttempt& attempt) {
    for (Work& work : works) {
        INGOT_TRY_ASSIGN(const std::optional<TargetTable> target,
                         read_target(connection, work.table()));
        INGOT_TRY_ASSIGN(work.record, read_record(connection, work.table()));
        INGOT_TRY_ASSIGN(const delta::TableVersion newest,
                         delta::latest_version(work.snapshot->location()));
        work.source.newest = std::max(newest.value(), work.source.version);
        INGOT_TRY_ASSIGN(work.plan, plan_export(work.item, work.source, target, work.record,
                                                attempt.attempt.spec->full));
    }
    return {};
}

/// What of the table is sent: all of it, or the files that matter.
Result<delta::SnapshotPtr> part_to_send(const Work& work) {
    using Rows = ExportPlan::Rows;
    if (work.plan.rows == Rows::kAll) return work.snapshot;
    INGOT_TRY_ASSIGN(std::optional<TableChanges> changes,
                     changes_since(*work.snapshot, delta::TableVersion(work.record->version)));
    if (work.plan.rows == Rows::kChanged) {
        if (!changes) return work.snapshot;
        return delta::overlay(work.snapshot->location(), work.snapshot,
                              {true, {}, std::move(changes->covering), std::nullopt});
    }
    if (!changes || changes->changed_rows_at) {
        return make_error(
            ErrorCode::kUnsupported,
            "{}: rows of {} cannot be appended to {}, which has version {}: {}; use `mode: upsert` "
            "with a key, or `mode: overwrite`",
            work.item.place.to_string(), work.item.from.text(), work.table().text(),
            work.record->version,
            changes ? fmt::format("version {} changed rows or took some away",
                                  changes->changed_rows_at->value())
                    : "the log since then has been cleaned up");
    }
    return delta::overlay(work.snapshot->location(), work.snapshot,
                          {true, {}, std::move(changes->fresh), std::nullopt});
}

std::string name_in_lake(const ExportItem& item) {
    return quality::quoted_name(item.from.layer()) + "." + quality::quoted_name(item.from.name());
}

std::string select_of(const Work& work) {
    std::string list;
    for (const ExportColumn& column : work.plan.columns) {
        const std::string name = quality::quoted_name(column.source);
        list += list.empty() ? "" : ", ";
        list +=
            column.as_json ? fmt::format("CAST(to_json({}) AS VARCHAR) AS {}", name, name) : name;
    }
    return fmt::format("SELECT {} FROM {}", list, name_in_lake(work.item));
}

/// COPY, a batch at a time.
Result<std::int64_t> copy_rows(Connection& connection, const Work& work, const std::string& into,
                               Pins& pins, const std::stop_token& stop) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr part, part_to_send(work));
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                     pins.open_session({{work.item.from.text(), part}}));
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::QueryResult> rows,
                     session->query({select_of(work), {}}, stop));
    std::vector<postgres::WireColumn> columns;
    std::vector<std::string> names;
    for (const ExportColumn& column : work.plan.columns) {
        columns.push_back(column.target);
        names.push_back(column.target.name);
    }
    const postgres::CopyEncoder encoder(std::move(columns));
    std::string buffer;
    bool begun = false;
    bool ended = false;
    const auto next = [&]() -> Result<std::string_view> {
        buffer.clear();
        if (ended) return std::string_view();
        if (!std::exchange(begun, true)) postgres::CopyEncoder::begin(buffer);
        INGOT_TRY_ASSIGN(const std::optional<ColumnBatch> batch, rows->next());
        if (batch) {
            INGOT_TRY(encoder.append(*batch, buffer));
        } else {
            postgres::CopyEncoder::end(buffer);
            ended = true;
        }
        return std::string_view(buffer);
    };
    return connection.copy_in(
        fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", into, postgres::name_list(names)),
        next);
}

/// Rows that meet each other under one key, for the message; empty when it cannot be told.
std::string doubled_key(const Work& work, Pins& pins, const std::stop_token& stop) {
    std::string key;
    for (const std::string& column : work.item.key) {
        key += (key.empty() ? "" : ", ") + quality::quoted_name(column);
    }
    auto session = pins.open_session({{work.item.from.text(), work.snapshot}});
    if (!session) return "";
    const auto found = (*session)->query_all(
        {fmt::format("SELECT {} FROM {} GROUP BY ALL HAVING count(*) > 1 LIMIT 1", key,
                     name_in_lake(work.item)),
         {}},
        stop);
    if (!found || found->rows == 0) return "";
    std::string text;
    for (std::size_t i = 0; i < found->columns.size(); ++i) {
        text += fmt::format("{}{} = {}", i == 0 ? "" : ", ", work.item.key[i],
                            scalar_at(found->columns[i], 0).to_string());
    }
    return text;
}

/// The server's error, in the words of the project where these say more.
Error explained(Error error, const Connection& connection, const Work& work, Pins& pins,
                const std::stop_token& stop) {
    const bool doubled = connection.sql_state() == "21000" || connection.sql_state() == "23505";
    if (doubled && !work.item.key.empty()) {
        if (const std::string key = doubled_key(work, pins, stop); !key.empty()) {
            return make_error(ErrorCode::kInvalidArgument,
                              "{}: rows of {} have the same key ({}), so they cannot be exported "
                              "to {} by it; nothing was written: add a check `unique: [{}]` to the "
                              "model and make its key unique",
                              work.item.place.to_string(), work.item.from.text(), key,
                              work.table().text(), fmt::join(work.item.key, ", "));
        }
    }
    return std::move(error).with(fmt::format("while exporting {} to {} ({})", work.item.from.text(),
                                             work.table().text(), work.item.place.to_string()));
}

Result<std::int64_t> write_rows(Connection& connection, const Work& work, Pins& pins,
                                const std::stop_token& stop) {
    const std::string target = quoted(work.table());
    if (!work.plan.staged) {
        if (work.plan.empties) INGOT_TRY(connection.execute("DELETE FROM " + target));
        return copy_rows(connection, work, target, pins, stop);
    }
    std::vector<std::string> names;
    for (const ExportColumn& column : work.plan.columns) names.push_back(column.target.name);
    const std::string staged = "pg_temp.ingot_staged";
    INGOT_TRY(connection.execute(
        fmt::format("CREATE TEMP TABLE ingot_staged ON COMMIT DROP AS SELECT {} FROM {} WITH NO "
                    "DATA",
                    postgres::name_list(names), target)));
    INGOT_TRY_ASSIGN(const std::int64_t sent, copy_rows(connection, work, staged, pins, stop));
    crash_point("export.staged");
    INGOT_TRY(connection.execute(upsert_statement(work.item, work.plan, staged)));
    INGOT_TRY(connection.execute("DROP TABLE " + staged));
    return sent;
}

Result<std::int64_t> write_item(Connection& connection, const Work& work, Pins& pins,
                                const TaskAttempt& attempt) {
    for (const std::string& statement : work.plan.before) {
        INGOT_TRY(connection.execute(statement));
    }
    std::int64_t sent = 0;
    if (work.plan.rows != ExportPlan::Rows::kNone) {
        INGOT_TRY_ASSIGN(sent, write_rows(connection, work, pins, attempt.stop));
    }
    for (const std::string& statement : work.plan.after) {
        INGOT_TRY(connection.execute(statement));
    }
    if (work.plan.rows == ExportPlan::Rows::kNone) return sent;
    INGOT_TRY(write_record(
        connection, work.table(),
        {work.item.from.text(), work.source.id, work.source.version, work.plan.definition},
        {attempt.attempt.run.value(), sent}));
    return sent;
}

Result<std::int64_t> write(Connection& connection, const Work& work, Pins& pins,
                           const TaskAttempt& attempt) {
    Result<std::int64_t> sent = write_item(connection, work, pins, attempt);
    if (!sent) {
        return explained(std::move(sent).error(), connection, work, pins, attempt.stop);
    }
    const std::string_view mode = project::export_mode_name(work.item.mode);
    const bool nothing = work.plan.rows == ExportPlan::Rows::kNone;
    write_line(attempt.log, nothing
                                ? fmt::format("{} to {}: nothing to do, {}", work.item.from.text(),
                                              work.table().text(), work.plan.reason)
                                : fmt::format("{} version {} to {}: {}, {}: {} rows sent",
                                              work.item.from.text(), work.source.version,
                                              work.table().text(), mode, work.plan.reason, *sent));
    return sent;
}

}  // namespace
}  // namespace ingot::task

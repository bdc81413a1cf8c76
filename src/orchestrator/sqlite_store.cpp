#include "orchestrator/sqlite_store.hpp"

#include <array>
#include <filesystem>
#include <map>

#include "sqlite/database.hpp"

namespace ingot::orchestrator {
namespace {

constexpr std::int32_t kApplicationId = 0x494E474F;  // "INGO"

/// Each brings a store of the version before up to its own: 1, 2, ... Never changed, only added to.
constexpr std::array<const char*, 3> kMigrations = {R"(
    CREATE TABLE runs (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        pipeline TEXT NOT NULL,
        window_start INTEGER,
        window_end INTEGER,
        state TEXT NOT NULL,
        queued_at INTEGER NOT NULL,
        started_at INTEGER,
        ended_at INTEGER,
        fence INTEGER NOT NULL,
        spec TEXT NOT NULL);
    CREATE INDEX runs_of_pipeline ON runs (pipeline, no);
    CREATE INDEX unfinished_runs ON runs (no) WHERE ended_at IS NULL;
    CREATE TABLE events (
        run INTEGER NOT NULL REFERENCES runs (no),
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, seq)) WITHOUT ROWID;
)",
                                                    R"(
    ALTER TABLE runs ADD cause TEXT NOT NULL DEFAULT 'manual';
    ALTER TABLE runs ADD cause_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD code TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD backfill TEXT NOT NULL DEFAULT '';
    CREATE INDEX runs_of_window ON runs (pipeline, window_start, window_end, no);
    CREATE INDEX runs_of_backfill ON runs (backfill, no) WHERE backfill != '';
    CREATE INDEX runs_in_state ON runs (state, no);
    CREATE TABLE records (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, name)) WITHOUT ROWID;
    CREATE TABLE server (fence INTEGER NOT NULL);
    INSERT INTO server VALUES (0);
)",
                                                    R"(
    ALTER TABLE runs ADD note TEXT NOT NULL DEFAULT '';
    UPDATE runs SET note = noted.note
        FROM (SELECT run, body ->> '$.note' AS note, max(seq) FROM events
              WHERE name = 'run_noted' GROUP BY run) AS noted
        WHERE noted.run = runs.no;
)"};

/// The runs that begin with these.
std::map<RunId, const RunSpec*> queued_by(const std::vector<Event>& events) {
    std::map<RunId, const RunSpec*> queued;
    for (const Event& event : events) {
        const auto* first = std::get_if<RunQueued>(&event.change);
        if (first != nullptr) queued.emplace(event.run, first->spec.get());
    }
    return queued;
}

class SqliteStore final : public Store {
public:
    static Result<std::unique_ptr<Store>> open(std::unique_ptr<sqlite::Database> database);

    Status append(const Batch& batch) override;
    Result<std::vector<Fence>> take_over(const std::vector<RunId>& runs) override;
    Result<Fence> take_over_server() override;
    Result<std::map<std::string, std::string>> records(std::string_view kind) override;
    Status back_up(const std::string& path) override;
    Result<std::vector<RunHead>> list(const RunFilter& filter) override;
    Result<StoredRun> load(const RunId& run) override;

private:
    explicit SqliteStore(std::unique_ptr<sqlite::Database> database)
        : database_(std::move(database)) {}
    Status insert_run(const Batch::Written& written, const RunSpec& spec);
    Status update_run(const Batch::Written& written);
    Status write_event(const Event& event);
    Status write_record(const Record& record);
    Status check_server(Fence fence);

    std::unique_ptr<sqlite::Database> database_;
    sqlite::Statement insert_run_;
    sqlite::Statement find_run_;
    sqlite::Statement update_run_;
    sqlite::Statement insert_event_;
    sqlite::Statement put_record_;
    sqlite::Statement remove_record_;
};

Result<std::unique_ptr<Store>> SqliteStore::open(std::unique_ptr<sqlite::Database> database) {
    std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(database)));
    INGOT_TRY_ASSIGN(
        store->insert_run_,
        store->database_->prepare("INSERT INTO runs (id, pipeline, window_start, window_end, cause,"
                                  " cause_by, code, backfill, state, queued_at, started_at,"
                                  " ended_at, note, fence, spec)"
                                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                  " ON CONFLICT (id) DO NOTHING"));
    INGOT_TRY_ASSIGN(store->find_run_,
                     store->database_->prepare("SELECT state, started_at, ended_at, note FROM runs"
                                               " WHERE id = ? AND fence = ?"));
    INGOT_TRY_ASSIGN(store->update_run_,
                     store->database_->prepare(
                         "UPDATE runs SET state = ?, started_at = ?, ended_at = ?, note = ?"
                         " WHERE id = ? AND fence = ?"));
    INGOT_TRY_ASSIGN(
        store->insert_event_,
        store->database_->prepare(
            "INSERT INTO events SELECT no, coalesce((SELECT max(seq) FROM events WHERE run = no),"
            " 0) + 1, ?, ?, ? FROM runs WHERE id = ?"));
    INGOT_TRY_ASSIGN(store->put_record_,
                     store->database_->prepare("INSERT OR REPLACE INTO records VALUES (?, ?, ?)"));
    INGOT_TRY_ASSIGN(store->remove_record_,
                     store->database_->prepare("DELETE FROM records WHERE kind = ? AND name = ?"));
    return std::unique_ptr<Store>(std::move(store));
}

Status SqliteStore::append(const Batch& batch) {
    INGOT_TRY_ASSIGN(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_));
    if (batch.server) INGOT_TRY(check_server(*batch.server));
    const std::map<RunId, const RunSpec*> queued = queued_by(batch.events);
    for (const Batch::Written& written : batch.runs) {
        const auto is_new = queued.find(written.head.id);
        INGOT_TRY(is_new == queued.end() ? update_run(written)
                                         : insert_run(written, *is_new->second));
    }
    for (const Event& event : batch.events) INGOT_TRY(write_event(event));
    for (const Record& record : batch.records) INGOT_TRY(write_record(record));
    return transaction.commit();
}

/// The row holds the whole plan, and SQLite writes rows as a whole: it is touched only when it
/// changes, which is when the run starts, when it ends, and when somebody notes something.
Status SqliteStore::update_run(const Batch::Written& written) {
    const RunHead& head = written.head;
    find_run_.bind(head.id.value()).bind(written.fence.value());
    INGOT_TRY_ASSIGN(const bool ours, find_run_.next());
    const bool changed =
        ours &&
        (find_run_.text(0) != run_state_name(head.state) || find_run_.time(1) != head.started_at ||
         find_run_.time(2) != head.ended_at || find_run_.text(3) != head.note);
    find_run_.reset();
    if (!ours) {
        return make_error(ErrorCode::kCommitConflict,
                          "run {} was taken over by another process; this one leaves it alone",
                          head.id.value());
    }
    if (!changed) return {};
    update_run_.bind(run_state_name(head.state)).bind(head.started_at).bind(head.ended_at);
    update_run_.bind(head.note);
    return update_run_.bind(head.id.value()).bind(written.fence.value()).run();
}

Status SqliteStore::insert_run(const Batch::Written& written, const RunSpec& spec) {
    const RunHead& head = written.head;
    insert_run_.bind(head.id.value()).bind(head.pipeline);
    insert_run_.bind(head.window ? std::optional(head.window->start) : std::nullopt);
    insert_run_.bind(head.window ? std::optional(head.window->end) : std::nullopt);
    insert_run_.bind(cause_name(head.origin.cause)).bind(head.origin.by);
    insert_run_.bind(head.origin.code).bind(head.origin.backfill);
    insert_run_.bind(run_state_name(head.state)).bind(std::optional(head.queued_at));
    insert_run_.bind(head.started_at).bind(head.ended_at).bind(head.note);
    insert_run_.bind(written.fence.value());
    INGOT_TRY(insert_run_.bind(spec_to_json(spec)).run());
    if (database_->changed_rows() == 1) return {};
    return make_error(ErrorCode::kAlreadyExists, "there is a run {} already", head.id.value());
}

Status SqliteStore::write_event(const Event& event) {
    insert_event_.bind(event.at.micros()).bind(change_name(event.change));
    return insert_event_.bind(change_to_json(event.change)).bind(event.run.value()).run();
}

Status SqliteStore::write_record(const Record& record) {
    if (!record.body) return remove_record_.bind(record.kind).bind(record.name).run();
    return put_record_.bind(record.kind).bind(record.name).bind(*record.body).run();
}

Status SqliteStore::check_server(Fence fence) {
    INGOT_TRY_ASSIGN(const std::int64_t newest, database_->number_of("SELECT fence FROM server"));
    if (newest == fence.value()) return {};
    return make_error(ErrorCode::kCommitConflict,
                      "another server took the place of this one: this one writes nothing more");
}

Result<Fence> SqliteStore::take_over_server() {
    INGOT_TRY_ASSIGN(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_));
    INGOT_TRY(database_->execute("UPDATE server SET fence = fence + 1"));
    INGOT_TRY_ASSIGN(const std::int64_t fence, database_->number_of("SELECT fence FROM server"));
    INGOT_TRY(transaction.commit());
    return Fence(fence);
}

Result<std::map<std::string, std::string>> SqliteStore::records(std::string_view kind) {
    INGOT_TRY_ASSIGN(sqlite::Statement rows,
                     database_->prepare("SELECT name, body FROM records WHERE kind = ?"));
    rows.bind(kind);
    std::map<std::string, std::string> records;
    while (true) {
        INGOT_TRY_ASSIGN(const bool found, rows.next());
        if (!found) return records;
        records.emplace(rows.text(0), rows.text(1));
    }
}

Status SqliteStore::back_up(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
        return make_error(ErrorCode::kAlreadyExists, "{} is there already: name another file",
                          path);
    }
    INGOT_TRY_ASSIGN(sqlite::Statement copy, database_->prepare("VACUUM INTO ?"));
    return copy.bind(path).run();
}

Result<std::vector<Fence>> SqliteStore::take_over(const std::vector<RunId>& runs) {
    if (runs.empty()) return std::vector<Fence>();
    INGOT_TRY_ASSIGN(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_));
    INGOT_TRY_ASSIGN(sqlite::Statement statement,
                     database_->prepare("UPDATE runs SET fence = fence + 1 WHERE id = ?"
                                        " RETURNING fence"));
    std::vector<Fence> fences;
    for (const RunId& run : runs) {
        statement.reset();
        INGOT_TRY_ASSIGN(const bool found, statement.bind(run.value()).next());
        if (!found) return make_error(ErrorCode::kNotFound, "there is no run {}", run.value());
        fences.emplace_back(statement.number(0));
        // The change is there when the statement has come to its end.
        INGOT_TRY(statement.next());
    }
    INGOT_TRY(transaction.commit());
    return fences;
}

constexpr std::string_view kHeadColumns =
    "SELECT id, pipeline, window_start, window_end, state, queued_at, started_at, ended_at,"
    " cause, cause_by, code, backfill, note";

Result<RunHead> read_head(const sqlite::Statement& row) {
    RunHead head;
    head.id = RunId(row.text(0));
    head.pipeline = row.text(1);
    if (const auto start = row.time(2))
        head.window = Interval{*start, row.time(3).value_or(*start)};
    INGOT_TRY_ASSIGN(head.state, parse_run_state(row.text(4)));
    head.queued_at = Timestamp::from_micros(row.number(5));
    head.started_at = row.time(6);
    head.ended_at = row.time(7);
    INGOT_TRY_ASSIGN(head.origin.cause, parse_cause(row.text(8)));
    head.origin.by = row.text(9);
    head.origin.code = row.text(10);
    head.origin.backfill = row.text(11);
    head.note = row.text(12);
    return head;
}

Result<std::vector<RunHead>> SqliteStore::list(const RunFilter& filter) {
    std::string sql = std::string(kHeadColumns) + " FROM runs WHERE true";
    if (!filter.pipeline.empty()) sql += " AND pipeline = ?";
    // `substr` takes an id apart by bytes as it is; `LIKE` would give `%` a meaning.
    if (!filter.id_prefix.empty()) sql += " AND substr(id, 1, length(?)) = ?";
    if (!filter.backfill.empty()) sql += " AND backfill = ?";
    if (filter.window) sql += " AND window_start = ? AND window_end = ?";
    if (filter.state) sql += " AND state = ?";
    if (filter.unfinished) sql += " AND ended_at IS NULL";
    if (filter.before) sql += " AND no < (SELECT no FROM runs WHERE id = ?)";
    sql += " ORDER BY no DESC LIMIT ?";
    INGOT_TRY_ASSIGN(sqlite::Statement rows, database_->prepare(sql));
    if (!filter.pipeline.empty()) rows.bind(filter.pipeline);
    if (!filter.id_prefix.empty()) rows.bind(filter.id_prefix).bind(filter.id_prefix);
    if (!filter.backfill.empty()) rows.bind(filter.backfill);
    if (filter.window) rows.bind(filter.window->start.micros()).bind(filter.window->end.micros());
    if (filter.state) rows.bind(run_state_name(*filter.state));
    if (filter.before) rows.bind(filter.before->value());
    rows.bind(static_cast<std::int64_t>(filter.at_most));
    std::vector<RunHead> heads;
    while (true) {
        INGOT_TRY_ASSIGN(const bool found, rows.next());
        if (!found) return heads;
        INGOT_TRY_ASSIGN(RunHead head, read_head(rows));
        heads.push_back(std::move(head));
    }
}

Result<StoredRun> SqliteStore::load(const RunId& run) {
    INGOT_TRY_ASSIGN(sqlite::Statement row, database_->prepare(std::string(kHeadColumns) +
                                                               ", spec FROM runs WHERE id = ?"));
    INGOT_TRY_ASSIGN(bool found, row.bind(run.value()).next());
    if (!found) return make_error(ErrorCode::kNotFound, "there is no run {}", run.value());
    StoredRun stored;
    INGOT_TRY_ASSIGN(stored.head, read_head(row));
    INGOT_TRY_ASSIGN(RunSpec spec, parse_spec(row.text(13)));
    stored.spec = std::make_shared<const RunSpec>(std::move(spec));
    INGOT_TRY_ASSIGN(sqlite::Statement rows,
                     database_->prepare("SELECT at, name, body FROM events WHERE run ="
                                        " (SELECT no FROM runs WHERE id = ?) ORDER BY seq"));
    rows.bind(run.value());
    while (true) {
        INGOT_TRY_ASSIGN(found, rows.next());
        if (!found) return stored;
        INGOT_TRY_ASSIGN(Change change, parse_change(rows.text(1), rows.text(2), stored.spec));
        stored.events.push_back({run, Timestamp::from_micros(rows.number(0)), std::move(change)});
    }
}

}  // namespace

RunHead head_of(const RunStatus& run) {
    return {run.id,        run.spec->plan.pipeline, run.spec->window, run.origin, run.state,
            run.queued_at, run.started_at,          run.ended_at,     run.note};
}

Result<std::unique_ptr<Store>> open_sqlite_store(SqliteStoreOptions options) {
    INGOT_TRY_ASSIGN(
        std::unique_ptr<sqlite::Database> database,
        sqlite::Database::open({.path = options.path,
                                .lock_wait = options.lock_wait,
                                .noun = "store",
                                .when_damaged = "; only the history of runs is lost, tables know "
                                                "themselves what is done"}));
    INGOT_TRY(sqlite::bring_up_to_date(
        *database, {kApplicationId, kMigrations, "with `store:` in project.yml"}));
    return SqliteStore::open(std::move(database));
}

}  // namespace ingot::orchestrator

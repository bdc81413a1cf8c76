#pragma once
// Stage, audit, publish: the one way by which rows reach a table. Nothing half-written or unchecked
// is ever visible, and the rows and the progress of a table are switched by one commit
// (ARCHITECTURE.md, "What must always hold").
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "delta/commit.hpp"
#include "engine/engine.hpp"
#include "project/model.hpp"
#include "publish/progress.hpp"

namespace ingot::publish {

/// Adds the rows.
struct AppendRows {};
/// Replaces the whole table.
struct OverwriteTable {};
/// Replaces the rows whose `column` (a timestamp or date) lies in `ranges`.
struct ReplaceRange {
    std::string column;
    IntervalSet ranges;
    bool is_own_time = true;  ///< False: the rows' own times may lie anywhere (a late row in the
                              ///< file of another hour).
};
/// Upserts by key, copy on write. Of several rows with one key, and between the stored and the
/// incoming row, the greatest in `order_by` wins, then in the remaining columns: any order of
/// windows gives the same table. Rows with a null key are an error.
struct UpsertByKey {
    std::vector<std::string> key;
    std::vector<std::string> order_by;
    bool anew = false;  ///< What is stored goes first.
};
/// Keeps the versions of each key, copy on write; rows are those of begun_versions (history_sql).
/// A row says what holds of its key since its `time`; one with the values of the version before it
/// begins none. Of several rows with one key and time the greatest in `order_by` wins, then in the
/// remaining columns. Without `time`, rows hold since `now`. Rows with a null key or time are an
/// error.
struct KeepHistory {
    std::vector<std::string> key;
    std::vector<std::string> order_by;
    std::string time;            ///< Column; empty: what is seen holds since `now`.
    bool close_missing = false;  ///< Keys that are not among the rows end now.
    Timestamp now;
    bool anew = false;  ///< What is stored goes first.
};
using WriteMode = std::variant<AppendRows, OverwriteTable, ReplaceRange, UpsertByKey, KeepHistory>;

/// What a table is to be like. The schema of an existing table is evolved as `on_schema_change`
/// allows.
struct TableShape {
    Schema schema;
    std::vector<std::string> partition_columns;
    std::map<std::string, std::string> configuration;
    std::string description;
};

/// How an audit ended. `problem` says in a sentence what failed; empty: publish.
struct AuditVerdict {
    std::string problem;
};

/// What an audit may look at. Snapshots are readable, though in no log yet.
struct StagedTable {
    delta::SnapshotPtr table;     ///< As it would be after the commit.
    delta::SnapshotPtr new_rows;  ///< Only the rows of this work (before merging, for an upsert).
    delta::SnapshotPtr before;    ///< The published version; null when the table is new.
    std::int64_t rows = 0;
    std::int64_t rejected = 0;
};
using Audit = std::function<Result<AuditVerdict>(const StagedTable&)>;

/// What a commit says about progress, on top of what the table knows by then.
struct ProgressUpdate {
    std::vector<ProgressEntry> windows;
    std::optional<WholeBuild> whole;
    Identities identities;
    std::string code_hash;  ///< Entries with this hash that are not stale are restamped ...
    InputVersions inputs;   ///< ... with these versions.
    std::function<IntervalSet(const Progress&)>
        stale;           ///< Which parts must not be restamped; null: restamp nothing.
    bool reset = false;  ///< Forget all windows first: the table is built anew.
};

/// Where rejected rows go.
struct Quarantine {
    delta::TableLocation location;
    TableShape shape;           ///< Columns of `select` to keep; `_reject_reason` is among them.
    std::string window_column;  ///< The column by which a rerun of a window replaces what the
                                ///< window rejected before.
};

/// What is known only when all rows have been read.
struct RowsRead {
    std::optional<engine::Query> rejected;   ///< More rows for the quarantine, with its columns.
    std::optional<ProgressUpdate> progress;  ///< Instead of the request's.
};

struct PublishRequest {
    std::string table;  ///< `silver.events`, for messages
    delta::TableLocation location;
    std::optional<Quarantine> quarantine;
    bool splits = false;  ///< `select` has the column `_reject_reason`; needs `quarantine`.
    std::set<std::string> counted_only;  ///< Reasons whose rows are dropped: in no table.
    TableShape shape;
    engine::Query select;
    WriteMode mode;
    project::OnSchemaChange on_schema_change = project::OnSchemaChange::kFail;
    ProgressUpdate progress;
    /// The version that the caller looked at when it decided what to do (null: there was no table):
    /// when another run has published the same windows since, that is a conflict. Absent: the
    /// version at the beginning of the publish.
    std::optional<delta::SnapshotPtr> planned_on;
    /// Called once, after `select` has been staged; may be empty. An error discards what was
    /// staged.
    std::function<Result<RowsRead>()> after_rows;
    Audit audit;  ///< May be empty.
    std::string run_id;
    Timestamp run_time;
    std::string operation = "WRITE";
};

struct PublishResult {
    std::optional<delta::TableVersion>
        version;                     ///< Absent: nothing changed, so there was no commit.
    delta::SnapshotPtr snapshot;     ///< The table afterwards.
    std::int64_t rows_selected = 0;  ///< published + rejected + dropped
    std::int64_t rows_published = 0;
    std::int64_t rows_merged =
        0;  ///< Upsert: rows, stored or incoming, that gave way to another of their key.
    std::int64_t rows_rejected = 0;
    std::map<std::string, std::int64_t> reasons;
    std::int64_t rows_dropped = 0;
    std::map<std::string, std::int64_t> dropped;  ///< By reason.
    std::uint64_t bytes_written = 0;
};

/// Opens a session that sees `overrides` (by table name, `staged.rows` and the like) before the
/// tables of the run.
using OpenSession = std::function<Result<std::unique_ptr<engine::Session>>(
    const std::map<std::string, delta::SnapshotPtr>& overrides)>;

/// What publishing needs from its surroundings.
struct PublishContext {
    engine::Session& session;  ///< Sees what `select` reads.
    OpenSession open_session;
    delta::ParquetIo& parquet;
    Clock& clock;
    std::stop_token stop;
};

/// Stages the rows of `select`, audits the staged table, commits quarantine and table. On any error
/// before the commit the table and its progress are as before, and the staged files are gone
/// (unless the outcome is unknown: kCommitUnknown). Errors: what staging gives; kInvalidArgument
/// when the audit fails or the schema may not change so; kCommitConflict when another run published
/// the same windows first.
/// When nothing is accepted and the audit fails, the rejected rows are committed to the quarantine
/// all the same, for a person to look at; unless the table has published these windows (or itself,
/// without windows) before: then the quarantine keeps what belongs to those rows.
Result<PublishResult> publish(const PublishRequest& request, const PublishContext& context);

/// Records progress without rows (windows that are missing or empty). No commit when nothing
/// changes.
Result<PublishResult> publish_progress(const PublishRequest& request,
                                       const PublishContext& context);

}  // namespace ingot::publish

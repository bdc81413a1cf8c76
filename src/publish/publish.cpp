#include "publish/publish.hpp"

#include <algorithm>
#include <utility>

#include "base/crash_point.hpp"
#include "base/log.hpp"
#include "delta/overlay.hpp"
#include "publish/input_changes.hpp"
#include "publish/replacement_internal.hpp"
#include "publish/staged_files_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::publish {
namespace {

constexpr int kCommitAttempts = 10;
constexpr const char* kRejected = "staged.rejected";

/// The table as it is now, and what it says of itself.
struct Base {
    delta::SnapshotPtr snapshot;  ///< Null: no such table yet.
    StoredProgress progress;
};

/// The rows of the request as files that no log names yet.
struct Staged {
    engine::WriteResult accepted;
    engine::WriteResult rejected;
    std::map<std::string, std::int64_t> reasons;
    std::map<std::string, std::int64_t> dropped;
    std::vector<delta::Action> shape_actions;  ///< Create the table, or change its schema.
    std::vector<delta::TableColumn> columns;
    ProgressUpdate progress;
};

Result<Base> read_base(const PublishRequest& request, const PublishContext& context);
Result<Staged> stage(const PublishRequest& request, const PublishContext& context, const Base& base,
                     StagedFiles& files);
Status audit(const PublishRequest& request, const PublishContext& context, const Base& base,
             const Staged& staged, const Replacement& replacement);
Status publish_quarantine(const PublishRequest& request, const PublishContext& context,
                          const Staged& staged, StagedFiles& files);
Result<bool> keep_rejected_rows(const PublishRequest& request, const PublishContext& context,
                                const Base& base, const Staged& staged, StagedFiles& files);
Result<delta::CommitOutcome> commit_once(const PublishRequest& request,
                                         const PublishContext& context, const Base& base,
                                         const Staged& staged, const Replacement& replacement);
Result<Base> planned_base(const PublishRequest& request, const Base& now);
Status shape_again(const PublishRequest& request, const PublishContext& context, const Base& base,
                   Staged& staged);
Status check_not_superseded(const PublishRequest& request, const Base& before, const Base& now);
PublishResult result_of(const Staged& staged, const Replacement& replacement);

}  // namespace

Result<PublishResult> publish(const PublishRequest& request, const PublishContext& context) {
    INGOT_TRY_ASSIGN(Base base, read_base(request, context));
    INGOT_TRY_ASSIGN(const Base planned, planned_base(request, base));
    INGOT_TRY(check_not_superseded(request, planned, base));
    StagedFiles files;  // Removes what no commit has taken.
    INGOT_TRY_ASSIGN(Staged staged, stage(request, context, base, files));
    crash_point("publish.staged");

    for (int attempt = 1; attempt <= kCommitAttempts; ++attempt) {
        const ReplacementInput input{request,
                                     context,
                                     base.snapshot,
                                     staged.accepted,
                                     staged.columns,
                                     &staged.rejected,
                                     !staged.progress.windows.empty()};
        INGOT_TRY_ASSIGN(const Replacement replacement, plan_replacement(input, files));
        const Status audited = audit(request, context, base, staged, replacement);
        if (!audited) {
            // A second attempt's are kept since the first.
            if (audited.error().code != ErrorCode::kInvalidArgument || attempt > 1)
                return audited.error();
            INGOT_TRY_ASSIGN(const bool kept,
                             keep_rejected_rows(request, context, base, staged, files));
            if (!kept) return audited.error();
            return Error(audited.error())
                .with("the rejected rows are in " + request.quarantine->location.path);
        }
        crash_point("publish.audited");
        if (attempt == 1) INGOT_TRY(publish_quarantine(request, context, staged, files));
        crash_point("publish.quarantined");

        Result<delta::CommitOutcome> outcome =
            commit_once(request, context, base, staged, replacement);
        if (!outcome) {
            if (outcome.error().code == ErrorCode::kCommitUnknown) files.keep_all();
            return std::move(outcome).error().with("while publishing " + request.table);
        }
        if (const auto* committed = std::get_if<delta::Committed>(&*outcome)) {
            crash_point("publish.committed");
            files.keep(replacement.added);
            PublishResult result = result_of(staged, replacement);
            result.version = committed->version;
            result.snapshot = committed->snapshot;
            return result;
        }
        files.drop(replacement.rewritten);
        INGOT_TRY_ASSIGN(base, read_base(request, context));
        INGOT_TRY(check_not_superseded(request, planned, base));
        INGOT_TRY(shape_again(request, context, base, staged));
    }
    return make_error(
        ErrorCode::kCommitConflict,
        "{}: {} attempts to commit lost against other writers; nothing was written, run it again",
        request.table, kCommitAttempts);
}

Result<PublishResult> publish_progress(const PublishRequest& request,
                                       const PublishContext& context) {
    INGOT_TRY_ASSIGN(Base base, read_base(request, context));
    INGOT_TRY_ASSIGN(const Base planned, planned_base(request, base));
    INGOT_TRY(check_not_superseded(request, planned, base));
    for (int attempt = 1; attempt <= kCommitAttempts; ++attempt) {
        Staged staged;
        staged.progress = request.progress;
        if (!base.snapshot) {
            INGOT_TRY_ASSIGN(staged.shape_actions,
                             delta::create_table_actions(
                                 {request.shape.schema, request.shape.partition_columns,
                                  request.shape.configuration, request.shape.description},
                                 context.clock));
        }
        INGOT_TRY_ASSIGN(const delta::CommitOutcome outcome,
                         commit_once(request, context, base, staged, Replacement{}));
        if (const auto* committed = std::get_if<delta::Committed>(&outcome)) {
            PublishResult result;
            result.version = committed->version;
            result.snapshot = committed->snapshot;
            return result;
        }
        INGOT_TRY_ASSIGN(base, read_base(request, context));
        INGOT_TRY(check_not_superseded(request, planned, base));
    }
    return make_error(ErrorCode::kCommitConflict,
                      "{}: {} attempts to record progress lost against other writers",
                      request.table, kCommitAttempts);
}

namespace {

Result<Base> read_base(const PublishRequest& request, const PublishContext& context) {
    Base base;
    INGOT_TRY_ASSIGN(const bool exists, delta::table_exists(request.location));
    if (!exists) return base;
    INGOT_TRY_ASSIGN(base.snapshot, delta::open_snapshot(request.location, context.parquet));
    INGOT_TRY_ASSIGN(base.progress, load_progress(*base.snapshot));
    return base;
}

/// What the caller knew of the table when it decided what to do.
Result<Base> planned_base(const PublishRequest& request, const Base& now) {
    if (!request.planned_on) return now;
    Base planned;
    planned.snapshot = *request.planned_on;
    const bool is_this_table =
        planned.snapshot && planned.snapshot->location().path == request.location.path &&
        planned.snapshot->location().store->uri() == request.location.store->uri();
    // Read from another lake: here there was nothing.
    if (!is_this_table) return Base{};
    if (now.snapshot && now.snapshot->version() == planned.snapshot->version()) return now;
    INGOT_TRY_ASSIGN(planned.progress, load_progress(*planned.snapshot));
    return planned;
}

/// The columns of a table that has no column mapping.
std::vector<delta::TableColumn> plain_columns(const Schema& schema,
                                              const std::vector<std::string>& partition_columns) {
    std::vector<delta::TableColumn> columns;
    for (const Field& field : schema.fields) {
        delta::TableColumn column{field, field.name, std::nullopt, std::nullopt};
        const auto at = std::find(partition_columns.begin(), partition_columns.end(), field.name);
        if (at != partition_columns.end()) {
            column.partition_index = static_cast<std::size_t>(at - partition_columns.begin());
        }
        columns.push_back(std::move(column));
    }
    return columns;
}

std::string column_names(const Schema& schema, const Schema& absent_from) {
    std::string names;
    for (const Field& field : schema.fields) {
        const Field* other = absent_from.find(field.name);
        if (other != nullptr && other->type == field.type) continue;
        if (!names.empty()) names += ", ";
        names += field.name + " " + field.type.to_string();
        if (other != nullptr) names += " (now " + other->type.to_string() + ")";
    }
    return names;
}

bool same_columns(const Schema& a, const Schema& b) {
    if (a.fields.size() != b.fields.size()) return false;
    return std::all_of(a.fields.begin(), a.fields.end(), [&](const Field& field) {
        const Field* other = b.find(field.name);
        return other != nullptr && other->type == field.type;
    });
}

/// The metaData action that an existing table needs for the wanted schema, if any.
Result<std::optional<delta::Metadata>> schema_change(const PublishRequest& request,
                                                     const delta::Snapshot& base) {
    const Schema& wanted = request.shape.schema;
    if (same_columns(wanted, base.schema())) return std::optional<delta::Metadata>();
    switch (request.on_schema_change) {
        case project::OnSchemaChange::kFail: {
            const std::string added = column_names(wanted, base.schema());
            const std::string gone = column_names(base.schema(), wanted);
            return make_error(ErrorCode::kInvalidArgument,
                              "{}: the columns changed and `on_schema_change` is fail: new or "
                              "changed: {}; gone: {}. Set it to "
                              "add, widen or rebuild, or run with --full",
                              request.table, added.empty() ? "none" : added,
                              gone.empty() ? "none" : gone);
        }
        case project::OnSchemaChange::kRebuild: {
            delta::Metadata metadata = base.metadata();
            metadata.schema_string = delta::schema_to_json(wanted);
            metadata.partition_columns = request.shape.partition_columns;
            return std::optional(std::move(metadata));
        }
        case project::OnSchemaChange::kAdd:
        case project::OnSchemaChange::kWiden:
            break;
    }
    INGOT_TRY_ASSIGN_WITH(std::optional<delta::Metadata> metadata,
                          delta::evolve_schema(base, wanted),
                          "while changing the schema of " + request.table);
    return metadata;
}

/// Decides the table's schema and fills `staged.shape_actions` and `staged.columns`.
Status shape_table(const PublishRequest& request, const PublishContext& context, const Base& base,
                   Staged& staged) {
    if (!base.snapshot) {
        INGOT_TRY_ASSIGN(
            staged.shape_actions,
            delta::create_table_actions({request.shape.schema, request.shape.partition_columns,
                                         request.shape.configuration, request.shape.description},
                                        context.clock));
        staged.columns = plain_columns(request.shape.schema, request.shape.partition_columns);
        return {};
    }
    INGOT_TRY_ASSIGN(std::optional<delta::Metadata> metadata,
                     schema_change(request, *base.snapshot));
    if (!metadata) {
        staged.columns = base.snapshot->columns();
        return {};
    }
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr evolved,
                     delta::overlay(request.location, base.snapshot, {true, {}, {}, metadata}));
    staged.columns = evolved->columns();
    staged.shape_actions.emplace_back(*std::move(metadata));
    return {};
}

/// Another commit came between: the table may exist now, or have other columns. The staged files
/// stay valid when their columns are still called the same.
Status shape_again(const PublishRequest& request, const PublishContext& context, const Base& base,
                   Staged& staged) {
    Staged now;
    INGOT_TRY(shape_table(request, context, base, now));
    for (const delta::TableColumn& column : staged.columns) {
        const bool fits = std::any_of(now.columns.begin(), now.columns.end(),
                                      [&](const delta::TableColumn& other) {
                                          return other.field.name == column.field.name &&
                                                 other.field.type == column.field.type &&
                                                 other.physical_name == column.physical_name &&
                                                 other.partition_index == column.partition_index;
                                      });
        if (fits) continue;
        return make_error(ErrorCode::kCommitConflict,
                          "{}: another run changed the column {} while this one was at work; "
                          "nothing was written, run it again",
                          request.table, column.field.name);
    }
    staged.shape_actions = std::move(now.shape_actions);
    staged.columns = std::move(now.columns);
    return {};
}

Status stage_rows(const PublishRequest& request, const PublishContext& context, Staged& staged,
                  StagedFiles& files);
Status drop_counted_rows(const PublishRequest& request, const PublishContext& context,
                         Staged& staged, StagedFiles& files);

engine::WriteTarget quarantine_target(const PublishRequest& request) {
    engine::WriteTarget target;
    target.location = request.quarantine->location;
    target.columns = plain_columns(request.quarantine->shape.schema, {});
    target.file_prefix = request.run_id;
    return target;
}

Result<Staged> stage(const PublishRequest& request, const PublishContext& context, const Base& base,
                     StagedFiles& files) {
    Staged staged;
    staged.progress = request.progress;
    INGOT_TRY(shape_table(request, context, base, staged));
    INGOT_TRY_WITH(stage_rows(request, context, staged, files), "while staging " + request.table);
    if (!request.after_rows) return staged;

    INGOT_TRY_ASSIGN(RowsRead read, request.after_rows());
    if (read.progress) staged.progress = *std::move(read.progress);
    if (!read.rejected) return staged;
    INGOT_CHECK(request.quarantine.has_value(), "rejected rows need a quarantine");
    INGOT_TRY_ASSIGN_WITH(
        engine::WriteResult more,
        context.session.write(*read.rejected, quarantine_target(request), context.stop),
        "while staging the rejected rows of " + request.table);
    files.add(request.quarantine->location, more.files);
    staged.rejected.rows += more.rows;
    staged.rejected.files.insert(staged.rejected.files.end(), more.files.begin(), more.files.end());
    return staged;
}

Status stage_rows(const PublishRequest& request, const PublishContext& context, Staged& staged,
                  StagedFiles& files) {
    const engine::WriteTarget target = table_target(request, staged.columns);
    if (!request.splits) {
        INGOT_TRY_ASSIGN(staged.accepted,
                         context.session.write(request.select, target, context.stop));
        files.add(request.location, staged.accepted.files);
        return {};
    }
    INGOT_TRY_ASSIGN(engine::SplitWriteResult split,
                     context.session.write_split(request.select, target, quarantine_target(request),
                                                 context.stop));
    staged.accepted = std::move(split.accepted);
    staged.rejected = std::move(split.rejected);
    staged.reasons = std::move(split.reasons);
    files.add(request.location, staged.accepted.files);
    files.add(request.quarantine->location, staged.rejected.files);
    return drop_counted_rows(request, context, staged, files);
}

/// Takes the rows that are only counted out of those for the quarantine.
Status drop_counted_rows(const PublishRequest& request, const PublishContext& context,
                         Staged& staged, StagedFiles& files) {
    std::string counted;
    std::int64_t rows = 0;
    for (const std::string& reason : request.counted_only) {
        const auto found = staged.reasons.find(reason);
        if (found == staged.reasons.end()) continue;
        rows += found->second;
        counted += (counted.empty() ? "" : ", ") + quality::quoted_text(reason);
        staged.dropped.insert(staged.reasons.extract(found));
    }
    if (rows == 0) return {};
    const engine::WriteResult all = std::exchange(staged.rejected, {});
    if (all.rows > rows) {
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr rejected, rejected_snapshot(request, all));
        INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                         context.open_session({{kRejected, rejected}}));
        INGOT_TRY_ASSIGN(
            staged.rejected,
            session->write(
                {fmt::format("SELECT * FROM {} WHERE _reason NOT IN ({})", kRejected, counted), {}},
                quarantine_target(request), context.stop));
        files.add(request.quarantine->location, staged.rejected.files);
    }
    files.drop(all.files);
    return {};
}

Status audit(const PublishRequest& request, const PublishContext&, const Base& base,
             const Staged& staged, const Replacement& replacement) {
    if (!request.audit) return {};
    std::optional<delta::Metadata> metadata;
    for (const delta::Action& action : staged.shape_actions) {
        if (const auto* found = std::get_if<delta::Metadata>(&action)) metadata = *found;
    }
    StagedTable table;
    table.before = base.snapshot;
    table.rows = staged.accepted.rows;
    table.rejected = staged.rejected.rows;
    INGOT_TRY_ASSIGN(table.table,
                     delta::overlay(request.location, base.snapshot,
                                    {false, replacement.removed, replacement.added, metadata}));
    INGOT_TRY_ASSIGN(table.new_rows, delta::overlay(request.location, base.snapshot,
                                                    {true, {}, staged.accepted.files, metadata}));
    INGOT_TRY_ASSIGN_WITH(const AuditVerdict verdict, request.audit(table),
                          "while auditing " + request.table);
    if (verdict.problem.empty()) return {};
    return make_error(ErrorCode::kInvalidArgument, "{}: {}; the published version stays as it was",
                      request.table, verdict.problem);
}

IntervalSet windows_of(const ProgressUpdate& progress) {
    std::vector<Interval> windows;
    for (const ProgressEntry& entry : progress.windows) windows.push_back(entry.interval);
    return IntervalSet(std::move(windows));
}

/// What failed after a commit fails no publish, and is said.
void report_warnings(const std::string& table, const delta::CommitOutcome& outcome) {
    const auto* committed = std::get_if<delta::Committed>(&outcome);
    if (committed == nullptr) return;
    for (const std::string& warning : committed->warnings) log_warning("{}: {}", table, warning);
}

/// Commits the rejected rows, in place of those that earlier runs of the same windows rejected.
Status publish_quarantine(const PublishRequest& request, const PublishContext& context,
                          const Staged& staged, StagedFiles& files) {
    if (!request.quarantine) return {};
    const delta::TableLocation& location = request.quarantine->location;
    for (int attempt = 1; attempt <= kCommitAttempts; ++attempt) {
        INGOT_TRY_ASSIGN(const bool exists, delta::table_exists(location));
        if (!exists && staged.rejected.files.empty()) return {};
        delta::CommitRequest commit;
        commit.location = location;
        commit.operation = "WRITE";
        commit.operation_parameters["ingot.run"] = request.run_id;
        Replacement replacement;
        if (exists) {
            INGOT_TRY_ASSIGN(commit.base, delta::open_snapshot(location, context.parquet));
            PublishRequest quarantine;
            quarantine.table = request.table + " (quarantine)";
            quarantine.location = location;
            quarantine.run_id = request.run_id;
            const IntervalSet windows = windows_of(staged.progress);
            if (windows.empty()) {
                quarantine.mode = std::holds_alternative<AppendRows>(request.mode)
                                      ? WriteMode(AppendRows{})
                                      : WriteMode(OverwriteTable{});
            } else {
                quarantine.mode = ReplaceRange{request.quarantine->window_column, windows};
            }
            const ReplacementInput input{quarantine, context, commit.base, staged.rejected,
                                         commit.base->columns()};
            INGOT_TRY_ASSIGN(replacement, plan_replacement(input, files));
            if (replacement.added.empty() && replacement.removed.empty()) return {};
        } else {
            INGOT_TRY_ASSIGN(commit.actions,
                             delta::create_table_actions({request.quarantine->shape.schema,
                                                          {},
                                                          {},
                                                          request.quarantine->shape.description},
                                                         context.clock));
            replacement.added = staged.rejected.files;
        }
        append_file_actions(commit, replacement, context.clock);
        Result<delta::CommitOutcome> outcome =
            delta::commit(commit, context.parquet, context.clock);
        if (!outcome) {
            // The rejected rows may be in the log; the accepted ones are in none yet.
            if (outcome.error().code == ErrorCode::kCommitUnknown) files.keep(replacement.added);
            return std::move(outcome).error().with("while publishing the rejected rows of " +
                                                   request.table);
        }
        report_warnings("the quarantine of " + request.table, *outcome);
        if (std::holds_alternative<delta::Committed>(*outcome)) {
            files.keep(replacement.added);
            return {};
        }
        files.drop(replacement.rewritten);
    }
    return make_error(ErrorCode::kCommitConflict,
                      "{}: the quarantine table is written by others all the time", request.table);
}

/// What an audit stopped because nothing was accepted; see publish().
Result<bool> keep_rejected_rows(const PublishRequest& request, const PublishContext& context,
                                const Base& base, const Staged& staged, StagedFiles& files) {
    if (staged.accepted.rows > 0 || staged.rejected.rows == 0) return false;
    const IntervalSet windows = windows_of(staged.progress);
    const IntervalSet done = base.progress.progress.in_state(WindowState::kDone);
    const bool published =
        windows.empty() ? base.snapshot != nullptr : !done.intersected(windows).empty();
    if (published) return false;
    INGOT_TRY(publish_quarantine(request, context, staged, files));
    return true;
}

bool says_something(const ProgressUpdate& update) {
    return !update.windows.empty() || update.whole || !update.identities.empty() || update.stale ||
           update.reset;
}

Result<Progress> next_progress(const PublishRequest& request, const ProgressUpdate& update,
                               const Base& base) {
    Progress progress = update.reset ? Progress{} : base.progress.progress;
    if (update.stale) progress.restamp(update.stale(progress), update.code_hash, update.inputs);
    for (const ProgressEntry& entry : update.windows) progress.record(entry);
    if (update.whole) progress.record_whole(*update.whole);
    INGOT_TRY(append_identities(request.location, progress, update.identities));
    return progress;
}

Result<delta::CommitOutcome> commit_once(const PublishRequest& request,
                                         const PublishContext& context, const Base& base,
                                         const Staged& staged, const Replacement& replacement) {
    delta::CommitRequest commit;
    commit.location = request.location;
    commit.base = base.snapshot;
    commit.operation = request.operation;
    commit.operation_parameters["ingot.run"] = request.run_id;
    if (!staged.progress.windows.empty()) {
        commit.operation_parameters[std::string(kWindowsParameter)] =
            write_windows(windows_of(staged.progress));
        if (!replacement.removed_times.empty()) {
            commit.operation_parameters[std::string(kRemovedParameter)] =
                write_times(replacement.removed_times);
        }
    }
    commit.operation_metrics["numOutputRows"] = fmt::format("{}", staged.accepted.rows);
    commit.operation_metrics["numRejectedRows"] = fmt::format("{}", staged.rejected.rows);
    commit.reads = replacement.reads;
    commit.reads.app_ids.emplace_back(kProgressAppId);
    commit.actions = staged.shape_actions;
    append_file_actions(commit, replacement, context.clock);
    StagedFiles progress_files;  // Of this attempt: the next one writes its own.
    if (says_something(staged.progress)) {
        INGOT_TRY_ASSIGN(const Progress progress, next_progress(request, staged.progress, base));
        if (!staged.progress.identities.empty())
            progress_files.add(request.location, page_file(progress.pages().back()));
        INGOT_TRY_ASSIGN(const std::int64_t number,
                         write_progress(request.location, base.progress.number, progress));
        progress_files.add(request.location, progress_file(number));
        commit.actions.emplace_back(
            delta::Txn{std::string(kProgressAppId), number, context.clock.now().millis()});
        crash_point("publish.progress_written");
    }
    Result<delta::CommitOutcome> outcome = delta::commit(commit, context.parquet, context.clock);
    const bool may_be_named = outcome ? std::holds_alternative<delta::Committed>(*outcome)
                                      : outcome.error().code == ErrorCode::kCommitUnknown;
    if (may_be_named) progress_files.keep_all();
    if (outcome) report_warnings(request.table, *outcome);
    return outcome;
}

std::vector<ProgressEntry> entries_within(const Progress& progress, const Interval& interval) {
    std::vector<ProgressEntry> found;
    for (const ProgressEntry& entry : progress.entries()) {
        if (!entry.interval.overlaps(interval)) continue;
        found.push_back(entry);
        found.back().interval.start = std::max(entry.interval.start, interval.start);
        found.back().interval.end = std::min(entry.interval.end, interval.end);
    }
    return found;
}

/// Another commit came between. It is fine when it was about other windows and other files.
Status check_not_superseded(const PublishRequest& request, const Base& before, const Base& now) {
    const auto superseded = [&](const std::string& what) {
        return make_error(ErrorCode::kCommitConflict,
                          "{}: {} was published by another run (version {}) while this one was at "
                          "work; nothing was written twice, "
                          "and this run's result is discarded",
                          request.table, what, now.snapshot ? now.snapshot->version().value() : -1);
    };
    for (const ProgressEntry& entry : request.progress.windows) {
        if (entries_within(before.progress.progress, entry.interval) !=
            entries_within(now.progress.progress, entry.interval)) {
            return superseded("window " + entry.interval.to_string());
        }
    }
    if (request.progress.whole &&
        before.progress.progress.whole() != now.progress.progress.whole()) {
        return superseded("the table");
    }
    if (request.progress.identities.empty()) return {};
    INGOT_TRY_ASSIGN(const Identities old_files,
                     load_identities(request.location, before.progress.progress));
    INGOT_TRY_ASSIGN(const Identities new_files,
                     load_identities(request.location, now.progress.progress));
    for (const auto& [key, files] : request.progress.identities) {
        const auto was = old_files.find(key);
        const auto is = new_files.find(key);
        const bool same =
            (was == old_files.end() && is == new_files.end()) ||
            (was != old_files.end() && is != new_files.end() && was->second == is->second);
        if (!same) return superseded(key);
    }
    return {};
}

PublishResult result_of(const Staged& staged, const Replacement& replacement) {
    PublishResult result;
    for (const auto& [reason, rows] : staged.dropped) result.rows_dropped += rows;
    result.dropped = staged.dropped;
    result.rows_selected = staged.accepted.rows + staged.rejected.rows + result.rows_dropped;
    result.rows_published = staged.accepted.rows;
    result.rows_merged = replacement.merged_rows;
    result.rows_rejected = staged.rejected.rows;
    result.reasons = staged.reasons;
    for (const delta::Add& add : replacement.added)
        result.bytes_written += static_cast<std::uint64_t>(add.size);
    return result;
}

}  // namespace
}  // namespace ingot::publish

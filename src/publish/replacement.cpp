#include <algorithm>
#include <functional>

#include "delta/overlay.hpp"
#include "publish/history_sql.hpp"
#include "publish/input_changes.hpp"
#include "publish/merge_sql.hpp"
#include "publish/removed_times_internal.hpp"
#include "publish/replacement_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::publish {
namespace {

constexpr const char* kStored = "staged.stored";
constexpr const char* kIncoming = "staged.incoming";
constexpr const char* kRejected = "staged.rejected";

TimesByColumn times_of(const ReplacementInput& input, const delta::FileSelection& files);
Result<Replacement> replace_range(const ReplacementInput& input, const ReplaceRange& mode,
                                  StagedFiles& files);
Result<Replacement> upsert(const ReplacementInput& input, const UpsertByKey& mode,
                           StagedFiles& files);
Result<Replacement> keep_history(const ReplacementInput& input, const KeepHistory& mode,
                                 StagedFiles& files);

}  // namespace

Result<Replacement> plan_replacement(const ReplacementInput& input, StagedFiles& files) {
    if (const auto* range = std::get_if<ReplaceRange>(&input.request.mode);
        range != nullptr && input.base) {
        return replace_range(input, *range, files);
    }
    if (const auto* by_key = std::get_if<UpsertByKey>(&input.request.mode))
        return upsert(input, *by_key, files);
    if (const auto* history = std::get_if<KeepHistory>(&input.request.mode))
        return keep_history(input, *history, files);
    Replacement replacement;
    replacement.base = input.base;
    replacement.added = input.incoming.files;
    if (std::holds_alternative<OverwriteTable>(input.request.mode) && input.base) {
        replacement.removed = input.base->files().all();
        replacement.removed_times = times_of(input, replacement.removed);
        replacement.reads.whole_table = true;
    }
    return replacement;
}

void append_file_actions(delta::CommitRequest& commit, const Replacement& replacement,
                         Clock& clock) {
    const std::int64_t now = clock.now().millis();
    for (const delta::FileOrdinal file : replacement.removed) {
        commit.actions.emplace_back(replacement.base->files().remove(file, now, true));
    }
    for (const delta::Add& add : replacement.added) commit.actions.emplace_back(add);
}

Result<delta::SnapshotPtr> rejected_snapshot(const PublishRequest& request,
                                             const engine::WriteResult& rejected) {
    if (rejected.files.empty()) return delta::SnapshotPtr();
    delta::Metadata metadata;
    metadata.schema_string = delta::schema_to_json(request.quarantine->shape.schema);
    return delta::overlay(request.quarantine->location, nullptr,
                          {true, {}, rejected.files, metadata});
}

engine::WriteTarget table_target(const PublishRequest& request,
                                 const std::vector<delta::TableColumn>& columns) {
    engine::WriteTarget target;
    target.location = request.location;
    target.columns = columns;
    std::vector<std::pair<std::size_t, std::string>> partitions;
    for (const delta::TableColumn& column : columns) {
        if (column.partition_index)
            partitions.emplace_back(*column.partition_index, column.field.name);
    }
    std::sort(partitions.begin(), partitions.end());
    for (auto& [index, name] : partitions) target.partition_columns.push_back(std::move(name));
    target.file_prefix = request.run_id;
    return target;
}

namespace {

/// Rows whose column lies in one of the ranges, as SQL.
std::string in_ranges(const std::string& column, const DataType& type, const IntervalSet& ranges) {
    std::string sql;
    for (const Interval& range : ranges.intervals()) {
        if (!sql.empty()) sql += " OR ";
        // Compared as an instant, so that a date column stands for its midnight.
        const std::string value =
            type.id() == TypeId::kTimestamp ? column : column + "::TIMESTAMPTZ";
        sql += fmt::format("({0} >= {1} AND {0} < {2})", value,
                           Scalar::integer(TypeId::kTimestamp, range.start.micros()).to_sql(),
                           Scalar::integer(TypeId::kTimestamp, range.end.micros()).to_sql());
    }
    return sql;
}

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

Scalar bound_for(const DataType& type, Timestamp at, bool round_up) {
    if (type.id() != TypeId::kDate) return Scalar::integer(type, at.micros());
    const std::int64_t days =
        at.micros() / kMicrosPerDay - (at.micros() % kMicrosPerDay < 0 ? 1 : 0);
    const bool exact = days * kMicrosPerDay == at.micros();
    return Scalar::integer(type, days + (round_up && !exact ? 1 : 0));
}

delta::Predicate range_predicate(const std::string& column, const DataType& type,
                                 const Interval& range) {
    using Op = delta::Predicate::Op;
    return delta::Predicate::all_of(
        {delta::Predicate::compare({column}, Op::kGe, bound_for(type, range.start, false)),
         delta::Predicate::compare({column}, Op::kLt, bound_for(type, range.end, true))});
}

bool wholly_inside(const delta::ColumnBounds& bounds, const IntervalSet& ranges) {
    if (!bounds.min || !bounds.max || bounds.null_count.value_or(1) != 0) return false;
    const Timestamp first = as_instant(*bounds.min);
    const Timestamp last = as_instant(*bounds.max);
    return std::any_of(
        ranges.intervals().begin(), ranges.intervals().end(),
        [&](const Interval& range) { return range.start <= first && last < range.end; });
}

/// Of all rows of these files. Nobody asks for them when the commit names no windows.
TimesByColumn times_of(const ReplacementInput& input, const delta::FileSelection& files) {
    if (!input.names_windows) return {};
    RemovedTimes times(*input.base);
    for (const delta::FileOrdinal file : files) times.add_file(file);
    return times.outside({});
}

/// A snapshot of only these files.
Result<delta::SnapshotPtr> only(const delta::SnapshotPtr& base,
                                const delta::FileSelection& chosen) {
    std::vector<delta::Add> files;
    for (const delta::FileOrdinal file : chosen) files.push_back(base->files().add(file));
    return delta::overlay(base->location(), base, {true, {}, std::move(files), std::nullopt});
}

void tag_rewritten(std::vector<delta::Add>& files) {
    for (delta::Add& file : files) file.tags[std::string(kRewrittenTag)] = "true";
}

Result<Replacement> replace_range(const ReplacementInput& input, const ReplaceRange& mode,
                                  StagedFiles& files) {
    const Field* field = input.base->schema().find(mode.column);
    if (field == nullptr) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} has no column {} to tell its windows apart", input.request.table,
                          mode.column);
    }
    Replacement replacement;
    replacement.base = input.base;
    for (const Interval& range : mode.ranges.intervals()) {
        replacement.reads.predicates.push_back(range_predicate(field->name, field->type, range));
    }
    replacement.removed =
        input.base->files().select(delta::Predicate::any_of(replacement.reads.predicates));
    RemovedTimes removed(*input.base);
    delta::FileSelection partial;
    for (const delta::FileOrdinal file : replacement.removed) {
        if (wholly_inside(input.base->files().bounds(file, {field->name}), mode.ranges)) {
            if (!mode.is_own_time) removed.add_file(file);
        } else {
            partial.push_back(file);
        }
    }
    replacement.added = input.incoming.files;
    replacement.removed_times = removed.outside(mode.ranges);
    if (partial.empty()) return replacement;

    INGOT_TRY_ASSIGN(const delta::SnapshotPtr stored, only(input.base, partial));
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                     input.context.open_session({{kStored, stored}}));
    const std::string column = quality::quoted_name(field->name);
    const std::string replaced = in_ranges(column, field->type, mode.ranges);
    if (!mode.is_own_time) {
        const std::string hour = "date_trunc('hour', " + column + "::TIMESTAMPTZ)";
        INGOT_TRY(removed.add_rows(*session, kStored, replaced, hour, input.context.stop));
        replacement.removed_times = removed.outside(mode.ranges);
    }
    const engine::Query kept{
        fmt::format("SELECT * FROM {} WHERE ({}) IS NOT TRUE", kStored, replaced), {}};
    INGOT_TRY_ASSIGN_WITH(
        engine::WriteResult written,
        session->write(kept, table_target(input.request, input.columns), input.context.stop),
        "while rewriting the rows of other windows");
    files.add(input.request.location, written.files);
    tag_rewritten(written.files);
    replacement.rewritten = written.files;
    replacement.added.insert(replacement.added.end(), written.files.begin(), written.files.end());
    return replacement;
}

/// A SELECT over the incoming rows and those that are stored for the same keys, in place of the
/// latter.
struct KeyedRewrite {
    const std::vector<std::string>& key;
    std::vector<std::string> not_null;  ///< Of every incoming row.
    bool anew = false;                  ///< Nothing that is stored stays.
    bool all_keys = false;              ///< Keys without an incoming row are rewritten too.
    /// Where nothing is stored and no two incoming rows share a key, the SELECT gives those rows.
    bool keeps_single_rows = false;
    delta::SnapshotPtr rejected = nullptr;
    std::function<std::string(const Schema& schema, const std::string& stored)> select;
};

Result<Replacement> rewrite_keys(const ReplacementInput& input, const KeyedRewrite& rewrite,
                                 StagedFiles& files);

Result<Replacement> upsert(const ReplacementInput& input, const UpsertByKey& mode,
                           StagedFiles& files) {
    const auto select = [&](const Schema& schema, const std::string& stored) {
        return merge_select(mode, schema, kIncoming, stored);
    };
    return rewrite_keys(input,
                        {.key = mode.key,
                         .not_null = mode.key,
                         .anew = mode.anew,
                         .keeps_single_rows = true,
                         .select = select},
                        files);
}

Result<Replacement> keep_history(const ReplacementInput& input, const KeepHistory& mode,
                                 StagedFiles& files) {
    delta::SnapshotPtr rejected;
    if (mode.close_missing) {
        if (input.rejected != nullptr) {
            INGOT_TRY_ASSIGN(rejected, rejected_snapshot(input.request, *input.rejected));
        }
    }
    const auto select = [&](const Schema& schema, const std::string& stored) {
        return history_select(mode, schema,
                              {kIncoming, stored, rejected ? kRejected : std::string()});
    };
    std::vector<std::string> not_null = mode.key;
    if (!mode.time.empty()) not_null.push_back(mode.time);
    return rewrite_keys(input,
                        {.key = mode.key,
                         .not_null = std::move(not_null),
                         .anew = mode.anew,
                         .all_keys = mode.close_missing,
                         .rejected = rejected,
                         .select = select},
                        files);
}

/// Stored files whose keys may be among the incoming ones, by the range of the first key column.
Result<delta::FileSelection> files_with_keys(const ReplacementInput& input,
                                             const delta::Snapshot& incoming,
                                             const std::vector<std::string>& key) {
    std::optional<Scalar> least;
    std::optional<Scalar> greatest;
    const delta::Predicate::ColumnPath column{key.front()};
    for (const delta::FileOrdinal file : incoming.files().all()) {
        const delta::ColumnBounds bounds = incoming.files().bounds(file, column);
        if (!bounds.min || !bounds.max) return input.base->files().all();
        if (!least || compare(*bounds.min, *least).value_or(0) < 0) least = bounds.min;
        if (!greatest || compare(*bounds.max, *greatest).value_or(0) > 0) greatest = bounds.max;
    }
    if (!least) return delta::FileSelection{};
    using Op = delta::Predicate::Op;
    return input.base->files().select(
        delta::Predicate::all_of({delta::Predicate::compare(column, Op::kGe, *least),
                                  delta::Predicate::compare(column, Op::kLe, *greatest)}));
}

Status check_not_null(const ReplacementInput& input, engine::Session& session,
                      const KeyedRewrite& rewrite) {
    for (const std::string& name : rewrite.not_null) {
        INGOT_TRY_ASSIGN(const ColumnBatch counted,
                         session.query_all({fmt::format("SELECT count(*) FROM {} WHERE {} IS NULL",
                                                        kIncoming, quality::quoted_name(name)),
                                            {}},
                                           input.context.stop));
        const auto nulls = counted.columns.front().value<std::int64_t>(0);
        if (nulls == 0) continue;
        const bool is_key =
            std::find(rewrite.key.begin(), rewrite.key.end(), name) != rewrite.key.end();
        return make_error(ErrorCode::kInvalidArgument,
                          "{}: {} rows have a null {}; filter them, or reject them with a rule "
                          "(reject: [{{reason: NULL_{}, when: \"{} is null\"}}])",
                          input.request.table, nulls, is_key ? "key" : "time",
                          is_key ? "KEY" : "TIME", name);
    }
    return {};
}

Result<bool> has_one_row_a_key(const ReplacementInput& input, engine::Session& session,
                               const KeyedRewrite& rewrite) {
    std::string key;
    for (const std::string& name : rewrite.key)
        key += (key.empty() ? "" : ", ") + quality::quoted_name(name);
    INGOT_TRY_ASSIGN(
        const ColumnBatch counted,
        session.query_all(
            {fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} GROUP BY {} HAVING count(*) > 1)",
                         kIncoming, key),
             {}},
            input.context.stop));
    return counted.columns.front().value<std::int64_t>(0) == 0;
}

Result<Replacement> rewrite_keys(const ReplacementInput& input, const KeyedRewrite& rewrite,
                                 StagedFiles& files) {
    Replacement replacement;
    replacement.base = input.base;
    if (input.incoming.files.empty() && !rewrite.all_keys && !rewrite.anew) return replacement;
    Schema schema;
    for (const delta::TableColumn& column : input.columns) schema.fields.push_back(column.field);

    delta::Metadata metadata;
    metadata.schema_string = delta::schema_to_json(schema);
    metadata.partition_columns = table_target(input.request, input.columns).partition_columns;
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr incoming,
                     delta::overlay(input.request.location, nullptr,
                                    {true, {}, input.incoming.files, metadata}));
    std::map<std::string, delta::SnapshotPtr> visible{{kIncoming, incoming}};
    if (rewrite.rejected) visible[kRejected] = rewrite.rejected;
    delta::FileSelection stored;
    if (input.base) {
        INGOT_TRY_ASSIGN(stored, files_with_keys(input, *incoming, rewrite.key));
        if (rewrite.all_keys || rewrite.anew) stored = input.base->files().all();
        replacement.removed = stored;
        replacement.reads.whole_table = true;
        replacement.removed_times = times_of(input, stored);
        if (rewrite.anew) stored.clear();
        INGOT_TRY_ASSIGN(visible[kStored], only(input.base, stored));
    }
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                     input.context.open_session(visible));
    INGOT_TRY(check_not_null(input, *session, rewrite));
    if (stored.empty() && rewrite.keeps_single_rows) {
        INGOT_TRY_ASSIGN(const bool single, has_one_row_a_key(input, *session, rewrite));
        if (single) {
            replacement.added = input.incoming.files;
            return replacement;
        }
    }
    INGOT_TRY_ASSIGN_WITH(
        engine::WriteResult written,
        session->write({rewrite.select(schema, stored.empty() ? std::string() : kStored), {}},
                       table_target(input.request, input.columns), input.context.stop),
        "while merging into " + input.request.table);
    files.add(input.request.location, written.files);

    std::int64_t stored_rows = 0;
    if (input.base) stored_rows = input.base->files().live_rows(stored).value_or(0);
    replacement.added = written.files;
    replacement.rewritten = written.files;
    replacement.merged_rows =
        std::max<std::int64_t>(0, stored_rows + input.incoming.rows - written.rows);
    return replacement;
}

}  // namespace
}  // namespace ingot::publish

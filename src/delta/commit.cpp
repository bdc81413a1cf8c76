#include "delta/commit.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "delta/action_json_internal.hpp"
#include "delta/conflict_internal.hpp"
#include "delta/identity_internal.hpp"
#include "delta/json_internal.hpp"
#include "delta/log_segment_internal.hpp"
#include "delta/post_commit_internal.hpp"
#include "delta/table_feature_internal.hpp"
#include "delta/table_snapshot_internal.hpp"
#include "delta/uri_internal.hpp"

namespace ingot::delta {
namespace {

/// How often an unclear write is settled anew before the outcome counts as unknown.
constexpr int kSettleAttempts = 3;

/// One transaction on its way: what stays the same while it is rebased.
struct Transaction {
    const CommitRequest& request;
    TableSnapshotPtr base;  ///< Null for a new table.
    std::string txn_id;
    std::vector<NextCommit> winners;  ///< Commits between the base and us, oldest first.
    TableSnapshotPtr current;         ///< Base and winners; null for a new table.
};

template <class T>
const T* find_action(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
        if (const auto* typed = std::get_if<T>(&action)) return typed;
    }
    return nullptr;
}

// ---- the checks of a request

Status check_paths(const std::vector<Action>& actions) {
    FileKeyBuilder keys;
    FileKeySet added;
    FileKeySet removed;
    FileKeySet same_file;
    for (const Action& action : actions) {
        if (const auto* add = std::get_if<Add>(&action)) {
            if (add->path.empty() || !uri_decode(add->path)) {
                return make_error(ErrorCode::kInvalidArgument, "an add's path '{}' is no URI",
                                  add->path);
            }
            if (!added.insert(keys.key(add->path, nullptr))) {
                return make_error(ErrorCode::kInvalidArgument, "{} is added twice", add->path);
            }
            if (add->deletion_vector && (!add->stats || num_records_of(*add->stats) < 0)) {
                return make_error(ErrorCode::kInvalidArgument,
                                  "{} has a deletion vector but no numRecords", add->path);
            }
            const auto* vector = add->deletion_vector ? &*add->deletion_vector : nullptr;
            same_file.insert(keys.key(add->path, vector));
        }
        if (const auto* remove = std::get_if<Remove>(&action)) {
            if (!removed.insert(keys.key(remove->path, nullptr))) {
                return make_error(ErrorCode::kInvalidArgument, "{} is removed twice", remove->path);
            }
        }
    }
    for (const Action& action : actions) {
        const auto* remove = std::get_if<Remove>(&action);
        if (remove == nullptr) continue;
        const auto* vector = remove->deletion_vector ? &*remove->deletion_vector : nullptr;
        if (same_file.contains(keys.key(remove->path, vector))) {
            return make_error(ErrorCode::kInvalidArgument, "{} is both added and removed",
                              remove->path);
        }
    }
    return {};
}

Status check_txns(const Transaction& txn) {
    std::set<std::string> ids;
    for (const Action& action : txn.request.actions) {
        const auto* entry = std::get_if<Txn>(&action);
        if (entry == nullptr) continue;
        if (!ids.insert(entry->app_id).second) {
            return make_error(ErrorCode::kInvalidArgument, "two txn actions of '{}'",
                              entry->app_id);
        }
        const auto last = txn.base ? txn.base->txn(entry->app_id) : std::nullopt;
        if (last && entry->version < *last) {
            return make_error(ErrorCode::kInvalidArgument,
                              "txn of '{}' goes back from version {} to {}", entry->app_id, *last,
                              entry->version);
        }
    }
    return {};
}

Status check_files(const TableConfig& config, const std::vector<Action>& actions) {
    bool adds = false;
    bool removes = false;
    for (const Action& action : actions) {
        if (const auto* add = std::get_if<Add>(&action)) {
            adds = adds || add->data_change;
            if (add->deletion_vector && !has_feature(config.protocol(), "deletionVectors")) {
                return make_error(ErrorCode::kUnsupported,
                                  "the table lacks the feature 'deletionVectors'");
            }
            for (const std::size_t index : config.partition_columns()) {
                const auto& name = config.columns()[index].physical_name;
                if (!add->partition_values.contains(name)) {
                    return make_error(ErrorCode::kInvalidArgument,
                                      "{} has no value for partition column '{}'", add->path, name);
                }
            }
        }
        if (const auto* remove = std::get_if<Remove>(&action)) {
            removes = removes || remove->data_change;
        }
        if (std::holds_alternative<DomainMetadata>(action) &&
            !has_feature(config.protocol(), "domainMetadata")) {
            return make_error(ErrorCode::kUnsupported,
                              "the table lacks the feature 'domainMetadata'");
        }
    }
    if (removes && config.append_only()) {
        return make_error(ErrorCode::kUnsupported,
                          "the table is append-only (feature 'appendOnly'): no rows may be "
                          "removed from it");
    }
    const bool has_feed = has_feature(config.protocol(), "changeDataFeed") &&
                          config.is_true("delta.enableChangeDataFeed");
    if (has_feed && adds && removes && find_action<Cdc>(actions) == nullptr) {
        return make_error(ErrorCode::kUnsupported,
                          "the table has the feature 'changeDataFeed': a commit that adds and "
                          "removes rows must bring its change files");
    }
    return {};
}

Status check_kinds(const Transaction& txn) {
    int metadata = 0;
    int protocols = 0;
    for (const Action& action : txn.request.actions) {
        metadata += std::holds_alternative<Metadata>(action) ? 1 : 0;
        protocols += std::holds_alternative<Protocol>(action) ? 1 : 0;
        if (std::holds_alternative<CommitInfo>(action) ||
            std::holds_alternative<CheckpointMetadata>(action) ||
            std::holds_alternative<Sidecar>(action)) {
            return make_error(ErrorCode::kInvalidArgument,
                              "commitInfo and checkpoint actions are not the caller's to write");
        }
    }
    if (metadata > 1 || protocols > 1) {
        return make_error(ErrorCode::kInvalidArgument,
                          "a commit has at most one metaData and one protocol action");
    }
    if (txn.base == nullptr && (metadata == 0 || protocols == 0)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "the first commit of a table needs its metaData and protocol");
    }
    return {};
}

/// The table's rules after the commit, when the commit changes them.
Result<std::shared_ptr<const TableConfig>> config_after(const Transaction& txn,
                                                        const std::vector<Action>& actions) {
    const auto* metadata = find_action<Metadata>(actions);
    const auto* protocol = find_action<Protocol>(actions);
    if (metadata == nullptr && protocol == nullptr) return txn.base->state().config;
    return TableConfig::make(protocol ? *protocol : txn.base->protocol(),
                             metadata ? *metadata : txn.base->metadata());
}

bool needs_timestamp_ntz(const TableConfig& config) {
    const auto& fields = config.schema().fields;
    return std::any_of(fields.begin(), fields.end(),
                       [](const Field& field) { return has_timestamp_ntz(field.type); });
}

/// The request's actions, plus the protocol that a new schema needs.
Result<std::vector<Action>> complete_actions(const Transaction& txn) {
    std::vector<Action> actions = txn.request.actions;
    INGOT_TRY_ASSIGN(const auto config, config_after(txn, actions));
    if (find_action<Metadata>(actions) == nullptr || !needs_timestamp_ntz(*config) ||
        has_feature(config->protocol(), "timestampNtz")) {
        return actions;
    }
    if (find_action<Protocol>(actions) != nullptr) {
        return make_error(ErrorCode::kInvalidArgument,
                          "the schema needs the feature 'timestampNtz', which the protocol lacks");
    }
    actions.insert(actions.begin(), with_timestamp_ntz(config->protocol()));
    return actions;
}

Status check_request(const Transaction& txn, const std::vector<Action>& actions) {
    INGOT_TRY(check_kinds(txn));
    INGOT_TRY(check_paths(actions));
    INGOT_TRY(check_txns(txn));
    if (txn.base != nullptr) INGOT_TRY(txn.base->config().check_writable());
    INGOT_TRY_ASSIGN(const auto config, config_after(txn, actions));
    INGOT_TRY(config->check_writable());
    if (txn.base != nullptr && config->in_commit_timestamps() &&
        !txn.base->config().in_commit_timestamps()) {
        return make_error(ErrorCode::kUnsupported,
                          "Ingot does not switch on the feature 'inCommitTimestamp'");
    }
    return check_files(*config, actions);
}

// ---- one attempt

bool is_blind(const CommitRequest& request) {
    const bool reads = request.reads.whole_table || !request.reads.predicates.empty() ||
                       !request.reads.app_ids.empty() || !request.reads.domains.empty();
    return !reads &&
           std::all_of(request.actions.begin(), request.actions.end(), [](const Action& action) {
               return std::holds_alternative<Add>(action) || std::holds_alternative<Txn>(action);
           });
}

CommitInfo commit_info(const Transaction& txn, bool in_commit_timestamps, Clock& clock) {
    CommitInfo info;
    info.timestamp = clock.now().millis();
    if (in_commit_timestamps) {
        info.in_commit_timestamp = clock.now().millis();
        if (txn.current != nullptr) {
            // The clock may go back; versions may not.
            info.in_commit_timestamp =
                std::max(*info.in_commit_timestamp, txn.current->timestamp().millis() + 1);
        }
    }
    info.operation = txn.request.operation;
    info.operation_parameters = txn.request.operation_parameters;
    info.operation_metrics = txn.request.operation_metrics;
    if (txn.base != nullptr) info.read_version = txn.base->version().value();
    info.isolation_level = "Serializable";
    info.is_blind_append = is_blind(txn.request);
    info.engine_info = "Ingot/" INGOT_VERSION;
    info.txn_id = txn.txn_id;
    return info;
}

std::string commit_text(const CommitInfo& info, const std::vector<Action>& actions) {
    std::string text;
    append_action_line(text, info);
    for (const Action& action : actions) append_action_line(text, action);
    return text;
}

enum class Attempt : std::uint8_t { kWon, kLost };

/// Whose commit lies at that place; nothing when none does.
Result<std::optional<bool>> is_ours(const Transaction& txn, const std::string& path) {
    auto bytes = txn.request.location.store->read(path);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::optional<bool>();
    if (!bytes) return std::move(bytes).error();
    const LogText text(path, *std::move(bytes));
    INGOT_TRY_ASSIGN(const auto info, find_commit_info(text));
    return std::optional<bool>(info && info->txn_id == txn.txn_id);
}

Error unknown_outcome(const std::string& path, const Error& cause) {
    return make_error(ErrorCode::kCommitUnknown, "whether {} was written could not be learned: {}",
                      path, cause.to_string());
}

/// One put-if-absent. After an unclear answer the log decides; writing the same bytes under the
/// same name again is safe, since the name can be taken only once and our id tells by whom.
Result<Attempt> try_commit(const Transaction& txn, const std::string& path, const std::string& text,
                           Clock& clock) {
    const auto& store = *txn.request.location.store;
    bool unclear = false;
    for (int attempt = 0;; ++attempt) {
        auto put = txn.request.location.store->put_if_absent(path, text);
        if (put && *put == storage::PutOutcome::kCreated) return Attempt::kWon;
        if (!put && put.error().code != ErrorCode::kCommitUnknown) {
            // A plain failure wrote nothing, but what went before may have.
            if (!unclear) return std::move(put).error();
        }
        unclear = unclear || !put;
        const auto ours = is_ours(txn, path);
        if (ours && *ours) return **ours ? Attempt::kWon : Attempt::kLost;
        if (attempt + 1 == kSettleAttempts) {
            if (!ours) return unknown_outcome(path, ours.error());
            if (!put) return unknown_outcome(path, put.error());
            return make_error(ErrorCode::kIo, "{}/{} exists but can't be read", store.uri(), path);
        }
        clock.sleep_for(std::chrono::milliseconds(20 << attempt));
    }
}

Result<std::optional<NextCommit>> read_next(const TableLocation& location, TableVersion version) {
    const std::string path = location.object(commit_path(version));
    auto bytes = location.store->read(path);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::optional<NextCommit>();
    if (!bytes) return std::move(bytes).error();
    INGOT_TRY_ASSIGN(const auto object, location.store->head(path));
    return std::optional<NextCommit>(NextCommit{
        version, LogText(fmt::format("{}/{}", location.store->uri(), path), *std::move(bytes)),
        Timestamp::from_millis(object.modified.millis()), object});
}

/// Checks all commits that came since against the transaction, and moves it behind them.
Result<std::optional<Conflict>> rebase(Transaction& txn) {
    while (true) {
        const TableVersion next(txn.current->version().value() + 1);
        INGOT_TRY_ASSIGN(auto winner, read_next(txn.request.location, next));
        if (!winner) return std::optional<Conflict>();
        INGOT_TRY_ASSIGN(auto actions, parse_actions(winner->text));
        INGOT_TRY_ASSIGN(auto conflict,
                         check_conflict(*txn.base, txn.request, {next, std::move(actions)}));
        if (conflict) return conflict;
        std::vector<NextCommit> one;
        one.push_back(*std::move(winner));
        INGOT_TRY_ASSIGN(txn.current, advance(*txn.current, one));
    }
}

/// The table after our commit, from what we wrote: a commit that happened is never reported as
/// failed because reading it back failed.
Result<TableSnapshotPtr> after_commit(const Transaction& txn, TableVersion version,
                                      const std::string& path, std::string text, Clock& clock) {
    const auto& location = txn.request.location;
    auto object = location.store->head(path);
    std::vector<NextCommit> ours;
    ours.push_back({version, LogText(path, std::move(text)),
                    object ? Timestamp::from_millis(object->modified.millis()) : clock.now(),
                    object ? std::optional(*object) : std::nullopt});
    return txn.current ? advance(*txn.current, ours) : begin(location, ours);
}

Result<TableSnapshotPtr> open_base(const CommitRequest& request, ParquetIo& parquet) {
    if (request.base == nullptr) return TableSnapshotPtr();
    if (auto base = std::dynamic_pointer_cast<const TableSnapshot>(request.base)) return base;
    INGOT_TRY_ASSIGN(const auto opened, open_snapshot(request.location, parquet,
                                                      {request.base->version(), {}, nullptr}));
    return std::dynamic_pointer_cast<const TableSnapshot>(opened);
}

}  // namespace

Result<CommitOutcome> commit(const CommitRequest& request, ParquetIo& parquet, Clock& clock) {
    INGOT_TRY_ASSIGN(auto base, open_base(request, parquet));
    Transaction txn{request, base, random_uuid(), {}, base};
    INGOT_TRY(check_kinds(txn));
    INGOT_TRY_ASSIGN(const auto actions, complete_actions(txn));
    INGOT_TRY(check_request(txn, actions));
    INGOT_TRY_ASSIGN(const auto config, config_after(txn, actions));
    for (int attempt = 0; attempt < std::max(request.attempts, 1); ++attempt) {
        const TableVersion version(txn.current ? txn.current->version().value() + 1 : 0);
        const std::string path = request.location.object(commit_path(version));
        std::string text =
            commit_text(commit_info(txn, config->in_commit_timestamps(), clock), actions);
        INGOT_TRY_ASSIGN(const Attempt outcome, try_commit(txn, path, text, clock));
        if (outcome == Attempt::kWon) {
            INGOT_TRY_ASSIGN(auto snapshot,
                             after_commit(txn, version, path, std::move(text), clock));
            auto warnings = after_commit_work(*snapshot, txn.txn_id, parquet, clock);
            return CommitOutcome(Committed{version, std::move(snapshot), std::move(warnings)});
        }
        if (txn.current == nullptr) {
            return CommitOutcome(Conflict{ConflictKind::kTableCreated, version,
                                          "the table was created by another commit"});
        }
        INGOT_TRY_ASSIGN(auto conflict, rebase(txn));
        if (conflict) return CommitOutcome(*std::move(conflict));
    }
    return make_error(ErrorCode::kCommitConflict, "{}: other commits came first {} times in a row",
                      request.location.to_string(), request.attempts);
}

}  // namespace ingot::delta

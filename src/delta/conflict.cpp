#include <algorithm>
#include <set>

#include "delta/conflict_internal.hpp"
#include "delta/skipping_internal.hpp"

namespace ingot::delta {
namespace {

enum class Isolation : std::uint8_t { kSerializable, kWriteSerializable, kSnapshot };

template <class T>
bool has_action(const std::vector<Action>& actions) {
    return std::any_of(actions.begin(), actions.end(),
                       [](const Action& action) { return std::holds_alternative<T>(action); });
}

template <class T, class Visit>
void each_action(const std::vector<Action>& actions, Visit&& visit) {
    for (const Action& action : actions) {
        if (const auto* typed = std::get_if<T>(&action)) visit(*typed);
    }
}

/// Rewrites that change no row need no more than that the files they replace are still there.
Isolation isolation_of(const TableSnapshot& base, const CommitRequest& request) {
    const bool only_files =
        std::all_of(request.actions.begin(), request.actions.end(), [](const Action& action) {
            if (const auto* add = std::get_if<Add>(&action)) return !add->data_change;
            if (const auto* remove = std::get_if<Remove>(&action)) return !remove->data_change;
            return false;
        });
    if (only_files && !request.data_change) return Isolation::kSnapshot;
    if (base.config().property("delta.isolationLevel") == "WriteSerializable") {
        return Isolation::kWriteSerializable;
    }
    return Isolation::kSerializable;
}

bool is_blind_append(const WinningCommit& winner) {
    bool blind = false;
    each_action<CommitInfo>(winner.actions, [&](const CommitInfo& info) {
        blind = info.is_blind_append.value_or(false);
    });
    return blind;
}

/// One check: a sentence when it finds a conflict.
using Finding = std::optional<std::string>;

Finding domain_conflict(const CommitRequest& request, const WinningCommit& winner) {
    std::set<std::string> ours(request.reads.domains.begin(), request.reads.domains.end());
    each_action<DomainMetadata>(request.actions,
                                [&](const DomainMetadata& d) { ours.insert(d.domain); });
    Finding finding;
    each_action<DomainMetadata>(winner.actions, [&](const DomainMetadata& domain) {
        if (ours.contains(domain.domain)) {
            finding = fmt::format("both write the domain '{}'", domain.domain);
        }
    });
    return finding;
}

Finding txn_conflict(const CommitRequest& request, const WinningCommit& winner) {
    std::set<std::string> ours(request.reads.app_ids.begin(), request.reads.app_ids.end());
    each_action<Txn>(request.actions, [&](const Txn& txn) { ours.insert(txn.app_id); });
    Finding finding;
    each_action<Txn>(winner.actions, [&](const Txn& txn) {
        if (ours.contains(txn.app_id)) {
            finding = fmt::format("the other commit wrote version {} of the application '{}'",
                                  txn.version, txn.app_id);
        }
    });
    return finding;
}

AddView view_of(const Add& add) {
    AddView view;
    view.path = add.path;
    for (const auto& [name, value] : add.partition_values) {
        view.partition_values.emplace_back(name, value);
    }
    view.size = add.size;
    if (add.stats) view.stats = *add.stats;
    if (add.deletion_vector) view.deletion_vector = *add.deletion_vector;
    return view;
}

/// The winner's new rows, as an index of their files.
Result<std::shared_ptr<const ColumnarFileIndex>> added_files(const TableSnapshot& base,
                                                             const WinningCommit& winner) {
    FileSegmentBuilder builder;
    each_action<Add>(winner.actions, [&](const Add& add) {
        if (add.data_change) builder.add(view_of(add));
    });
    FileIndexDraft draft;
    draft.add(builder.finish());
    return std::move(draft).finish(base.state().config);
}

Result<Finding> append_conflict(const TableSnapshot& base, const CommitRequest& request,
                                const WinningCommit& winner, Isolation isolation) {
    if (isolation == Isolation::kSnapshot) return Finding();
    const bool ignores_blind =
        isolation == Isolation::kWriteSerializable && !has_action<Metadata>(request.actions);
    if (ignores_blind && is_blind_append(winner)) return Finding();
    INGOT_TRY_ASSIGN(const auto added, added_files(base, winner));
    const auto sentence = [&](FileOrdinal file) {
        return fmt::format("the other commit added {}, which holds rows of those that were read",
                           added->path(file));
    };
    if (request.reads.whole_table && added->live_count() > 0) {
        return Finding(sentence(added->all().front()));
    }
    for (const Predicate& predicate : request.reads.predicates) {
        const auto files = added->select(predicate);
        if (!files.empty()) return Finding(sentence(files.front()));
    }
    return Finding();
}

Finding delete_read_conflict(const TableSnapshot& base, const CommitRequest& request,
                             const WinningCommit& winner) {
    FileKeyBuilder keys;
    FileSelection removed;
    each_action<Remove>(winner.actions, [&](const Remove& remove) {
        if (!remove.data_change) return;
        const auto& vector = remove.deletion_vector;
        const auto file = base.index().find(keys.key(remove.path, vector ? &*vector : nullptr));
        if (file) removed.push_back(*file);
    });
    if (removed.empty()) return std::nullopt;
    std::sort(removed.begin(), removed.end());
    const auto sentence = [&](FileOrdinal file) {
        return fmt::format("the other commit removed {}, which was read", base.index().path(file));
    };
    if (request.reads.whole_table) return sentence(removed.front());
    for (const Predicate& predicate : request.reads.predicates) {
        const auto read = base.index().select(predicate, removed);
        if (!read.empty()) return sentence(read.front());
    }
    return std::nullopt;
}

Finding delete_delete_conflict(const CommitRequest& request, const WinningCommit& winner) {
    FileKeyBuilder keys;
    FileKeySet theirs;
    each_action<Remove>(winner.actions, [&](const Remove& remove) {
        theirs.insert(keys.key(remove.path, nullptr));
    });
    Finding finding;
    each_action<Remove>(request.actions, [&](const Remove& remove) {
        if (!finding && theirs.contains(keys.key(remove.path, nullptr))) {
            finding = fmt::format("both remove {}", remove.path);
        }
    });
    return finding;
}

}  // namespace

Result<std::optional<Conflict>> check_conflict(const TableSnapshot& base,
                                               const CommitRequest& request,
                                               const WinningCommit& winner) {
    const auto conflict = [&](ConflictKind kind, std::string detail) {
        return std::optional<Conflict>(Conflict{kind, winner.version, std::move(detail)});
    };
    if (has_action<Protocol>(winner.actions)) {
        return conflict(ConflictKind::kProtocolChanged,
                        "the other commit changed the table's protocol");
    }
    if (has_action<Metadata>(winner.actions)) {
        return conflict(ConflictKind::kMetadataChanged,
                        "the other commit changed the table's schema or properties");
    }
    if (auto found = domain_conflict(request, winner)) {
        return conflict(ConflictKind::kDomainMetadata, *std::move(found));
    }
    if (auto found = txn_conflict(request, winner)) {
        return conflict(ConflictKind::kConcurrentTransaction, *std::move(found));
    }
    const Isolation isolation = isolation_of(base, request);
    INGOT_TRY_ASSIGN(auto appended, append_conflict(base, request, winner, isolation));
    if (appended) return conflict(ConflictKind::kConcurrentAppend, *std::move(appended));
    if (auto found = delete_read_conflict(base, request, winner)) {
        return conflict(ConflictKind::kConcurrentDeleteRead, *std::move(found));
    }
    if (auto found = delete_delete_conflict(request, winner)) {
        return conflict(ConflictKind::kConcurrentDeleteDelete, *std::move(found));
    }
    return std::optional<Conflict>();
}

}  // namespace ingot::delta

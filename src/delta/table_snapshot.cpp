#include "delta/deletion_vector_internal.hpp"
#include "delta/table_snapshot_internal.hpp"
#include "delta/uri_internal.hpp"

namespace ingot::delta {
namespace {

Result<TableSnapshotPtr> apply_commits(TableSnapshot::State state, FileIndexDraft draft,
                                       const std::vector<NextCommit>& commits) {
    LogReplay replay;
    for (auto commit = commits.rbegin(); commit != commits.rend(); ++commit) {
        INGOT_TRY(replay.add_commit(commit->text));
    }
    replay.close_segment();
    for (const std::string_view key : replay.seen.keys()) draft.remove(key);
    for (auto& segment : replay.segments) draft.add(std::move(segment));
    state.version = commits.back().version;
    // Rising from version to version, as a reader of the whole log sees it.
    for (const NextCommit& commit : commits) {
        const Timestamp least = state.timestamp + std::chrono::milliseconds(1);
        state.timestamp = std::max(commit.timestamp, least);
    }
    state.tip = commits.back().object;
    return make_table_snapshot(std::move(state), std::move(replay), std::move(draft));
}

}  // namespace

std::optional<std::int64_t> TableSnapshot::txn(std::string_view app_id) const {
    const auto found = state_.txns.find(std::string(app_id));
    return found == state_.txns.end() ? std::nullopt : std::optional(found->second.version);
}

std::optional<std::string> TableSnapshot::domain(std::string_view name) const {
    const auto found = state_.domains.find(std::string(name));
    if (found == state_.domains.end() || found->second.removed) return std::nullopt;
    return found->second.configuration;
}

Result<std::string> TableSnapshot::data_file_path(FileOrdinal file) const {
    return resolve_data_path(state_.location, state_.files->path(file));
}

Result<std::shared_ptr<const std::vector<std::uint64_t>>> TableSnapshot::deleted_rows(
    FileOrdinal file) const {
    const auto vector = state_.files->deletion_vector(file);
    if (!vector) return std::shared_ptr<const std::vector<std::uint64_t>>();
    auto rows = read_deletion_vector(state_.location, *vector);
    if (!rows) {
        return std::move(rows).error().with(
            fmt::format("reading the deletion vector of {}", state_.files->path(file)));
    }
    return std::make_shared<const std::vector<std::uint64_t>>(*std::move(rows));
}

Result<TableSnapshotPtr> make_table_snapshot(TableSnapshot::State state, LogReplay replay,
                                             FileIndexDraft draft) {
    if (replay.protocol || replay.metadata) {
        const auto* old = state.config.get();
        if (old == nullptr && !replay.protocol) {
            return make_error(ErrorCode::kCorruptData, "the log of {} has no protocol action",
                              state.location.to_string());
        }
        if (old == nullptr && !replay.metadata) {
            return make_error(ErrorCode::kCorruptData, "the log of {} has no metaData action",
                              state.location.to_string());
        }
        Protocol protocol = replay.protocol ? *std::move(replay.protocol) : old->protocol();
        Metadata metadata = replay.metadata ? *std::move(replay.metadata) : old->metadata();
        INGOT_TRY_ASSIGN(state.config, TableConfig::make(std::move(protocol), std::move(metadata)));
    }
    if (state.config == nullptr) {
        return make_error(ErrorCode::kCorruptData, "the log of {} has no protocol and no metaData",
                          state.location.to_string());
    }
    if (state.config->in_commit_timestamps() && replay.tip_info &&
        replay.tip_info->in_commit_timestamp) {
        state.timestamp = Timestamp::from_millis(*replay.tip_info->in_commit_timestamp);
    }
    for (auto& [id, txn] : replay.txns) state.txns.insert_or_assign(id, std::move(txn));
    for (auto& [name, domain] : replay.domains) {
        state.domains.insert_or_assign(name, std::move(domain));
    }
    INGOT_TRY_ASSIGN(state.files, std::move(draft).finish(state.config));
    return TableSnapshotPtr(std::make_shared<TableSnapshot>(std::move(state)));
}

Result<TableSnapshotPtr> advance(const TableSnapshot& base,
                                 const std::vector<NextCommit>& commits) {
    return apply_commits(base.state(), FileIndexDraft(base.index()), commits);
}

Result<TableSnapshotPtr> begin(const TableLocation& location,
                               const std::vector<NextCommit>& commits) {
    TableSnapshot::State state;
    state.location = location;
    state.timestamp = Timestamp::from_micros(INT64_MIN / 2);
    return apply_commits(std::move(state), FileIndexDraft(), commits);
}

Result<std::string> resolve_data_path(const TableLocation& location, std::string_view path) {
    auto decoded = uri_decode(path);
    if (!decoded) {
        return make_error(ErrorCode::kCorruptData, "'{}' in the log is no URI", path);
    }
    if (!is_absolute(path)) return location.object(*decoded);
    std::string_view absolute = *decoded;
    if (absolute.starts_with("file:")) {
        absolute.remove_prefix(5);
        while (absolute.starts_with("//")) absolute.remove_prefix(1);
    }
    // A file that lies in the store anyway is named as such: other stores may not be reachable.
    const auto within = [&](std::string_view root) -> std::optional<std::string> {
        while (root.ends_with('/')) root.remove_suffix(1);
        if (root.empty() || !absolute.starts_with(root) || absolute.size() <= root.size() ||
            absolute[root.size()] != '/') {
            return std::nullopt;
        }
        return std::string(absolute.substr(root.size() + 1));
    };
    if (auto inside = within(location.store->uri())) return *std::move(inside);
    if (const auto root = location.store->local_path("")) {
        if (auto inside = within(*root)) return *std::move(inside);
    }
    return std::string(absolute);
}

std::string TableLocation::to_string() const {
    return path.empty() ? store->uri() : store->uri() + "/" + path;
}

std::string TableLocation::object(std::string_view name_in_table) const {
    if (path.empty()) return std::string(name_in_table);
    return path + "/" + std::string(name_in_table);
}

}  // namespace ingot::delta

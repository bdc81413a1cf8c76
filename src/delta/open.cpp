#include <algorithm>

#include "delta/checkpoint_internal.hpp"
#include "delta/log_segment_internal.hpp"
#include "delta/segment_read_internal.hpp"
#include "delta/snapshot.hpp"
#include "delta/table_feature_internal.hpp"
#include "delta/table_snapshot_internal.hpp"

namespace ingot::delta {
namespace {

/// From how many new commits on a newer checkpoint is the shorter way.
constexpr std::size_t kLongTail = 50;

/// All actions of a segment, files in the order in which they win; or why its checkpoint can't be
/// read.
Result<std::optional<Error>> replay_segment(const TableLocation& location,
                                            const LogSegment& segment, ParquetIo& parquet,
                                            LogReplay& replay) {
    for (auto commit = segment.commits.rbegin(); commit != segment.commits.rend(); ++commit) {
        INGOT_TRY_ASSIGN(const LogText text, read_log_file(location, commit->object));
        INGOT_TRY(replay.add_commit(text));
    }
    replay.close_segment();
    if (!segment.checkpoint) return std::optional<Error>();
    return damage_of(read_checkpoint(location, *segment.checkpoint, parquet, replay));
}

Result<TableSnapshotPtr> load(const TableLocation& location, std::optional<TableVersion> version,
                              ParquetIo& parquet) {
    std::optional<LogReplay> read;
    INGOT_TRY_ASSIGN(const LogSegment segment,
                     read_any_segment(location, version, [&](const LogSegment& candidate) {
                         read.emplace();
                         return replay_segment(location, candidate, parquet, *read);
                     }));
    LogReplay& replay = *read;
    if (segment.commits.empty() && segment.tip && replay.protocol &&
        has_feature(*replay.protocol, "inCommitTimestamp")) {
        // A checkpoint does not keep the commitInfo that has the version's timestamp.
        INGOT_TRY_ASSIGN(const LogText text, read_log_file(location, segment.tip->object));
        INGOT_TRY_ASSIGN(replay.tip_info, find_commit_info(text));
    }
    TableSnapshot::State state;
    state.location = location;
    state.version = segment.version;
    state.timestamp = segment.timestamp;
    if (segment.tip) state.tip = segment.tip->object;
    FileIndexDraft draft;
    // Oldest first, as later refreshes go on.
    for (auto files = replay.segments.rbegin(); files != replay.segments.rend(); ++files) {
        draft.add(*files);
    }
    return make_table_snapshot(std::move(state), std::move(replay), std::move(draft));
}

bool same_object(const storage::ObjectInfo& a, const storage::ObjectInfo& b) {
    return a.size == b.size && a.modified == b.modified && a.etag == b.etag;
}

/// The commits after `base` up to `wanted`; nothing when they can't be applied to it (another
/// table at the same place, commits cleaned up, or a checkpoint is the shorter way).
std::optional<std::vector<CommitFile>> commits_since(const TableSnapshot& base,
                                                     const std::vector<LogFile>& files,
                                                     std::optional<TableVersion> wanted) {
    std::vector<CommitFile> commits = commit_files(files);
    const auto& tip = base.state().tip;
    const bool same_table = !commits.empty() && commits.front().version == base.version() && tip &&
                            same_object(*tip, commits.front().object);
    if (!same_table) return std::nullopt;
    commits.erase(commits.begin());
    if (wanted) std::erase_if(commits, [&](const auto& c) { return c.version > *wanted; });
    std::int64_t next = base.version().value() + 1;
    for (const auto& commit : commits) {
        if (commit.version.value() != next++) return std::nullopt;
    }
    if (wanted && next != wanted->value() + 1) return std::nullopt;
    for (const LogFile& file : files) {
        if (file.name.kind == LogFileKind::kCommit || file.name.kind == LogFileKind::kChecksum ||
            file.name.last_version() <= base.version()) {
            continue;
        }
        // Further than the commits, which have been cleaned up.
        if (file.name.last_version().value() >= next) return std::nullopt;
        const bool is_checkpoint = file.name.kind != LogFileKind::kCompaction;
        if (is_checkpoint && commits.size() > kLongTail) return std::nullopt;
    }
    return commits;
}

/// Null when the known snapshot is no help.
Result<TableSnapshotPtr> refresh(const TableLocation& location, const SnapshotPtr& known,
                                 std::optional<TableVersion> wanted) {
    const auto base = std::dynamic_pointer_cast<const TableSnapshot>(known);
    if (base == nullptr || base->location().store != location.store ||
        base->location().path != location.path || (wanted && *wanted < base->version())) {
        return TableSnapshotPtr();
    }
    if (wanted == base->version()) return base;
    INGOT_TRY_ASSIGN(const auto files, list_log(location, base->version()));
    const auto commits = commits_since(*base, files, wanted);
    if (!commits) return TableSnapshotPtr();
    if (commits->empty()) return base;
    std::vector<NextCommit> next;
    for (const auto& commit : *commits) {
        INGOT_TRY_ASSIGN(LogText text, read_log_file(location, commit.object));
        next.push_back({commit.version, std::move(text), commit.timestamp, commit.object});
    }
    return advance(*base, next);
}

Result<TableVersion> version_at(const TableLocation& location, Timestamp at) {
    INGOT_TRY_ASSIGN(const auto files, list_log(location, TableVersion(0)));
    const auto commits = commit_files(files);
    if (commits.empty()) {
        return make_error(ErrorCode::kNotFound, "there is no Delta table at {}",
                          location.to_string());
    }
    const auto timestamp_of = [&](const CommitFile& commit) -> Result<Timestamp> {
        INGOT_TRY_ASSIGN(const LogText text, read_log_file(location, commit.object));
        INGOT_TRY_ASSIGN(const auto info, find_commit_info(text));
        if (info && info->in_commit_timestamp) {
            return Timestamp::from_millis(*info->in_commit_timestamp);
        }
        return commit.timestamp;
    };
    // In-commit timestamps are read only where the newest commit has one.
    INGOT_TRY_ASSIGN(const Timestamp newest, timestamp_of(commits.back()));
    const bool in_commit = newest != commits.back().timestamp;
    std::size_t low = 0;
    std::size_t high = commits.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        Timestamp timestamp = commits[middle].timestamp;
        if (in_commit) {
            INGOT_TRY_ASSIGN(timestamp, timestamp_of(commits[middle]));
        }
        if (timestamp <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return make_error(ErrorCode::kNotFound, "{} has no version at {}: its log begins later",
                          location.to_string(), at.to_string());
    }
    return commits[low - 1].version;
}

}  // namespace

Result<SnapshotPtr> open_snapshot(const TableLocation& location, ParquetIo& parquet,
                                  const SnapshotRequest& request) {
    if (request.version && request.as_of) {
        return make_error(ErrorCode::kInvalidArgument,
                          "a snapshot is opened by version or by timestamp, not both");
    }
    std::optional<TableVersion> version = request.version;
    if (request.as_of) {
        INGOT_TRY_ASSIGN(version, version_at(location, *request.as_of));
    }
    if (request.known != nullptr) {
        INGOT_TRY_ASSIGN(auto refreshed, refresh(location, request.known, version));
        if (refreshed != nullptr) return SnapshotPtr(std::move(refreshed));
    }
    const auto opened = [&]() -> Result<SnapshotPtr> {
        INGOT_TRY_ASSIGN_WITH(auto snapshot, load(location, version, parquet),
                              "opening the table at " + location.to_string());
        return SnapshotPtr(std::move(snapshot));
    };
    auto result = opened();
    // A file may have been cleaned up between listing and reading: one fresh look settles it.
    if (!result && result.error().code == ErrorCode::kNotFound) return opened();
    return result;
}

Result<bool> table_exists(const TableLocation& location) {
    INGOT_TRY_ASSIGN(const auto files, list_log(location, TableVersion(0)));
    return std::any_of(files.begin(), files.end(), [](const LogFile& file) {
        return file.name.kind != LogFileKind::kChecksum;
    });
}

Result<std::vector<HistoryEntry>> read_history(const TableLocation& location, std::size_t limit) {
    INGOT_TRY_ASSIGN(const auto files, list_log(location, TableVersion(0)));
    const auto commits = commit_files(files);
    if (commits.empty()) {
        return make_error(ErrorCode::kNotFound, "there is no Delta table at {}",
                          location.to_string());
    }
    std::vector<HistoryEntry> history;
    for (auto commit = commits.rbegin(); commit != commits.rend() && history.size() < limit;
         ++commit) {
        INGOT_TRY_ASSIGN(const LogText text, read_log_file(location, commit->object));
        INGOT_TRY_ASSIGN(auto info, find_commit_info(text));
        Timestamp timestamp = commit->timestamp;
        if (info && info->in_commit_timestamp) {
            timestamp = Timestamp::from_millis(*info->in_commit_timestamp);
        }
        history.push_back({commit->version, timestamp, std::move(info)});
    }
    return history;
}

Result<std::vector<Action>> read_commit(const TableLocation& location, TableVersion version) {
    const std::string path = location.object(commit_path(version));
    INGOT_TRY_ASSIGN(std::string bytes, location.store->read(path));
    return parse_actions(
        LogText(fmt::format("{}/{}", location.store->uri(), path), std::move(bytes)));
}

Result<TableVersion> latest_version(const TableLocation& location) {
    INGOT_TRY_ASSIGN_WITH(const LogSegment segment, find_segment(location, std::nullopt),
                          "looking for the newest version of " + location.to_string());
    return segment.version;
}

}  // namespace ingot::delta

#pragma once
// The files of the log: their names, and which of them make up a version.
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "delta/action_json_internal.hpp"
#include "delta/ids.hpp"
#include "delta/snapshot.hpp"
#include "storage/object_store.hpp"

namespace ingot::delta {

inline constexpr std::string_view kLogFolder = "_delta_log/";
inline constexpr std::string_view kLastCheckpoint = "_delta_log/_last_checkpoint";

/// Names within the table: `_delta_log/00000000000000000007.json`.
std::string commit_path(TableVersion version);
std::string checkpoint_path(TableVersion version);
std::string checksum_path(TableVersion version);
/// What every file of that version begins with: `_delta_log/00000000000000000007`.
std::string version_prefix(TableVersion version);

enum class LogFileKind : std::uint8_t {
    kCommit,
    kChecksum,
    kClassicCheckpoint,
    kMultiPartCheckpoint,
    kUuidCheckpoint,
    kCompaction,
};

struct LogFileName {
    LogFileKind kind;
    TableVersion version;  ///< Of a compaction the first one.
    int part = 0;          ///< Multi-part checkpoints, from 1.
    int parts = 0;
    bool is_json = false;                                     ///< Of UUID checkpoints.
    std::optional<TableVersion> compacted_to = std::nullopt;  ///< Of a compaction the last one.

    TableVersion last_version() const { return compacted_to.value_or(version); }
};
/// Reads a name without its folder; nothing for anything that is no file of the log.
std::optional<LogFileName> parse_log_file_name(std::string_view name);

struct LogFile {
    LogFileName name;
    storage::ObjectInfo object;
};

struct CommitFile {
    TableVersion version;
    storage::ObjectInfo object;
    Timestamp timestamp;  ///< Modification time, made to rise from commit to commit.
};

struct CheckpointFiles {
    TableVersion version;
    std::vector<storage::ObjectInfo> files;  ///< One, or all parts in order.
    bool is_json = false;
};

/// The files that make up one version. A value: what follows from a listing without further I/O.
struct LogSegment {
    TableVersion version;
    std::optional<CheckpointFiles> checkpoint;  ///< The newest complete one at or below `version`.
    /// After the checkpoint, up to `version`. A compaction stands here, under its last version,
    /// for commits that are gone.
    std::vector<CommitFile> commits;
    std::optional<CommitFile> tip;  ///< The commit of `version`, when it is listed.
    Timestamp timestamp;            ///< Of `version`, by modification time.
};

/// The files of the log in a listing, sorted by version.
std::vector<LogFile> log_files(const std::vector<storage::ObjectInfo>& listing);
/// The commits among them.
std::vector<CommitFile> commit_files(const std::vector<LogFile>& files);

/// The newest complete checkpoint at or below that version.
std::optional<CheckpointFiles> newest_checkpoint(const std::vector<LogFile>& files,
                                                 TableVersion at_most);

/// Chooses the files of `version` (newest: nullopt): the newest checkpoint and the commits after
/// it; a compaction only where the commits that it repeats are gone. kNotFound without a log or
/// such a version, kCorruptData when commits are missing in between.
Result<LogSegment> make_segment(const std::vector<LogFile>& files,
                                std::optional<TableVersion> version);

/// `_last_checkpoint`, as far as it can be believed: nothing when absent or damaged.
struct CheckpointHint {
    TableVersion version;
};
Result<std::optional<CheckpointHint>> read_checkpoint_hint(const TableLocation& location);
/// The text of `_last_checkpoint`, with its checksum.
std::string checkpoint_hint_json(TableVersion version, std::int64_t actions, std::int64_t bytes,
                                 std::int64_t files);

/// Lists the log from `from` on (inclusive).
Result<std::vector<LogFile>> list_log(const TableLocation& location, TableVersion from);

/// The files of `version`, by way of the hint when it helps. `without`: objects that are taken for
/// absent.
Result<LogSegment> find_segment(const TableLocation& location, std::optional<TableVersion> version,
                                const std::set<std::string>& without = {});

/// The lines of one file of the log.
Result<LogText> read_log_file(const TableLocation& location, const storage::ObjectInfo& object);

}  // namespace ingot::delta

#include <set>

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "delta/checkpoint_internal.hpp"
#include "delta/commit.hpp"
#include "delta/damaged_checkpoints.hpp"
#include "delta/segment_read_internal.hpp"

namespace ingot::delta {
namespace {

std::string full_name(const TableLocation& location, const CheckpointFiles& checkpoint) {
    const std::string more =
        checkpoint.files.size() == 1 ? "" : fmt::format(" (of {} parts)", checkpoint.files.size());
    return fmt::format("{}/{}{}", location.store->uri(), checkpoint.files.front().path, more);
}

std::string way_of(const LogSegment& segment) {
    if (!segment.checkpoint) return "from the commits alone";
    return fmt::format("from the checkpoint of version {} and the commits after it",
                       segment.checkpoint->version);
}

/// A run opens a table many times.
void warn_once(const std::string& checkpoint, const LogSegment& instead, const Error& problem) {
    static Guarded<std::set<std::string>> warned;
    if (!warned.lock()->insert(checkpoint).second) return;
    log_warning(
        "the checkpoint {} can't be read; version {} was rebuilt {}. `ingot table fsck TABLE "
        "--remove` writes a new one in its place ({})",
        checkpoint, instead.version, way_of(instead), problem.message);
}

Error no_other_way(const TableLocation& location, TableVersion version, Error damage,
                   const Error& why) {
    return std::move(damage).with(fmt::format(
        "version {} of {} can't be rebuilt without this checkpoint ({}): put the file back from a "
        "copy of the table",
        version, location.to_string(), why.to_string()));
}

}  // namespace

Result<LogSegment> read_any_segment(const TableLocation& location,
                                    std::optional<TableVersion> version, const ReadSegment& read) {
    INGOT_TRY_ASSIGN(LogSegment segment, find_segment(location, version));
    std::set<std::string> unreadable;
    std::vector<std::pair<std::string, Error>> damaged;
    while (true) {
        INGOT_TRY_ASSIGN(auto damage, read(segment));
        if (!damage) break;
        for (const auto& file : segment.checkpoint->files) unreadable.insert(file.path);
        damaged.emplace_back(full_name(location, *segment.checkpoint), *std::move(damage));
        auto other = find_segment(location, segment.version, unreadable);
        if (!other) {
            return no_other_way(location, segment.version, std::move(damaged.front().second),
                                other.error());
        }
        segment = *std::move(other);
    }
    for (const auto& [checkpoint, problem] : damaged) warn_once(checkpoint, segment, problem);
    return segment;
}

Result<std::vector<DamagedCheckpoint>> find_damaged_checkpoints(const TableLocation& location,
                                                                ParquetIo& parquet) {
    INGOT_TRY_ASSIGN(auto files, list_log(location, TableVersion(0)));
    std::vector<DamagedCheckpoint> damaged;
    while (const auto checkpoint = newest_checkpoint(files, TableVersion(INT64_MAX))) {
        LogReplay replay;
        INGOT_TRY_ASSIGN(const auto damage,
                         damage_of(read_checkpoint(location, *checkpoint, parquet, replay)));
        std::set<std::string> seen;
        for (const auto& file : checkpoint->files) seen.insert(file.path);
        std::erase_if(files, [&](const LogFile& file) { return seen.contains(file.object.path); });
        if (!damage) continue;
        DamagedCheckpoint one{checkpoint->version, {}, damage->message};
        const std::size_t folder = location.object("").size();
        for (const std::string& path : seen) one.files.push_back(path.substr(folder));
        damaged.push_back(std::move(one));
    }
    return damaged;
}

Result<std::int64_t> replace_damaged_checkpoints(const Snapshot& snapshot,
                                                 const std::vector<DamagedCheckpoint>& damaged,
                                                 ParquetIo& parquet, Clock& clock) {
    if (damaged.empty()) return 0;
    INGOT_TRY(write_checkpoint(snapshot, parquet, clock));
    std::int64_t removed = 0;
    for (const DamagedCheckpoint& checkpoint : damaged) {
        for (const std::string& file : checkpoint.files) {
            if (file == checkpoint_path(snapshot.version())) continue;  // The new one's name.
            INGOT_TRY(snapshot.location().store->remove(snapshot.location().object(file)));
            ++removed;
        }
    }
    return removed;
}

}  // namespace ingot::delta

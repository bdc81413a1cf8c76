#pragma once
// What lies in a table's folder and does not belong there, and what belongs there and is not there.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "delta/damaged_checkpoints.hpp"
#include "delta/ports.hpp"
#include "delta/snapshot.hpp"

namespace ingot::publish {

/// A file of the table's folder. `path` is within the folder.
struct StrayFile {
    std::string path;
    std::uint64_t size = 0;
    Timestamp modified;
};

/// A live file that cannot be read as the log says.
struct DamagedFile {
    std::string path;
    std::string problem;  ///< `absent`, `1000 bytes instead of 2000`
};

struct TableInspection {
    std::optional<delta::TableVersion> version;  ///< Absent: the folder has no log.
    std::int64_t live_files = 0;
    std::int64_t unchecked_files = 0;  ///< Live files that lie outside the store.
    std::vector<StrayFile> orphans;    ///< By path. Nothing reads them.
    std::vector<StrayFile> young;      ///< Unreferenced too, but perhaps of a run that is at work.
    std::vector<DamagedFile> damaged;  ///< Live files, and the progress file in force.
    /// Of the log. No row is lost by them: the version was rebuilt without.
    std::vector<delta::DamagedCheckpoint> damaged_checkpoints;
    std::uint64_t orphan_bytes() const;
};

struct InspectionOptions {
    /// Younger files are spared: by modification time and by the time in the name (the run's id).
    /// Zero spares nothing: only where no run is at work.
    Duration older_than = std::chrono::hours(1);
    Timestamp now;
};

/// Compares the folder with its log. Orphans are Parquet files and progress files that no commit in
/// the log, no checkpoint and no tombstone names; without a log, only files named as Ingot names
/// them. Folders of other tables inside this one are left alone. Reads every commit of the log.
/// Errors: kCorruptData, kIo: then nothing is known, and nothing must be removed.
Result<TableInspection> inspect_table(const delta::TableLocation& location,
                                      delta::ParquetIo& parquet, const InspectionOptions& options);

/// Removes the orphans and what interrupted writes left in the store's own temporary files. Returns
/// how many files are gone.
Result<std::int64_t> remove_orphans(const delta::TableLocation& location,
                                    const TableInspection& inspection,
                                    const InspectionOptions& options);

}  // namespace ingot::publish

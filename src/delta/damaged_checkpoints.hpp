#pragma once
#include <string>
#include <vector>

#include "base/time.hpp"
#include "delta/snapshot.hpp"

namespace ingot::delta {

/// A checkpoint of the log that can't be read. Versions are rebuilt without it as long as the log
/// before it is there.
struct DamagedCheckpoint {
    TableVersion version;
    std::vector<std::string> files;  ///< Within the table; without its sidecars.
    std::string problem;
};

/// Reads every complete checkpoint of the log, the newest first.
Result<std::vector<DamagedCheckpoint>> find_damaged_checkpoints(const TableLocation& location,
                                                                ParquetIo& parquet);

/// Writes a checkpoint of the snapshot, and only after that removes the damaged ones. Returns how
/// many files are gone. Errors leave the damaged ones where they are.
Result<std::int64_t> replace_damaged_checkpoints(const Snapshot& snapshot,
                                                 const std::vector<DamagedCheckpoint>& damaged,
                                                 ParquetIo& parquet, Clock& clock);

}  // namespace ingot::delta

#pragma once
#include <vector>

#include "delta/snapshot.hpp"

namespace ingot::delta {

/// Files that were removed, as the log up to that version still knows them: of its checkpoint and
/// of the commits after it. A file that came back is not among them.
Result<std::vector<Remove>> read_tombstones(const Snapshot& snapshot, ParquetIo& parquet);

}  // namespace ingot::delta

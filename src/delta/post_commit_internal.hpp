#pragma once
#include <string>
#include <vector>

#include "base/time.hpp"
#include "delta/ports.hpp"
#include "delta/table_snapshot_internal.hpp"

namespace ingot::delta {

/// What follows a commit: version checksum, a due checkpoint, log cleanup. What fails comes back as
/// warnings: the commit stands. `txn_id`: of the commit.
std::vector<std::string> after_commit_work(const TableSnapshot& snapshot, const std::string& txn_id,
                                           ParquetIo& parquet, Clock& clock);

}  // namespace ingot::delta

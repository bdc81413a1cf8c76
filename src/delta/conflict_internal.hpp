#pragma once
// The conflict check: may a transaction still commit although another one came first? Pure.
#include <optional>
#include <vector>

#include "delta/commit.hpp"
#include "delta/table_snapshot_internal.hpp"

namespace ingot::delta {

/// What committed while the transaction was under way.
struct WinningCommit {
    TableVersion version;
    std::vector<Action> actions;
};

/// Nothing when the transaction holds after the winner too. `base` is the snapshot that the
/// transaction read. The order of the checks is that of Delta's own conflict checker.
/// Rearrangements (dataChange false) by the winner hold the same rows: they conflict only with
/// who removes the same files.
Result<std::optional<Conflict>> check_conflict(const TableSnapshot& base,
                                               const CommitRequest& request,
                                               const WinningCommit& winner);

}  // namespace ingot::delta

#pragma once
// What a table has that an earlier version of it had not: for exports that only send that.
#include <optional>
#include <vector>

#include "delta/snapshot.hpp"

namespace ingot::task {

struct TableChanges {
    /// Files that commits added with rows which were not in the table before. They need not be
    /// part of the table any more.
    std::vector<delta::Add> fresh;
    /// Files of the table that hold every row which it had not then, and maybe others.
    std::vector<delta::Add> covering;
    /// The first commit that took rows away or changed some.
    std::optional<delta::TableVersion> changed_rows_at;
};

/// From the commits in (since, now]. Nothing when log cleanup removed some of them.
Result<std::optional<TableChanges>> changes_since(const delta::Snapshot& now,
                                                  delta::TableVersion since);

}  // namespace ingot::task

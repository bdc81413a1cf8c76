#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/snapshot.hpp"

namespace ingot::delta {

/// What differs from the base snapshot.
struct Overlay {
    bool only_added = false;  ///< None of the base's files.
    FileSelection removed;    ///< Ordinals of the base; not with `only_added`.
    std::vector<Add> added;
    std::optional<Metadata> metadata;  ///< Instead of the base's; required without a base.
};

/// A snapshot that is in no log: `base` (may be null: an empty table) with other files or another
/// schema. It is read like any other: for auditing staged files, and for reading a part of a table.
Result<SnapshotPtr> overlay(const TableLocation& location, const SnapshotPtr& base,
                            const Overlay& difference);

/// Path within the store of a data file that an action names: decoded, relative paths below the
/// table. kUnsupported for an absolute path outside the store.
Result<std::string> data_object(const TableLocation& location, std::string_view action_path);

}  // namespace ingot::delta

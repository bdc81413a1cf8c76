#pragma once
// What TABLE|PATH on the command line stands for.
#include <optional>
#include <string>

#include "cli/invocation.hpp"
#include "delta/snapshot.hpp"

namespace ingot::cli {

struct LakeTable {
    std::string name;  ///< `silver.events`, or the path as it was written.
    delta::TableLocation location;
};

/// `layer.name` is a table of the lake; what has a slash, or begins with a dot, is a folder or URI
/// of any Delta table. Does not look whether it exists.
Result<LakeTable> parse_lake_table(Invocation& invocation, const std::string& text);

/// The same, opened. kNotFound says what is there instead.
Result<delta::SnapshotPtr> open_lake_table(
    Invocation& invocation, const std::string& text,
    std::optional<delta::TableVersion> version = std::nullopt);

}  // namespace ingot::cli

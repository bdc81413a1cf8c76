#include "delta/overlay.hpp"

#include "delta/action_json_internal.hpp"
#include "delta/table_snapshot_internal.hpp"

namespace ingot::delta {
namespace {

/// The differences as a commit that nobody wrote.
std::string as_commit(const SnapshotPtr& base, const Overlay& difference, bool from_nothing) {
    std::string lines;
    if (from_nothing) append_action_line(lines, base ? base->protocol() : Protocol{});
    if (difference.metadata) {
        append_action_line(lines, *difference.metadata);
    } else if (from_nothing && base) {
        append_action_line(lines, base->metadata());
    }
    for (const FileOrdinal file : difference.removed) {
        append_action_line(lines, base->files().remove(file, 0, true));
    }
    for (const Add& add : difference.added) append_action_line(lines, add);
    return lines;
}

}  // namespace

Result<SnapshotPtr> overlay(const TableLocation& location, const SnapshotPtr& base,
                            const Overlay& difference) {
    INGOT_CHECK(base || difference.metadata, "an overlay without a base needs metadata");
    const bool from_nothing = !base || difference.only_added;
    std::vector<NextCommit> commits;
    const TableVersion version(base && !from_nothing ? base->version().value() + 1 : 0);
    commits.push_back(
        NextCommit{version, LogText("staged commit", as_commit(base, difference, from_nothing)),
                   base ? base->timestamp() : Timestamp(), std::nullopt});
    if (from_nothing) {
        INGOT_TRY_ASSIGN(TableSnapshotPtr snapshot, begin(location, commits));
        return SnapshotPtr(std::move(snapshot));
    }
    const auto* table = dynamic_cast<const TableSnapshot*>(base.get());
    INGOT_CHECK(table != nullptr, "a snapshot that this module did not make");
    INGOT_TRY_ASSIGN(TableSnapshotPtr snapshot, advance(*table, commits));
    return SnapshotPtr(std::move(snapshot));
}

Result<std::string> data_object(const TableLocation& location, std::string_view action_path) {
    INGOT_TRY_ASSIGN(std::string path, resolve_data_path(location, action_path));
    if (path.starts_with('/') || path.find("://") != std::string::npos) {
        return make_error(ErrorCode::kUnsupported, "{} lies outside of {}", path,
                          location.to_string());
    }
    return path;
}

}  // namespace ingot::delta

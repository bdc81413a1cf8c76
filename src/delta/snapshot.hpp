#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.hpp"
#include "delta/file_index.hpp"
#include "delta/ids.hpp"
#include "delta/ports.hpp"
#include "storage/object_store.hpp"

namespace ingot::delta {

/// Where a table lies: a folder of a store. Cheap to copy.
struct TableLocation {
    std::shared_ptr<storage::ObjectStore> store;
    std::string path;  ///< Folder within the store, no slash at either end; empty: the root itself.

    /// `store uri/path`, for messages.
    std::string to_string() const;
    /// Object path of a file of the table, relative to the store.
    std::string object(std::string_view name_in_table) const;
};

enum class ColumnMappingMode : std::uint8_t { kNone, kName, kId };

/// How one column of the table is found in a data file.
struct TableColumn {
    Field field;                ///< Logical name and type.
    std::string physical_name;  ///< The logical one without column mapping.
    std::optional<std::int32_t> field_id;
    std::optional<std::size_t> partition_index;  ///< Position among the partition columns.
};

/// One version of a table. Immutable and thread-safe; shared by all who read it.
class Snapshot {
public:
    virtual ~Snapshot() = default;
    virtual const TableLocation& location() const = 0;
    virtual TableVersion version() const = 0;
    /// In-commit timestamp where enabled, else the commit file's modification time (monotonised).
    virtual Timestamp timestamp() const = 0;
    virtual const Metadata& metadata() const = 0;
    virtual const Protocol& protocol() const = 0;
    virtual const Schema& schema() const = 0;  ///< Logical, with field metadata.
    virtual const std::vector<TableColumn>& columns() const = 0;
    virtual ColumnMappingMode column_mapping() const = 0;
    virtual const FileIndex& files() const = 0;
    /// Version of the last txn of that application.
    virtual std::optional<std::int64_t> txn(std::string_view app_id) const = 0;
    virtual std::map<std::string, Txn> txns() const = 0;
    virtual std::optional<std::string> domain(std::string_view name) const = 0;

    /// Where a data file lies: the decoded path, as a path within the store or an absolute URI
    /// (first char '/' or a scheme).
    virtual Result<std::string> data_file_path(FileOrdinal file) const = 0;
    /// Positions of deleted rows in that file, ascending; null when it has no deletion vector.
    /// Reads and verifies the vector.
    virtual Result<std::shared_ptr<const std::vector<std::uint64_t>>> deleted_rows(
        FileOrdinal file) const = 0;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// Which version to open. At most one of version and timestamp.
struct SnapshotRequest {
    std::optional<TableVersion> version;
    std::optional<Timestamp> as_of;  ///< The last version committed at or before.
    SnapshotPtr known;  ///< A cached snapshot, refreshed with the commits since when possible.
};

/// Opens a table by replaying its log. Errors: kNotFound when there is no table or no such version,
/// kUnsupported naming the reader feature that is not understood, kCorruptData naming the file for
/// a broken log.
Result<SnapshotPtr> open_snapshot(const TableLocation& location, ParquetIo& parquet,
                                  const SnapshotRequest& request = {});

/// Whether the folder holds a Delta log.
Result<bool> table_exists(const TableLocation& location);

struct HistoryEntry {
    TableVersion version;
    Timestamp timestamp;
    std::optional<CommitInfo> info;
};
/// Newest first. Versions whose commit file was cleaned up are absent.
Result<std::vector<HistoryEntry>> read_history(const TableLocation& location, std::size_t limit);

/// The actions of one commit. kNotFound when the commit file is gone.
Result<std::vector<Action>> read_commit(const TableLocation& location, TableVersion version);

/// The newest version present in the log, without replaying it. Cheap: for polling.
Result<TableVersion> latest_version(const TableLocation& location);

}  // namespace ingot::delta

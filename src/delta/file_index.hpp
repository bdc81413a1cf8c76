#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/scalar.hpp"
#include "delta/actions.hpp"
#include "delta/ids.hpp"
#include "delta/predicate.hpp"

namespace ingot::delta {

/// Which files of a snapshot a scan reads: ordinals in ascending order.
using FileSelection = std::vector<FileOrdinal>;

/// Closed bounds of a column in one file, as far as known. A missing bound means unknown.
struct ColumnBounds {
    std::optional<Scalar> min;
    std::optional<Scalar> max;  ///< Already widened by the truncation of strings and timestamps.
    std::optional<std::int64_t> null_count;
};

/// The live files of one snapshot, in columns: immutable segments shared between snapshots, and a
/// live bitmap. Thread-safe. Cost: about 100 bytes a file besides its path; statistics are parsed
/// on first use of a column.
class FileIndex {
public:
    virtual ~FileIndex() = default;

    virtual std::size_t live_count() const = 0;
    /// All live files, ascending.
    virtual FileSelection all() const = 0;
    /// Live files that may hold a row for which the predicate is true: partition values, bounds and
    /// null counts decide, wide bounds and missing statistics never exclude a file.
    virtual FileSelection select(const Predicate& predicate) const = 0;
    virtual FileSelection select(const Predicate& predicate, const FileSelection& among) const = 0;

    virtual std::string_view path(FileOrdinal file) const = 0;  ///< As in the log.
    virtual std::int64_t size(FileOrdinal file) const = 0;
    virtual std::int64_t modification_time(FileOrdinal file) const = 0;
    /// Rows in the Parquet file, deleted ones included; unknown without statistics.
    virtual std::optional<std::int64_t> num_records(FileOrdinal file) const = 0;
    /// Typed value of a partition column, by position in the snapshot's partition columns. Null
    /// where the log has null.
    virtual const Scalar& partition_value(FileOrdinal file, std::size_t partition_column) const = 0;
    virtual std::optional<DeletionVectorDescriptor> deletion_vector(FileOrdinal file) const = 0;
    virtual ColumnBounds bounds(FileOrdinal file, const Predicate::ColumnPath& column) const = 0;
    /// The whole add action, rebuilt.
    virtual Add add(FileOrdinal file) const = 0;
    /// The remove action that deletes this file, with `deletion_timestamp` in ms.
    virtual Remove remove(FileOrdinal file, std::int64_t deletion_timestamp,
                          bool data_change) const = 0;

    /// Sum of num_records minus deleted rows; unknown when any file has no count.
    virtual std::optional<std::int64_t> live_rows(const FileSelection& files) const = 0;
    virtual std::int64_t total_size() const = 0;
};

}  // namespace ingot::delta

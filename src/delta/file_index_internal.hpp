#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "delta/file_index.hpp"
#include "delta/file_segment_internal.hpp"
#include "delta/table_config_internal.hpp"

namespace ingot::delta {

/// Partition values of a segment's dictionary, typed, by position of the partition column.
struct TypedPartitions {
    std::vector<std::pair<std::string, DataType>> columns;  ///< Physical name and type.
    std::vector<std::vector<Scalar>> values;
};

/// Some files of a snapshot: a segment and which of its rows are live.
struct IndexPart {
    SegmentPtr segment;
    std::shared_ptr<const TypedPartitions> partitions;
    std::uint32_t base = 0;  ///< Ordinal of the segment's first row.
    std::vector<std::uint64_t> live;
    std::uint32_t live_count = 0;
    std::int64_t live_bytes = 0;

    bool is_live(std::uint32_t row) const { return (live[row >> 6] >> (row & 63) & 1) != 0; }
    template <class Visit>
    void each_live(Visit&& visit) const {
        for (std::size_t word = 0; word < live.size(); ++word) {
            for (std::uint64_t bits = live[word]; bits != 0; bits &= bits - 1) {
                visit(static_cast<std::uint32_t>(word * 64) +
                      static_cast<std::uint32_t>(__builtin_ctzll(bits)));
            }
        }
    }
};

class ColumnarFileIndex final : public FileIndex {
public:
    std::size_t live_count() const override;
    FileSelection all() const override;
    FileSelection select(const Predicate& predicate) const override;
    FileSelection select(const Predicate& predicate, const FileSelection& among) const override;
    std::string_view path(FileOrdinal file) const override;
    std::int64_t size(FileOrdinal file) const override;
    std::int64_t modification_time(FileOrdinal file) const override;
    std::optional<std::int64_t> num_records(FileOrdinal file) const override;
    const Scalar& partition_value(FileOrdinal file, std::size_t partition_column) const override;
    std::optional<DeletionVectorDescriptor> deletion_vector(FileOrdinal file) const override;
    ColumnBounds bounds(FileOrdinal file, const Predicate::ColumnPath& column) const override;
    Add add(FileOrdinal file) const override;
    Remove remove(FileOrdinal file, std::int64_t deletion_timestamp,
                  bool data_change) const override;
    std::optional<std::int64_t> live_rows(const FileSelection& files) const override;
    std::int64_t total_size() const override;

    /// The live file of that key.
    std::optional<FileOrdinal> find(std::string_view key) const;
    const std::vector<IndexPart>& parts() const { return parts_; }

private:
    friend class FileIndexDraft;
    struct Place {
        const IndexPart& part;
        std::uint32_t row;
    };
    Place place(FileOrdinal file) const;

    std::shared_ptr<const TableConfig> config_;
    std::vector<IndexPart> parts_;
};

/// An index in the making: an old one plus segments, minus files. Segments that died are dropped
/// and small ones merged, so that a table which is refreshed forever keeps few of them.
class FileIndexDraft {
public:
    FileIndexDraft() = default;
    explicit FileIndexDraft(const ColumnarFileIndex& base) : parts_(base.parts()) {}

    /// Ends the life of a file, if it is there.
    void remove(std::string_view key);
    void add(SegmentPtr segment);
    /// kCorruptData for partition values that are not of their column's type.
    Result<std::shared_ptr<const ColumnarFileIndex>> finish(
        std::shared_ptr<const TableConfig> config) &&;

private:
    void merge_small_parts();

    std::vector<IndexPart> parts_;
};

}  // namespace ingot::delta

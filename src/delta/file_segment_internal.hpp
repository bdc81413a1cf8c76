#pragma once
// An immutable run of files of the log, in columns.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/guarded.hpp"
#include "base/scalar.hpp"
#include "delta/action_json_internal.hpp"
#include "delta/actions.hpp"
#include "delta/file_key_internal.hpp"

namespace ingot::delta {

/// Texts one after the other in one buffer.
class TextPool {
public:
    void add(std::string_view text) {
        bytes_ += text;
        ends_.push_back(bytes_.size());
    }
    std::string_view operator[](std::size_t index) const {
        const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
        return std::string_view(bytes_).substr(begin, ends_[index] - begin);
    }
    std::size_t size() const { return ends_.size(); }
    /// Readable bytes behind the last text.
    void pad(std::size_t count) { bytes_.append(count, ' '); }
    void shrink() { bytes_.shrink_to_fit(); }

private:
    std::string bytes_;
    std::vector<std::size_t> ends_;
};

/// A column of the statistics: physical path and type.
struct StatsKey {
    std::vector<std::string> path;
    DataType type;
    std::string text() const;
};

/// Bounds and null counts of one column, a value per file of the segment.
struct StatsColumn {
    static constexpr std::uint8_t kHasMin = 1;
    static constexpr std::uint8_t kHasMax = 2;
    template <class T>
    struct Values {
        std::vector<T> min, max;
    };

    DataType type;
    std::vector<std::uint8_t> known;
    std::vector<std::int64_t> null_count;  ///< -1: unknown
    /// Integers, dates and timestamps; floats and doubles; decimals; strings; none for other types.
    std::variant<std::monostate, Values<std::int64_t>, Values<double>, Values<Int128>,
                 Values<std::string>>
        values;

    std::optional<Scalar> min(std::size_t row) const;
    std::optional<Scalar> max(std::size_t row) const;
};

class FileSegmentBuilder;

class FileSegment {
public:
    std::uint32_t rows() const { return static_cast<std::uint32_t>(sizes_.size()); }
    std::string_view path(std::uint32_t row) const { return paths_[row]; }
    std::int64_t size(std::uint32_t row) const { return sizes_[row]; }
    std::int64_t modification_time(std::uint32_t row) const { return modification_times_[row]; }
    std::optional<std::string_view> stats(std::uint32_t row) const;
    /// -1: unknown
    std::int64_t num_records(std::uint32_t row) const { return num_records_[row]; }
    std::uint32_t partition_id(std::uint32_t row) const { return partition_ids_[row]; }
    const std::vector<PartitionValues>& partitions() const { return partitions_; }
    const DeletionVectorDescriptor* deletion_vector(std::uint32_t row) const;
    const AddExtras* extras(std::uint32_t row) const;
    Add add(std::uint32_t row) const;

    /// Whether the row's statistics say that its bounds may be wider than its live rows.
    bool has_wide_bounds(std::uint32_t row) const;
    /// Parsed on first use, then kept. Thread-safe.
    std::vector<std::shared_ptr<const StatsColumn>> columns(
        const std::vector<StatsKey>& keys) const;
    /// The row of that file, live or not. Thread-safe.
    std::optional<std::uint32_t> find(std::string_view key) const;

private:
    friend class FileSegmentBuilder;
    FileSegment() = default;

    TextPool paths_;
    TextPool stats_;
    std::vector<std::int64_t> sizes_;
    std::vector<std::int64_t> modification_times_;
    std::vector<std::int64_t> num_records_;
    std::vector<std::uint32_t> partition_ids_;
    std::vector<PartitionValues> partitions_;
    std::unordered_map<std::uint32_t, DeletionVectorDescriptor> deletion_vectors_;
    std::unordered_map<std::uint32_t, AddExtras> extras_;

    using StatsCache = std::map<std::string, std::shared_ptr<const StatsColumn>>;
    Guarded<StatsCache> stats_cache_;
    Guarded<std::vector<std::uint32_t>> key_slots_;  // Built on first use; row plus one, 0: free.
};

using SegmentPtr = std::shared_ptr<const FileSegment>;

class FileSegmentBuilder {
public:
    void add(const AddView& add);
    void add(const FileSegment& other, std::uint32_t row);
    std::uint32_t rows() const { return segment_->rows(); }
    /// Null when nothing was added.
    SegmentPtr finish();

private:
    std::unique_ptr<FileSegment> segment_ = make();
    static std::unique_ptr<FileSegment> make();
    std::uint32_t partition_id(const AddView& add);

    std::unordered_map<std::string, std::uint32_t> partition_ids_;
    std::string partition_key_;
};

/// `numRecords` of a statistics text; -1 when it has none.
std::int64_t num_records_of(std::string_view stats);

}  // namespace ingot::delta

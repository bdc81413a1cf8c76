#pragma once
// Column batches: the currency between readers, the engine and the table layer. Arrow's columnar
// layout (offset 0), so that a batch crosses into and out of the engine without copying.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/data_type.hpp"
#include "base/int128.hpp"

namespace ingot {

/// Shared, immutable bytes.
class Buffer {
public:
    Buffer() = default;
    Buffer(std::shared_ptr<const void> owner, const std::byte* data, std::size_t size)
        : owner_(std::move(owner)), data_(data), size_(size) {}
    static Buffer of(std::vector<std::byte> bytes);

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    const std::byte* data() const { return data_; }
    template <class T>
    std::span<const T> as() const {
        return {reinterpret_cast<const T*>(data_), size_ / sizeof(T)};
    }

private:
    std::shared_ptr<const void> owner_;
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// One column of a batch. Buffers by type:
///   boolean: `values` is a bitmap; byte .. double, date (int32 days), timestamps (int64
///   microseconds), decimal (128-bit little endian, any precision): `values`; string, binary: int32
///   `offsets` (length + 1) into `values`; array: `offsets` and one child; map: `offsets` and one
///   child, a struct of key and value; struct: children only.
/// `validity` is a bitmap, least significant bit first, 1 = value present; empty means that no
/// value is null.
struct Column {
    DataType type;
    std::int64_t length = 0;
    std::int64_t null_count = 0;
    Buffer validity;
    Buffer offsets;
    Buffer values;
    std::vector<Column> children;

    bool is_null(std::int64_t row) const {
        return type.id() == TypeId::kVoid ||
               (!validity.empty() &&
                ((std::to_integer<unsigned>(validity.data()[row >> 3]) >> (row & 7)) & 1U) == 0);
    }
    /// Requires a fixed-width type of that size, and a row that is not null.
    template <class T>
    T value(std::int64_t row) const {
        T result;
        std::memcpy(&result, values.data() + static_cast<std::size_t>(row) * sizeof(T), sizeof(T));
        return result;
    }
    bool boolean(std::int64_t row) const {
        return ((std::to_integer<unsigned>(values.data()[row >> 3]) >> (row & 7)) & 1U) != 0;
    }
    /// Requires string or binary. The view lives as long as the column's buffers.
    std::string_view text(std::int64_t row) const {
        const auto bounds = offsets.as<std::int32_t>();
        const auto begin = bounds[static_cast<std::size_t>(row)];
        const auto end = bounds[static_cast<std::size_t>(row) + 1];
        return {reinterpret_cast<const char*>(values.data()) + begin,
                static_cast<std::size_t>(end - begin)};
    }
    /// Array or map: the half-open range of rows in `children[0]`.
    std::pair<std::int64_t, std::int64_t> list_range(std::int64_t row) const {
        const auto bounds = offsets.as<std::int32_t>();
        return {bounds[static_cast<std::size_t>(row)], bounds[static_cast<std::size_t>(row) + 1]};
    }
};

struct ColumnBatch {
    Schema schema;
    std::vector<Column> columns;  ///< As many as schema fields, all of `rows` length.
    std::int64_t rows = 0;

    /// The column of that name (any case), or nullptr.
    const Column* column(std::string_view name) const;
    /// Memory held by the buffers.
    std::size_t byte_size() const;
};

/// Builds one column value by value. Not thread-safe. Call exactly one append per row; `finish`
/// hands the column over and leaves the builder empty, ready for the next batch.
class ColumnBuilder {
public:
    explicit ColumnBuilder(DataType type);

    const DataType& type() const { return type_; }
    std::int64_t length() const { return length_; }
    std::size_t byte_size() const;

    void append_null();
    void append_boolean(bool value);
    /// Requires byte, short, integer, long, date, timestamp or timestamp_ntz; `value` must fit
    /// (checked: INGOT_CHECK).
    void append_integer(std::int64_t value);
    void append_double(double value);  ///< float or double
    /// Unscaled value of a decimal.
    void append_decimal(Int128 unscaled);
    void append_text(std::string_view value);  ///< string or binary

    /// Nested: append the parts to the children first or after, then close the row with one of
    /// these.
    ColumnBuilder& child(std::size_t index) { return children_[index]; }
    std::size_t child_count() const { return children_.size(); }
    void append_struct();  ///< Each child has been given exactly one more value.
    void append_list();    ///< Array or map: everything appended to child(0) since the last row
                           ///< belongs to this one.

    /// Removes everything after `rows` rows: undoes a record that turned out to be bad half way
    /// through.
    void truncate(std::int64_t rows);

    Column finish();

private:
    void append_validity(bool valid);
    template <class T>
    void append_fixed(T value);

    DataType type_;
    std::int64_t length_ = 0;
    std::int64_t null_count_ = 0;
    std::vector<std::byte> validity_;  // Empty until the first null.
    std::vector<std::int32_t> offsets_;
    std::vector<std::byte> values_;
    std::vector<ColumnBuilder> children_;
};

/// Builds a batch of one schema; the columns are reached by index. The usual size is kBatchRows
/// rows.
class BatchBuilder {
public:
    static constexpr std::int64_t kBatchRows = 2048;

    explicit BatchBuilder(Schema schema);
    const Schema& schema() const { return schema_; }
    ColumnBuilder& column(std::size_t index) { return columns_[index]; }
    std::size_t column_count() const { return columns_.size(); }
    std::int64_t rows() const { return columns_.empty() ? 0 : columns_.front().length(); }
    std::size_t byte_size() const;
    void truncate(std::int64_t rows);
    /// Requires all columns to have the same length.
    ColumnBatch finish();

private:
    Schema schema_;
    std::vector<ColumnBuilder> columns_;
};

}  // namespace ingot

#include "base/column_batch.hpp"

#include <algorithm>
#include <limits>

namespace ingot {
namespace {

std::size_t bitmap_bytes(std::int64_t bits) {
    return static_cast<std::size_t>((bits + 7) / 8);
}

void set_bit(std::vector<std::byte>& bitmap, std::int64_t index, bool value) {
    const auto byte = static_cast<std::size_t>(index >> 3);
    if (byte >= bitmap.size()) bitmap.resize(byte + 1, std::byte{0});
    const auto mask = static_cast<std::byte>(1U << (index & 7));
    if (value) {
        bitmap[byte] |= mask;
    } else {
        bitmap[byte] &= ~mask;
    }
}

bool get_bit(const std::vector<std::byte>& bitmap, std::int64_t index) {
    return ((std::to_integer<unsigned>(bitmap[static_cast<std::size_t>(index >> 3)]) >>
             (index & 7)) &
            1U) != 0;
}

/// Cuts a bitmap to `bits` bits and clears what follows in the last byte, as set_bit expects.
void cut_bitmap(std::vector<std::byte>& bitmap, std::int64_t bits) {
    if (bitmap.size() > bitmap_bytes(bits)) bitmap.resize(bitmap_bytes(bits));
    if ((bits & 7) != 0 && bitmap.size() == bitmap_bytes(bits)) {
        bitmap.back() &= static_cast<std::byte>((1U << (bits & 7)) - 1U);
    }
}

/// Bytes of one value; 0 for types without a fixed width (and for boolean, which is a bitmap).
std::size_t fixed_width(TypeId id) {
    switch (id) {
        case TypeId::kByte:
            return 1;
        case TypeId::kShort:
            return 2;
        case TypeId::kInteger:
        case TypeId::kFloat:
        case TypeId::kDate:
            return 4;
        case TypeId::kLong:
        case TypeId::kDouble:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            return 8;
        case TypeId::kDecimal:
            return 16;
        default:
            return 0;
    }
}

bool has_offsets(TypeId id) {
    return id == TypeId::kString || id == TypeId::kBinary || id == TypeId::kArray ||
           id == TypeId::kMap;
}

std::int32_t checked_offset(std::size_t value) {
    INGOT_CHECK(value <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
                "a column of one batch passed 2 GiB; finish batches earlier");
    return static_cast<std::int32_t>(value);
}

template <class T>
T checked_narrow(std::int64_t value) {
    INGOT_CHECK(value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max(),
                fmt::format("{} does not fit {} bytes", value, sizeof(T)));
    return static_cast<T>(value);
}

std::size_t column_bytes(const Column& column) {
    std::size_t bytes = column.validity.size() + column.offsets.size() + column.values.size();
    for (const Column& child : column.children) bytes += column_bytes(child);
    return bytes;
}

template <class T>
Buffer take_buffer(std::vector<T>& values) {
    auto owner = std::make_shared<std::vector<T>>(std::move(values));
    values = {};
    const auto* data = reinterpret_cast<const std::byte*>(owner->data());
    const std::size_t size = owner->size() * sizeof(T);
    return Buffer(std::move(owner), data, size);
}

}  // namespace

Buffer Buffer::of(std::vector<std::byte> bytes) {
    return take_buffer(bytes);
}

const Column* ColumnBatch::column(std::string_view name) const {
    const std::optional<std::size_t> index = schema.index_of(name);
    return index ? &columns[*index] : nullptr;
}

std::size_t ColumnBatch::byte_size() const {
    std::size_t bytes = 0;
    for (const Column& each : columns) bytes += column_bytes(each);
    return bytes;
}

ColumnBuilder::ColumnBuilder(DataType type) : type_(std::move(type)) {
    if (has_offsets(type_.id())) offsets_.push_back(0);
    if (type_.id() == TypeId::kMap) {
        children_.emplace_back(DataType::structure(type_.fields()));
    } else {
        for (const Field& field : type_.fields()) children_.emplace_back(field.type);
    }
}

std::size_t ColumnBuilder::byte_size() const {
    std::size_t bytes = validity_.size() + offsets_.size() * sizeof(std::int32_t) + values_.size();
    for (const ColumnBuilder& child : children_) bytes += child.byte_size();
    return bytes;
}

void ColumnBuilder::append_validity(bool valid) {
    if (!valid && null_count_ == 0) {
        validity_.assign(bitmap_bytes(length_ + 1), std::byte{0xFF});
        cut_bitmap(validity_, length_);
    }
    if (!valid || null_count_ > 0) set_bit(validity_, length_, valid);
    if (!valid) ++null_count_;
    ++length_;
}

template <class T>
void ColumnBuilder::append_fixed(T value) {
    const std::size_t at = values_.size();
    values_.resize(at + sizeof(T));
    std::memcpy(values_.data() + at, &value, sizeof(T));
}

void ColumnBuilder::append_null() {
    switch (type_.id()) {
        case TypeId::kVoid:
            break;
        case TypeId::kBoolean:
            set_bit(values_, length_, false);
            break;
        case TypeId::kStruct:
            for (ColumnBuilder& child : children_) child.append_null();
            break;
        case TypeId::kString:
        case TypeId::kBinary:
        case TypeId::kArray:
        case TypeId::kMap:
            offsets_.push_back(offsets_.back());
            break;
        default:
            values_.resize(values_.size() + fixed_width(type_.id()), std::byte{0});
    }
    append_validity(false);
}

void ColumnBuilder::append_boolean(bool value) {
    INGOT_CHECK(type_.id() == TypeId::kBoolean, type_.to_string());
    set_bit(values_, length_, value);
    append_validity(true);
}

void ColumnBuilder::append_integer(std::int64_t value) {
    switch (type_.id()) {
        case TypeId::kByte:
            append_fixed(checked_narrow<std::int8_t>(value));
            break;
        case TypeId::kShort:
            append_fixed(checked_narrow<std::int16_t>(value));
            break;
        case TypeId::kInteger:
        case TypeId::kDate:
            append_fixed(checked_narrow<std::int32_t>(value));
            break;
        case TypeId::kLong:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            append_fixed(value);
            break;
        default:
            INGOT_CHECK(false, "append_integer to a column of " + type_.to_string());
    }
    append_validity(true);
}

void ColumnBuilder::append_double(double value) {
    if (type_.id() == TypeId::kFloat) {
        append_fixed(static_cast<float>(value));
    } else {
        INGOT_CHECK(type_.id() == TypeId::kDouble, type_.to_string());
        append_fixed(value);
    }
    append_validity(true);
}

void ColumnBuilder::append_decimal(Int128 unscaled) {
    INGOT_CHECK(type_.id() == TypeId::kDecimal, type_.to_string());
    append_fixed(unscaled);
    append_validity(true);
}

void ColumnBuilder::append_text(std::string_view value) {
    INGOT_CHECK(type_.id() == TypeId::kString || type_.id() == TypeId::kBinary, type_.to_string());
    const auto* bytes = reinterpret_cast<const std::byte*>(value.data());
    values_.insert(values_.end(), bytes, bytes + value.size());
    offsets_.push_back(checked_offset(values_.size()));
    append_validity(true);
}

void ColumnBuilder::append_struct() {
    INGOT_CHECK(type_.id() == TypeId::kStruct, type_.to_string());
    append_validity(true);
}

void ColumnBuilder::append_list() {
    INGOT_CHECK(type_.id() == TypeId::kArray || type_.id() == TypeId::kMap, type_.to_string());
    offsets_.push_back(checked_offset(static_cast<std::size_t>(children_.front().length())));
    append_validity(true);
}

void ColumnBuilder::truncate(std::int64_t rows) {
    INGOT_CHECK(rows >= 0, "a negative row count");
    if (has_offsets(type_.id())) {
        offsets_.resize(static_cast<std::size_t>(std::min(rows, length_)) + 1);
        const std::int32_t end = offsets_.back();
        if (children_.empty()) {
            values_.resize(static_cast<std::size_t>(end));
        } else {
            children_.front().truncate(end);
        }
    } else if (type_.id() == TypeId::kStruct) {
        for (ColumnBuilder& child : children_) child.truncate(rows);
    }
    if (rows >= length_) return;
    if (type_.id() == TypeId::kBoolean) {
        cut_bitmap(values_, rows);
    } else if (fixed_width(type_.id()) > 0) {
        values_.resize(static_cast<std::size_t>(rows) * fixed_width(type_.id()));
    }
    for (std::int64_t row = rows; null_count_ > 0 && row < length_; ++row) {
        if (!get_bit(validity_, row)) --null_count_;
    }
    length_ = rows;
    if (null_count_ == 0) {
        validity_.clear();
    } else {
        cut_bitmap(validity_, rows);
    }
}

Column ColumnBuilder::finish() {
    Column column;
    column.type = type_;
    column.length = length_;
    column.null_count = null_count_;
    if (null_count_ > 0) column.validity = take_buffer(validity_);
    if (has_offsets(type_.id())) {
        column.offsets = take_buffer(offsets_);
        offsets_.push_back(0);
    }
    column.values = take_buffer(values_);
    // The next batch is likely to be as large: growing step by step would copy everything twice.
    offsets_.reserve(column.offsets.size() / sizeof(std::int32_t));
    values_.reserve(column.values.size());
    for (ColumnBuilder& child : children_) column.children.push_back(child.finish());
    validity_.clear();
    length_ = 0;
    null_count_ = 0;
    return column;
}

BatchBuilder::BatchBuilder(Schema schema) : schema_(std::move(schema)) {
    columns_.reserve(schema_.fields.size());
    for (const Field& field : schema_.fields) columns_.emplace_back(field.type);
}

std::size_t BatchBuilder::byte_size() const {
    std::size_t bytes = 0;
    for (const ColumnBuilder& column : columns_) bytes += column.byte_size();
    return bytes;
}

void BatchBuilder::truncate(std::int64_t rows) {
    for (ColumnBuilder& column : columns_) column.truncate(rows);
}

ColumnBatch BatchBuilder::finish() {
    ColumnBatch batch;
    batch.schema = schema_;
    batch.rows = rows();
    batch.columns.reserve(columns_.size());
    for (ColumnBuilder& column : columns_) {
        INGOT_CHECK(column.length() == batch.rows, "columns of different lengths");
        batch.columns.push_back(column.finish());
    }
    return batch;
}

}  // namespace ingot

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/errors_internal.hpp"
#include "engine/types_internal.hpp"
#include "engine/vectors_internal.hpp"

namespace ingot::engine {

/// Grows one column from vectors of its logical type.
struct ChunkCollector::Sink {
    explicit Sink(DataType column_type) : type(std::move(column_type)) {
        if (type.is_nested()) {
            add_children();
        }
    }

    void append(duckdb::Vector& vector, std::int64_t count);
    Column finish();

    DataType type;
    std::int64_t length = 0;
    std::int64_t null_count = 0;
    std::vector<std::byte> validity;  // Empty until the first null.
    std::vector<std::int32_t> offsets;
    std::vector<std::byte> values;
    std::vector<Sink> children;

private:
    void add_children() {
        if (type.id() == TypeId::kMap) {
            children.emplace_back(DataType::structure(type.fields()));
            return;
        }
        for (const auto& field : type.fields()) {
            children.emplace_back(field.type);
        }
    }
    void append_validity(const duckdb::UnifiedVectorFormat& format, std::int64_t count);
    void append_booleans(const duckdb::UnifiedVectorFormat& format, std::int64_t count);
    template <class T>
    void append_fixed(const duckdb::UnifiedVectorFormat& format, std::int64_t count);
    template <class T>
    void append_decimals(const duckdb::UnifiedVectorFormat& format, std::int64_t count);
    void append_texts(const duckdb::UnifiedVectorFormat& format, std::int64_t count);
    void append_lists(duckdb::Vector& vector, const duckdb::UnifiedVectorFormat& format,
                      std::int64_t count);
    void append_struct(duckdb::Vector& vector, const duckdb::UnifiedVectorFormat& format,
                       std::int64_t count);
    void append_values(duckdb::Vector& vector, const duckdb::UnifiedVectorFormat& format,
                       std::int64_t count);
    std::int32_t next_offset(std::size_t size) const;
    template <class T>
    T* grow(std::int64_t count) {
        const auto before = values.size();
        values.resize(before + static_cast<std::size_t>(count) * sizeof(T));
        return reinterpret_cast<T*>(values.data() + before);
    }
};

namespace {

void set_bit(std::vector<std::byte>& bits, std::int64_t index) {
    bits[static_cast<std::size_t>(index >> 3)] |= std::byte{1} << (index & 7);
}

std::size_t bitmap_bytes(std::int64_t length) {
    return static_cast<std::size_t>((length + 7) / 8);
}

/// Sets the bits [from, to) of a bitmap.
void set_bits(std::vector<std::byte>& bits, std::int64_t from, std::int64_t to) {
    while (from < to && (from & 7) != 0) {
        set_bit(bits, from++);
    }
    const auto whole = (to - from) / 8;
    std::fill_n(bits.begin() + from / 8, whole, std::byte{0xFF});
    for (from += whole * 8; from < to; ++from) {
        set_bit(bits, from);
    }
}

}  // namespace

std::int32_t ChunkCollector::Sink::next_offset(std::size_t size) const {
    if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw_error(make_error(ErrorCode::kUnsupported,
                               "a batch holds at most 2 GiB of text in a column; read the result "
                               "as a stream or with LIMIT"));
    }
    return static_cast<std::int32_t>(size);
}

void ChunkCollector::Sink::append_validity(const duckdb::UnifiedVectorFormat& format,
                                           std::int64_t count) {
    if (validity.empty() && format.validity.AllValid()) {
        return;
    }
    if (validity.empty()) {
        validity.resize(bitmap_bytes(length));
        set_bits(validity, 0, length);
    }
    validity.resize(bitmap_bytes(length + count));
    if (format.validity.AllValid()) {
        set_bits(validity, length, length + count);
        return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
        if (format.validity.RowIsValid(format.sel->get_index(static_cast<duckdb::idx_t>(i)))) {
            set_bit(validity, length + i);
        } else {
            ++null_count;
        }
    }
}

void ChunkCollector::Sink::append_booleans(const duckdb::UnifiedVectorFormat& format,
                                           std::int64_t count) {
    values.resize(bitmap_bytes(length + count));
    const auto* data = duckdb::UnifiedVectorFormat::GetData<bool>(format);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto index = format.sel->get_index(static_cast<duckdb::idx_t>(i));
        if (format.validity.RowIsValid(index) && data[index]) {
            set_bit(values, length + i);
        }
    }
}

template <class T>
void ChunkCollector::Sink::append_fixed(const duckdb::UnifiedVectorFormat& format,
                                        std::int64_t count) {
    auto* out = grow<T>(count);
    const auto* data = reinterpret_cast<const T*>(format.data);
    if (!format.sel->IsSet()) {
        std::copy_n(data, count, out);
        return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
        out[i] = data[format.sel->get_index(static_cast<duckdb::idx_t>(i))];
    }
}

template <class T>
void ChunkCollector::Sink::append_decimals(const duckdb::UnifiedVectorFormat& format,
                                           std::int64_t count) {
    auto* out = grow<Int128>(count);
    const auto* data = reinterpret_cast<const T*>(format.data);
    for (std::int64_t i = 0; i < count; ++i) {
        const Int128 value = data[format.sel->get_index(static_cast<duckdb::idx_t>(i))];
        std::memcpy(out + i, &value, sizeof value);
    }
}

void ChunkCollector::Sink::append_texts(const duckdb::UnifiedVectorFormat& format,
                                        std::int64_t count) {
    const auto* data = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto index = format.sel->get_index(static_cast<duckdb::idx_t>(i));
        if (format.validity.RowIsValid(index)) {
            const auto* text = reinterpret_cast<const std::byte*>(data[index].GetData());
            values.insert(values.end(), text, text + data[index].GetSize());
        }
        offsets.push_back(next_offset(values.size()));
    }
}

void ChunkCollector::Sink::append_lists(duckdb::Vector& vector,
                                        const duckdb::UnifiedVectorFormat& format,
                                        std::int64_t count) {
    const auto* entries = duckdb::UnifiedVectorFormat::GetData<duckdb::list_entry_t>(format);
    std::size_t total = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto index = format.sel->get_index(static_cast<duckdb::idx_t>(i));
        total += format.validity.RowIsValid(index) ? entries[index].length : 0;
    }
    duckdb::SelectionVector selection(std::max<std::size_t>(total, 1));
    auto end = static_cast<std::size_t>(offsets.back());
    std::size_t taken = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto index = format.sel->get_index(static_cast<duckdb::idx_t>(i));
        if (format.validity.RowIsValid(index)) {
            for (duckdb::idx_t k = 0; k < entries[index].length; ++k) {
                selection.set_index(taken++, entries[index].offset + k);
            }
            end += entries[index].length;
        }
        offsets.push_back(next_offset(end));
    }
    duckdb::Vector elements(duckdb::ListVector::GetEntry(vector), selection, total);
    children.front().append(elements, static_cast<std::int64_t>(total));
}

void ChunkCollector::Sink::append_struct(duckdb::Vector& vector,
                                         const duckdb::UnifiedVectorFormat& format,
                                         std::int64_t count) {
    static_cast<void>(format);
    auto& entries = duckdb::StructVector::GetEntries(vector);
    for (std::size_t i = 0; i < children.size(); ++i) {
        children[i].append(*entries[i], count);
    }
}

void ChunkCollector::Sink::append_values(duckdb::Vector& vector,
                                         const duckdb::UnifiedVectorFormat& format,
                                         std::int64_t count) {
    switch (type.id()) {
        case TypeId::kVoid:
            null_count += count;
            return;
        case TypeId::kBoolean:
            return append_booleans(format, count);
        case TypeId::kByte:
            return append_fixed<std::int8_t>(format, count);
        case TypeId::kShort:
            return append_fixed<std::int16_t>(format, count);
        case TypeId::kInteger:
        case TypeId::kDate:
        case TypeId::kFloat:
            return append_fixed<std::int32_t>(format, count);
        case TypeId::kLong:
        case TypeId::kDouble:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            return append_fixed<std::int64_t>(format, count);
        case TypeId::kDecimal:
            switch (vector.GetType().InternalType()) {
                case duckdb::PhysicalType::INT16:
                    return append_decimals<std::int16_t>(format, count);
                case duckdb::PhysicalType::INT32:
                    return append_decimals<std::int32_t>(format, count);
                case duckdb::PhysicalType::INT64:
                    return append_decimals<std::int64_t>(format, count);
                default:
                    return append_fixed<duckdb::hugeint_t>(format, count);
            }
        case TypeId::kString:
        case TypeId::kBinary:
            return append_texts(format, count);
        case TypeId::kArray:
        case TypeId::kMap:
            return append_lists(vector, format, count);
        case TypeId::kStruct:
            return append_struct(vector, format, count);
    }
}

void ChunkCollector::Sink::append(duckdb::Vector& vector, std::int64_t count) {
    const auto rows = static_cast<duckdb::idx_t>(count);
    if (type.is_nested()) {
        vector.Flatten(rows);
    }
    if (offsets.empty() && (type.id() == TypeId::kString || type.id() == TypeId::kBinary ||
                            type.id() == TypeId::kArray || type.id() == TypeId::kMap)) {
        offsets.push_back(0);
    }
    duckdb::UnifiedVectorFormat format;
    vector.ToUnifiedFormat(rows, format);
    if (type.id() != TypeId::kVoid) {
        append_validity(format, count);
    }
    append_values(vector, format, count);
    length += count;
}

Column ChunkCollector::Sink::finish() {
    Column column;
    column.type = type;
    column.length = length;
    column.null_count = null_count;
    if (offsets.empty() && (type.id() == TypeId::kString || type.id() == TypeId::kBinary ||
                            type.id() == TypeId::kArray || type.id() == TypeId::kMap)) {
        offsets.push_back(0);
    }
    const auto* begin = reinterpret_cast<const std::byte*>(offsets.data());
    column.offsets = Buffer::of({begin, begin + offsets.size() * sizeof(std::int32_t)});
    if (null_count > 0) {
        column.validity = Buffer::of(std::move(validity));
    }
    column.values = Buffer::of(std::move(values));
    for (auto& child : children) {
        column.children.push_back(child.finish());
    }
    *this = Sink(std::move(type));
    return column;
}

ChunkCollector::ChunkCollector(Schema schema) : schema_(std::move(schema)) {
    for (const auto& field : schema_.fields) {
        types_.push_back(to_logical_type(field.type));
        sinks_.emplace_back(field.type);
    }
}

ChunkCollector::~ChunkCollector() = default;
ChunkCollector::ChunkCollector(ChunkCollector&&) noexcept = default;
ChunkCollector& ChunkCollector::operator=(ChunkCollector&&) noexcept = default;

void ChunkCollector::append(duckdb::ClientContext& context, duckdb::DataChunk& chunk) {
    const auto count = static_cast<std::int64_t>(chunk.size());
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
        auto& vector = chunk.data[i];
        if (vector.GetType() == types_[i]) {
            sinks_[i].append(vector, count);
            continue;
        }
        duckdb::Vector converted(types_[i], chunk.size());
        duckdb::VectorOperations::Cast(context, vector, converted, chunk.size());
        sinks_[i].append(converted, count);
    }
    rows_ += count;
}

ColumnBatch ChunkCollector::finish() {
    ColumnBatch batch;
    batch.schema = schema_;
    batch.rows = rows_;
    for (auto& sink : sinks_) {
        batch.columns.push_back(sink.finish());
    }
    rows_ = 0;
    return batch;
}

}  // namespace ingot::engine

#include <algorithm>
#include <cstring>

#include "engine/types_internal.hpp"
#include "engine/vectors_internal.hpp"

namespace ingot::engine {
namespace {

/// Keeps a column's buffers alive for as long as a vector shows them.
class SharedColumn final : public duckdb::VectorBuffer {
public:
    explicit SharedColumn(const Buffer& buffer)
        : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), buffer_(buffer) {}

private:
    Buffer buffer_;
};

enum class Depth : std::uint8_t { kTop, kNested };

void show(duckdb::Vector& vector, const Column& column, std::int64_t offset, std::int64_t count,
          Depth depth);

void show_validity(duckdb::ValidityMask& mask, const Column& column, std::int64_t offset,
                   std::int64_t count) {
    if (column.validity.empty() || column.null_count == 0) {
        return;
    }
    const auto capacity = static_cast<duckdb::idx_t>(
        std::max<std::int64_t>(count, static_cast<std::int64_t>(STANDARD_VECTOR_SIZE)));
    mask.Initialize(capacity);
    if (offset % 8 == 0) {
        std::memcpy(mask.GetData(), column.validity.data() + offset / 8,
                    static_cast<std::size_t>((count + 7) / 8));
        return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
        if (column.is_null(offset + i)) {
            mask.SetInvalid(static_cast<duckdb::idx_t>(i));
        }
    }
}

void show_booleans(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                   std::int64_t count) {
    auto* out = duckdb::FlatVector::GetData<bool>(vector);
    for (std::int64_t i = 0; i < count; ++i) {
        out[i] = column.boolean(offset + i);
    }
}

void show_fixed(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                std::int64_t count, Depth depth) {
    const auto width = duckdb::GetTypeIdSize(vector.GetType().InternalType());
    const auto* begin = column.values.data() + static_cast<std::size_t>(offset) * width;
    if (depth == Depth::kNested) {
        std::copy_n(begin, static_cast<std::size_t>(count) * width,
                    reinterpret_cast<std::byte*>(duckdb::FlatVector::GetData(vector)));
        return;
    }
    // The engine does not write to the vectors that a scan gives it.
    auto* shared = const_cast<std::byte*>(begin);
    duckdb::FlatVector::SetData(vector, reinterpret_cast<duckdb::data_ptr_t>(shared));
    vector.SetAuxiliary(duckdb::make_buffer<SharedColumn>(column.values));
}

template <class Narrow>
void show_narrow_decimals(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                          std::int64_t count) {
    auto* out = reinterpret_cast<Narrow*>(duckdb::FlatVector::GetData(vector));
    for (std::int64_t i = 0; i < count; ++i) {
        out[i] = static_cast<Narrow>(column.value<Int128>(offset + i));
    }
}

void show_decimals(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                   std::int64_t count, Depth depth) {
    switch (vector.GetType().InternalType()) {
        case duckdb::PhysicalType::INT16:
            return show_narrow_decimals<std::int16_t>(vector, column, offset, count);
        case duckdb::PhysicalType::INT32:
            return show_narrow_decimals<std::int32_t>(vector, column, offset, count);
        case duckdb::PhysicalType::INT64:
            return show_narrow_decimals<std::int64_t>(vector, column, offset, count);
        default:
            return show_fixed(vector, column, offset, count, depth);
    }
}

void show_texts(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                std::int64_t count) {
    auto* out = duckdb::FlatVector::GetData<duckdb::string_t>(vector);
    const auto bounds = column.offsets.as<std::int32_t>();
    const auto* bytes = reinterpret_cast<const char*>(column.values.data());
    for (std::int64_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(offset + i);
        out[i] = duckdb::string_t(bytes + bounds[row],
                                  static_cast<std::uint32_t>(bounds[row + 1] - bounds[row]));
    }
    duckdb::StringVector::AddBuffer(vector, duckdb::make_buffer<SharedColumn>(column.values));
}

void show_lists(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                std::int64_t count) {
    const auto bounds = column.offsets.as<std::int32_t>();
    const auto first = bounds[static_cast<std::size_t>(offset)];
    const auto total = bounds[static_cast<std::size_t>(offset + count)] - first;
    duckdb::ListVector::Reserve(vector, static_cast<duckdb::idx_t>(total));
    auto* entries = duckdb::ListVector::GetData(vector);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(offset + i);
        entries[i].offset = static_cast<duckdb::idx_t>(bounds[row] - first);
        entries[i].length = static_cast<duckdb::idx_t>(bounds[row + 1] - bounds[row]);
    }
    show(duckdb::ListVector::GetEntry(vector), column.children.front(), first, total,
         Depth::kNested);
    duckdb::ListVector::SetListSize(vector, static_cast<duckdb::idx_t>(total));
}

void show_struct(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                 std::int64_t count, Depth depth) {
    auto& children = duckdb::StructVector::GetEntries(vector);
    for (std::size_t i = 0; i < children.size(); ++i) {
        auto& child = *children[i];
        show(child, column.children[i], offset, count, depth);
        if (column.null_count == 0 || column.validity.empty()) {
            continue;
        }
        // The engine expects the members of a null struct to be null.
        for (std::int64_t row = 0; row < count; ++row) {
            if (column.is_null(offset + row)) {
                duckdb::FlatVector::SetNull(child, static_cast<duckdb::idx_t>(row), true);
            }
        }
    }
}

void show(duckdb::Vector& vector, const Column& column, std::int64_t offset, std::int64_t count,
          Depth depth) {
    if (column.type.id() == TypeId::kVoid) {
        vector.Reference(duckdb::Value(vector.GetType()));
        return;
    }
    show_validity(duckdb::FlatVector::Validity(vector), column, offset, count);
    switch (column.type.id()) {
        case TypeId::kBoolean:
            return show_booleans(vector, column, offset, count);
        case TypeId::kDecimal:
            return show_decimals(vector, column, offset, count, depth);
        case TypeId::kString:
        case TypeId::kBinary:
            return show_texts(vector, column, offset, count);
        case TypeId::kArray:
        case TypeId::kMap:
            return show_lists(vector, column, offset, count);
        case TypeId::kStruct:
            return show_struct(vector, column, offset, count, depth);
        default:
            return show_fixed(vector, column, offset, count, depth);
    }
}

}  // namespace

void show_column(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                 std::int64_t count) {
    show(vector, column, offset, count, Depth::kTop);
}

}  // namespace ingot::engine

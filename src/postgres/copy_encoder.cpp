#include "postgres/copy_encoder.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>

#include "base/check.hpp"

namespace ingot::postgres {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;

// PostgreSQL counts from 2000-01-01.
constexpr std::int64_t kEpochDays =
    (sys_days(year(2000) / 1 / 1) - sys_days(year(1970) / 1 / 1)).count();
constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;
constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);

template <std::integral T>
void put(T value, std::string& out) {
    auto bits = static_cast<std::make_unsigned_t<T>>(value);
    std::array<char, sizeof(T)> bytes;
    for (std::size_t i = sizeof(T); i-- > 0;) {
        bytes[i] = static_cast<char>(bits & 0xff);
        if constexpr (sizeof(T) > 1) bits = static_cast<decltype(bits)>(bits >> 8);
    }
    out.append(bytes.data(), bytes.size());
}

/// A value with its length before it.
template <std::integral T>
void put_sized(T value, std::string& out) {
    put(static_cast<std::int32_t>(sizeof(T)), out);
    put(value, out);
}

void put_null(std::string& out) {
    put(std::int32_t{-1}, out);
}

std::int64_t whole_number(const Column& column, std::int64_t row) {
    switch (column.type.id()) {
        case TypeId::kByte:
            return column.value<std::int8_t>(row);
        case TypeId::kShort:
            return column.value<std::int16_t>(row);
        case TypeId::kInteger:
        case TypeId::kDate:
            return column.value<std::int32_t>(row);
        default:
            return column.value<std::int64_t>(row);
    }
}

double real_number(const Column& column, std::int64_t row) {
    return column.type.id() == TypeId::kFloat ? static_cast<double>(column.value<float>(row))
                                              : column.value<double>(row);
}

/// Digits of base 10000, aligned at the point.
void put_numeric(Int128 unscaled, int scale, std::string& out) {
    constexpr std::array kPowers = {1, 10, 100, 1000, 10000};
    __extension__ typedef unsigned __int128 Magnitude;
    const bool negative = unscaled < 0;
    Magnitude left = negative ? Magnitude{0} - static_cast<Magnitude>(unscaled)
                              : static_cast<Magnitude>(unscaled);
    const int fraction_groups = (scale + 3) / 4;
    std::array<std::int16_t, 12> groups{};
    std::size_t count = 0;
    if (const int partial = scale % 4; partial != 0 && left != 0) {
        const auto power = static_cast<unsigned>(kPowers[static_cast<std::size_t>(partial)]);
        const auto shift = static_cast<unsigned>(kPowers[static_cast<std::size_t>(4 - partial)]);
        groups[count++] = static_cast<std::int16_t>(static_cast<unsigned>(left % power) * shift);
        left /= power;
    }
    for (; left != 0; left /= 10000) {
        groups[count++] = static_cast<std::int16_t>(static_cast<unsigned>(left % 10000));
    }
    put(static_cast<std::int32_t>(8 + 2 * count), out);
    put(static_cast<std::int16_t>(count), out);
    put(static_cast<std::int16_t>(count == 0 ? 0 : static_cast<int>(count) - 1 - fraction_groups),
        out);
    put(static_cast<std::int16_t>(negative ? 0x4000 : 0), out);
    put(static_cast<std::int16_t>(scale), out);
    while (count-- > 0) put(groups[count], out);
}

Error out_of_range(const WireColumn& column, std::string_view what) {
    return make_error(ErrorCode::kInvalidArgument,
                      "a value in column {} {}: change it in the model", column.name, what);
}

Status put_text(const WireColumn& to, std::string_view text, std::string& out) {
    constexpr std::size_t kValueBytesMax = 1'000'000'000;  // the server's own: 1 GB
    if (to.type != WireType::kBytes && text.find('\0') != std::string_view::npos) {
        return out_of_range(to, "holds a zero byte, which PostgreSQL cannot store in a text");
    }
    if (text.size() > kValueBytesMax) return out_of_range(to, "is larger than 1 GB");
    const bool jsonb = to.type == WireType::kJsonb;
    put(static_cast<std::int32_t>(text.size() + (jsonb ? 1 : 0)), out);
    if (jsonb) out.push_back('\1');  // version of the format
    out.append(text);
    return {};
}

Status put_date(const WireColumn& to, std::int32_t value, std::string& out) {
    constexpr std::int32_t kInfinity = std::numeric_limits<std::int32_t>::max();
    if (value == kInfinity) {
        put_sized(kInfinity, out);
    } else if (value == -kInfinity) {
        put_sized(std::numeric_limits<std::int32_t>::min(), out);
    } else if (value < -2'440'588) {
        return out_of_range(to, "is a date before 4713 BC, where PostgreSQL begins");
    } else {
        put_sized(static_cast<std::int32_t>(value - kEpochDays), out);
    }
    return {};
}

Status put_time(const WireColumn& to, std::int64_t micros, std::string& out) {
    constexpr std::int64_t kInfinity = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kFirst = -210'866'803'200'000'000 + kEpochMicros;  // 4714-11-24 BC
    if (micros == kInfinity) {
        put_sized(kInfinity, out);
    } else if (micros == -kInfinity) {
        put_sized(std::numeric_limits<std::int64_t>::min(), out);
    } else if (micros < kFirst) {
        return out_of_range(to, "is a time before 4713 BC, where PostgreSQL begins");
    } else {
        put_sized(micros - kEpochMicros, out);
    }
    return {};
}

Status put_value(const Column& column, std::int64_t row, const WireColumn& to, std::string& out) {
    switch (to.type) {
        case WireType::kBoolean:
            put_sized(static_cast<std::int8_t>(column.boolean(row) ? 1 : 0), out);
            return {};
        case WireType::kInt2:
            put_sized(static_cast<std::int16_t>(whole_number(column, row)), out);
            return {};
        case WireType::kInt4:
            put_sized(static_cast<std::int32_t>(whole_number(column, row)), out);
            return {};
        case WireType::kInt8:
            put_sized(whole_number(column, row), out);
            return {};
        case WireType::kFloat4:
            put_sized(std::bit_cast<std::int32_t>(column.value<float>(row)), out);
            return {};
        case WireType::kFloat8:
            put_sized(std::bit_cast<std::int64_t>(real_number(column, row)), out);
            return {};
        case WireType::kNumeric:
            if (column.type.id() == TypeId::kDecimal) {
                put_numeric(column.value<Int128>(row), column.type.scale(), out);
            } else {
                put_numeric(whole_number(column, row), 0, out);
            }
            return {};
        case WireType::kText:
        case WireType::kJsonb:
        case WireType::kBytes:
            return put_text(to, column.text(row), out);
        case WireType::kDate:
            return put_date(to, column.value<std::int32_t>(row), out);
        case WireType::kTime:
            return put_time(to, column.value<std::int64_t>(row), out);
    }
    return make_error(ErrorCode::kInternal, "column {} has no way to travel", to.name);
}

}  // namespace

void CopyEncoder::begin(std::string& out) {
    out.append(kSignature);
    put(std::int32_t{0}, out);  // flags
    put(std::int32_t{0}, out);  // length of an extension
}

void CopyEncoder::end(std::string& out) {
    put(std::int16_t{-1}, out);
}

Status CopyEncoder::append(const ColumnBatch& batch, std::string& out) const {
    INGOT_CHECK(batch.columns.size() == columns_.size(), "a batch has the columns it is read with");
    for (std::int64_t row = 0; row < batch.rows; ++row) {
        put(static_cast<std::int16_t>(columns_.size()), out);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (batch.columns[i].is_null(row)) {
                put_null(out);
            } else {
                INGOT_TRY(put_value(batch.columns[i], row, columns_[i], out));
            }
        }
    }
    return {};
}

}  // namespace ingot::postgres

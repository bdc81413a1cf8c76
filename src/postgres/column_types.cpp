#include "postgres/column_types.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>

namespace ingot::postgres {
namespace {

/// `numeric(10,2)`: name and numbers.
struct TypeText {
    std::string_view name;
    std::optional<int> precision;
    int scale = 0;
};

TypeText read_type(std::string_view text) {
    TypeText type{text, std::nullopt, 0};
    const std::size_t open = text.find('(');
    if (open == std::string_view::npos) return type;
    // `timestamp(3) with time zone` cuts digits: its name is left whole, so that nothing matches.
    if (!text.ends_with(')')) return type;
    type.name = text.substr(0, open);
    int precision = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + open + 1, end, precision);
    type.precision = precision;
    if (read.ptr != end && *read.ptr == ',') std::from_chars(read.ptr + 1, end, type.scale);
    return type;
}

/// Digits before the point that values of a type may have.
std::optional<int> whole_digits(const DataType& type) {
    switch (type.id()) {
        case TypeId::kByte:
            return 3;
        case TypeId::kShort:
            return 5;
        case TypeId::kInteger:
            return 10;
        case TypeId::kLong:
            return 19;
        case TypeId::kDecimal:
            return type.precision() - type.scale();
        default:
            return std::nullopt;
    }
}

bool fits_numeric(const DataType& from, const TypeText& to) {
    const std::optional<int> digits = whole_digits(from);
    if (!digits) return false;
    const int scale = from.id() == TypeId::kDecimal ? from.scale() : 0;
    return !to.precision || (to.scale >= scale && *to.precision - to.scale >= *digits);
}

std::optional<WireType> wire_of(std::string_view name) {
    static const std::map<std::string_view, WireType> kTypes = {
        {"boolean", WireType::kBoolean},
        {"smallint", WireType::kInt2},
        {"integer", WireType::kInt4},
        {"bigint", WireType::kInt8},
        {"real", WireType::kFloat4},
        {"double precision", WireType::kFloat8},
        {"numeric", WireType::kNumeric},
        {"text", WireType::kText},
        {"character varying", WireType::kText},
        {"json", WireType::kText},
        {"jsonb", WireType::kJsonb},
        {"bytea", WireType::kBytes},
        {"date", WireType::kDate},
        {"timestamp without time zone", WireType::kTime},
        {"timestamp with time zone", WireType::kTime}};
    const auto found = kTypes.find(name);
    return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::string column_type(const DataType& type) {
    switch (type.id()) {
        case TypeId::kBoolean:
            return "boolean";
        case TypeId::kByte:
        case TypeId::kShort:
            return "smallint";
        case TypeId::kInteger:
            return "integer";
        case TypeId::kLong:
            return "bigint";
        case TypeId::kFloat:
            return "real";
        case TypeId::kDouble:
            return "double precision";
        case TypeId::kDecimal:
            return fmt::format("numeric({},{})", type.precision(), type.scale());
        case TypeId::kVoid:
        case TypeId::kString:
            return "text";
        case TypeId::kBinary:
            return "bytea";
        case TypeId::kDate:
            return "date";
        case TypeId::kTimestamp:
            return "timestamp with time zone";
        case TypeId::kTimestampNtz:
            return "timestamp without time zone";
        case TypeId::kStruct:
        case TypeId::kArray:
        case TypeId::kMap:
            return "jsonb";
    }
    return "text";
}

std::optional<WireType> wire_type(const DataType& from, std::string_view to) {
    const TypeText target = read_type(to);
    const std::optional<WireType> wire = wire_of(target.name);
    if (!wire) return std::nullopt;
    const auto is_one_of = [&](std::initializer_list<WireType> types) {
        return std::find(types.begin(), types.end(), *wire) != types.end() ? wire : std::nullopt;
    };
    const auto number = [&](std::initializer_list<WireType> types) {
        if (*wire == WireType::kNumeric) return fits_numeric(from, target) ? wire : std::nullopt;
        return is_one_of(types);
    };
    switch (from.id()) {
        case TypeId::kVoid:
            return wire;
        case TypeId::kBoolean:
            return is_one_of({WireType::kBoolean});
        case TypeId::kByte:
        case TypeId::kShort:
            return number({WireType::kInt2, WireType::kInt4, WireType::kInt8});
        case TypeId::kInteger:
            return number({WireType::kInt4, WireType::kInt8});
        case TypeId::kLong:
            return number({WireType::kInt8});
        case TypeId::kDecimal:
            return number({});
        case TypeId::kFloat:
            return is_one_of({WireType::kFloat4, WireType::kFloat8});
        case TypeId::kDouble:
            return is_one_of({WireType::kFloat8});
        case TypeId::kBinary:
            return is_one_of({WireType::kBytes});
        case TypeId::kDate:
            return is_one_of({WireType::kDate});
        case TypeId::kTimestamp:
            return target.name.ends_with("with time zone") ? is_one_of({WireType::kTime})
                                                           : std::nullopt;
        case TypeId::kTimestampNtz:
            return target.name.ends_with("without time zone") ? is_one_of({WireType::kTime})
                                                              : std::nullopt;
        case TypeId::kString:
        case TypeId::kStruct:
        case TypeId::kArray:
        case TypeId::kMap:
            return is_one_of({WireType::kText, WireType::kJsonb});
    }
    return std::nullopt;
}

}  // namespace ingot::postgres

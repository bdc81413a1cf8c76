#include "base/scalar.hpp"

#include <algorithm>
#include <cmath>

#include "base/time.hpp"

namespace ingot {
namespace {

std::string decimal_text(Int128 unscaled, int scale) {
    const bool negative = unscaled < 0;
    std::string digits;
    do {
        const int digit = static_cast<int>(unscaled % 10);
        digits += static_cast<char>('0' + std::abs(digit));
        unscaled /= 10;
    } while (unscaled != 0);
    while (static_cast<int>(digits.size()) <= scale) digits += '0';
    std::reverse(digits.begin(), digits.end());
    if (scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
    return negative ? "-" + digits : digits;
}

/// Proleptic Gregorian date of a day number (Howard Hinnant's civil_from_days).
std::string date_text(std::int64_t days) {
    days += 719468;
    const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const std::int64_t day_of_era = days - era * 146097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
    const std::int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    return fmt::format("{:04}-{:02}-{:02}", year, month, day);
}

std::string quote(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        quoted += c;
        if (c == '\'') quoted += c;
    }
    return quoted + "'";
}

std::string hex_literal(std::string_view bytes) {
    std::string text = "'";
    for (const char c : bytes) text += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    return text + "'::BLOB";
}

int order(double a, double b) {
    if (std::isnan(a) || std::isnan(b))
        return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
    return a < b ? -1 : (a > b ? 1 : 0);
}

template <class T>
int order(const T& a, const T& b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

bool is_integer(TypeId id) {
    return id == TypeId::kByte || id == TypeId::kShort || id == TypeId::kInteger ||
           id == TypeId::kLong;
}

double to_double(const Scalar& value) {
    switch (value.type().id()) {
        case TypeId::kFloat:
        case TypeId::kDouble:
            return value.as_double();
        case TypeId::kDecimal:
            return static_cast<double>(value.as_decimal()) / std::pow(10.0, value.type().scale());
        default:
            return static_cast<double>(value.as_integer());
    }
}

/// Compares without loss by bringing both to the larger scale; nothing on overflow.
std::optional<int> compare_exact(const Scalar& a, const Scalar& b) {
    const auto unscaled = [](const Scalar& s) {
        return s.type().id() == TypeId::kDecimal ? s.as_decimal() : Int128{s.as_integer()};
    };
    const auto scale = [](const Scalar& s) {
        return s.type().id() == TypeId::kDecimal ? s.type().scale() : 0;
    };
    Int128 left = unscaled(a);
    Int128 right = unscaled(b);
    for (int i = scale(a); i < scale(b); ++i) {
        if (__builtin_mul_overflow(left, Int128{10}, &left)) return std::nullopt;
    }
    for (int i = scale(b); i < scale(a); ++i) {
        if (__builtin_mul_overflow(right, Int128{10}, &right)) return std::nullopt;
    }
    return order(left, right);
}

}  // namespace

Scalar Scalar::null(DataType type) {
    return Scalar(std::move(type), std::monostate{});
}
Scalar Scalar::boolean(bool value) {
    return Scalar(TypeId::kBoolean, value);
}

Scalar Scalar::integer(DataType type, std::int64_t value) {
    INGOT_CHECK(is_integer(type.id()) || type.id() == TypeId::kDate ||
                    type.id() == TypeId::kTimestamp || type.id() == TypeId::kTimestampNtz,
                type.to_string());
    return Scalar(std::move(type), value);
}

Scalar Scalar::floating(DataType type, double value) {
    INGOT_CHECK(type.id() == TypeId::kFloat || type.id() == TypeId::kDouble, type.to_string());
    return Scalar(std::move(type), value);
}

Scalar Scalar::decimal(DataType type, Int128 unscaled) {
    INGOT_CHECK(type.id() == TypeId::kDecimal, type.to_string());
    return Scalar(std::move(type), unscaled);
}

Scalar Scalar::text(std::string value) {
    return Scalar(TypeId::kString, std::move(value));
}
Scalar Scalar::binary(std::string bytes) {
    return Scalar(TypeId::kBinary, std::move(bytes));
}

std::string Scalar::to_string() const {
    if (is_null()) return "null";
    switch (type_.id()) {
        case TypeId::kBoolean:
            return as_boolean() ? "true" : "false";
        case TypeId::kFloat:
            return fmt::format("{}", static_cast<float>(as_double()));
        case TypeId::kDouble:
            return fmt::format("{}", as_double());
        case TypeId::kDecimal:
            return decimal_text(as_decimal(), type_.scale());
        case TypeId::kString:
        case TypeId::kBinary:
            return as_text();
        case TypeId::kDate:
            return date_text(as_integer());
        case TypeId::kTimestamp:
            return Timestamp::from_micros(as_integer()).to_string();
        case TypeId::kTimestampNtz: {
            std::string text = Timestamp::from_micros(as_integer()).to_string();
            text.pop_back();  // No zone, so no Z.
            return text;
        }
        default:
            return fmt::format("{}", as_integer());
    }
}

std::string Scalar::to_sql() const {
    const std::string type = sql_type_name(type_);
    if (is_null()) return type_.id() == TypeId::kVoid ? "NULL" : "CAST(NULL AS " + type + ")";
    switch (type_.id()) {
        case TypeId::kBoolean:
            return to_string();
        case TypeId::kString:
            return quote(as_text());
        case TypeId::kBinary:
            return hex_literal(as_text());
        default:
            return "CAST(" + quote(to_string()) + " AS " + type + ")";
    }
}

std::optional<int> compare(const Scalar& a, const Scalar& b) {
    if (a.is_null() || b.is_null()) return std::nullopt;
    const TypeId left = a.type().id();
    const TypeId right = b.type().id();
    const auto exact = [](TypeId id) { return is_integer(id) || id == TypeId::kDecimal; };
    if (exact(left) && exact(right)) return compare_exact(a, b);
    if (a.type().is_numeric() && b.type().is_numeric()) return order(to_double(a), to_double(b));
    if (left != right) return std::nullopt;
    switch (left) {
        case TypeId::kBoolean:
            return order(a.as_boolean(), b.as_boolean());
        case TypeId::kString:
        case TypeId::kBinary:
            return order(a.as_text(), b.as_text());
        case TypeId::kDate:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            return order(a.as_integer(), b.as_integer());
        default:
            return std::nullopt;
    }
}

Scalar scalar_at(const Column& column, std::int64_t row) {
    const DataType& type = column.type;
    INGOT_CHECK(!type.is_nested(), type.to_string());
    if (column.is_null(row)) return Scalar::null(type);
    switch (type.id()) {
        case TypeId::kBoolean:
            return Scalar::boolean(column.boolean(row));
        case TypeId::kByte:
            return Scalar::integer(type, column.value<std::int8_t>(row));
        case TypeId::kShort:
            return Scalar::integer(type, column.value<std::int16_t>(row));
        case TypeId::kInteger:
        case TypeId::kDate:
            return Scalar::integer(type, column.value<std::int32_t>(row));
        case TypeId::kFloat:
            return Scalar::floating(type, column.value<float>(row));
        case TypeId::kDouble:
            return Scalar::floating(type, column.value<double>(row));
        case TypeId::kDecimal:
            return Scalar::decimal(type, column.value<Int128>(row));
        case TypeId::kString:
            return Scalar::text(std::string(column.text(row)));
        case TypeId::kBinary:
            return Scalar::binary(std::string(column.text(row)));
        default:
            return Scalar::integer(type, column.value<std::int64_t>(row));
    }
}

}  // namespace ingot

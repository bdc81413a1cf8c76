#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "delta/civil_internal.hpp"
#include "delta/commit.hpp"
#include "delta/decimal_internal.hpp"

namespace ingot::delta {
namespace {

/// Binary values are written as one character (U+0000 to U+00FF) per byte.
std::string bytes_to_text(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0 | (byte >> 6));
            text += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return text;
}

std::string text_to_bytes(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
            const auto next = static_cast<unsigned char>(text[++i]);
            bytes += static_cast<char>(((lead & 3) << 6) | (next & 0x3F));
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

std::string floating_text(const Scalar& value) {
    const double number = value.as_double();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
    if (value.type().id() == TypeId::kFloat) return fmt::format("{}", static_cast<float>(number));
    return fmt::format("{}", number);
}

std::optional<double> parse_floating(std::string_view text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> parse_integer(TypeId type, std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    const int bits = type == TypeId::kByte      ? 8
                     : type == TypeId::kShort   ? 16
                     : type == TypeId::kInteger ? 32
                                                : 64;
    if (bits < 64 &&
        (value >= (std::int64_t{1} << (bits - 1)) || value < -(std::int64_t{1} << (bits - 1)))) {
        return std::nullopt;
    }
    return value;
}

std::optional<Scalar> parse_value(const DataType& type, std::string_view text) {
    const auto wrap = [&](std::optional<std::int64_t> value) -> std::optional<Scalar> {
        if (!value) return std::nullopt;
        return Scalar::integer(type, *value);
    };
    switch (type.id()) {
        case TypeId::kBoolean:
            if (text == "true" || text == "TRUE" || text == "True") return Scalar::boolean(true);
            if (text == "false" || text == "FALSE" || text == "False") {
                return Scalar::boolean(false);
            }
            return std::nullopt;
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
        case TypeId::kLong:
            return wrap(parse_integer(type.id(), text));
        case TypeId::kFloat:
        case TypeId::kDouble: {
            const auto value = parse_floating(text);
            if (!value) return std::nullopt;
            // A float's value is the float nearest to the text, not the double.
            return Scalar::floating(
                type, type.id() == TypeId::kFloat ? static_cast<float>(*value) : *value);
        }
        case TypeId::kDecimal: {
            const auto unscaled = parse_decimal(text, type.precision(), type.scale());
            if (!unscaled) return std::nullopt;
            return Scalar::decimal(type, *unscaled);
        }
        case TypeId::kString:
            return Scalar::text(std::string(text));
        case TypeId::kBinary:
            return Scalar::binary(text_to_bytes(text));
        case TypeId::kDate: {
            if (const auto days = parse_date(text)) return Scalar::integer(type, *days);
            const auto instant = parse_instant(text);
            if (!instant || instant->has_zone || instant->micros % 86'400'000'000 != 0) {
                return std::nullopt;
            }
            return Scalar::integer(type, instant->micros / 86'400'000'000);
        }
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz: {
            const auto instant = parse_instant(text);
            if (!instant) return std::nullopt;
            return Scalar::integer(type, instant->micros);
        }
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<std::string> serialize_partition_value(const Scalar& value) {
    if (value.is_null()) return std::nullopt;
    switch (value.type().id()) {
        case TypeId::kBoolean:
            return value.as_boolean() ? "true" : "false";
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
        case TypeId::kLong:
            return std::to_string(value.as_integer());
        case TypeId::kFloat:
        case TypeId::kDouble:
            return floating_text(value);
        case TypeId::kDecimal:
            return format_decimal(value.as_decimal(), value.type().scale());
        case TypeId::kString:
            // The protocol has no empty string: it reads back as null.
            if (value.as_text().empty()) return std::nullopt;
            return value.as_text();
        case TypeId::kBinary:
            if (value.as_text().empty()) return std::nullopt;
            return bytes_to_text(value.as_text());
        case TypeId::kDate:
            return format_date(value.as_integer());
        case TypeId::kTimestamp:
            return format_instant(value.as_integer(), 'T') + "Z";
        case TypeId::kTimestampNtz:
            return format_instant(value.as_integer(), ' ');
        default:
            check_failed(__FILE__, __LINE__, "partition type", value.type().to_string());
    }
}

Result<Scalar> parse_partition_value(const DataType& type, const std::optional<std::string>& text) {
    if (!text || text->empty()) return Scalar::null(type);
    auto value = parse_value(type, *text);
    if (!value) {
        return make_error(ErrorCode::kCorruptData, "partition value '{}' is not of type {}", *text,
                          type.to_string());
    }
    return *std::move(value);
}

}  // namespace ingot::delta

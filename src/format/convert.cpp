#include <limits>
#include <strings.h>

#include "base/time.hpp"
#include "format/convert_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

bool within(std::int64_t value, TypeId type) {
    switch (type) {
        case TypeId::kByte:
            return value >= std::numeric_limits<std::int8_t>::min() &&
                   value <= std::numeric_limits<std::int8_t>::max();
        case TypeId::kShort:
            return value >= std::numeric_limits<std::int16_t>::min() &&
                   value <= std::numeric_limits<std::int16_t>::max();
        case TypeId::kInteger:
            return value >= std::numeric_limits<std::int32_t>::min() &&
                   value <= std::numeric_limits<std::int32_t>::max();
        default:
            return true;
    }
}

template <class T>
bool append_integer(ColumnBuilder& builder, const std::optional<T>& value) {
    if (!value) return false;
    builder.append_integer(*value);
    return true;
}

bool append_floating(ColumnBuilder& builder, const std::optional<double>& value) {
    if (!value) return false;
    builder.append_double(*value);
    return true;
}

bool append_boolean(ColumnBuilder& builder, std::string_view text) {
    const bool yes = text.size() == 4 && ::strncasecmp(text.data(), "true", 4) == 0;
    const bool no = text.size() == 5 && ::strncasecmp(text.data(), "false", 5) == 0;
    if (!yes && !no) return false;
    builder.append_boolean(yes);
    return true;
}

std::optional<std::int64_t> instant(std::string_view text, const std::string& zone) {
    const std::optional<CivilTime> civil = parse_civil_time(text);
    if (!civil) return std::nullopt;
    if (civil->offset_seconds || zone == "UTC") {
        return civil->micros - std::int64_t{civil->offset_seconds.value_or(0)} * 1'000'000;
    }
    std::string as_utc = Timestamp::from_micros(civil->micros).to_string();
    as_utc.pop_back();  // The Z.
    const Result<Timestamp> local = parse_timestamp(as_utc, zone);
    if (!local) return std::nullopt;
    return local->micros();
}

}  // namespace

bool append_converted(const ValuePlan& plan, std::string_view text, const std::string& zone) {
    ColumnBuilder& builder = *plan.builder;
    switch (plan.type) {
        case TypeId::kString:
            builder.append_text(text);
            return true;
        case TypeId::kBoolean:
            return append_boolean(builder, text);
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
        case TypeId::kLong: {
            const auto value = parse_integer(text);
            return value && within(*value, plan.type) && append_integer(builder, value);
        }
        case TypeId::kFloat:
            return append_floating(builder, parse_float(text));
        case TypeId::kDouble:
            return append_floating(builder, parse_double(text));
        case TypeId::kDecimal: {
            const auto value = parse_decimal(text, plan.precision, plan.scale);
            if (value) builder.append_decimal(*value);
            return value.has_value();
        }
        case TypeId::kDate:
            return append_integer(builder, parse_date(text));
        case TypeId::kTimestamp:
            return append_integer(builder, instant(text, zone));
        case TypeId::kTimestampNtz:
            // A text with an offset names an instant: its civil time in UTC.
            return append_integer(builder, instant(text, "UTC"));
        default:
            return false;
    }
}

}  // namespace ingot::format

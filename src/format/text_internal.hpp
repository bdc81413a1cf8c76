#pragma once
// Values from their text: exact or refused.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.hpp"
#include "base/result.hpp"

namespace ingot::format {

/// `-?(0|[1-9][0-9]*)` that fits 64 bits; nothing else (no fraction, no exponent).
std::optional<std::int64_t> parse_integer(std::string_view text);
/// A number as JSON writes it. Nothing when it overflows, or when it is a whole number that a
/// double cannot hold exactly.
std::optional<double> parse_double(std::string_view text);
/// The same for float.
std::optional<double> parse_float(std::string_view text);
/// The unscaled value; nothing when digits would be lost or do not fit.
std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale);
/// `2015-01-31` or `2015/01/31`: days since 1970-01-01.
std::optional<std::int32_t> parse_date(std::string_view text);

/// Civil time with its offset, when one was written.
struct CivilTime {
    std::int64_t micros = 0;  ///< As if it were UTC; the offset is not applied.
    std::optional<std::int32_t> offset_seconds;
};
/// `2015-01-31T15:00[:08[.123456]][Z|+01:00|+0100|+01]`, also with blank for T, `/` for `-` and one
/// blank before the offset. Digits beyond microseconds are cut.
std::optional<CivilTime> parse_civil_time(std::string_view text);

/// Whether this is one number in JSON's grammar.
bool is_json_number(std::string_view text);

/// The text itself when it is UTF-8; else with each foreign byte as `\xNN`.
std::string printable_utf8(std::string_view text);
bool is_utf8(std::string_view text);

/// At most `bytes_max` bytes, cut between characters, with `...` when something was cut.
std::string shortened(std::string_view text, std::size_t bytes_max = 120);

}  // namespace ingot::format

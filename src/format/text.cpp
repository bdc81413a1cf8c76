#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <simdjson.h>

#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads exactly `count` digits at `at`, and moves on.
std::optional<int> take_digits(std::string_view text, std::size_t& at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t end = at + count; at < end; ++at) {
        if (!is_digit(text[at])) return std::nullopt;
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

bool take(std::string_view text, std::size_t& at, char c) {
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
}

std::optional<std::int32_t> take_date(std::string_view text, std::size_t& at) {
    const auto year = take_digits(text, at, 4);
    if (!year || at >= text.size()) return std::nullopt;
    const char separator = text[at];
    if (separator != '-' && separator != '/') return std::nullopt;
    ++at;
    const auto month = take_digits(text, at, 2);
    if (!month || !take(text, at, separator)) return std::nullopt;
    const auto day = take_digits(text, at, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

/// `.123456789` after the seconds, as microseconds; 0 when there is none.
std::optional<std::int64_t> take_fraction(std::string_view text, std::size_t& at) {
    if (!take(text, at, '.') && !take(text, at, ',')) return 0;
    std::int64_t micros = 0;
    std::int64_t unit = 100'000;
    const std::size_t begin = at;
    for (; at < text.size() && is_digit(text[at]); ++at, unit /= 10) {
        micros += (text[at] - '0') * unit;
    }
    if (at == begin) return std::nullopt;
    return micros;
}

/// What stands after the time: nothing, `Z` or an offset.
bool take_offset(std::string_view text, std::size_t& at, std::optional<std::int32_t>& offset) {
    if (at + 1 < text.size() && text[at] == ' ') ++at;
    if (at == text.size()) return true;
    if (text[at] == 'Z' || text[at] == 'z') {
        ++at;
        offset = 0;
        return true;
    }
    const int sign = text[at] == '-' ? -1 : 1;
    if (text[at] != '+' && text[at] != '-') return false;
    ++at;
    const auto hours = take_digits(text, at, 2);
    if (!hours || *hours > 18) return false;
    std::optional<int> minutes = 0;
    if (at < text.size()) {
        if (text[at] == ':') ++at;
        minutes = take_digits(text, at, 2);
    }
    if (!minutes || *minutes > 59) return false;
    offset = sign * (*hours * 3600 + *minutes * 60);
    return true;
}

/// The parts of a number: digits without leading zeros, and the power of ten of the last one.
struct Digits {
    bool negative = false;
    std::string digits;
    std::int64_t exponent = 0;
};

std::optional<Digits> split_number(std::string_view text) {
    if (!is_json_number(text)) return std::nullopt;
    Digits result;
    std::size_t at = 0;
    result.negative = take(text, at, '-');
    bool fraction = false;
    for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
        if (text[at] == '.') {
            fraction = true;
            continue;
        }
        if (!result.digits.empty() || text[at] != '0') result.digits += text[at];
        if (fraction) --result.exponent;
    }
    if (at < text.size()) {
        ++at;
        if (text[at] == '+') ++at;
        std::int64_t written = 0;
        const auto read = std::from_chars(text.data() + at, text.data() + text.size(), written);
        if (read.ec != std::errc() || std::abs(written) > 100'000) return std::nullopt;
        result.exponent += written;
    }
    while (!result.digits.empty() && result.digits.back() == '0') {
        result.digits.pop_back();
        ++result.exponent;
    }
    return result;
}

template <class Float>
std::optional<double> parse_floating(std::string_view text) {
    if (!is_json_number(text)) return std::nullopt;
    Float value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    if (!std::isfinite(value)) return std::nullopt;
    const bool whole = text.find_first_of(".eE") == std::string_view::npos;
    constexpr double kExactMax = sizeof(Float) == 8 ? 9007199254740992.0 : 16777216.0;
    if (whole && std::abs(static_cast<double>(value)) >= kExactMax) {
        // Written as a whole number, so every digit counts.
        char exact[400];
        const auto written =
            std::to_chars(exact, exact + sizeof exact, value, std::chars_format::fixed, 0);
        const std::string_view digits(exact, static_cast<std::size_t>(written.ptr - exact));
        if (written.ec != std::errc() || digits != text) return std::nullopt;
    }
    return static_cast<double>(value);
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::size_t at = 0;
    take(text, at, '-');
    if (at == text.size() || !is_digit(text[at])) return std::nullopt;
    if (text[at] == '0' && text.size() > at + 1) return std::nullopt;
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> parse_double(std::string_view text) {
    return parse_floating<double>(text);
}

std::optional<double> parse_float(std::string_view text) {
    return parse_floating<float>(text);
}

std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale) {
    const std::optional<Digits> number = split_number(text);
    if (!number) return std::nullopt;
    if (number->digits.empty()) return Int128{0};
    const std::int64_t zeros = number->exponent + scale;
    if (zeros < 0) return std::nullopt;
    if (static_cast<std::int64_t>(number->digits.size()) + zeros > precision) return std::nullopt;
    Int128 value = 0;
    for (const char digit : number->digits) value = value * 10 + (digit - '0');
    for (std::int64_t each = 0; each < zeros; ++each) value *= 10;
    return number->negative ? -value : value;
}

std::optional<std::int32_t> parse_date(std::string_view text) {
    std::size_t at = 0;
    const auto days = take_date(text, at);
    if (!days || at != text.size()) return std::nullopt;
    return days;
}

std::optional<CivilTime> parse_civil_time(std::string_view text) {
    std::size_t at = 0;
    const auto days = take_date(text, at);
    if (!days || at >= text.size()) return std::nullopt;
    if (text[at] != 'T' && text[at] != 't' && text[at] != ' ') return std::nullopt;
    ++at;
    const auto hour = take_digits(text, at, 2);
    if (!hour || *hour > 23 || !take(text, at, ':')) return std::nullopt;
    const auto minute = take_digits(text, at, 2);
    if (!minute || *minute > 59) return std::nullopt;
    std::optional<int> second = 0;
    std::optional<std::int64_t> fraction = 0;
    if (take(text, at, ':')) {
        second = take_digits(text, at, 2);
        if (!second || *second > 59) return std::nullopt;
        fraction = take_fraction(text, at);
        if (!fraction) return std::nullopt;
    }
    CivilTime result;
    if (!take_offset(text, at, result.offset_seconds) || at != text.size()) return std::nullopt;
    const std::int64_t seconds =
        std::int64_t{*days} * 86'400 + *hour * 3600 + *minute * 60 + *second;
    result.micros = seconds * 1'000'000 + *fraction;
    return result;
}

bool is_json_number(std::string_view text) {
    std::size_t at = 0;
    take(text, at, '-');
    if (at >= text.size() || !is_digit(text[at])) return false;
    if (text[at] == '0') {
        ++at;
    } else {
        while (at < text.size() && is_digit(text[at])) ++at;
    }
    if (take(text, at, '.')) {
        if (at >= text.size() || !is_digit(text[at])) return false;
        while (at < text.size() && is_digit(text[at])) ++at;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (at >= text.size() || !is_digit(text[at])) return false;
        while (at < text.size() && is_digit(text[at])) ++at;
    }
    return at == text.size();
}

bool is_utf8(std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
}

namespace {

/// Length of the valid character that starts there, or 0.
std::size_t character_length(std::string_view text, std::size_t at) {
    for (std::size_t length = 1; length <= 4 && at + length <= text.size(); ++length) {
        if (is_utf8(text.substr(at, length))) return length;
    }
    return 0;
}

}  // namespace

std::string printable_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text, at);
        if (length > 0) {
            result += text.substr(at, length);
            at += length;
        } else {
            result += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[at]));
            ++at;
        }
    }
    return result;
}

std::string shortened(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return printable_utf8(text);
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return printable_utf8(text.substr(0, end)) + "...";
}

}  // namespace ingot::format

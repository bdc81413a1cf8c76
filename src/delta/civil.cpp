#include <charconv>
#include <fmt/format.h>

#include "delta/civil_internal.hpp"

namespace ingot::delta {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::int64_t kMaxYear = 200'000;  // Keeps microseconds within 64 bits.

// The days of a date in the proleptic Gregorian calendar, counted in 400-year eras that begin on
// 1 March, so that the leap day comes last.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

struct Date {
    std::int64_t year, month, day;
};

Date date_of(std::int64_t days) {
    days += 719'468;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const std::int64_t day_of_era = days - era * 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted = (5 * day_of_year + 2) / 153;
    const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
            day_of_year - (153 * shifted + 2) / 5 + 1};
}

/// Takes digits from the front of a text.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool done() const { return text_.empty(); }
    char peek() const { return text_.empty() ? '\0' : text_.front(); }
    bool take(char c) {
        if (peek() != c || text_.empty()) return false;
        text_.remove_prefix(1);
        return true;
    }
    /// A number of `min` to `max` digits; -1 when there is none.
    std::int64_t number(std::size_t min, std::size_t max) {
        std::int64_t value = 0;
        std::size_t count = 0;
        while (count < max && peek() >= '0' && peek() <= '9') {
            value = value * 10 + (text_.front() - '0');
            text_.remove_prefix(1);
            ++count;
        }
        digits_ = count;
        return count < min ? -1 : value;
    }
    std::size_t digits() const { return digits_; }

private:
    std::string_view text_;
    std::size_t digits_ = 0;
};

std::optional<std::int64_t> take_date(Scanner& scan) {
    const bool negative = scan.take('-');
    if (!negative) scan.take('+');
    std::int64_t year = scan.number(4, 6);
    if (year < 0 || year > kMaxYear || !scan.take('-')) return std::nullopt;
    if (negative) year = -year;
    const std::int64_t month = scan.number(1, 2);
    if (month < 1 || month > 12 || !scan.take('-')) return std::nullopt;
    const std::int64_t day = scan.number(1, 2);
    if (day < 1) return std::nullopt;
    const std::int64_t days = days_of(year, month, day);
    if (date_of(days).day != day) return std::nullopt;  // 30 February
    return days;
}

std::optional<std::int64_t> take_time(Scanner& scan) {
    const std::int64_t hour = scan.number(1, 2);
    if (hour < 0 || hour > 24 || !scan.take(':')) return std::nullopt;
    const std::int64_t minute = scan.number(2, 2);
    if (minute < 0 || minute > 59) return std::nullopt;
    std::int64_t micros = 0;
    if (scan.take(':')) {
        const std::int64_t second = scan.number(2, 2);
        if (second < 0 || second > 59) return std::nullopt;
        micros = second * kMicrosPerSecond;
        if (scan.take('.')) {
            std::int64_t fraction = scan.number(1, 9);
            if (fraction < 0) return std::nullopt;
            for (std::size_t digits = scan.digits(); digits < 6; ++digits) fraction *= 10;
            for (std::size_t digits = scan.digits(); digits > 6; --digits) fraction /= 10;
            micros += fraction;
        }
    }
    return (hour * 3600 + minute * 60) * kMicrosPerSecond + micros;
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
    Scanner scan(text);
    const auto days = take_date(scan);
    return scan.done() ? days : std::nullopt;
}

std::string format_date(std::int64_t days) {
    const Date date = date_of(days);
    return fmt::format("{}{:04}-{:02}-{:02}", date.year < 0 ? "-" : "",
                       date.year < 0 ? -date.year : date.year, date.month, date.day);
}

std::optional<CivilInstant> parse_instant(std::string_view text) {
    Scanner scan(text);
    const auto days = take_date(scan);
    if (!days) return std::nullopt;
    CivilInstant result;
    result.micros = *days * kMicrosPerDay;
    if (scan.take(' ') || scan.take('T')) {
        const auto time = take_time(scan);
        if (!time) return std::nullopt;
        result.micros += *time;
    }
    if (scan.take('Z')) {
        result.has_zone = result.is_utc = true;
    } else if (scan.peek() == '+' || scan.peek() == '-') {
        const std::int64_t sign = scan.take('+') ? 1 : (scan.take('-'), -1);
        const std::int64_t hours = scan.number(2, 2);
        scan.take(':');
        const std::int64_t minutes = scan.number(2, 2);
        if (hours < 0 || hours > 18 || minutes < 0 || minutes > 59) return std::nullopt;
        result.micros -= sign * (hours * 3600 + minutes * 60) * kMicrosPerSecond;
        result.has_zone = true;
    }
    return scan.done() ? std::optional(result) : std::nullopt;
}

std::string format_instant(std::int64_t micros, char separator) {
    std::int64_t days = micros / kMicrosPerDay;
    std::int64_t rest = micros % kMicrosPerDay;
    if (rest < 0) {
        rest += kMicrosPerDay;
        --days;
    }
    const std::int64_t seconds = rest / kMicrosPerSecond;
    return fmt::format("{}{}{:02}:{:02}:{:02}.{:06}", format_date(days), separator, seconds / 3600,
                       seconds / 60 % 60, seconds % 60, rest % kMicrosPerSecond);
}

}  // namespace ingot::delta

#include "project/cron.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fmt/format.h>
#include <span>

namespace ingot::project {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::weekday;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};
constexpr std::array<std::string_view, 7> kLongWeekdays = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
constexpr std::array<int, 12> kDaysAtMost = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

struct CronField {
    std::string_view name;
    int first;
    int last;
    std::span<const std::string_view> words;  ///< Names of values, from `first`.
};

constexpr std::array<CronField, 5> kFields = {{{"minute", 0, 59, {}},
                                               {"hour", 0, 23, {}},
                                               {"day of the month", 1, 31, {}},
                                               {"month", 1, 12, kMonths},
                                               {"day of the week", 0, 7, kWeekdays}}};

struct NamedCron {
    std::string_view name;
    std::string_view fields;
};
constexpr std::array<NamedCron, 7> kNamed = {{{"@hourly", "0 * * * *"},
                                              {"@daily", "0 0 * * *"},
                                              {"@midnight", "0 0 * * *"},
                                              {"@weekly", "0 0 * * 0"},
                                              {"@monthly", "0 0 1 * *"},
                                              {"@yearly", "0 0 1 1 *"},
                                              {"@annually", "0 0 1 1 *"}}};

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

std::optional<int> whole_number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<int> field_value(std::string_view text, const CronField& field) {
    const auto word = std::find(field.words.begin(), field.words.end(), lower_case(text));
    if (word != field.words.end())
        return field.first + static_cast<int>(word - field.words.begin());
    const auto value = whole_number(text);
    return value && *value >= field.first && *value <= field.last ? value : std::nullopt;
}

/// The values of one item of a list, as bits.
std::optional<std::uint64_t> field_part(std::string_view part, const CronField& field) {
    int step = 1;
    const std::size_t slash = part.find('/');
    if (slash != std::string_view::npos) {
        const auto number = whole_number(part.substr(slash + 1));
        if (!number || *number < 1 || *number > field.last) return std::nullopt;
        step = *number;
        part = part.substr(0, slash);
    }
    std::optional<int> low = field.first;
    // Sunday is 0 and 7; a `*` means each day once.
    std::optional<int> high = field.last == 7 ? 6 : field.last;
    if (part != "*") {
        const std::size_t dash = part.find('-');
        if (dash == std::string_view::npos && slash != std::string_view::npos) return std::nullopt;
        low = field_value(part.substr(0, dash), field);
        high = dash == std::string_view::npos ? low : field_value(part.substr(dash + 1), field);
        if (!low || !high || *high < *low) return std::nullopt;
    }
    std::uint64_t bits = 0;
    for (int value = *low; value <= *high; value += step) bits |= std::uint64_t{1} << value;
    return bits;
}

std::optional<std::uint64_t> field_bits(std::string_view text, const CronField& field) {
    std::uint64_t bits = 0;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        const auto part = field_part(text.substr(at, comma - at), field);
        if (!part) return std::nullopt;
        bits |= *part;
        at = comma + 1;
    }
    return bits;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
        if (end > at) words.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

/// A day of the month that none of the months has, and no day of the week to make up for it.
bool never_happens(const Cron& cron) {
    if (cron.either_day) return false;
    for (unsigned m = 1; m <= 12; ++m) {
        if ((cron.months >> m & 1) == 0) continue;
        for (int d = 1; d <= kDaysAtMost[m - 1]; ++d) {
            if ((cron.days >> d & 1) != 0) return false;
        }
    }
    return true;
}

std::optional<CivilDay> parse_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto y = whole_number(text.substr(0, 4));
    const auto m = whole_number(text.substr(5, 2));
    const auto d = whole_number(text.substr(8, 2));
    if (!y || !m || !d || *y < 1 || *m < 1 || *d < 1) return std::nullopt;
    const year_month_day date(year(*y), month(static_cast<unsigned>(*m)),
                              day(static_cast<unsigned>(*d)));
    if (!date.ok()) return std::nullopt;
    return CivilDay(date);
}

bool allowed(const Cron* cron, const Calendar& calendar, CivilDay at) {
    return (cron == nullptr || cron->has_day(at)) && calendar.allows(at);
}

bool has_month(const Cron* cron, const year_month_day& date) {
    return cron == nullptr || (cron->months >> static_cast<unsigned>(date.month()) & 1) != 0;
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
    const auto named = std::find_if(kNamed.begin(), kNamed.end(),
                                    [&](const NamedCron& one) { return one.name == text; });
    const auto words = words_of(named == kNamed.end() ? text : named->fields);
    if (words.size() != kFields.size()) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no schedule: write five fields as in '5 * * * *', '@daily', "
                          "'every 5m', or `on:`",
                          text);
    }
    std::array<std::uint64_t, kFields.size()> bits{};
    for (std::size_t i = 0; i < kFields.size(); ++i) {
        const auto field = field_bits(words[i], kFields[i]);
        if (!field) {
            return make_error(ErrorCode::kInvalidArgument,
                              "'{}' is no {} ({} to {}) in the schedule '{}'", words[i],
                              kFields[i].name, kFields[i].first, kFields[i].last, text);
        }
        bits[i] = *field;
    }
    Cron cron;
    cron.text = std::string(text);
    cron.minutes = bits[0];
    cron.hours = static_cast<std::uint32_t>(bits[1]);
    cron.days = static_cast<std::uint32_t>(bits[2]);
    cron.months = static_cast<std::uint32_t>(bits[3]);
    cron.weekdays = static_cast<std::uint32_t>((bits[4] | bits[4] >> 7) & 0x7F);
    cron.either_day = words[2].front() != '*' && words[4].front() != '*';
    if (never_happens(cron)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "the schedule '{}' never happens: none of its months has such a day",
                          text);
    }
    return cron;
}

bool Cron::has_day(CivilDay at) const {
    const year_month_day date(at);
    if ((months >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
    const bool of_month = (days >> static_cast<unsigned>(date.day()) & 1) != 0;
    const bool of_week = (weekdays >> weekday(at).c_encoding() & 1) != 0;
    return either_day ? of_month || of_week : of_month && of_week;
}

std::optional<int> Cron::minute_from(int minute) const {
    if (minute > 1439) return std::nullopt;
    const int hour = minute / 60;
    if ((hours >> hour & 1) != 0) {
        const std::uint64_t rest = minutes >> (minute % 60);
        if (rest != 0) return minute + std::countr_zero(rest);
    }
    const std::uint32_t later = hours >> (hour + 1);
    if (later == 0) return std::nullopt;
    return (hour + 1 + std::countr_zero(later)) * 60 + std::countr_zero(minutes);
}

std::optional<int> Cron::minute_until(int minute) const {
    if (minute < 0) return std::nullopt;
    const int hour = minute / 60;
    const auto highest = [](std::uint64_t bits) { return 63 - std::countl_zero(bits); };
    if ((hours >> hour & 1) != 0) {
        const std::uint64_t before = minutes & ((std::uint64_t{2} << (minute % 60)) - 1);
        if (before != 0) return hour * 60 + highest(before);
    }
    const std::uint32_t earlier = hours & ((1U << hour) - 1);
    if (earlier == 0) return std::nullopt;
    return highest(earlier) * 60 + highest(minutes);
}

bool DaySet::contains(CivilDay at) const {
    return (weekdays >> weekday(at).c_encoding() & 1) != 0 ||
           std::binary_search(dates.begin(), dates.end(), at);
}

Status add_days(DaySet& days, std::string_view text) {
    const std::string lower = lower_case(text);
    if (lower == "weekdays" || lower == "weekends") {
        days.weekdays =
            static_cast<std::uint8_t>(days.weekdays | (lower == "weekdays" ? 0x3E : 0x41));
        return {};
    }
    for (unsigned i = 0; i < kWeekdays.size(); ++i) {
        if (lower != kWeekdays[i] && lower != kLongWeekdays[i]) continue;
        days.weekdays = static_cast<std::uint8_t>(days.weekdays | 1U << i);
        return {};
    }
    const auto date = parse_date(text);
    if (!date) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no day: write 2026-12-25, mon, weekdays or weekends", text);
    }
    const auto place = std::lower_bound(days.dates.begin(), days.dates.end(), *date);
    if (place == days.dates.end() || *place != *date) days.dates.insert(place, *date);
    return {};
}

bool Calendar::allows(CivilDay at) const {
    return (only.empty() || only.contains(at)) && !except.contains(at);
}

std::optional<CivilDay> first_day(const Cron* cron, const Calendar& calendar, CivilDay from,
                                  CivilDay until) {
    for (CivilDay at = from; at <= until;) {
        const year_month_day date(at);
        if (!has_month(cron, date)) {
            at =
                CivilDay(year_month_day((date.year() / date.month() + std::chrono::months(1)) / 1));
            continue;
        }
        if (allowed(cron, calendar, at)) return at;
        at += days(1);
    }
    return std::nullopt;
}

std::optional<CivilDay> last_day(const Cron* cron, const Calendar& calendar, CivilDay from,
                                 CivilDay until) {
    for (CivilDay at = until; at >= from;) {
        const year_month_day date(at);
        if (!has_month(cron, date)) {
            at = CivilDay(year_month_day(date.year() / date.month() / 1)) - days(1);
            continue;
        }
        if (allowed(cron, calendar, at)) return at;
        at -= days(1);
    }
    return std::nullopt;
}

}  // namespace ingot::project

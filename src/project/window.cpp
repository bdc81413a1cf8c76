#include "project/window.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>

namespace ingot::project {

namespace {

using Unit = CalendarStep::Unit;

constexpr std::array<std::string_view, 6> kUnitNames = {"minute", "hour",  "day",
                                                        "week",   "month", "year"};
constexpr std::int64_t kMinuteMicros = 60'000'000;
constexpr std::int64_t kHourMicros = 60 * kMinuteMicros;
constexpr std::int64_t kDayMicros = 24 * kHourMicros;

/// The length of a window when all have the same, as in UTC up to a day: no calendar is needed.
std::optional<std::int64_t> fixed_length(const WindowSpec& spec) {
    if (spec.timezone != "UTC") return std::nullopt;
    if (spec.step.unit == Unit::kMinute) return spec.step.count * kMinuteMicros;
    if (spec.step.unit == Unit::kHour) return spec.step.count * kHourMicros;
    if (spec.step.unit == Unit::kDay && spec.step.count == 1) return kDayMicros;
    return std::nullopt;
}

/// About the length of a window, never shorter than any real one but those of a clock change.
Duration generous_length(const CalendarStep& step) {
    switch (step.unit) {
        case Unit::kMinute:
            return Duration(step.count * kMinuteMicros);
        case Unit::kHour:
            return Duration(step.count * kHourMicros);
        case Unit::kDay:
            return Duration(step.count * kDayMicros + kHourMicros);
        case Unit::kWeek:
            return Duration(step.count * 7 * kDayMicros + kHourMicros);
        case Unit::kMonth:
            return Duration(step.count * 31 * kDayMicros + kHourMicros);
        case Unit::kYear:
            return Duration(step.count * 366 * kDayMicros + kHourMicros);
    }
    return {};
}

Result<Timestamp> floor_window(const WindowSpec& spec, Timestamp at) {
    if (const auto length = fixed_length(spec)) {
        const std::int64_t inside = (at.micros() % *length + *length) % *length;
        return Timestamp::from_micros(at.micros() - inside);
    }
    return floor_calendar(at, spec.step, spec.timezone);
}

/// The end of the window that starts at `start`. In civil time: the first boundary after it, so
/// that days have 23 to 25 hours and no instant is lost at a clock change.
Result<Timestamp> window_end(const WindowSpec& spec, Timestamp start) {
    if (const auto length = fixed_length(spec)) return start + Duration(*length);
    Timestamp probe = start + generous_length(spec.step);
    while (true) {
        INGOT_TRY_ASSIGN(const Timestamp boundary, floor_window(spec, probe));
        if (boundary > start) return boundary;
        probe = probe + Duration(spec.step.unit == Unit::kMinute ? kMinuteMicros : kHourMicros);
    }
}

/// Whether the text has its own offset (`Z`, `+01:00`): then the zone of the project is not meant.
std::optional<Unit> precision_of(std::string_view text) {
    const std::size_t time = text.find_first_of("T ");
    const std::string_view date = text.substr(0, time);
    if (time == std::string_view::npos) {
        const auto dashes = std::count(date.begin(), date.end(), '-');
        return dashes == 0 ? Unit::kYear : dashes == 1 ? Unit::kMonth : Unit::kDay;
    }
    const std::string_view clock = text.substr(time + 1);
    const std::string_view digits = clock.substr(0, clock.find_first_of("Z+-"));
    const auto colons = std::count(digits.begin(), digits.end(), ':');
    if (colons == 0) return Unit::kHour;
    if (colons == 1) return Unit::kMinute;
    return std::nullopt;
}

}  // namespace

std::string WindowSpec::to_string() const {
    const std::string_view unit = kUnitNames[static_cast<std::size_t>(step.unit)];
    std::string out = step.count == 1 ? std::string(unit) : fmt::format("{} {}s", step.count, unit);
    if (timezone != "UTC") out += " in " + timezone;
    return out;
}

Result<CalendarStep> parse_window_unit(std::string_view text) {
    for (std::size_t unit = 0; unit < kUnitNames.size(); ++unit) {
        if (text == kUnitNames[unit]) return CalendarStep{static_cast<Unit>(unit), 1};
    }
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    std::string_view word(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (word.starts_with(' ')) word.remove_prefix(1);
    const bool minutes = word == "m" || word == "minutes" || word == "minute";
    const bool hours = word == "h" || word == "hours" || word == "hour";
    if (error != std::errc() || count < 1 || (!minutes && !hours)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no window: write minute, hour, day, week, month, year, or "
                          "several as 15m or 6h",
                          text);
    }
    if (minutes && 60 % count != 0) {
        return make_error(
            ErrorCode::kInvalidArgument,
            "windows of {} minutes do not fill an hour: use 1, 2, 3, 4, 5, 6, 10, 12, "
            "15, 20, 30 or 60",
            count);
    }
    if (hours && 24 % count != 0) {
        return make_error(ErrorCode::kInvalidArgument,
                          "windows of {} hours do not fill a day: use 1, 2, 3, 4, 6, 8, 12 or 24",
                          count);
    }
    if (minutes && count == 60) return CalendarStep{Unit::kHour, 1};
    if (hours && count == 24) return CalendarStep{Unit::kDay, 1};
    return CalendarStep{minutes ? Unit::kMinute : Unit::kHour, count};
}

Result<Interval> window_at(const WindowSpec& spec, Timestamp at) {
    INGOT_TRY_ASSIGN(const Timestamp start, floor_window(spec, at));
    INGOT_TRY_ASSIGN(const Timestamp end, window_end(spec, start));
    return Interval{start, end};
}

Result<std::vector<Interval>> enumerate_windows(const WindowSpec& spec, const Interval& range,
                                                std::size_t at_most) {
    std::vector<Interval> windows;
    INGOT_TRY_ASSIGN(Interval window, window_at(spec, range.start));
    if (window.start < range.start) {
        INGOT_TRY_ASSIGN(const Timestamp end, window_end(spec, window.end));
        window = {window.end, end};
    }
    while (window.end <= range.end) {
        if (windows.size() == at_most) {
            return make_error(ErrorCode::kInvalidArgument, "{} has more than {} windows of a {}",
                              range.to_string(), at_most, spec.to_string());
        }
        windows.push_back(window);
        INGOT_TRY_ASSIGN(const Timestamp end, window_end(spec, window.end));
        window = {window.end, end};
    }
    return windows;
}

Result<std::vector<Interval>> windows_overlapping(const WindowSpec& spec,
                                                  const IntervalSet& ranges) {
    std::vector<Interval> windows;
    for (const Interval& range : ranges.intervals()) {
        Timestamp at = range.start;
        if (!windows.empty() && windows.back().end > at) at = windows.back().end;
        while (at < range.end) {
            INGOT_TRY_ASSIGN(const Interval window, window_at(spec, at));
            windows.push_back(window);
            at = window.end;
        }
    }
    return windows;
}

Result<Interval> last_closed_window(const WindowSpec& spec, Timestamp now) {
    INGOT_TRY_ASSIGN(const Timestamp end, floor_window(spec, now));
    return window_at(spec, Timestamp::from_micros(end.micros() - 1));
}

Result<std::optional<Interval>> closed_range(const WindowSpec& spec, Timestamp from,
                                             Timestamp now) {
    INGOT_TRY_ASSIGN(const Timestamp end, floor_window(spec, now));
    INGOT_TRY_ASSIGN(const Timestamp start, floor_window(spec, from));
    if (start >= end) return std::optional<Interval>();
    return std::optional<Interval>(Interval{start, end});
}

bool nests_in(const WindowSpec& fine, const WindowSpec& coarse) {
    if (fine == coarse) return true;
    const bool same_zone = fine.timezone == coarse.timezone;
    const Unit f = fine.step.unit;
    const Unit c = coarse.step.unit;
    if (f == Unit::kMinute && c == Unit::kMinute) {
        return same_zone && coarse.step.count % fine.step.count == 0;
    }
    if (f == Unit::kHour && c == Unit::kHour) {
        return same_zone && coarse.step.count % fine.step.count == 0;
    }
    if (!same_zone) return false;
    if (f <= Unit::kHour) return c > f;
    if (f == Unit::kDay) return c > f;
    return f == Unit::kMonth && c == Unit::kYear;  // weeks cross months and years
}

Result<Interval> parse_interval(std::string_view text, std::string_view timezone) {
    const std::size_t dots = text.find("..");
    if (dots != std::string_view::npos) {
        INGOT_TRY_ASSIGN(const Timestamp start, parse_timestamp(text.substr(0, dots), timezone));
        INGOT_TRY_ASSIGN(const Timestamp end, parse_timestamp(text.substr(dots + 2), timezone));
        if (start >= end) {
            return make_error(ErrorCode::kInvalidArgument,
                              "'{}' ends before it begins: write START..END, the end not included",
                              text);
        }
        return Interval{start, end};
    }
    INGOT_TRY_ASSIGN(const Timestamp start, parse_timestamp(text, timezone));
    const auto unit = precision_of(text);
    if (!unit) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is a moment, not a window: write START..END, or a day or an hour",
                          text);
    }
    const WindowSpec spec{{*unit, 1}, std::string(timezone)};
    if (*unit <= Unit::kHour) {
        return Interval{start, start + generous_length(spec.step)};
    }
    INGOT_TRY_ASSIGN(const Timestamp end, window_end(spec, start));
    return Interval{start, end};
}

}  // namespace ingot::project

#include "base/time.hpp"

#include <array>
#include <date/tz.h>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/guarded.hpp"

namespace ingot {

namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
constexpr std::int64_t kMicrosPerDay = 24 * kMicrosPerHour;
constexpr std::int64_t kYearMin = 1;
constexpr std::int64_t kYearMax = 9999;

/// A date of the proleptic Gregorian calendar. The year is wider than the date library's, so that
/// every Timestamp can be printed.
struct CivilDate {
    std::int64_t year = 1970;
    int month = 1;
    int day = 1;
};

struct CivilTime {
    CivilDate date;
    std::int64_t days = 0;  ///< Since 1970-01-01.
    std::int64_t micros_of_day = 0;
};

/// Micros since 1970-01-01T00:00 on the wall clock of some zone.
using LocalMicros = StrongType<struct LocalMicrosTag, std::int64_t>;

constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - ((value % by != 0 && (value < 0) != (by < 0)) ? 1 : 0);
}

std::int64_t days_from_civil(CivilDate date);
CivilDate civil_from_days(std::int64_t days);
bool is_civil_date(CivilDate date);
CivilTime civil_time(LocalMicros local);

/// One IANA zone. UTC is answered without the zone database, whose first use reads files.
class Zone {
public:
    static Result<Zone> find(std::string_view name);

    /// Offset and abbreviation that hold at one instant.
    struct Info {
        std::int64_t offset_micros = 0;
        std::optional<Timestamp> begin;  ///< Nothing: holds since ever.
        std::string abbreviation = "UTC";
    };
    Info info(Timestamp at) const;
    TimeZone::Period period(Timestamp at) const;
    const date::time_zone* entry() const { return zone_; }
    LocalMicros to_local(Timestamp at) const {
        return LocalMicros(at.micros() + (zone_ == nullptr ? 0 : info(at).offset_micros));
    }
    /// A skipped time moves forward by the length of the gap, of a repeated one the first counts.
    Timestamp to_instant(LocalMicros local) const;
    /// The first instant at which the wall clock shows `local` or, when it skips that, a later
    /// time.
    Timestamp first_instant_from(LocalMicros local) const;

    explicit Zone(const date::time_zone* entry) : zone_(entry) {}

private:
    const date::time_zone* zone_;  // nullptr: UTC
};

Status check_range(Timestamp at);
std::int64_t floor_local_date(std::int64_t days, CalendarStep step);
std::int64_t next_local_date(std::int64_t floored_days, CalendarStep step);
Timestamp floor_clock(const Zone& zone, Timestamp at, std::int64_t step_micros);
Status append_specifier(std::string& out, char specifier, bool padded, Timestamp at,
                        const CivilTime& civil, const Zone::Info& info, std::string_view pattern);

}  // namespace

std::string Timestamp::to_string() const {
    const CivilTime civil = civil_time(LocalMicros(micros_));
    const std::int64_t seconds = civil.micros_of_day / kMicrosPerSecond;
    const std::int64_t fraction = civil.micros_of_day % kMicrosPerSecond;
    std::string text =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.date.year, civil.date.month,
                    civil.date.day, seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction % 1000 != 0) {
        text += fmt::format(".{:06}", fraction);
    } else if (fraction != 0) {
        text += fmt::format(".{:03}", fraction / 1000);
    }
    return text + 'Z';
}

namespace {

/// Reads fixed-width digits and separators from the front of a text.
class TimestampText {
public:
    explicit TimestampText(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    bool next_is_any_of(std::string_view characters) const {
        return !rest_.empty() && characters.find(rest_.front()) != std::string_view::npos;
    }
    bool skip(std::string_view characters) {
        const bool found = next_is_any_of(characters);
        rest_.remove_prefix(found ? 1 : 0);
        return found;
    }
    char take() {
        const char first = rest_.front();
        rest_.remove_prefix(1);
        return first;
    }
    std::optional<int> number(std::size_t digits, int lowest, int highest) {
        if (rest_.size() < digits) return std::nullopt;
        int value = 0;
        for (const char digit : rest_.substr(0, digits)) {
            if (digit < '0' || digit > '9') return std::nullopt;
            value = value * 10 + (digit - '0');
        }
        rest_.remove_prefix(digits);
        return value >= lowest && value <= highest ? std::optional(value) : std::nullopt;
    }
    /// One to nine digits after the point, as microseconds; the rest is cut off.
    std::optional<std::int64_t> fraction_micros() {
        std::int64_t micros = 0;
        std::size_t digits = 0;
        for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
            if (digits < 6) micros = micros * 10 + (rest_[digits] - '0');
        }
        if (digits == 0 || digits > 9) return std::nullopt;
        rest_.remove_prefix(digits);
        for (; digits < 6; ++digits) micros *= 10;
        return micros;
    }

private:
    std::string_view rest_;
};

struct ParsedTime {
    LocalMicros local;
    std::optional<std::int64_t> offset_micros;
};

std::optional<std::int64_t> parse_offset(TimestampText& text) {
    if (text.skip("Zz")) return 0;
    const int sign = text.take() == '-' ? -1 : 1;
    const auto hours = text.number(2, 0, 18);
    if (!hours) return std::nullopt;
    std::optional<int> minutes = 0;
    if (text.skip(":") || !text.at_end()) minutes = text.number(2, 0, 59);
    if (!minutes) return std::nullopt;
    return sign * (*hours * kMicrosPerHour + *minutes * kMicrosPerMinute);
}

/// Everything but the first four digits may be left out from some point on. Nothing: not a time.
std::optional<ParsedTime> parse_parts(std::string_view input) {
    TimestampText text(input);
    CivilDate date;
    std::int64_t micros_of_day = 0;
    const auto done = [&](std::optional<std::int64_t> offset) -> std::optional<ParsedTime> {
        if (!text.at_end() || !is_civil_date(date)) return std::nullopt;
        return ParsedTime{LocalMicros(days_from_civil(date) * kMicrosPerDay + micros_of_day),
                          offset};
    };

    const auto year = text.number(4, static_cast<int>(kYearMin), static_cast<int>(kYearMax));
    if (!year) return std::nullopt;
    date.year = *year;
    if (!text.skip("-")) return done(std::nullopt);
    const auto month = text.number(2, 1, 12);
    if (!month) return std::nullopt;
    date.month = *month;
    if (!text.skip("-")) return done(std::nullopt);
    const auto day = text.number(2, 1, 31);
    if (!day) return std::nullopt;
    date.day = *day;
    if (!text.skip("Tt ")) return done(std::nullopt);

    const auto hour = text.number(2, 0, 23);
    if (!hour) return std::nullopt;
    micros_of_day += *hour * kMicrosPerHour;
    if (text.skip(":")) {
        const auto minute = text.number(2, 0, 59);
        if (!minute) return std::nullopt;
        micros_of_day += *minute * kMicrosPerMinute;
        if (text.skip(":")) {
            const auto second = text.number(2, 0, 59);
            if (!second) return std::nullopt;
            micros_of_day += *second * kMicrosPerSecond;
            if (text.skip(".,")) {
                const auto fraction = text.fraction_micros();
                if (!fraction) return std::nullopt;
                micros_of_day += *fraction;
            }
        }
    }
    if (!text.next_is_any_of("Zz+-")) return done(std::nullopt);
    const auto offset = parse_offset(text);
    return offset ? done(offset) : std::nullopt;
}

}  // namespace

Result<Timestamp> parse_timestamp(std::string_view text, std::string_view zone) {
    const std::optional<ParsedTime> parsed = parse_parts(text);
    if (!parsed) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is not a time: write it as 2015-01-31, 2015-01-31T15 or "
                          "2015-01-31T15:04:05.123Z",
                          text);
    }
    if (parsed->offset_micros) {
        return Timestamp::from_micros(parsed->local.value() - *parsed->offset_micros);
    }
    INGOT_TRY_ASSIGN(const Zone found, Zone::find(zone));
    return found.to_instant(parsed->local);
}

namespace {

struct DurationUnit {
    std::string_view name;
    std::int64_t micros;
};

constexpr std::array<DurationUnit, 7> kDurationUnits = {{{"w", 7 * kMicrosPerDay},
                                                         {"d", kMicrosPerDay},
                                                         {"h", kMicrosPerHour},
                                                         {"m", kMicrosPerMinute},
                                                         {"s", kMicrosPerSecond},
                                                         {"ms", 1000},
                                                         {"us", 1}}};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view unit_name = text.substr(digits);
    for (const DurationUnit& unit : kDurationUnits) {
        if (digits == 0 || unit.name != unit_name) continue;
        std::int64_t micros = 0;
        for (const char digit : text.substr(0, digits)) {
            if (__builtin_mul_overflow(micros, std::int64_t{10}, &micros) ||
                __builtin_add_overflow(micros, std::int64_t{digit - '0'}, &micros)) {
                return make_error(ErrorCode::kInvalidArgument, "duration '{}' is too long", text);
            }
        }
        if (__builtin_mul_overflow(micros, unit.micros, &micros)) {
            return make_error(ErrorCode::kInvalidArgument, "duration '{}' is too long", text);
        }
        return Duration(micros);
    }
    return make_error(ErrorCode::kInvalidArgument,
                      "'{}' is not a duration: write a whole number and one of ms, s, m, h, d, w, "
                      "for example 90s or 6h",
                      text);
}

std::string format_duration(Duration duration) {
    if (duration.count() == 0) return "0s";
    for (const DurationUnit& unit : kDurationUnits) {
        if (duration.count() % unit.micros == 0) {
            return fmt::format("{}{}", duration.count() / unit.micros, unit.name);
        }
    }
    return fmt::format("{}us", duration.count());
}

Result<std::string> format_time(Timestamp at, std::string_view pattern, std::string_view zone) {
    INGOT_TRY_ASSIGN(const Zone found, Zone::find(zone));
    INGOT_TRY(check_range(at));
    const Zone::Info info = found.info(at);
    const CivilTime civil = civil_time(LocalMicros(at.micros() + info.offset_micros));
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '%') {
            out += pattern[i];
            continue;
        }
        const bool padded = i + 1 >= pattern.size() || pattern[i + 1] != '-';
        i += padded ? 1 : 2;
        const char specifier = i < pattern.size() ? pattern[i] : '\0';
        INGOT_TRY(append_specifier(out, specifier, padded, at, civil, info, pattern));
    }
    return out;
}

Result<std::optional<Timestamp>> shift_calendar(Timestamp at, CalendarStep by,
                                                std::string_view zone) {
    using Unit = CalendarStep::Unit;
    INGOT_TRY_ASSIGN(const Zone found, Zone::find(zone));
    INGOT_TRY(check_range(at));
    // Larger than any step between two valid years, small enough that no product overflows.
    constexpr std::int64_t kCountMax = kYearMax * 366 * 24 * 60;
    if (by.count < -kCountMax || by.count > kCountMax) {
        return make_error(ErrorCode::kInvalidArgument, "a step of {} units is too large", by.count);
    }
    if (by.count == 0) return std::optional(at);
    if (by.unit == Unit::kMinute || by.unit == Unit::kHour) {
        // Elapsed time: an hour later is an hour later on the day of a clock change, too.
        const Timestamp moved =
            at + Duration(by.count * (by.unit == Unit::kHour ? kMicrosPerHour : kMicrosPerMinute));
        INGOT_TRY(check_range(moved));
        return std::optional(moved);
    }

    const CivilTime civil = civil_time(found.to_local(at));
    std::int64_t days = civil.days;
    if (by.unit == Unit::kDay || by.unit == Unit::kWeek) {
        days += by.count * (by.unit == Unit::kWeek ? 7 : 1);
    } else {
        const std::int64_t months = civil.date.year * 12 + (civil.date.month - 1) +
                                    by.count * (by.unit == Unit::kYear ? 12 : 1);
        const CivilDate target{floor_div(months, 12),
                               static_cast<int>(months - floor_div(months, 12) * 12) + 1,
                               civil.date.day};
        if (!is_civil_date(target)) return std::optional<Timestamp>();
        days = days_from_civil(target);
    }
    constexpr CivilDate kFirst{kYearMin, 1, 1};
    constexpr CivilDate kLast{kYearMax, 12, 31};
    if (days < days_from_civil(kFirst) || days > days_from_civil(kLast)) {
        return make_error(ErrorCode::kInvalidArgument, "{} moved by {} leaves the years {} to {}",
                          at.to_string(), by.count, kYearMin, kYearMax);
    }
    return std::optional(found.to_instant(LocalMicros(days * kMicrosPerDay + civil.micros_of_day)));
}

Result<Timestamp> floor_calendar(Timestamp at, CalendarStep step, std::string_view zone) {
    INGOT_TRY_ASSIGN(const Zone found, Zone::find(zone));
    INGOT_TRY(check_range(at));
    constexpr std::int64_t kCountMax = 1'000'000;
    if (step.count < 1 || step.count > kCountMax) {
        return make_error(ErrorCode::kInvalidArgument,
                          "a window must be 1 to {} units long, not {}", kCountMax, step.count);
    }
    if (step.unit == CalendarStep::Unit::kMinute) {
        return floor_clock(found, at, step.count * kMicrosPerMinute);
    }
    if (step.unit == CalendarStep::Unit::kHour) {
        return floor_clock(found, at, step.count * kMicrosPerHour);
    }
    const std::int64_t days = floor_local_date(civil_time(found.to_local(at)).days, step);
    // A clock put back over midnight shows the old date once more after the new day has begun.
    const Timestamp next =
        found.first_instant_from(LocalMicros(next_local_date(days, step) * kMicrosPerDay));
    return next <= at ? next : found.first_instant_from(LocalMicros(days * kMicrosPerDay));
}

bool is_known_zone(std::string_view zone) {
    return Zone::find(zone).has_value();
}

Result<TimeZone> TimeZone::find(std::string_view name) {
    INGOT_TRY_ASSIGN(const Zone found, Zone::find(name));
    return TimeZone(found.entry());
}

TimeZone::Period TimeZone::period_at(Timestamp at) const {
    return Zone(static_cast<const date::time_zone*>(zone_)).period(at);
}

namespace {

class SystemClock final : public Clock {
public:
    Timestamp now() const override {
        return Timestamp::from_micros(since_epoch<std::chrono::system_clock>());
    }
    Duration steady() const override { return Duration(since_epoch<std::chrono::steady_clock>()); }
    void sleep_for(Duration duration) override { std::this_thread::sleep_for(duration); }

private:
    template <class ClockType>
    static std::int64_t since_epoch() {
        return std::chrono::duration_cast<Duration>(ClockType::now().time_since_epoch()).count();
    }
};

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

struct ManualClock::State {
    struct Times {
        Timestamp now;
        Duration steady{0};
    };
    Guarded<Times> times;
};

ManualClock::ManualClock(Timestamp start) : state_(std::make_shared<State>()) {
    set(start);
}

Timestamp ManualClock::now() const {
    return state_->times.lock()->now;
}

Duration ManualClock::steady() const {
    return state_->times.lock()->steady;
}

void ManualClock::sleep_for(Duration duration) {
    if (duration > Duration(0)) advance(duration);
}

void ManualClock::set(Timestamp now) {
    state_->times.lock()->now = now;
}

void ManualClock::advance(Duration by) {
    INGOT_CHECK(by >= Duration(0), "steady time never goes back; use set() to move the wall clock");
    auto times = state_->times.lock();
    times->now = times->now + by;
    times->steady += by;
}

namespace {

// The two conversions are the well-known ones on eras of 400 years that begin on 1 March.
std::int64_t days_from_civil(CivilDate date) {
    const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    const std::int64_t era = floor_div(year, 400);
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t month_from_march = (date.month + 9) % 12;
    const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

CivilDate civil_from_days(std::int64_t days) {
    const std::int64_t shifted = days + 719468;
    const std::int64_t era = floor_div(shifted, 146097);
    const std::int64_t day_of_era = shifted - era * 146097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
    const int month = static_cast<int>((month_from_march + 2) % 12) + 1;
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
            static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5) + 1};
}

bool is_leap(std::int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool is_civil_date(CivilDate date) {
    constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.month < 1 || date.month > 12 || date.day < 1) return false;
    const bool leap_february = date.month == 2 && is_leap(date.year);
    return date.day <= kDays[static_cast<std::size_t>(date.month - 1)] + (leap_february ? 1 : 0);
}

CivilTime civil_time(LocalMicros local) {
    const std::int64_t days = floor_div(local.value(), kMicrosPerDay);
    // Not value - days * kMicrosPerDay: that product overflows for the very first day.
    const std::int64_t remainder = local.value() % kMicrosPerDay;
    return {civil_from_days(days), days, remainder < 0 ? remainder + kMicrosPerDay : remainder};
}

Result<Zone> Zone::find(std::string_view name) {
    if (name == "UTC" || name == "Etc/UTC" || name == "Z") return Zone(nullptr);
    try {
        return Zone(date::locate_zone(std::string(name)));
    } catch (const std::exception&) {
        return make_error(ErrorCode::kInvalidArgument,
                          "unknown time zone '{}': use an IANA name such as UTC or Europe/Berlin "
                          "(the system package tzdata holds the list)",
                          name);
    }
}

Zone::Info Zone::info(Timestamp at) const {
    if (zone_ == nullptr) return {};
    const date::sys_seconds instant{std::chrono::seconds(floor_div(at.micros(), kMicrosPerSecond))};
    const date::sys_info info = zone_->get_info(instant);
    Info result;
    result.offset_micros = info.offset.count() * kMicrosPerSecond;
    result.abbreviation = info.abbrev;
    // The library says "since ever" with a far year, whose microseconds would not fit.
    const std::int64_t begin = info.begin.time_since_epoch().count();
    if (begin > std::numeric_limits<std::int64_t>::min() / kMicrosPerSecond) {
        result.begin = Timestamp::from_micros(begin * kMicrosPerSecond);
    }
    return result;
}

TimeZone::Period Zone::period(Timestamp at) const {
    if (zone_ == nullptr) return {};
    const date::sys_info info = zone_->get_info(
        date::sys_seconds(std::chrono::seconds(floor_div(at.micros(), kMicrosPerSecond))));
    // The library says "since ever" and "for ever" with far years.
    constexpr std::int64_t kFarSeconds = 300'000'000'000;
    const auto instant = [&](date::sys_seconds seconds) -> std::optional<Timestamp> {
        const std::int64_t count = seconds.time_since_epoch().count();
        if (count < -kFarSeconds || count > kFarSeconds) return std::nullopt;
        return Timestamp::from_micros(count * kMicrosPerSecond);
    };
    return {Duration(info.offset.count() * kMicrosPerSecond), instant(info.begin),
            instant(info.end)};
}

Timestamp Zone::to_instant(LocalMicros local) const {
    if (zone_ == nullptr) return Timestamp::from_micros(local.value());
    const date::local_seconds wall{
        std::chrono::seconds(floor_div(local.value(), kMicrosPerSecond))};
    // In a gap, and of a repeated time, `first` is the offset before the change: it moves a skipped
    // time forward and picks the earlier of two.
    const auto offset = zone_->get_info(wall).first.offset;
    return Timestamp::from_micros(local.value() - offset.count() * kMicrosPerSecond);
}

Timestamp Zone::first_instant_from(LocalMicros local) const {
    if (zone_ == nullptr) return Timestamp::from_micros(local.value());
    const date::local_seconds wall{
        std::chrono::seconds(floor_div(local.value(), kMicrosPerSecond))};
    const date::local_info info = zone_->get_info(wall);
    if (info.result != date::local_info::nonexistent) return to_instant(local);
    return Timestamp::from_micros(info.first.end.time_since_epoch().count() * kMicrosPerSecond);
}

Status check_range(Timestamp at) {
    static const std::int64_t first = days_from_civil({kYearMin, 1, 1}) * kMicrosPerDay;
    static const std::int64_t end = days_from_civil({kYearMax + 1, 1, 1}) * kMicrosPerDay;
    if (at.micros() >= first && at.micros() < end) return {};
    return make_error(ErrorCode::kInvalidArgument, "{} is outside of the years {} to {}",
                      at.to_string(), kYearMin, kYearMax);
}

std::int64_t months_since_year_zero(std::int64_t days) {
    const CivilDate date = civil_from_days(days);
    return date.year * 12 + (date.month - 1);
}

std::int64_t first_day_of_month(std::int64_t months) {
    const std::int64_t year = floor_div(months, 12);
    return days_from_civil({year, static_cast<int>(months - year * 12) + 1, 1});
}

/// The first day of the step (day or longer) that holds a day.
std::int64_t floor_local_date(std::int64_t days, CalendarStep step) {
    constexpr std::int64_t kFirstMonday = 4;  // 1970-01-05
    const auto down = [&](std::int64_t value, std::int64_t by) {
        return floor_div(value, by) * by;
    };
    switch (step.unit) {
        case CalendarStep::Unit::kWeek:
            return down(days - kFirstMonday, 7 * step.count) + kFirstMonday;
        case CalendarStep::Unit::kMonth:
            return first_day_of_month(down(months_since_year_zero(days), step.count));
        case CalendarStep::Unit::kYear:
            return first_day_of_month(down(months_since_year_zero(days), 12 * step.count));
        default:
            return down(days, step.count);
    }
}

std::int64_t next_local_date(std::int64_t floored_days, CalendarStep step) {
    switch (step.unit) {
        case CalendarStep::Unit::kWeek:
            return floored_days + 7 * step.count;
        case CalendarStep::Unit::kMonth:
            return first_day_of_month(months_since_year_zero(floored_days) + step.count);
        case CalendarStep::Unit::kYear:
            return first_day_of_month(months_since_year_zero(floored_days) + 12 * step.count);
        default:
            return floored_days + step.count;
    }
}

/// Hours and minutes are counted on the wall clock, and a repeated hour is a window of its own. A
/// step that a clock change cuts belongs to the window before the change.
Timestamp floor_clock(const Zone& zone, Timestamp at, std::int64_t step_micros) {
    const Zone::Info info = zone.info(at);
    const std::int64_t local = at.micros() + info.offset_micros;
    const std::int64_t floored = floor_div(local, step_micros) * step_micros;
    const Timestamp start = Timestamp::from_micros(floored - info.offset_micros);
    if (!info.begin || start >= *info.begin) return start;
    const Timestamp before_change = floor_clock(zone, *info.begin - Duration(1), step_micros);
    return std::max(zone.first_instant_from(LocalMicros(floored)), before_change);
}

constexpr std::array<std::string_view, 12> kMonthNames = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDayNames = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

struct IsoWeek {
    std::int64_t year;
    std::int64_t week;
};

/// A week belongs to the year that holds its Thursday.
IsoWeek iso_week(std::int64_t days, std::int64_t day_of_week) {
    const std::int64_t thursday = days - (day_of_week + 6) % 7 + 3;
    const std::int64_t year = civil_from_days(thursday).year;
    return {year, (thursday - days_from_civil({year, 1, 1})) / 7 + 1};
}

// One table of cases; splitting it would hide that it is one.
Status append_specifier(std::string& out, char specifier, bool padded, Timestamp at,
                        const CivilTime& civil, const Zone::Info& info, std::string_view pattern) {
    const auto number = [&](std::int64_t value, int width) {
        out += fmt::format("{:0{}}", value, padded ? width : 1);
    };
    const CivilDate& date = civil.date;
    const std::int64_t seconds = civil.micros_of_day / kMicrosPerSecond;
    const std::int64_t hour = seconds / 3600;
    const std::int64_t minute = seconds / 60 % 60;
    const std::int64_t day_of_week = ((civil.days + 4) % 7 + 7) % 7;
    const std::int64_t day_of_year = civil.days - days_from_civil({date.year, 1, 1});
    const std::string_view month_name = kMonthNames[static_cast<std::size_t>(date.month - 1)];
    const std::string_view day_name = kDayNames[static_cast<std::size_t>(day_of_week)];
    const std::int64_t offset_minutes = info.offset_micros / kMicrosPerMinute;

    switch (specifier) {
            // clang-format off
        case 'Y': number(date.year, 4); return {};
        case 'y': number(date.year % 100, 2); return {};
        case 'C': number(date.year / 100, 2); return {};
        case 'm': number(date.month, 2); return {};
        case 'd': number(date.day, 2); return {};
        case 'e': out += fmt::format("{:{}}", date.day, padded ? 2 : 1); return {};
        case 'H': number(hour, 2); return {};
        case 'I': number((hour + 11) % 12 + 1, 2); return {};
        case 'M': number(minute, 2); return {};
        case 'S': number(seconds % 60, 2); return {};
        case 'f': out += fmt::format("{:06}", civil.micros_of_day % kMicrosPerSecond); return {};
        case 'j': number(day_of_year + 1, 3); return {};
        case 'p': out += hour < 12 ? "AM" : "PM"; return {};
        case 'b': case 'h': out += month_name.substr(0, 3); return {};
        case 'B': out += month_name; return {};
        case 'a': out += day_name.substr(0, 3); return {};
        case 'A': out += day_name; return {};
        case 'u': number((day_of_week + 6) % 7 + 1, 1); return {};
        case 'w': number(day_of_week, 1); return {};
        case 'U': number((day_of_year + 7 - day_of_week) / 7, 2); return {};
        case 'W': number((day_of_year + 7 - (day_of_week + 6) % 7) / 7, 2); return {};
        case 'G': number(iso_week(civil.days, day_of_week).year, 4); return {};
        case 'V': number(iso_week(civil.days, day_of_week).week, 2); return {};
        case 's': number(floor_div(at.micros(), kMicrosPerSecond), 1); return {};
        case 'F':
            out += fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
            return {};
        case 'D':
            out += fmt::format("{:02}/{:02}/{:02}", date.month, date.day, date.year % 100);
            return {};
        case 'T': out += fmt::format("{:02}:{:02}:{:02}", hour, minute, seconds % 60); return {};
        case 'R': out += fmt::format("{:02}:{:02}", hour, minute); return {};
        case 'z':
            out += fmt::format("{}{:02}{:02}", offset_minutes < 0 ? '-' : '+',
                               std::abs(offset_minutes) / 60, std::abs(offset_minutes) % 60);
            return {};
        case 'Z': out += info.abbreviation; return {};
        case 'n': out += '\n'; return {};
        case 't': out += '\t'; return {};
        case '%': out += '%'; return {};
        // clang-format on
        case '\0':
            return make_error(ErrorCode::kInvalidArgument,
                              "time pattern '{}' ends inside a % specifier", pattern);
        default:
            return make_error(ErrorCode::kInvalidArgument,
                              "time pattern '{}' has the unknown specifier '%{}{}'", pattern,
                              padded ? "" : "-", specifier);
    }
}

}  // namespace

}  // namespace ingot

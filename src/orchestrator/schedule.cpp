#include "orchestrator/schedule.hpp"

#include <algorithm>

namespace ingot::orchestrator {
namespace {

using project::Calendar;
using project::CivilDay;
using project::Cron;

constexpr std::int64_t kMinute = 60'000'000;
constexpr std::int64_t kDay = 24 * 60 * kMinute;
constexpr Duration kHorizon = Duration(std::int64_t{36'525} * kDay);
constexpr Duration kInstant = Duration(1);

/// Micros since 1970-01-01T00:00 on a wall clock.
using Local = std::int64_t;

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by != 0 && value < 0 ? 1 : 0);
}
CivilDay day_of(Local local) {
    return CivilDay(std::chrono::days(floor_div(local, kDay)));
}
Local start_of(CivilDay day) {
    return day.time_since_epoch().count() * kDay;
}

/// One cron line and its days, in the time of a wall clock that never changes.
struct Line {
    const Cron& cron;
    const Calendar& calendar;

    /// The first match in [from, until).
    std::optional<Local> first(Local from, Local until) const {
        if (from >= until) return std::nullopt;
        const CivilDay last = day_of(until - 1);
        CivilDay day = day_of(from);
        const auto minute = static_cast<int>(-floor_div(start_of(day) - from, kMinute));
        std::optional<int> found;
        if (cron.has_day(day) && calendar.allows(day)) found = cron.minute_from(minute);
        if (!found) {
            const auto next = first_day(&cron, calendar, day + std::chrono::days(1), last);
            if (!next) return std::nullopt;
            day = *next;
            found = cron.minute_from(0);
        }
        const Local match = start_of(day) + *found * kMinute;
        return match < until ? std::optional(match) : std::nullopt;
    }

    /// The last match in [from, until].
    std::optional<Local> last(Local from, Local until) const {
        if (from > until) return std::nullopt;
        CivilDay day = day_of(until);
        const auto minute = static_cast<int>((until - start_of(day)) / kMinute);
        std::optional<int> found;
        if (cron.has_day(day) && calendar.allows(day)) found = cron.minute_until(minute);
        if (!found) {
            const auto before = last_day(&cron, calendar, day_of(from), day - std::chrono::days(1));
            if (!before) return std::nullopt;
            day = *before;
            found = cron.minute_until(1439);
        }
        const Local match = start_of(day) + *found * kMinute;
        return match >= from ? std::optional(match) : std::nullopt;
    }
};

/// A time during which the zone's clock does not change, as the times that it shows.
struct Stretch {
    std::int64_t offset = 0;
    std::optional<Timestamp> begin;
    std::optional<Timestamp> end;
    /// What the clock would have shown at `begin` without the change.
    std::int64_t begin_unchanged = 0;

    static Stretch at(const TimeZone& zone, Timestamp instant) {
        const TimeZone::Period period = zone.period_at(instant);
        Stretch stretch{period.offset.count(), period.begin, period.end, 0};
        if (period.begin) {
            const Duration before = zone.period_at(*period.begin - kInstant).offset;
            stretch.begin_unchanged = period.begin->micros() + before.count();
        }
        return stretch;
    }
    Local show(Timestamp instant) const { return instant.micros() + offset; }
    Timestamp instant(Local local) const { return Timestamp::from_micros(local - offset); }
    /// The first time whose ticks are this stretch's: what the one before had shown already ticked
    /// then, except for lines that follow the clock.
    Local first_own(const Cron& cron) const {
        const Local shown = show(*begin);
        return cron.every_hour() ? shown : std::max(shown, begin_unchanged);
    }
    /// Whether the line names a time that the change at `begin` skipped.
    bool skips_a_tick(const Line& line) const {
        return begin && !line.cron.every_hour() &&
               line.first(begin_unchanged, show(*begin)).has_value();
    }
};

std::optional<Timestamp> next_of_line(const Line& line, const TimeZone& zone, Timestamp after) {
    const Timestamp horizon = after + kHorizon;
    for (Timestamp from = after + kInstant; from <= horizon;) {
        const Stretch stretch = Stretch::at(zone, from);
        if (stretch.begin == from && stretch.skips_a_tick(line)) return from;
        Local earliest = stretch.show(from);
        if (stretch.begin) earliest = std::max(earliest, stretch.first_own(line.cron));
        const Timestamp end = std::min(stretch.end.value_or(horizon), horizon);
        if (const auto found = line.first(earliest, stretch.show(end))) {
            return stretch.instant(*found);
        }
        if (!stretch.end) return std::nullopt;
        from = *stretch.end;
    }
    return std::nullopt;
}

std::optional<Timestamp> last_of_line(const Line& line, const TimeZone& zone, Timestamp at) {
    const Timestamp horizon = at - kHorizon;
    for (Timestamp until = at; until >= horizon;) {
        const Stretch stretch = Stretch::at(zone, until);
        Local earliest = stretch.show(horizon);
        if (stretch.begin) earliest = std::max(earliest, stretch.first_own(line.cron));
        if (const auto found = line.last(earliest, stretch.show(until))) {
            return stretch.instant(*found);
        }
        if (!stretch.begin) return std::nullopt;
        if (stretch.skips_a_tick(line)) return *stretch.begin;
        until = *stretch.begin - kInstant;
    }
    return std::nullopt;
}

/// `anchor + n * every`, the first one that is not before `from`.
Timestamp period_from(Timestamp from, Timestamp anchor, Duration every) {
    const std::int64_t past = (anchor - from).count();
    return anchor - every * floor_div(past, every.count());
}

std::optional<Timestamp> next_period(Timestamp after, Timestamp anchor, Duration every,
                                     const Calendar& calendar, const TimeZone& zone) {
    const Timestamp horizon = after + kHorizon;
    for (Timestamp at = period_from(after + kInstant, anchor, every); at <= horizon;) {
        if (calendar.allows_all()) return at;
        const TimeZone::Period period = zone.period_at(at);
        const CivilDay day = day_of(at.micros() + period.offset.count());
        if (calendar.allows(day)) return at;
        // On to the next day, or to a clock change before it.
        const Local midnight = start_of(day + std::chrono::days(1));
        Timestamp next = Timestamp::from_micros(midnight - period.offset.count());
        if (period.end) next = std::min(next, *period.end);
        at = period_from(next, anchor, every);
    }
    return std::nullopt;
}

std::optional<Timestamp> last_period(Timestamp until, Timestamp anchor, Duration every,
                                     const Calendar& calendar, const TimeZone& zone) {
    const Timestamp horizon = until - kHorizon;
    const auto back = [&](Timestamp from) {
        return anchor + every * floor_div((from - anchor).count(), every.count());
    };
    for (Timestamp at = back(until); at >= horizon;) {
        if (calendar.allows_all()) return at;
        const TimeZone::Period period = zone.period_at(at);
        const CivilDay day = day_of(at.micros() + period.offset.count());
        if (calendar.allows(day)) return at;
        Timestamp start = Timestamp::from_micros(start_of(day) - period.offset.count());
        if (period.begin) start = std::max(start, *period.begin);
        at = back(start - kInstant);
    }
    return std::nullopt;
}

}  // namespace

Result<Ticks> Ticks::of(const project::CronSchedule& schedule) {
    Ticks ticks;
    INGOT_TRY_ASSIGN(ticks.zone_, TimeZone::find(schedule.timezone));
    ticks.crons_ = schedule.crons;
    ticks.calendar_ = schedule.calendar;
    return ticks;
}

Result<Ticks> Ticks::of(const project::EverySchedule& schedule) {
    INGOT_CHECK(schedule.every > Duration(0), "a period is longer than nothing");
    Ticks ticks;
    INGOT_TRY_ASSIGN(ticks.zone_, TimeZone::find(schedule.timezone));
    ticks.every_ = schedule.every;
    ticks.anchor_ = schedule.anchor;
    ticks.calendar_ = schedule.calendar;
    return ticks;
}

Result<std::optional<Ticks>> Ticks::of(const project::Schedule& schedule) {
    std::optional<Ticks> ticks;
    if (const auto* cron = std::get_if<project::CronSchedule>(&schedule)) {
        INGOT_TRY_ASSIGN(ticks, of(*cron));
    } else if (const auto* every = std::get_if<project::EverySchedule>(&schedule)) {
        INGOT_TRY_ASSIGN(ticks, of(*every));
    }
    return ticks;
}

Result<Ticks> Ticks::of(const project::Cron& cron, const std::string& zone) {
    return of(project::CronSchedule{{cron}, zone, {}});
}

std::optional<Timestamp> Ticks::next(Timestamp after) const {
    if (every_ > Duration(0)) return next_period(after, anchor_, every_, calendar_, zone_);
    std::optional<Timestamp> first;
    for (const Cron& cron : crons_) {
        const auto found = next_of_line({cron, calendar_}, zone_, after);
        if (found && (!first || *found < *first)) first = found;
    }
    return first;
}

std::optional<Timestamp> Ticks::last(Timestamp at) const {
    if (every_ > Duration(0)) return last_period(at, anchor_, every_, calendar_, zone_);
    std::optional<Timestamp> last;
    for (const Cron& cron : crons_) {
        const auto found = last_of_line({cron, calendar_}, zone_, at);
        if (found && (!last || *found > *last)) last = found;
    }
    return last;
}

Result<Interval> window_of_tick(const Ticks& ticks, const project::WindowSpec& window,
                                Timestamp tick) {
    INGOT_TRY_ASSIGN(Interval owned, last_closed_window(window, tick));
    const auto before = ticks.last(tick - kInstant);
    if (!before) return owned;
    INGOT_TRY_ASSIGN(const Interval closed, last_closed_window(window, *before));
    if (closed.end < owned.end) owned.start = closed.end;
    return owned;
}

}  // namespace ingot::orchestrator

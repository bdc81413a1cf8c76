#pragma once
// What a cron line and a calendar say about days and minutes of the wall clock. Zones, clock
// changes and instants are not known here: orchestrator/schedule.hpp adds them.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot::project {

/// A date on some wall clock.
using CivilDay = std::chrono::sys_days;

/// Five fields as sets: bit n is the value n.
struct Cron {
    std::string text;  ///< As written.
    std::uint64_t minutes = 0;
    std::uint32_t hours = 0;
    std::uint32_t days = 0;
    std::uint32_t months = 0;
    std::uint32_t weekdays = 0;  ///< Sunday is 0.
    /// Day of the month and of the week are both restricted: a day needs one of them.
    bool either_day = false;

    /// All 24 hours: it follows the clock through changes. Others name times of a day.
    bool every_hour() const { return hours == (1U << 24) - 1; }
    bool has_day(CivilDay day) const;
    /// The first minute of the day from this one on, 0 to 1439; nothing when none is left.
    std::optional<int> minute_from(int minute) const;
    std::optional<int> minute_until(int minute) const;  ///< The last one, this one included.

    friend bool operator==(const Cron&, const Cron&) = default;
};

/// Minute, hour, day of the month, month, day of the week: `*`, `5`, `1-5`, `*/15`, `10-50/10`,
/// names of months and days in three letters, lists of all these; or `@hourly`, `@daily`,
/// `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`. As in Vixie cron a day matches when
/// either of its two fields does if both are restricted, that is do not begin with `*`. Refuses
/// what never happens, as 31 February.
Result<Cron> parse_cron(std::string_view text);

/// Some days of the year: days of the week, dates, or both.
struct DaySet {
    std::uint8_t weekdays = 0;    ///< Bit 0 is Sunday.
    std::vector<CivilDay> dates;  ///< Sorted.

    bool empty() const { return weekdays == 0 && dates.empty(); }
    bool contains(CivilDay day) const;
    friend bool operator==(const DaySet&, const DaySet&) = default;
};

/// Takes in `weekdays`, `weekends`, `mon`, `monday` or `2026-12-25`.
Status add_days(DaySet& days, std::string_view text);

/// On which days a schedule ticks.
struct Calendar {
    DaySet only;  ///< Empty: all days.
    DaySet except;

    bool allows(CivilDay day) const;
    bool allows_all() const { return only.empty() && except.empty(); }
    friend bool operator==(const Calendar&, const Calendar&) = default;
};

/// The first day of `from`..`until` that both allow; without a cron, that the calendar allows.
std::optional<CivilDay> first_day(const Cron* cron, const Calendar& calendar, CivilDay from,
                                  CivilDay until);
/// The last one.
std::optional<CivilDay> last_day(const Cron* cron, const Calendar& calendar, CivilDay from,
                                 CivilDay until);

}  // namespace ingot::project

#pragma once
// Windows: the half-open ranges of time that progress is recorded in.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interval_set.hpp"
#include "base/time.hpp"

namespace ingot::project {

/// How time is cut: calendar steps in civil time of a zone. A day is a local day of 23 to 25 hours.
struct WindowSpec {
    CalendarStep step;
    std::string timezone = "UTC";

    friend bool operator==(const WindowSpec& a, const WindowSpec& b) {
        return a.step.unit == b.step.unit && a.step.count == b.step.count &&
               a.timezone == b.timezone;
    }
    std::string to_string() const;  ///< `hour`, `15 minutes`, `day in Europe/Paris`
};

/// Reads `minute`, `hour`, `day`, `week`, `month`, `year`, or several minutes or hours as `15m`,
/// `15 minutes`, `6h`: these must divide an hour or a day.
Result<CalendarStep> parse_window_unit(std::string_view text);

/// The window that holds `at`.
Result<Interval> window_at(const WindowSpec& spec, Timestamp at);

/// All windows that lie wholly inside `range`, in order. Refuses more than `at_most` of them.
Result<std::vector<Interval>> enumerate_windows(const WindowSpec& spec, const Interval& range,
                                                std::size_t at_most = 10'000'000);

/// The windows that share any instant with `ranges`, each once, in order: how windows of one unit
/// map to those of another.
Result<std::vector<Interval>> windows_overlapping(const WindowSpec& spec,
                                                  const IntervalSet& ranges);

/// The last window that is over at `now`, and everything from `from` to its end.
Result<Interval> last_closed_window(const WindowSpec& spec, Timestamp now);
Result<std::optional<Interval>> closed_range(const WindowSpec& spec, Timestamp from, Timestamp now);

/// True when every window of `fine` lies in exactly one window of `coarse`.
bool nests_in(const WindowSpec& fine, const WindowSpec& coarse);

/// Reads `--window`: `START..END` (half open), or a single value of year, month, day or hour
/// precision, which is that whole year, month, day or hour: `2015-01-01`, `2015-01-01T05`.
/// Without an offset the times are civil time in `timezone`.
Result<Interval> parse_interval(std::string_view text, std::string_view timezone = "UTC");

}  // namespace ingot::project

#pragma once
// When the ticks of a schedule are, and which window each of them owns. Pure: time comes in.
//
// Clock changes. A cron line whose hours are all 24 follows the clock: it ticks in every hour that
// there is, also in both of a doubled one. Any other names times of a day, and each of them ticks
// once a day: one that the clock skips does so at the change, the later of two does nothing.
#include <optional>
#include <vector>

#include "base/interval_set.hpp"
#include "project/schedule.hpp"
#include "project/window.hpp"

namespace ingot::orchestrator {

/// The ticks of a cron or interval schedule, or of the cron lines of an expression. A value;
/// immutable.
class Ticks {
public:
    /// kInvalidArgument: the zone is not known.
    static Result<Ticks> of(const project::CronSchedule& schedule);
    static Result<Ticks> of(const project::EverySchedule& schedule);
    /// Of a schedule that has ticks of its own: cron, every. Nothing: it is started by what
    /// happens.
    static Result<std::optional<Ticks>> of(const project::Schedule& schedule);
    /// Of one line of an expression.
    static Result<Ticks> of(const project::Cron& cron, const std::string& zone);

    /// The first tick later than `after`; nothing when there is none within a hundred years.
    std::optional<Timestamp> next(Timestamp after) const;
    /// The last tick that is not later than `at`.
    std::optional<Timestamp> last(Timestamp at) const;

private:
    std::vector<project::Cron> crons_;
    Duration every_{0};  ///< With it there are no crons.
    Timestamp anchor_;
    TimeZone zone_;
    project::Calendar calendar_;
};

/// From the end of the last window that was over at the tick before to the end of the last one that
/// is over at this tick: every window is owned by one tick. Ticks that come more often than windows
/// end own the last one that is over once more.
Result<Interval> window_of_tick(const Ticks& ticks, const project::WindowSpec& window,
                                Timestamp tick);

}  // namespace ingot::orchestrator

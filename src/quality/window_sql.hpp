#pragma once
// Where a row lies in time, as SQL.
#include <span>
#include <string>

#include "base/data_type.hpp"
#include "base/interval_set.hpp"
#include "base/result.hpp"
#include "project/window.hpp"

namespace ingot::quality {

/// The column that says to which window a row belongs. An instant is compared as such; a date or a
/// timestamp without zone is civil time in the window's zone.
struct WindowColumn {
    std::string column;
    project::WindowSpec window;
};

/// A condition that is true for rows in one of the ranges, false for all others; a null time lies
/// outside. kInvalidArgument unless the type is date, timestamp or timestamp_ntz.
Result<std::string> inside_ranges_sql(const WindowColumn& time, const DataType& type,
                                      std::span<const Interval> ranges);

/// The start of the window that the row belongs to, a TIMESTAMPTZ; null for a null time.
Result<std::string> window_start_sql(const WindowColumn& time, const DataType& type);

/// The window under which a rejected row of a run is kept: its own, or the run's first for a row
/// whose time is null or outside the run's ranges, of which there is at least one. So a rerun of
/// the same ranges replaces all of them.
Result<std::string> quarantine_window_sql(const WindowColumn& time, const DataType& type,
                                          std::span<const Interval> run);

}  // namespace ingot::quality

#include "quality/window_sql.hpp"

#include <fmt/format.h>

#include "quality/sql_text.hpp"

namespace ingot::quality {
namespace {

using Unit = CalendarStep::Unit;

Status check_time_type(const WindowColumn& time, const DataType& type) {
    if (type.id() == TypeId::kDate || type.id() == TypeId::kTimestamp ||
        type.id() == TypeId::kTimestampNtz) {
        return {};
    }
    return make_error(ErrorCode::kInvalidArgument,
                      "the time column '{}' is of type {}: rows are assigned to windows by a date, "
                      "timestamp or timestamptz; cast it in the SELECT",
                      time.column, type.to_string());
}

std::string instant_literal(Timestamp at) {
    return fmt::format("make_timestamptz({})", at.micros());
}

std::string civil(const std::string& instant, const std::string& zone) {
    return fmt::format("timezone({}, {})", quoted_text(zone), instant);
}

/// The start of the step, in civil time.
Result<std::string> floor_civil(const std::string& time, const CalendarStep& step) {
    const bool by_minutes = step.unit == Unit::kMinute || step.unit == Unit::kHour;
    if (by_minutes && step.count != 1) {
        const std::int64_t minutes = step.unit == Unit::kHour ? step.count * 60 : step.count;
        return fmt::format(
            "(date_trunc('day', {0}) + to_minutes(((epoch({0}) - epoch(date_trunc('day', "
            "{0})))::BIGINT"
            " // {1}) * {2}))",
            time, minutes * 60, minutes);
    }
    if (step.count != 1) {
        return make_error(ErrorCode::kInvalidArgument,
                          "windows of several days, weeks, months or years have no beginning");
    }
    constexpr const char* kNames[] = {"minute", "hour", "day", "week", "month", "year"};
    return fmt::format("CAST(date_trunc('{}', {}) AS TIMESTAMP)",
                       kNames[static_cast<std::size_t>(step.unit)], time);
}

/// True in one of the ranges, false elsewhere and for null. `zone` is that of a civil time; none
/// for an instant.
std::string inside_sql(const std::string& time, std::span<const Interval> ranges,
                       const std::string& zone) {
    const auto literal = [&](Timestamp at) {
        return zone.empty() ? instant_literal(at) : civil(instant_literal(at), zone);
    };
    std::string any;
    for (const Interval& range : ranges) {
        any += fmt::format("{0}({1} >= {2} AND {1} < {3})", any.empty() ? "" : " OR ", time,
                           literal(range.start), literal(range.end));
    }
    return fmt::format("coalesce({}, false)", any.empty() ? "false" : any);
}

bool at_most_an_hour(const CalendarStep& step) {
    return (step.unit == Unit::kMinute && step.count <= 60) ||
           (step.unit == Unit::kHour && step.count == 1);
}

}  // namespace

Result<std::string> inside_ranges_sql(const WindowColumn& time, const DataType& type,
                                      std::span<const Interval> ranges) {
    INGOT_TRY(check_time_type(time, type));
    const bool is_instant = type.id() == TypeId::kTimestamp;
    const std::string column = quoted_name(time.column);
    return inside_sql(is_instant ? column : fmt::format("CAST({} AS TIMESTAMP)", column), ranges,
                      is_instant ? std::string() : time.window.timezone);
}

Result<std::string> window_start_sql(const WindowColumn& time, const DataType& type) {
    INGOT_TRY(check_time_type(time, type));
    const std::string column = quoted_name(time.column);
    const bool is_instant = type.id() == TypeId::kTimestamp;
    const std::string local = is_instant ? civil(column, time.window.timezone)
                                         : fmt::format("CAST({} AS TIMESTAMP)", column);
    INGOT_TRY_ASSIGN(const std::string floored, floor_civil(local, time.window.step));
    if (is_instant && at_most_an_hour(time.window.step)) {
        // In the hour that a clock change repeats, the civil time names two instants: go back by
        // the time since the window began instead of converting.
        return fmt::format("({} - ({} - {}))", column, local, floored);
    }
    return civil(floored, time.window.timezone);
}

Result<std::string> quarantine_window_sql(const WindowColumn& time, const DataType& type,
                                          std::span<const Interval> run) {
    INGOT_TRY_ASSIGN(const std::string own, window_start_sql(time, type));
    return fmt::format("CASE WHEN {} THEN {} ELSE {} END", inside_sql(own, run, {}), own,
                       instant_literal(run.front().start));
}

}  // namespace ingot::quality

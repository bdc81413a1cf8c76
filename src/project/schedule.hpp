#pragma once
// `schedule:` of a pipeline, read and checked. When that is in time: orchestrator/schedule.hpp.
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "project/cron.hpp"
#include "project/names.hpp"
#include "project/template_text.hpp"

namespace ingot::project {

/// A tick whenever one of the lines matches.
struct CronSchedule {
    std::vector<Cron> crons;  ///< One at least.
    std::string timezone = "UTC";
    Calendar calendar;
};

/// A tick at `anchor` plus or minus any number of periods.
struct EverySchedule {
    Duration every{};
    Timestamp anchor;
    std::string timezone = "UTC";  ///< In which the days of the calendar are.
    Calendar calendar;
};

/// `bronze.posts & (bronze.users | cron("0 6 * * *"))`: a run once it holds. A table holds when it
/// has changed since the pipeline's last run, a cron when it has ticked since.
struct EventSchedule {
    /// The expression in postfix order.
    struct Step {
        enum class Kind : std::uint8_t { kTable, kCron, kBoth, kEither };
        Kind kind = Kind::kTable;
        std::size_t index = 0;  ///< kTable, kCron: in the list below.
        friend bool operator==(const Step&, const Step&) = default;
    };
    std::string expression;
    std::vector<Step> steps;
    std::vector<TableName> tables;  ///< Each once.
    std::vector<Cron> crons;        ///< Each once.
    std::string timezone = "UTC";
};

/// New or changed files.
struct FileSchedule {
    Template path;
};

/// Whenever it is called from outside.
struct WebhookSchedule {};

using Schedule =
    std::variant<CronSchedule, EverySchedule, EventSchedule, FileSchedule, WebhookSchedule>;

/// Reads tables and `cron("...")`, joined by `&` and `|`, with brackets; `&` binds stronger.
Result<EventSchedule> parse_event_expression(std::string_view text);

}  // namespace ingot::project

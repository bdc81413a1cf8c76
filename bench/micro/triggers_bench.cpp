// How long the next tick of a schedule takes to find, and a day of a thousand pipelines that start
// every five minutes: what a tick costs in the first and in the last hour, and what memory grows
// by.
//   triggers_bench [--smoke]        prints one JSON object
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include "orchestrator/triggers.hpp"

namespace ingot::orchestrator {
namespace {

struct Line {
    const char* cron;
    const char* zone;
};
constexpr Line kLines[] = {{"*/5 * * * *", "UTC"},
                           {"5 * * * *", "Europe/Berlin"},
                           {"30 2 * * *", "America/New_York"},
                           {"0 6 * * mon-fri", "Europe/Berlin"},
                           {"0 0 1 * *", "Asia/Tokyo"},
                           {"0 0 29 2 *", "Europe/Berlin"}};

double micros_since(Duration begin) {
    return static_cast<double>((system_clock().steady() - begin).count());
}

double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    long total = 0;
    long resident = 0;
    statm >> total >> resident;
    return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

std::string next_tick_us(int rounds) {
    std::string text;
    for (const Line& line : kLines) {
        const Ticks ticks = *Ticks::of(*project::parse_cron(line.cron), line.zone);
        const Duration begin = system_clock().steady();
        Timestamp at = *parse_timestamp("2026-01-01");
        for (int i = 0; i < rounds; ++i) {
            // Near to now, where zones change their clocks.
            const auto next = ticks.next(at);
            at = next && *next < *parse_timestamp("2036-01-01") ? *next
                                                                : *parse_timestamp("2026-01-01");
        }
        text += fmt::format("{}\"{} {}\": {:.2f}", text.empty() ? "" : ", ", line.cron, line.zone,
                            micros_since(begin) / rounds);
    }
    return text;
}

struct Day {
    double first_hour_us = 0;  ///< Per run.
    double last_hour_us = 0;
    double grown_mb = 0;  ///< From the end of the first hour on.
    std::size_t runs = 0;
};

Day a_day(int pipelines, int hours) {
    const Timestamp start = *parse_timestamp("2026-01-01");
    std::vector<TriggerDefinition> definitions;
    for (int i = 0; i < pipelines; ++i) {
        definitions.push_back(
            {fmt::format("pipeline_{}", i),
             project::CronSchedule{{*project::parse_cron("*/5 * * * *")}, "Europe/Berlin", {}},
             project::WindowSpec{{CalendarStep::Unit::kMinute, 5}, "UTC"}, project::Catchup::kAll});
    }
    Triggers triggers;
    if (!triggers.define(definitions, {}, start)) std::abort();
    Day day;
    double after_first_hour = 0;
    std::size_t runs_in_hour = 0;
    for (int hour = 0; hour < hours; ++hour) {
        const Duration begin = system_clock().steady();
        const Timestamp end = start + std::chrono::hours(hour + 1);
        runs_in_hour = 0;
        for (auto now = triggers.next_wake(); now && *now <= end; now = triggers.next_wake()) {
            const auto decisions = triggers.step(TimeReached{}, *now);
            if (!decisions) std::abort();
            runs_in_hour += decisions->due.size();
            for (const std::string& name : decisions->changed) {
                if (trigger_state_to_json(*triggers.state(name)).empty()) std::abort();
            }
            for (const DueRun& run : decisions->due) {
                if (!triggers.step(TriggeredRunEnded{run.pipeline}, *now)) std::abort();
            }
        }
        day.last_hour_us = micros_since(begin) / static_cast<double>(runs_in_hour);
        if (hour == 0) {
            day.first_hour_us = day.last_hour_us;
            after_first_hour = resident_mb();
        }
        day.runs += runs_in_hour;
    }
    day.grown_mb = resident_mb() - after_first_hour;
    return day;
}

}  // namespace
}  // namespace ingot::orchestrator

int main(int argc, char** argv) {
    const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
    const std::string next = ingot::orchestrator::next_tick_us(smoke ? 1000 : 200'000);
    const auto day = ingot::orchestrator::a_day(smoke ? 50 : 1000, smoke ? 2 : 24);
    fmt::print(
        "{{\"next_tick_us\": {{{}}}, \"runs\": {}, \"run_us_first_hour\": {:.2f}, "
        "\"run_us_last_hour\": {:.2f}, \"grown_mb\": {:.2f}}}\n",
        next, day.runs, day.first_hour_us, day.last_hour_us, day.grown_mb);
    return 0;
}

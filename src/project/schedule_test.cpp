// What `schedule:` reads as, and what it is refused for.
#include "project/schedule.hpp"

#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

std::string source_of(const std::string& name) {
    return "table: bronze." + name +
           "\nload: window\nwindow: hour\nfrom: {files: \"in/{window.start}.ndjson\"}\n"
           "columns: {id: bigint, at: timestamptz}\n";
}

LoadResult load(const std::string& schedule) {
    ProjectFolder folder({{"project.yml", "name: t\n"},
                          {"sources/events.yml", source_of("events")},
                          {"sources/users.yml", source_of("users")},
                          {"pipelines/p.yml", "timezone: Europe/Berlin\nschedule: " + schedule +
                                                  "\ntasks: {a: {ingest: bronze.events}}\n"}});
    return folder.load();
}

Schedule schedule_of(const std::string& text) {
    const LoadResult result = load(text);
    EXPECT_TRUE(result.project) << result.problems.at(0).to_string();
    return result.project ? *result.project->pipelines.at(0).schedule : Schedule();
}

std::string problem_of(const std::string& text) {
    const LoadResult result = load(text);
    EXPECT_FALSE(result.project) << text;
    return result.problems.empty() ? "" : result.problems[0].to_string();
}

TEST(Schedule, CronHasOneLineOrSeveral) {
    const auto one = std::get<CronSchedule>(schedule_of("\"5 * * * *\""));
    EXPECT_EQ(one.crons.at(0).text, "5 * * * *");
    EXPECT_EQ(one.timezone, "Europe/Berlin");
    const auto several = std::get<CronSchedule>(
        schedule_of("{cron: [\"@daily\", \"30 12 * * sat\"], timezone: UTC}"));
    ASSERT_EQ(several.crons.size(), 2u);
    EXPECT_EQ(several.crons[1].weekdays, 1U << 6);
    EXPECT_EQ(several.timezone, "UTC");
}

TEST(Schedule, APeriodHasAnAnchor) {
    const auto plain = std::get<EverySchedule>(schedule_of("every 5m"));
    EXPECT_EQ(plain.every, std::chrono::minutes(5));
    EXPECT_EQ(plain.anchor, Timestamp());
    const auto anchored =
        std::get<EverySchedule>(schedule_of("{every: 6h, anchor: 2026-01-01T01}"));
    EXPECT_EQ(anchored.anchor, *parse_timestamp("2026-01-01T00"));  // 01:00 in Berlin
}

TEST(Schedule, ACalendarLeavesDaysOut) {
    const auto cron = std::get<CronSchedule>(
        schedule_of("{cron: \"@daily\", calendar: {only: weekdays, except: [2026-12-25, fri]}}"));
    EXPECT_EQ(cron.calendar.only.weekdays, 0x3E);
    EXPECT_EQ(cron.calendar.except.weekdays, 1 << 5);
    EXPECT_EQ(cron.calendar.except.dates.size(), 1u);
    const auto every =
        std::get<EverySchedule>(schedule_of("{every: 1h, calendar: {only: [2031-01-01]}}"));
    EXPECT_EQ(every.calendar.only.dates.size(), 1u);
}

TEST(Schedule, EventsAreTablesAndCronLines) {
    using Kind = EventSchedule::Step::Kind;
    const auto events = std::get<EventSchedule>(schedule_of(
        "{on: 'bronze.events & (bronze.users | cron(\"0 6 * * *\")) | bronze.events'}"));
    EXPECT_EQ(events.tables.size(), 2u);
    EXPECT_EQ(events.crons.at(0).text, "0 6 * * *");
    EXPECT_EQ(events.timezone, "Europe/Berlin");
    const std::vector<EventSchedule::Step> steps = {
        {Kind::kTable, 0}, {Kind::kTable, 1}, {Kind::kCron, 0},  {Kind::kEither, 0},
        {Kind::kBoth, 0},  {Kind::kTable, 0}, {Kind::kEither, 0}};
    EXPECT_EQ(events.steps, steps);
}

TEST(Schedule, FilesAndCallsStartAPipeline) {
    EXPECT_EQ(std::get<FileSchedule>(schedule_of("{on: {file: inbox/*.csv}}")).path.text(),
              "inbox/*.csv");
    EXPECT_TRUE(std::holds_alternative<WebhookSchedule>(schedule_of("{on: {webhook: true}}")));
}

TEST(Schedule, WhatMeansNothingIsRefused) {
    EXPECT_EQ(problem_of("\"0 0 31 2 *\""),
              "pipelines/p.yml:2:11: the schedule '0 0 31 2 *' never happens: none of its months "
              "has such a day");
    EXPECT_EQ(problem_of("{cron: [\"@daily\", \"99 * * * *\"]}"),
              "pipelines/p.yml:2:29: '99' is no minute (0 to 59) in the schedule '99 * * * *'");
    EXPECT_EQ(problem_of("{cron: \"0 0 * * sat\", calendar: {only: weekdays}}"),
              "pipelines/p.yml:2:18: the calendar of this schedule leaves no day on which '0 0 * * "
              "sat' happens");
    EXPECT_EQ(problem_of("{every: 1h, calendar: {only: [mon], except: [mon]}}"),
              "pipelines/p.yml:2:19: the calendar of this schedule leaves no day");
    EXPECT_EQ(problem_of("{cron: \"@daily\", anchor: 2026-01-01}"),
              "pipelines/p.yml:2:36: 'anchor' has no meaning beside 'cron'");
    EXPECT_EQ(problem_of("{on: bronze.events, calendar: {only: mon}}"),
              "pipelines/p.yml:2:41: 'calendar' has no meaning beside 'on'");
    EXPECT_EQ(problem_of("{on: {webhook: false}}"),
              "pipelines/p.yml:2:16: `webhook: false` starts nothing: leave the schedule out");
    EXPECT_EQ(problem_of("every 10ms"), "pipelines/p.yml:2:11: the period must be 1s or longer");
    EXPECT_EQ(
        problem_of("{cron: \"@daily\", calendar: {except: [xmas]}}"),
        "pipelines/p.yml:2:47: 'xmas' is no day: write 2026-12-25, mon, weekdays or weekends");
}

TEST(Schedule, AnExpressionIsReadToItsEnd) {
    for (const char* text :
         {"", "&", "bronze.a &", "(bronze.a", "bronze.a)", "bronze.a bronze.b", "cron(5 * * * *)",
          "cron(\"5 * * * *\"", "cron(\"x\")", "bronze", "bronze.a && bronze.b", "cron"}) {
        EXPECT_FALSE(parse_event_expression(text)) << text;
    }
    EXPECT_FALSE(parse_event_expression(std::string(1000, '(')));
    EXPECT_TRUE(parse_event_expression("cron('5 * * * *')"));
    EXPECT_TRUE(parse_event_expression("((bronze.a))&bronze.b"));
}

}  // namespace
}  // namespace ingot::project

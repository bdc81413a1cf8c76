#include "quality/window_sql.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "quality/test_database.hpp"

namespace ingot::quality {
namespace {

using Unit = CalendarStep::Unit;

/// What the engine says about one time.
std::string window_of(TestDatabase& database, const WindowColumn& time, TypeId type,
                      const std::string& value) {
    const Result<std::string> start = window_start_sql(time, type);
    if (!start) return "error " + start.error().message;
    const auto rows = database.query(fmt::format(
        "SELECT make_timestamptz(epoch_us({})) FROM (SELECT {} AS seen)", *start, value));
    return rows ? rows->at(0).at(0).value_or("null") : "failed " + rows.error().to_string();
}

TEST(WindowSql, WindowsBeginWhereTheCalendarSays) {
    const unsigned seed = std::random_device{}();
    std::mt19937_64 random(seed);
    TestDatabase database;
    const std::vector<CalendarStep> steps = {
        {Unit::kMinute, 1}, {Unit::kMinute, 15}, {Unit::kHour, 1}, {Unit::kDay, 1},
        {Unit::kWeek, 1},   {Unit::kMonth, 1},   {Unit::kYear, 1}};
    for (const std::string zone : {"UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata"}) {
        for (const CalendarStep& step : steps) {
            const WindowColumn time{"seen", {step, zone}};
            const Result<std::string> sql = window_start_sql(time, TypeId::kTimestamp);
            ASSERT_TRUE(sql);
            for (int i = 0; i < 25; ++i) {
                const auto at = Timestamp::from_micros(
                    static_cast<std::int64_t>(random() % 1'800'000'000ULL) * 1'000'000);
                const auto rows = database.query(
                    fmt::format("SELECT epoch_us({}) FROM (SELECT make_timestamptz({}) AS seen)",
                                *sql, at.micros()));
                ASSERT_TRUE(rows) << rows.error().to_string();
                const Result<Timestamp> expected = floor_calendar(at, step, zone);
                ASSERT_TRUE(expected);
                EXPECT_EQ(rows->at(0).at(0), fmt::format("{}", expected->micros()))
                    << "seed " << seed << " " << at.to_string() << " " << zone << " step "
                    << static_cast<int>(step.unit) << " expected " << expected->to_string();
            }
        }
    }
}

TEST(WindowSql, TheHourThatAClockChangeRepeatsIsTwoWindows) {
    TestDatabase database;
    const WindowColumn time{"seen", {{Unit::kHour, 1}, "Europe/Paris"}};
    // Clocks went back from 03:00 to 02:00 on 25 October 2015, at 01:00 UTC.
    EXPECT_EQ(window_of(database, time, TypeId::kTimestamp, "TIMESTAMPTZ '2015-10-25 00:30:00Z'"),
              "2015-10-25 00:00:00+00");
    EXPECT_EQ(window_of(database, time, TypeId::kTimestamp, "TIMESTAMPTZ '2015-10-25 01:30:00Z'"),
              "2015-10-25 01:00:00+00");
}

TEST(WindowSql, DatesAndCivilTimesBelongToTheZoneOfTheWindow) {
    TestDatabase database;
    const WindowColumn time{"seen", {{Unit::kDay, 1}, "America/New_York"}};
    EXPECT_EQ(window_of(database, time, TypeId::kDate, "DATE '2015-07-01'"),
              "2015-07-01 04:00:00+00");
    EXPECT_EQ(window_of(database, time, TypeId::kTimestampNtz, "TIMESTAMP '2015-01-01 23:59:59'"),
              "2015-01-01 05:00:00+00");
    EXPECT_EQ(window_of(database, time, TypeId::kTimestamp, "TIMESTAMPTZ '2015-01-01 04:59:59Z'"),
              "2014-12-31 05:00:00+00");
    EXPECT_EQ(window_of(database, time, TypeId::kDate, "NULL::DATE"), "null");
    const Interval days[] = {{*parse_timestamp("2015-07-01", "America/New_York"),
                              *parse_timestamp("2015-07-02", "America/New_York")},
                             {*parse_timestamp("2015-07-04", "America/New_York"),
                              *parse_timestamp("2015-07-05", "America/New_York")}};
    const Result<std::string> inside = inside_ranges_sql(time, TypeId::kDate, days);
    ASSERT_TRUE(inside);
    const auto rows = database.query(
        "SELECT " + *inside +
        " FROM (SELECT unnest([DATE '2015-07-01', DATE '2015-07-02', DATE '2015-07-04', NULL]) "
        "AS seen)");
    ASSERT_TRUE(rows) << rows.error().to_string();
    EXPECT_THAT(*rows, testing::ElementsAre(TextRow{"true"}, TextRow{"false"}, TextRow{"true"},
                                            TextRow{"false"}));
}

TEST(WindowSql, RejectedRowsOfARunBelongToItsWindows) {
    TestDatabase database;
    const WindowColumn time{"seen", {{Unit::kHour, 1}, "UTC"}};
    const Interval run[] = {{*parse_timestamp("2015-01-01T01"), *parse_timestamp("2015-01-01T03")},
                            {*parse_timestamp("2015-01-01T04"), *parse_timestamp("2015-01-01T05")}};
    const Result<std::string> window = quarantine_window_sql(time, TypeId::kTimestamp, run);
    ASSERT_TRUE(window);
    const auto rows =
        database.query("SELECT " + *window +
                       " FROM (SELECT unnest(['2015-01-01 02:30:00Z', '2015-01-01 00:30:00Z', "
                       "'2015-01-01 03:00:00Z', '2015-01-01 04:59:59Z', NULL])::TIMESTAMPTZ AS "
                       "seen)");
    ASSERT_TRUE(rows) << rows.error().to_string();
    const TextRow first = {"2015-01-01 01:00:00+00"};
    EXPECT_THAT(*rows, testing::ElementsAre(TextRow{"2015-01-01 02:00:00+00"}, first, first,
                                            TextRow{"2015-01-01 04:00:00+00"}, first));
}

TEST(WindowSql, OtherTypesAndStepsAreRefused) {
    EXPECT_THAT(
        window_start_sql({"seen", {{Unit::kDay, 1}, "UTC"}}, TypeId::kString).error().message,
        testing::HasSubstr("is of type string"));
    EXPECT_THAT(
        inside_ranges_sql({"seen", {{Unit::kDay, 1}, "UTC"}}, TypeId::kLong, {}).error().message,
        testing::HasSubstr("is of type long"));
    EXPECT_FALSE(window_start_sql({"seen", {{Unit::kMonth, 3}, "UTC"}}, TypeId::kDate));
}

}  // namespace
}  // namespace ingot::quality

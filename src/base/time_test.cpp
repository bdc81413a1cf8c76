#include "base/time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace ingot {
namespace {

using Unit = CalendarStep::Unit;
constexpr std::string_view kBerlin = "Europe/Berlin";
constexpr std::string_view kNewYork = "America/New_York";
constexpr std::string_view kLordHowe = "Australia/Lord_Howe";  // Moves by 30 minutes.
constexpr std::string_view kStJohns = "America/St_Johns";      // Fell back at 00:01 until 2011.
constexpr std::string_view kSaoPaulo = "America/Sao_Paulo";    // Skipped midnight until 2018.

Timestamp utc(std::string_view text) {
    const auto parsed = parse_timestamp(text);
    EXPECT_TRUE(parsed) << text;
    return *parsed;
}

std::string parsed(std::string_view text, std::string_view zone = "UTC") {
    const auto result = parse_timestamp(text, zone);
    return result ? result->to_string() : result.error().message;
}

std::string floored(std::string_view text, CalendarStep step, std::string_view zone = "UTC") {
    const auto result = floor_calendar(utc(text), step, zone);
    return result ? result->to_string() : result.error().message;
}

std::string shifted(std::string_view text, CalendarStep by, std::string_view zone = "UTC") {
    const auto result = shift_calendar(utc(text), by, zone);
    if (!result) return result.error().message;
    return *result ? (*result)->to_string() : "nothing";
}

std::string formatted(std::string_view text, std::string_view pattern,
                      std::string_view zone = "UTC") {
    const auto result = format_time(utc(text), pattern, zone);
    return result ? *result : result.error().message;
}

TEST(ParseTimestamp, LeavesOutSmallerPartsFromAnyPointOn) {
    EXPECT_EQ(parsed("2015"), "2015-01-01T00:00:00Z");
    EXPECT_EQ(parsed("2015-03"), "2015-03-01T00:00:00Z");
    EXPECT_EQ(parsed("2015-03-04"), "2015-03-04T00:00:00Z");
    EXPECT_EQ(parsed("2015-03-04T15"), "2015-03-04T15:00:00Z");
    EXPECT_EQ(parsed("2015-03-04 15:06"), "2015-03-04T15:06:00Z");
    EXPECT_EQ(parsed("2015-03-04T15:06:07"), "2015-03-04T15:06:07Z");
    EXPECT_EQ(parsed("2015-03-04T15:06:07.25Z"), "2015-03-04T15:06:07.250Z");
    EXPECT_EQ(parsed("2015-03-04T15:06:07.123456789Z"), "2015-03-04T15:06:07.123456Z");
}

TEST(ParseTimestamp, AnOffsetWinsOverTheZone) {
    EXPECT_EQ(parsed("2015-03-04T15:06:07+01:00", kNewYork), "2015-03-04T14:06:07Z");
    EXPECT_EQ(parsed("2015-03-04T15:06-0530"), "2015-03-04T20:36:00Z");
    EXPECT_EQ(parsed("2015-03-04T15+01"), "2015-03-04T14:00:00Z");
    EXPECT_EQ(parsed("2015-03-04T15Z", kNewYork), "2015-03-04T15:00:00Z");
}

TEST(ParseTimestamp, ReadsCivilTimeInTheZone) {
    EXPECT_EQ(parsed("2015-07-01T12:00", kBerlin), "2015-07-01T10:00:00Z");
    EXPECT_EQ(parsed("2015-01-01T12:00", kBerlin), "2015-01-01T11:00:00Z");
}

TEST(ParseTimestamp, ASkippedTimeMovesForward) {
    EXPECT_EQ(parsed("2015-03-29T02:30", kBerlin), "2015-03-29T01:30:00Z");  // 03:30 summer time
}

TEST(ParseTimestamp, OfARepeatedTimeTheFirstCounts) {
    EXPECT_EQ(parsed("2015-10-25T02:30", kBerlin), "2015-10-25T00:30:00Z");
    EXPECT_EQ(parsed("2015-11-01T01:30", kNewYork), "2015-11-01T05:30:00Z");
}

TEST(ParseTimestamp, KnowsThe29thOfFebruary) {
    EXPECT_EQ(parsed("2016-02-29"), "2016-02-29T00:00:00Z");
    EXPECT_EQ(parsed("2000-02-29"), "2000-02-29T00:00:00Z");
    EXPECT_FALSE(parse_timestamp("2015-02-29"));
    EXPECT_FALSE(parse_timestamp("1900-02-29"));
}

TEST(ParseTimestamp, RefusesWhatIsNoTime) {
    for (const std::string_view text : {"",
                                        "15",
                                        "20150",
                                        "2015-",
                                        "2015-1-1",
                                        "2015-13",
                                        "2015-00",
                                        "2015-04-31",
                                        "2015-01-01T",
                                        "2015-01-01T24",
                                        "2015-01-01T10:60",
                                        "2015-01-01T10:00:60",
                                        "2015-01-01T10:00:00.",
                                        "2015-01-01T10:00:00.1234567890",
                                        "2015-01-01T10:00:00+",
                                        "2015-01-01T10:00:00+1",
                                        "2015-01-01T10:00:00+19:00",
                                        "2015-01-01T10:00:00Zx",
                                        "2015-01-01x",
                                        " 2015",
                                        "0000-01-01",
                                        "2015-01-01T10:00:00+01:",
                                        "-2015"}) {
        const auto result = parse_timestamp(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(result.error().message, ::testing::HasSubstr("is not a time"));
    }
}

TEST(ParseTimestamp, NamesAnUnknownZone) {
    EXPECT_THAT(parsed("2015-01-01", "Mars/Olympus"),
                ::testing::HasSubstr("unknown time zone 'Mars/Olympus'"));
    EXPECT_TRUE(is_known_zone(kBerlin));
    EXPECT_TRUE(is_known_zone("UTC"));
    EXPECT_FALSE(is_known_zone("../../etc/passwd"));
    EXPECT_FALSE(is_known_zone(""));
}

TEST(Timestamp, PrintsAsManyFractionDigitsAsNeeded) {
    EXPECT_EQ(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00Z");
    EXPECT_EQ(Timestamp::from_micros(250'000).to_string(), "1970-01-01T00:00:00.250Z");
    EXPECT_EQ(Timestamp::from_micros(1).to_string(), "1970-01-01T00:00:00.000001Z");
    EXPECT_EQ(Timestamp::from_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
}

TEST(Timestamp, PrintsEveryValueOfItsRange) {
    EXPECT_EQ(Timestamp::from_micros(std::numeric_limits<std::int64_t>::max()).to_string(),
              "294247-01-10T04:00:54.775807Z");
    EXPECT_EQ(Timestamp::from_micros(std::numeric_limits<std::int64_t>::min()).to_string(),
              "-290308-12-21T19:59:05.224192Z");
}

TEST(Timestamp, WhatIsPrintedIsReadBack) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const std::int64_t first = utc("0001").micros();
    const std::int64_t last = utc("9999-12-31T23:59:59.999999").micros();
    std::uniform_int_distribution<std::int64_t> micros(first, last);
    for (int i = 0; i < 20'000; ++i) {
        const Timestamp at = Timestamp::from_micros(micros(random));
        ASSERT_EQ(*parse_timestamp(at.to_string()), at) << at.to_string();
    }
}

TEST(Duration, ReadsOneNumberAndOneUnit) {
    EXPECT_EQ(*parse_duration("250ms"), std::chrono::milliseconds(250));
    EXPECT_EQ(*parse_duration("90s"), std::chrono::seconds(90));
    EXPECT_EQ(*parse_duration("30m"), std::chrono::minutes(30));
    EXPECT_EQ(*parse_duration("6h"), std::chrono::hours(6));
    EXPECT_EQ(*parse_duration("7d"), std::chrono::hours(7 * 24));
    EXPECT_EQ(*parse_duration("2w"), std::chrono::hours(14 * 24));
    for (const std::string_view text : {"", "s", "5", "5 s", "-5s", "1.5h", "1h30m", "5S",
                                        "9223372036854775808us", "999999999999w"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Duration, IsPrintedInTheLargestUnitThatLosesNothing) {
    for (const std::string_view text :
         {"0s", "250ms", "90s", "30m", "6h", "8d", "2w", "1234567us"}) {
        EXPECT_EQ(format_duration(*parse_duration(text)), text);
    }
    EXPECT_EQ(format_duration(std::chrono::seconds(3600)), "1h");
    EXPECT_EQ(format_duration(std::chrono::seconds(-90)), "-90s");
}

TEST(FormatTime, KnowsStrftimesSpecifiers) {
    constexpr std::string_view kAt = "2015-02-03T04:05:06.000789";
    EXPECT_EQ(formatted(kAt, "%Y-%m-%d %H:%M:%S.%f"), "2015-02-03 04:05:06.000789");
    EXPECT_EQ(formatted(kAt, "%Y-%-m-%-d-%-H"), "2015-2-3-4");
    EXPECT_EQ(formatted(kAt, "%F %T %R %D %y %C"), "2015-02-03 04:05:06 04:05 02/03/15 15 20");
    EXPECT_EQ(formatted(kAt, "%a %A %b %B %e %-e %u %w"), "Tue Tuesday Feb February  3 3 2 2");
    EXPECT_EQ(formatted(kAt, "%I %p %j %-j %s %z %Z %%"), "04 AM 034 34 1422936306 +0000 UTC %");
    EXPECT_EQ(formatted("2015-01-01T00:30", "%I%p"), "12AM");
    EXPECT_EQ(formatted("2015-01-01T12:30", "%I%p"), "12PM");
    EXPECT_EQ(formatted("0099-01-01", "%Y %-Y"), "0099 99");
}

TEST(FormatTime, CountsWeeksAsIsoAndAsStrftimeDo) {
    EXPECT_EQ(formatted("2015-12-31", "%G-W%V %U %W"), "2015-W53 52 52");
    EXPECT_EQ(formatted("2016-01-03", "%G-W%V %U %W"), "2015-W53 01 00");
    EXPECT_EQ(formatted("2016-01-04", "%G-W%V %U %W"), "2016-W01 01 01");
    EXPECT_EQ(formatted("2014-12-29", "%G-W%V"), "2015-W01");
}

TEST(FormatTime, ShowsCivilTimeOfTheZone) {
    EXPECT_EQ(formatted("2015-07-01T23:30", "%F %R %z %Z", kBerlin), "2015-07-02 01:30 +0200 CEST");
    EXPECT_EQ(formatted("2015-01-01T00:30", "%F %R %z %Z", kNewYork), "2014-12-31 19:30 -0500 EST");
    EXPECT_EQ(formatted("2015-10-25T00:30", "%R %Z", kBerlin), "02:30 CEST");
    EXPECT_EQ(formatted("2015-10-25T01:30", "%R %Z", kBerlin), "02:30 CET");
}

TEST(FormatTime, RefusesUnknownSpecifiersByName) {
    EXPECT_THAT(formatted("2015", "%Y-%Q"), ::testing::HasSubstr("unknown specifier '%Q'"));
    EXPECT_THAT(formatted("2015", "%Y-%-Q"), ::testing::HasSubstr("unknown specifier '%-Q'"));
    EXPECT_THAT(formatted("2015", "%Y-%"), ::testing::HasSubstr("ends inside a % specifier"));
    EXPECT_THAT(formatted("2015", "%Y-%-"), ::testing::HasSubstr("ends inside a % specifier"));
}

TEST(ShiftCalendar, A29thOfFebruaryIsNeverAnotherDay) {
    EXPECT_EQ(shifted("2024-02-29T10:00", {Unit::kYear, -10}), "nothing");
    EXPECT_EQ(shifted("2024-02-29T10:00", {Unit::kYear, -4}), "2020-02-29T10:00:00Z");
    EXPECT_EQ(shifted("2024-02-28T10:00", {Unit::kYear, -10}), "2014-02-28T10:00:00Z");
    EXPECT_EQ(shifted("2015-01-31", {Unit::kMonth, 1}), "nothing");
    EXPECT_EQ(shifted("2015-01-31", {Unit::kMonth, 2}), "2015-03-31T00:00:00Z");
    EXPECT_EQ(shifted("2015-01-15", {Unit::kMonth, -13}), "2013-12-15T00:00:00Z");
}

TEST(ShiftCalendar, DaysAreCivilAndHoursAreElapsed) {
    EXPECT_EQ(shifted("2015-03-28T11:00", {Unit::kDay, 1}, kBerlin), "2015-03-29T10:00:00Z");
    EXPECT_EQ(shifted("2015-03-28T11:00", {Unit::kHour, 24}, kBerlin), "2015-03-29T11:00:00Z");
    EXPECT_EQ(shifted("2015-10-24T10:00", {Unit::kDay, 1}, kBerlin), "2015-10-25T11:00:00Z");
    EXPECT_EQ(shifted("2015-10-19T10:00", {Unit::kWeek, 1}, kBerlin), "2015-10-26T11:00:00Z");
    EXPECT_EQ(shifted("2015-10-25T01:30", {Unit::kDay, 0}, kBerlin), "2015-10-25T01:30:00Z");
    EXPECT_EQ(shifted("2015-03-28T01:30", {Unit::kDay, 1}, kBerlin), "2015-03-29T01:30:00Z");
}

TEST(ShiftCalendar, RefusesToLeaveTheCalendar) {
    EXPECT_THAT(shifted("2015-01-01", {Unit::kYear, 9000}),
                ::testing::HasSubstr("leaves the years"));
    EXPECT_THAT(shifted("2015-01-01", {Unit::kDay, -800'000}),
                ::testing::HasSubstr("leaves the years"));
    EXPECT_THAT(shifted("2015-01-01", {Unit::kHour, 100'000'000}),
                ::testing::HasSubstr("is outside of"));
    EXPECT_THAT(shifted("2015-01-01", {Unit::kWeek, std::numeric_limits<std::int64_t>::min()}),
                ::testing::HasSubstr("too large"));
}

TEST(FloorCalendar, FindsTheStartOfEachStep) {
    constexpr std::string_view kAt = "2015-08-13T14:47:31.5";  // a Thursday
    EXPECT_EQ(floored(kAt, {Unit::kMinute, 1}), "2015-08-13T14:47:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kMinute, 15}), "2015-08-13T14:45:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kHour, 1}), "2015-08-13T14:00:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kHour, 6}), "2015-08-13T12:00:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kDay, 1}), "2015-08-13T00:00:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kWeek, 1}), "2015-08-10T00:00:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kMonth, 1}), "2015-08-01T00:00:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kMonth, 3}), "2015-07-01T00:00:00Z");
    EXPECT_EQ(floored(kAt, {Unit::kYear, 1}), "2015-01-01T00:00:00Z");
    EXPECT_EQ(floored("1969-12-31T23:59", {Unit::kHour, 1}), "1969-12-31T23:00:00Z");
    EXPECT_EQ(floored("1969-12-31T23:59", {Unit::kDay, 1}), "1969-12-31T00:00:00Z");
    EXPECT_THAT(floored(kAt, {Unit::kDay, 0}), ::testing::HasSubstr("a window must be"));
}

TEST(FloorCalendar, DaysStartAtLocalMidnightAndHave23To25Hours) {
    EXPECT_EQ(floored("2015-03-29T12:00", {Unit::kDay, 1}, kBerlin), "2015-03-28T23:00:00Z");
    EXPECT_EQ(floored("2015-03-29T22:00", {Unit::kDay, 1}, kBerlin), "2015-03-29T22:00:00Z");
    EXPECT_EQ(floored("2015-10-25T22:59", {Unit::kDay, 1}, kBerlin), "2015-10-24T22:00:00Z");
    EXPECT_EQ(floored("2015-10-25T23:00", {Unit::kDay, 1}, kBerlin), "2015-10-25T23:00:00Z");
    EXPECT_EQ(floored("2015-10-26T12:00", {Unit::kWeek, 1}, kBerlin), "2015-10-25T23:00:00Z");
}

TEST(FloorCalendar, ADayWithoutMidnightStartsAtTheClockChange) {
    EXPECT_EQ(floored("2018-11-04T12:00", {Unit::kDay, 1}, kSaoPaulo), "2018-11-04T03:00:00Z");
    EXPECT_EQ(floored("2018-11-04T02:59", {Unit::kDay, 1}, kSaoPaulo), "2018-11-03T03:00:00Z");
}

TEST(FloorCalendar, TheRepeatedHourIsAWindowOfItsOwn) {
    EXPECT_EQ(floored("2015-10-25T00:30", {Unit::kHour, 1}, kBerlin), "2015-10-25T00:00:00Z");
    EXPECT_EQ(floored("2015-10-25T01:30", {Unit::kHour, 1}, kBerlin), "2015-10-25T01:00:00Z");
    EXPECT_EQ(floored("2015-10-25T01:30", {Unit::kHour, 6}, kBerlin), "2015-10-24T22:00:00Z");
    EXPECT_EQ(floored("2015-03-29T01:30", {Unit::kHour, 1}, kBerlin), "2015-03-29T01:00:00Z");
}

TEST(FloorCalendar, WindowsAreAPartitionOfTimeAcrossEveryClockChange) {
    const struct {
        std::string_view zone;
        std::string_view around;
    } changes[] = {{kBerlin, "2015-03-29T01:00"},   {kBerlin, "2015-10-25T01:00"},
                   {kLordHowe, "2015-04-04T15:00"}, {kLordHowe, "2015-10-03T15:30"},
                   {kStJohns, "2010-11-07T02:31"},  {kStJohns, "2010-03-14T03:31"},
                   {kSaoPaulo, "2018-11-04T03:00"}, {kNewYork, "1883-11-18T17:00"}};
    const CalendarStep steps[] = {{Unit::kMinute, 15}, {Unit::kHour, 1}, {Unit::kHour, 2},
                                  {Unit::kHour, 6},    {Unit::kDay, 1},  {Unit::kWeek, 1}};
    for (const auto& change : changes) {
        for (const CalendarStep step : steps) {
            Timestamp last_start = Timestamp::from_micros(std::numeric_limits<std::int64_t>::min());
            const Timestamp middle = utc(change.around);
            for (Timestamp at = middle - std::chrono::hours(30);
                 at < middle + std::chrono::hours(30); at = at + std::chrono::seconds(30)) {
                const Timestamp start = *floor_calendar(at, step, change.zone);
                ASSERT_LE(start, at) << change.zone;
                ASSERT_LE(last_start, start) << change.zone << ' ' << at.to_string();
                ASSERT_EQ(*floor_calendar(start, step, change.zone), start)
                    << change.zone << ' ' << at.to_string();
                last_start = start;
            }
        }
    }
}

TEST(TimeZone, APeriodReachesFromOneClockChangeToTheNext) {
    const TimeZone berlin = *TimeZone::find("Europe/Berlin");
    const TimeZone::Period summer = berlin.period_at(utc("2026-07-01"));
    EXPECT_EQ(summer.offset, std::chrono::hours(2));
    EXPECT_EQ(summer.begin, utc("2026-03-29T01"));
    EXPECT_EQ(summer.end, utc("2026-10-25T01"));
    EXPECT_EQ(berlin.period_at(*summer.end).begin, summer.end);
    EXPECT_EQ(berlin.period_at(*summer.begin - Duration(1)).end, summer.begin);
    EXPECT_FALSE(TimeZone().period_at(utc("2026-07-01")).begin);
    EXPECT_FALSE(berlin.period_at(utc("1700-01-01")).begin);
    EXPECT_EQ(TimeZone::find("Mars/Olympus").error().code, ErrorCode::kInvalidArgument);
}

TEST(Clock, SystemClockGoesForward) {
    Clock& clock = system_clock();
    const Duration before = clock.steady();
    EXPECT_GT(clock.now(), utc("2024-01-01"));
    clock.sleep_for(std::chrono::milliseconds(2));
    EXPECT_GE(clock.steady() - before, std::chrono::milliseconds(2));
}

TEST(ManualClock, SleepingMovesBothTimesAtOnce) {
    ManualClock clock(utc("2015-01-01"));
    clock.sleep_for(std::chrono::hours(5));
    clock.sleep_for(std::chrono::hours(-5));
    EXPECT_EQ(clock.now(), utc("2015-01-01T05"));
    EXPECT_EQ(clock.steady(), std::chrono::hours(5));
}

TEST(ManualClock, SteadyTimeIgnoresThatTheWallClockJumps) {
    ManualClock clock(utc("2015-01-01"));
    clock.advance(std::chrono::seconds(10));
    clock.set(utc("2014-01-01"));
    EXPECT_EQ(clock.now(), utc("2014-01-01"));
    EXPECT_EQ(clock.steady(), std::chrono::seconds(10));
}

}  // namespace
}  // namespace ingot

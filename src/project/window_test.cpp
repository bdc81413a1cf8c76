#include "project/window.hpp"

#include <gtest/gtest.h>
#include <random>

namespace ingot::project {
namespace {

Timestamp at(const char* text, const char* zone = "UTC") {
    return *parse_timestamp(text, zone);
}
WindowSpec spec(const char* unit, const char* zone = "UTC") {
    return {*parse_window_unit(unit), zone};
}

TEST(Windows, UnitsAreRead) {
    EXPECT_EQ(spec("hour").to_string(), "hour");
    EXPECT_EQ(spec("15m").to_string(), "15 minutes");
    EXPECT_EQ(spec("15 minutes").to_string(), "15 minutes");
    EXPECT_EQ(spec("6h", "Europe/Paris").to_string(), "6 hours in Europe/Paris");
    EXPECT_EQ(spec("60m"), spec("hour"));
    EXPECT_EQ(spec("24h"), spec("day"));
    for (const char* bad : {"", "hours", "0m", "-5m", "7m", "5h", "2 days", "15", "15x", "1e3m"}) {
        EXPECT_FALSE(parse_window_unit(bad)) << bad;
    }
}

TEST(Windows, ALocalDayHas23To25Hours) {
    const WindowSpec day = spec("day", "Europe/Paris");
    const auto hours = [&](const char* date) {
        const Interval window = *window_at(day, at(date, "Europe/Paris"));
        return (window.end - window.start).count() / 3'600'000'000;
    };
    EXPECT_EQ(hours("2024-03-30"), 24);
    EXPECT_EQ(hours("2024-03-31"), 23);
    EXPECT_EQ(hours("2024-10-27"), 25);
}

/// Windows cover the range without gap or overlap, and each instant's window is the one that
/// enumeration gives.
TEST(Windows, CoverTimeExactlyOnceInEveryZone) {
    std::mt19937 random(7);
    for (const char* zone : {"UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata",
                             "Australia/Lord_Howe", "Pacific/Apia"}) {
        for (const char* unit :
             {"minute", "15m", "hour", "6h", "12h", "day", "week", "month", "year"}) {
            const WindowSpec windows = spec(unit, zone);
            const bool fine = windows.step.unit == CalendarStep::Unit::kMinute;
            const Interval range = fine ? Interval{at("2024-10-26"), at("2024-10-28")}
                                        : Interval{at("2011-06-15"), at("2013-02-02")};
            const auto all = enumerate_windows(windows, range);
            ASSERT_TRUE(all) << zone << " " << unit;
            for (std::size_t i = 1; i < all->size(); ++i) {
                ASSERT_EQ((*all)[i - 1].end, (*all)[i].start) << zone << " " << unit;
            }
            if (all->empty()) continue;
            EXPECT_GE(all->front().start, range.start);
            EXPECT_LE(all->back().end, range.end);
            std::uniform_int_distribution<std::int64_t> any(all->front().start.micros(),
                                                            all->back().end.micros() - 1);
            for (int i = 0; i < 20; ++i) {
                const Timestamp instant = Timestamp::from_micros(any(random));
                const Interval window = *window_at(windows, instant);
                ASSERT_TRUE(window.contains(instant))
                    << zone << " " << unit << " " << instant.to_string();
                ASSERT_TRUE(std::binary_search(all->begin(), all->end(), window))
                    << zone << " " << unit << " " << window.to_string();
            }
        }
    }
}

TEST(Windows, OnlyWholeOnesInsideTheRangeAreEnumerated) {
    const auto windows =
        enumerate_windows(spec("hour"), {at("2015-01-01T00:30"), at("2015-01-01T03:30")});
    ASSERT_TRUE(windows);
    ASSERT_EQ(windows->size(), 2u);
    EXPECT_EQ((*windows)[0].to_string(), "2015-01-01T01:00:00Z..2015-01-01T02:00:00Z");
    const auto many = enumerate_windows(spec("minute"), {at("2015-01-01"), at("2015-01-02")}, 100);
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code, ErrorCode::kInvalidArgument);
}

TEST(Windows, OverlappingOnesComeOnceEach) {
    const IntervalSet hours({{at("2015-01-01T22"), at("2015-01-02T01")},
                             {at("2015-01-02T05"), at("2015-01-02T06")},
                             {at("2015-01-05T00"), at("2015-01-05T01")}});
    const auto days = windows_overlapping(spec("day"), hours);
    ASSERT_TRUE(days);
    ASSERT_EQ(days->size(), 3u);
    EXPECT_EQ((*days)[1].start, at("2015-01-02"));
    EXPECT_EQ((*days)[2].start, at("2015-01-05"));
}

TEST(Windows, ClosedOnesEndBeforeNow) {
    EXPECT_EQ(last_closed_window(spec("hour"), at("2015-01-01T10:05"))->to_string(),
              "2015-01-01T09:00:00Z..2015-01-01T10:00:00Z");
    EXPECT_EQ(last_closed_window(spec("hour"), at("2015-01-01T10:00"))->to_string(),
              "2015-01-01T09:00:00Z..2015-01-01T10:00:00Z");
    EXPECT_FALSE(*closed_range(spec("day"), at("2015-01-01"), at("2015-01-01T23:59")));
    EXPECT_EQ((*closed_range(spec("day"), at("2015-01-01"), at("2015-01-03T01")))->end,
              at("2015-01-03"));
}

TEST(Windows, Nesting) {
    EXPECT_TRUE(nests_in(spec("hour"), spec("day")));
    EXPECT_TRUE(nests_in(spec("15m"), spec("hour")));
    EXPECT_TRUE(nests_in(spec("month"), spec("year")));
    EXPECT_FALSE(nests_in(spec("week"), spec("month")));
    EXPECT_FALSE(nests_in(spec("day"), spec("hour")));
    EXPECT_FALSE(nests_in(spec("hour"), spec("day", "Asia/Kolkata")));
}

TEST(Windows, IntervalsOfTheCommandLine) {
    EXPECT_EQ(parse_interval("2015-01-01T00..2015-01-02T00")->to_string(),
              "2015-01-01T00:00:00Z..2015-01-02T00:00:00Z");
    EXPECT_EQ(parse_interval("2015-01-01")->to_string(),
              "2015-01-01T00:00:00Z..2015-01-02T00:00:00Z");
    EXPECT_EQ(parse_interval("2015-01-01T05")->to_string(),
              "2015-01-01T05:00:00Z..2015-01-01T06:00:00Z");
    EXPECT_EQ(parse_interval("2015-02")->to_string(), "2015-02-01T00:00:00Z..2015-03-01T00:00:00Z");
    EXPECT_EQ(parse_interval("2015")->to_string(), "2015-01-01T00:00:00Z..2016-01-01T00:00:00Z");
    EXPECT_EQ(parse_interval("2024-03-31", "Europe/Paris")->to_string(),
              "2024-03-30T23:00:00Z..2024-03-31T22:00:00Z");
    for (const char* bad : {"", "..", "2015-01-02..2015-01-01", "2015-01-01..2015-01-01",
                            "yesterday", "2015-01-01T05:00:01", "2015-13-01"}) {
        EXPECT_FALSE(parse_interval(bad)) << bad;
    }
}

}  // namespace
}  // namespace ingot::project

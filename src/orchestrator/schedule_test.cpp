#include "orchestrator/schedule.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

namespace ingot::orchestrator {
namespace {

using project::CronSchedule;
using project::EverySchedule;

Timestamp utc(std::string_view text) {
    return *parse_timestamp(text);
}

Ticks cron(std::string_view line, const std::string& zone = "UTC") {
    return *Ticks::of(*project::parse_cron(line), zone);
}

/// The ticks in (after, until], as text.
std::string ticks_between(const Ticks& ticks, std::string_view after, std::string_view until) {
    std::string text;
    for (auto at = ticks.next(utc(after)); at && *at <= utc(until); at = ticks.next(*at)) {
        text += (text.empty() ? "" : " ") + at->to_string().substr(0, 16);
    }
    return text;
}

TEST(Ticks, TheNextIsLaterAndTheLastIsNot) {
    const Ticks hourly = cron("5 * * * *");
    EXPECT_EQ(hourly.next(utc("2026-01-01T10:05")), utc("2026-01-01T11:05"));
    EXPECT_EQ(hourly.next(utc("2026-01-01T10:04:59.999999")), utc("2026-01-01T10:05"));
    EXPECT_EQ(hourly.last(utc("2026-01-01T10:05")), utc("2026-01-01T10:05"));
    EXPECT_EQ(hourly.last(utc("2026-01-01T10:04:59.999999")), utc("2026-01-01T09:05"));
}

TEST(Ticks, RareDaysAreFound) {
    EXPECT_EQ(cron("0 0 29 2 *").next(utc("2096-03-01")), utc("2104-02-29"));
    EXPECT_EQ(cron("0 0 29 2 *").last(utc("2104-02-28")), utc("2096-02-29"));
    EXPECT_EQ(cron("@yearly").next(utc("2026-01-01")), utc("2027-01-01"));
}

TEST(Ticks, OfSeveralLinesEachTicksAndTogetherOnce) {
    CronSchedule schedule{
        {*project::parse_cron("0 6 * * *"), *project::parse_cron("0 */6 * * *")}, "UTC", {}};
    EXPECT_EQ(ticks_between(*Ticks::of(schedule), "2026-01-01T00", "2026-01-01T12"),
              "2026-01-01T06:00 2026-01-01T12:00");
}

TEST(Ticks, ATimeThatTheClockSkipsTicksOnceAtTheChange) {
    // In Berlin 02:00 to 03:00 does not exist on 2026-03-29; the change is at 01:00 UTC.
    EXPECT_EQ(ticks_between(cron("30 2 * * *", "Europe/Berlin"), "2026-03-28", "2026-03-30T12"),
              "2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30");
    EXPECT_EQ(ticks_between(cron("*/10 2 * * *", "Europe/Berlin"), "2026-03-29", "2026-03-29T12"),
              "2026-03-29T01:00");
    EXPECT_EQ(ticks_between(cron("30 2,3 * * *", "Europe/Berlin"), "2026-03-29", "2026-03-29T12"),
              "2026-03-29T01:00 2026-03-29T01:30");
    EXPECT_EQ(cron("30 2 * * *", "Europe/Berlin").last(utc("2026-03-29T23")),
              utc("2026-03-29T01:00"));
}

TEST(Ticks, ATimeThatTheClockDoublesTicksAtTheFirst) {
    // In Berlin 02:00 to 03:00 happens twice on 2026-10-25, from 00:00 and from 01:00 UTC.
    EXPECT_EQ(ticks_between(cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12", "2026-10-26T12"),
              "2026-10-25T00:30 2026-10-26T01:30");
    EXPECT_EQ(cron("30 2 * * *", "Europe/Berlin").last(utc("2026-10-25T02")),
              utc("2026-10-25T00:30"));
    EXPECT_EQ(ticks_between(cron("0 */2 * * *", "Europe/Berlin"), "2026-10-24T22", "2026-10-25T04"),
              "2026-10-25T00:00 2026-10-25T03:00");
}

TEST(Ticks, ALineOfEveryHourFollowsTheClock) {
    EXPECT_EQ(ticks_between(cron("30 * * * *", "Europe/Berlin"), "2026-03-29", "2026-03-29T03"),
              "2026-03-29T00:30 2026-03-29T01:30 2026-03-29T02:30");
    EXPECT_EQ(
        ticks_between(cron("30 0-23 * * *", "Europe/Berlin"), "2026-10-24T23", "2026-10-25T02"),
        "2026-10-24T23:30 2026-10-25T00:30 2026-10-25T01:30");
}

TEST(Ticks, PeriodsAreCountedFromTheAnchor) {
    const Ticks plain = *Ticks::of(EverySchedule{std::chrono::minutes(5), {}, "UTC", {}});
    EXPECT_EQ(plain.next(utc("2026-01-01T10:05")), utc("2026-01-01T10:10"));
    EXPECT_EQ(plain.last(utc("2026-01-01T10:09")), utc("2026-01-01T10:05"));
    const Ticks anchored =
        *Ticks::of(EverySchedule{std::chrono::hours(5), utc("2026-01-01T01"), "UTC", {}});
    EXPECT_EQ(anchored.next(utc("2025-12-31T23")), utc("2026-01-01T01"));
    EXPECT_EQ(anchored.last(utc("2026-01-01T00:59")), utc("2025-12-31T20"));
    EXPECT_EQ(anchored.next(utc("2026-01-01T01")), utc("2026-01-01T06"));
}

TEST(Ticks, DaysThatTheCalendarLeavesOutHaveNone) {
    CronSchedule daily{{*project::parse_cron("0 6 * * *")}, "UTC", {}};
    ASSERT_TRUE(add_days(daily.calendar.only, "weekdays"));
    ASSERT_TRUE(add_days(daily.calendar.except, "2026-12-25"));
    EXPECT_EQ(ticks_between(*Ticks::of(daily), "2026-12-24", "2026-12-29"),
              "2026-12-24T06:00 2026-12-28T06:00");
    EverySchedule every{std::chrono::hours(12), {}, "Europe/Berlin", {}};
    ASSERT_TRUE(add_days(every.calendar.only, "2026-12-24"));
    EXPECT_EQ(ticks_between(*Ticks::of(every), "2026-12-01", "2026-12-31"),
              "2026-12-24T00:00 2026-12-24T12:00");
    EXPECT_EQ(Ticks::of(every)->next(utc("2026-12-24T12")), std::nullopt);
    EXPECT_EQ(Ticks::of(every)->last(utc("2027-12-24T12")), utc("2026-12-24T12"));
}

TEST(Ticks, AnUnknownZoneIsAnError) {
    EXPECT_FALSE(Ticks::of(*project::parse_cron("@daily"), "Mars/Olympus"));
}

Interval owned(const Ticks& ticks, const char* window, std::string_view tick) {
    return *window_of_tick(ticks, {*project::parse_window_unit(window), "UTC"}, utc(tick));
}

TEST(WindowOfTick, IsWhatClosedSinceTheTickBefore) {
    const Interval nine{utc("2026-01-01T09"), utc("2026-01-01T10")};
    EXPECT_EQ(owned(cron("5 * * * *"), "hour", "2026-01-01T10:05"), nine);
    EXPECT_EQ(owned(cron("0 * * * *"), "hour", "2026-01-01T10:00"), nine);
    const Interval six_hours{utc("2026-01-01T00"), utc("2026-01-01T06")};
    EXPECT_EQ(owned(cron("0 */6 * * *"), "hour", "2026-01-01T06"), six_hours);
}

TEST(WindowOfTick, OfFrequentTicksIsTheLastClosedOneAgain) {
    const Interval nine{utc("2026-01-01T09"), utc("2026-01-01T10")};
    EXPECT_EQ(owned(cron("*/20 * * * *"), "hour", "2026-01-01T10:20"), nine);
    EXPECT_EQ(owned(cron("*/20 * * * *"), "hour", "2026-01-01T10:40"), nine);
}

TEST(WindowOfTick, AfterDaysThatTheCalendarLeavesOutHasTheirWindowsToo) {
    CronSchedule daily{{*project::parse_cron("0 6 * * *")}, "UTC", {}};
    ASSERT_TRUE(add_days(daily.calendar.only, "weekdays"));
    const Interval friday_to_sunday{utc("2026-01-02"), utc("2026-01-05")};
    EXPECT_EQ(owned(*Ticks::of(daily), "day", "2026-01-05T06"), friday_to_sunday);
}

TEST(WindowOfTick, EveryWindowIsOwnedByOneTickThroughClockChanges) {
    for (const char* line : {"5 * * * *", "30 2 * * *", "0 */6 * * *", "15 1,2,3 * * *"}) {
        const Ticks ticks = cron(line, "Europe/Berlin");
        for (const char* unit : {"hour", "day"}) {
            const project::WindowSpec window{*project::parse_window_unit(unit), "Europe/Berlin"};
            std::optional<Timestamp> covered;
            for (auto at = ticks.next(utc("2026-03-20")); *at < utc("2026-11-05");
                 at = ticks.next(*at)) {
                const Interval own = *window_of_tick(ticks, window, *at);
                if (covered && own.end != *covered) {
                    ASSERT_EQ(own.start, *covered) << line << ' ' << at->to_string();
                }
                covered = own.end;
            }
        }
    }
}

// Random lines against a scan over the minutes of years of wall clock time.

std::uint64_t seed_of_this_run() {
    const char* given = std::getenv("INGOT_SEED");
    return given != nullptr ? std::stoull(given) : std::random_device{}();
}

std::string random_field(std::mt19937_64& random, int first, int last) {
    const auto pick = [&](int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(random);
    };
    const auto part = [&]() -> std::string {
        const int low = pick(first, last);
        switch (pick(0, 3)) {
            case 0:
                return std::to_string(low);
            case 1:
                return std::to_string(low) + "-" + std::to_string(pick(low, last));
            case 2:
                return "*/" + std::to_string(pick(1, last));
            default:
                return std::to_string(low) + "-" + std::to_string(last) + "/" +
                       std::to_string(pick(1, last));
        }
    };
    if (pick(0, 2) == 0) return "*";
    std::string text = part();
    while (pick(0, 3) == 0) text += "," + part();
    return text;
}

/// What a wall clock shows, minute by minute, and when a line ticks by what it says.
std::vector<Timestamp> ticks_by_scan(const project::Cron& line, const TimeZone& zone,
                                     Timestamp from, Timestamp until) {
    constexpr std::int64_t kMinute = 60'000'000;
    const auto matches = [&](std::int64_t minute_of_time) {
        const auto day = project::CivilDay(std::chrono::days(minute_of_time / 1440));
        const auto minute = minute_of_time % 1440;
        return line.has_day(day) && (line.hours >> (minute / 60) & 1) != 0 &&
               (line.minutes >> (minute % 60) & 1) != 0;
    };
    std::vector<Timestamp> ticks;
    std::int64_t before = -1;
    std::int64_t highest = -1;
    for (Timestamp at = from; at <= until; at = at + Duration(kMinute)) {
        const std::int64_t shown = (at.micros() + zone.period_at(at).offset.count()) / kMinute;
        bool tick = matches(shown);
        if (!line.every_hour()) {
            if (shown <= highest) tick = false;
            for (std::int64_t skipped = before + 1; before >= 0 && skipped < shown; ++skipped) {
                tick = tick || matches(skipped);
            }
        }
        if (tick) ticks.push_back(at);
        before = shown;
        highest = std::max(highest, shown);
    }
    return ticks;
}

TEST(Ticks, AreThoseOfAScanOverMinutes) {
    const std::uint64_t seed = seed_of_this_run();
    SCOPED_TRACE("INGOT_SEED=" + std::to_string(seed));
    std::printf("INGOT_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    const std::vector<std::string> zones = {"UTC",
                                            "Europe/Berlin",
                                            "America/New_York",
                                            "Australia/Lord_Howe",
                                            "America/Sao_Paulo",
                                            "Asia/Kathmandu",
                                            "Pacific/Apia",
                                            "Africa/Casablanca",
                                            "Asia/Gaza",
                                            "America/Caracas"};
    for (int round = 0; round < 60; ++round) {
        const std::string text = random_field(random, 0, 59) + " " + random_field(random, 0, 23) +
                                 " " + random_field(random, 1, 31) + " " +
                                 random_field(random, 1, 12) + " " + random_field(random, 0, 7);
        const auto line = project::parse_cron(text);
        if (!line) continue;  // a day that none of its months has
        const std::string& zone = zones[random() % zones.size()];
        SCOPED_TRACE(text + " in " + zone);
        const TimeZone found = *TimeZone::find(zone);
        const Timestamp from = utc("2000-01-01") + std::chrono::days(random() % 9000);
        const Timestamp until = from + std::chrono::days(500);
        const auto expected = ticks_by_scan(*line, found, from, until);
        const Ticks ticks = *Ticks::of(*line, zone);
        // The scan does not know what the clock had shown before it began.
        const Timestamp after = from + std::chrono::days(2);
        auto next = ticks.next(after);
        Timestamp last = after;
        for (const Timestamp tick : expected) {
            if (tick <= after) continue;
            ASSERT_TRUE(next);
            ASSERT_EQ(next->to_string(), tick.to_string());
            ASSERT_EQ(ticks.last(tick), tick);
            const Timestamp between = last + Duration((tick - last).count() / 2);
            if (last != after) {
                ASSERT_EQ(ticks.last(between), last);
                ASSERT_EQ(ticks.last(tick - Duration(1)), last);
            }
            ASSERT_EQ(ticks.next(between), tick);
            last = tick;
            next = ticks.next(tick);
        }
        ASSERT_TRUE(!next || *next > until) << next->to_string();
    }
}

}  // namespace
}  // namespace ingot::orchestrator

#include "project/cron.hpp"

#include <gtest/gtest.h>

namespace ingot::project {
namespace {

using std::chrono::sys_days;
using namespace std::chrono_literals;

std::string problem(std::string_view text) {
    const auto cron = parse_cron(text);
    return cron ? "" : cron.error().message;
}

TEST(Cron, FieldsAreSetsOfValues) {
    const Cron cron = *parse_cron("*/20,7 9-17/4 1,15 jan-mar,DEC 1-5");
    EXPECT_EQ(cron.minutes, 1ULL << 0 | 1ULL << 20 | 1ULL << 40 | 1ULL << 7);
    EXPECT_EQ(cron.hours, 1U << 9 | 1U << 13 | 1U << 17);
    EXPECT_EQ(cron.days, 1U << 1 | 1U << 15);
    EXPECT_EQ(cron.months, 1U << 1 | 1U << 2 | 1U << 3 | 1U << 12);
    EXPECT_EQ(cron.weekdays, 0x3EU);
}

TEST(Cron, SundayIsZeroAndSeven) {
    EXPECT_EQ(parse_cron("0 0 * * 0")->weekdays, 1U);
    EXPECT_EQ(parse_cron("0 0 * * 7")->weekdays, 1U);
    EXPECT_EQ(parse_cron("0 0 * * sun")->weekdays, 1U);
    EXPECT_EQ(parse_cron("0 0 * * 5-7")->weekdays, 1U | 1U << 5 | 1U << 6);
    EXPECT_EQ(parse_cron("0 0 * * *")->weekdays, 0x7FU);
}

TEST(Cron, NamesStandForFields) {
    const auto same = [](std::string_view name, std::string_view fields) {
        Cron named = *parse_cron(name);
        named.text = std::string(fields);
        return named == *parse_cron(fields);
    };
    EXPECT_TRUE(same("@hourly", "0 * * * *"));
    EXPECT_TRUE(same("@daily", "0 0 * * *"));
    EXPECT_TRUE(same("@midnight", "0 0 * * *"));
    EXPECT_TRUE(same("@weekly", "0 0 * * 0"));
    EXPECT_TRUE(same("@monthly", "0 0 1 * *"));
    EXPECT_TRUE(same("@yearly", "0 0 1 1 *"));
    EXPECT_TRUE(same("@annually", "0 0 1 1 *"));
}

TEST(Cron, EitherDayIsEnoughWhenBothAreRestricted) {
    const auto friday = sys_days(2026y / 11 / 20);
    const auto thirteenth = sys_days(2026y / 12 / 13);  // a Sunday
    const auto monday = sys_days(2026y / 11 / 23);
    const Cron either = *parse_cron("0 0 13 * fri");
    EXPECT_TRUE(either.has_day(friday));
    EXPECT_TRUE(either.has_day(thirteenth));
    EXPECT_FALSE(either.has_day(monday));
    EXPECT_FALSE(parse_cron("0 0 13 * *")->has_day(friday));
    // As in Vixie cron, a field that begins with * restricts nothing, whatever its step.
    const Cron both = *parse_cron("0 0 */2 * fri");
    EXPECT_FALSE(both.has_day(friday));
    EXPECT_TRUE(both.has_day(sys_days(2026y / 11 / 27)));
}

TEST(Cron, WhatNeverHappensIsRefused) {
    EXPECT_EQ(problem("0 0 31 2 *"),
              "the schedule '0 0 31 2 *' never happens: none of its months has such a day");
    EXPECT_NE(problem("0 0 30,31 feb *"), "");
    EXPECT_NE(problem("0 0 31 2,4,6,9,11 *"), "");
    EXPECT_EQ(problem("0 0 29 2 *"), "");
    EXPECT_EQ(problem("0 0 31 2 mon"), "");
    EXPECT_EQ(problem("0 0 31 2,3 *"), "");
}

TEST(Cron, WhatIsNoCronIsSaidByField) {
    EXPECT_EQ(problem("61 * * * *"), "'61' is no minute (0 to 59) in the schedule '61 * * * *'");
    for (const char* text : {"", "* * * *", "* * * * * *", "@often", "* 24 * * *", "* * 0 * *",
                             "* * * 13 *", "* * * * 8", "5-1 * * * *", "1/5 * * * *", "*/0 * * * *",
                             "1,, * * * *", "- * * * *", "* * * foo *", "* * * * monday"}) {
        EXPECT_NE(problem(text), "") << text;
    }
}

TEST(Cron, TheNextAndTheLastMinuteOfADay) {
    const Cron cron = *parse_cron("10,50 6,20 * * *");
    EXPECT_EQ(cron.minute_from(0), 6 * 60 + 10);
    EXPECT_EQ(cron.minute_from(6 * 60 + 10), 6 * 60 + 10);
    EXPECT_EQ(cron.minute_from(6 * 60 + 51), 20 * 60 + 10);
    EXPECT_EQ(cron.minute_from(20 * 60 + 51), std::nullopt);
    EXPECT_EQ(cron.minute_from(1440), std::nullopt);
    EXPECT_EQ(cron.minute_until(1439), 20 * 60 + 50);
    EXPECT_EQ(cron.minute_until(20 * 60 + 9), 6 * 60 + 50);
    EXPECT_EQ(cron.minute_until(6 * 60 + 9), std::nullopt);
    EXPECT_EQ(parse_cron("59 23 * * *")->minute_from(1439), 1439);
    EXPECT_EQ(parse_cron("59 23 * * *")->minute_until(1439), 1439);
}

TEST(Calendar, DaysAreNamedOrDated) {
    DaySet days;
    for (const char* text : {"weekends", "Monday", "2026-12-25", "2026-01-01"}) {
        EXPECT_TRUE(add_days(days, text)) << text;
    }
    EXPECT_EQ(days.weekdays, 0x43);
    EXPECT_TRUE(days.contains(sys_days(2026y / 12 / 25)));
    EXPECT_TRUE(days.contains(sys_days(2026y / 11 / 22)));
    EXPECT_FALSE(days.contains(sys_days(2026y / 12 / 24)));
    for (const char* text : {"2026-02-29", "2026-2-1", "holiday", "", "2026-12-25T00"}) {
        EXPECT_FALSE(add_days(days, text)) << text;
    }
}

TEST(Calendar, ExceptWinsOverOnly) {
    Calendar calendar;
    ASSERT_TRUE(add_days(calendar.only, "weekdays"));
    ASSERT_TRUE(add_days(calendar.except, "2026-12-25"));
    EXPECT_TRUE(calendar.allows(sys_days(2026y / 12 / 24)));
    EXPECT_FALSE(calendar.allows(sys_days(2026y / 12 / 25)));
    EXPECT_FALSE(calendar.allows(sys_days(2026y / 12 / 26)));
    const Cron daily = *parse_cron("@daily");
    EXPECT_EQ(first_day(&daily, calendar, sys_days(2026y / 12 / 25), sys_days(2027y / 1 / 1)),
              sys_days(2026y / 12 / 28));
    EXPECT_EQ(last_day(&daily, calendar, sys_days(2026y / 12 / 1), sys_days(2026y / 12 / 27)),
              sys_days(2026y / 12 / 24));
    EXPECT_EQ(first_day(nullptr, calendar, sys_days(2026y / 12 / 26), sys_days(2026y / 12 / 27)),
              std::nullopt);
}

}  // namespace
}  // namespace ingot::project

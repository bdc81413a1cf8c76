#include "orchestrator/freshness.hpp"

#include <gtest/gtest.h>

namespace ingot::orchestrator {
namespace {

using std::chrono::hours;

const TableName kTable = *TableName::parse("bronze.a");

Timestamp utc(std::string_view text) {
    return *parse_timestamp(text);
}
std::string levels(const std::vector<FreshnessChanged>& all) {
    std::string text;
    for (const FreshnessChanged& one : all) text += std::string(staleness_name(one.level)) + " ";
    return text;
}

TEST(Freshness, EachLevelIsDecidedOnceUntilTheTableIsFreshAgain) {
    FreshnessWatch watch;
    watch.define({{kTable, {hours(1), hours(3), "oncall"}}}, {}, utc("2026-01-01T00"));
    EXPECT_FALSE(watch.loaded(kTable, utc("2026-01-01T10")));
    EXPECT_EQ(watch.next_wake(), utc("2026-01-01T11"));
    EXPECT_EQ(levels(watch.reach(utc("2026-01-01T10:59"))), "");
    EXPECT_EQ(levels(watch.reach(utc("2026-01-01T11"))), "warning ");
    EXPECT_EQ(levels(watch.reach(utc("2026-01-01T12"))), "");
    EXPECT_EQ(levels(watch.reach(utc("2026-01-01T13"))), "error ");
    EXPECT_EQ(watch.next_wake(), std::nullopt);
    const auto fresh = watch.loaded(kTable, utc("2026-01-01T14"));
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->level, Staleness::kFresh);
    EXPECT_EQ(levels(watch.reach(utc("2026-01-01T15"))), "warning ");
}

TEST(Freshness, OfATableThatIsFarTooOldOnlyTheErrorIsSaid) {
    FreshnessWatch watch;
    watch.define({{kTable, {hours(1), hours(3), ""}}}, {}, utc("2026-01-01T00"));
    EXPECT_EQ(levels(watch.reach(utc("2026-01-01T05"))), "error ");
}

TEST(Freshness, IsKeptOverARestartAndAReload) {
    const FreshnessRule rule{hours(1), hours(3), ""};
    FreshnessWatch watch;
    watch.define({{kTable, rule}}, {}, utc("2026-01-01T00"));
    EXPECT_EQ(levels(watch.reach(utc("2026-01-01T01"))), "warning ");
    const auto kept = *parse_freshness(freshness_to_json(watch.states().at(kTable)));
    EXPECT_EQ(kept, watch.states().at(kTable));
    FreshnessWatch again;
    again.define({{kTable, rule}}, {{kTable, kept}}, utc("2026-01-01T02"));
    EXPECT_EQ(levels(again.reach(utc("2026-01-01T02"))), "");
    again.define({{kTable, rule}}, {}, utc("2026-01-01T02"));
    EXPECT_EQ(levels(again.reach(utc("2026-01-01T03"))), "error ");
    EXPECT_FALSE(again.loaded(kTable, utc("2025-01-01"))) << "an older load is no news";
    again.define({}, {}, utc("2026-01-01T04"));
    EXPECT_FALSE(again.loaded(kTable, utc("2026-01-01T05")));
    EXPECT_FALSE(parse_freshness("{\"level\": 7, \"since_us\": 1}"));
}

}  // namespace
}  // namespace ingot::orchestrator

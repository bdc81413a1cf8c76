#include "quality/readiness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::quality {
namespace {

using testing::HasSubstr;

Timestamp at(const char* text) {
    return *parse_timestamp(text);
}

/// 24 hours of 1 January 2015, the first `done` of them done.
InputFacts day(int done) {
    InputFacts facts;
    facts.exists = true;
    const Timestamp start = at("2015-01-01");
    for (int hour = 0; hour < 24; ++hour) {
        const Interval window{start + std::chrono::hours(hour),
                              start + std::chrono::hours(hour + 1)};
        facts.windows.push_back(window);
        if (hour < done) facts.done.add(window);
    }
    return facts;
}

project::Requirement requirement() {
    project::Requirement made;
    made.table = {"bronze", "aqi"};
    return made;
}

TEST(Readiness, WindowsAreCountedAmongTheLatest) {
    project::Requirement half = requirement();
    half.windows_at_least = 12;
    half.windows_of = 24;
    EXPECT_TRUE(judge_requirement(half, day(12), at("2015-01-02")).ok());
    const Judgement refused = judge_requirement(half, day(11), at("2015-01-02"));
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(
        refused.sentence,
        "bronze.aqi has 11 of its latest 24 windows, and 12 are required, the first absent one is "
        "2015-01-01T11:00:00Z..2015-01-01T12:00:00Z");
    half.windows_of = 12;
    EXPECT_FALSE(judge_requirement(half, day(23), at("2015-01-02")).ok());
    EXPECT_TRUE(judge_requirement(half, day(24), at("2015-01-02")).ok());
}

TEST(Readiness, FewerKnownWindowsThanAskedForDoNotCountAsDone) {
    project::Requirement half = requirement();
    half.windows_at_least = 12;
    half.windows_of = 24;
    InputFacts young = day(24);
    young.windows.resize(6);
    EXPECT_THAT(judge_requirement(half, young, at("2015-01-02")).sentence,
                HasSubstr("6 of its latest 24 windows, and 12 are required"));
}

TEST(Readiness, C20_AStaleInputIsRefused) {
    project::Requirement fresh = requirement();
    fresh.max_age = std::chrono::hours(6);
    InputFacts facts = day(24);
    EXPECT_EQ(judge_requirement(fresh, facts, at("2015-01-02")).sentence,
              "bronze.aqi was never published");
    facts.published_at = at("2015-01-01T18:00");
    EXPECT_TRUE(judge_requirement(fresh, facts, at("2015-01-02")).ok());
    const Judgement refused = judge_requirement(fresh, facts, at("2015-01-03T18:30"));
    EXPECT_FALSE(refused.ok());
    EXPECT_THAT(refused.sentence, HasSubstr("at most 6h is allowed"));
}

TEST(Readiness, RowsAndExistenceAreRequired) {
    project::Requirement full = requirement();
    EXPECT_EQ(judge_requirement(full, InputFacts{}, at("2015-01-02")).sentence,
              "bronze.aqi does not exist yet: run it first");
    full.min_rows = 10;
    InputFacts facts = day(1);
    EXPECT_FALSE(judge_requirement(full, facts, at("2015-01-02")).ok());
    facts.rows = 9;
    EXPECT_EQ(judge_requirement(full, facts, at("2015-01-02")).sentence,
              "bronze.aqi has 9 rows, and 10 are required");
    facts.rows = 10;
    EXPECT_EQ(judge_requirement(full, facts, at("2015-01-02")).sentence, "bronze.aqi has 10 rows");
}

TEST(Readiness, FreshnessWarnsBeforeItFails) {
    project::FreshnessPolicy policy;
    policy.warn = std::chrono::hours(2);
    policy.error = std::chrono::hours(6);
    const auto verdict = [&](const char* now) {
        return judge_freshness(policy, "bronze.events", at("2015-01-01T00:00"), at(now)).verdict;
    };
    EXPECT_EQ(verdict("2015-01-01T02:00"), Verdict::kOk);
    EXPECT_EQ(verdict("2015-01-01T02:00:01"), Verdict::kWarn);
    EXPECT_EQ(verdict("2015-01-01T06:00"), Verdict::kWarn);
    EXPECT_EQ(verdict("2015-01-01T06:00:01"), Verdict::kFail);
    // A clock that went back makes nothing old.
    EXPECT_EQ(verdict("2014-12-31"), Verdict::kOk);
    EXPECT_EQ(judge_freshness(policy, "t", std::nullopt, at("2015-01-01")).verdict, Verdict::kFail);
    policy.error.reset();
    EXPECT_EQ(judge_freshness(policy, "t", std::nullopt, at("2015-01-01")).verdict, Verdict::kWarn);
}

TEST(Readiness, AShareOfWindowsMayBeMissingButNeverAll) {
    project::MissingPolicy policy;
    const auto verdict = [&](std::int64_t missing, std::int64_t expected) {
        return judge_missing(policy, {expected, missing, "sample/2015-01-01-0.json.gz"}).verdict;
    };
    EXPECT_EQ(verdict(0, 24), Verdict::kOk);
    EXPECT_EQ(verdict(1, 24), Verdict::kFail);
    policy.allow = 0.5;
    EXPECT_EQ(verdict(12, 24), Verdict::kWarn);
    EXPECT_EQ(verdict(13, 24), Verdict::kFail);
    policy.allow = 0.1;
    EXPECT_EQ(verdict(1, 10), Verdict::kWarn);
    EXPECT_EQ(verdict(3, 30), Verdict::kWarn);
    EXPECT_EQ(verdict(4, 30), Verdict::kFail);
    policy.allow = 1;
    EXPECT_EQ(verdict(23, 24), Verdict::kWarn);
    EXPECT_EQ(verdict(24, 24), Verdict::kFail);
    EXPECT_EQ(verdict(1, 1), Verdict::kFail);
    EXPECT_EQ(verdict(0, 0), Verdict::kOk);
    EXPECT_EQ(
        judge_missing(policy, {24, 24, "x/2015-01-01-0.json.gz"}).sentence,
        "the input of all 24 windows is missing (first: x/2015-01-01-0.json.gz): is the source's "
        "place right?");
}

TEST(Readiness, NothingIsGreenThatDidNothing) {
    VolumeFacts facts;
    EXPECT_THAT(judge_volume(facts).sentence, testing::HasSubstr("say allow_empty: true"));
    EXPECT_FALSE(judge_volume(facts).ok());
    facts.of_source = true;
    EXPECT_EQ(judge_volume(facts).sentence,
              "there are no rows: is the input the right one, and complete?");
    EXPECT_FALSE(judge_volume(facts).ok());
    facts.of_source = false;
    facts.allow_empty = true;
    EXPECT_TRUE(judge_volume(facts).ok());
    facts.rejected = 5;
    facts.reasons = {{"BAD_DATE", 4}, {"NULL_SITE", 1}};
    const Judgement all_rejected = judge_volume(facts);
    EXPECT_FALSE(all_rejected.ok());
    EXPECT_EQ(all_rejected.sentence, "all of 5 rows rejected, most of them as BAD_DATE (4)");
}

TEST(Readiness, C19_TenTimesFewerRowsThanBeforeFail) {
    VolumeFacts facts;
    facts.accepted = 10;
    facts.previous = 99;
    EXPECT_TRUE(judge_volume(facts).ok());
    facts.previous = 100;
    EXPECT_FALSE(judge_volume(facts).ok());
    EXPECT_THAT(judge_volume(facts).sentence, HasSubstr("10 rows, and 100 before"));
    facts.says_itself = true;
    EXPECT_TRUE(judge_volume(facts).ok());
}

TEST(Readiness, C2_OneRowInsteadOfThousandsFails) {
    VolumeFacts facts;
    facts.accepted = 1;
    facts.previous = 8974;
    EXPECT_FALSE(judge_volume(facts).ok());
}

}  // namespace
}  // namespace ingot::quality

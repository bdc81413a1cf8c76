#include "quality/anomaly.hpp"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace ingot::quality {
namespace {

AnomalyVerdict judge(double value, const std::vector<double>& history,
                     const AnomalyRule& rule = {}) {
    return judge_anomaly(value, history, rule);
}

const std::vector<double> kSteady = {100, 104, 96, 101, 99, 103, 97, 100};

TEST(Anomaly, TooLittleHistoryIsNotDecided) {
    const AnomalyVerdict verdict = judge(1e9, {1, 2, 3});
    EXPECT_FALSE(verdict.decided);
    EXPECT_FALSE(verdict.anomalous);
    EXPECT_EQ(verdict.sentence, "3 earlier values are known and 7 are needed");
    AnomalyRule none;
    none.min_history = 0;
    EXPECT_FALSE(judge(1, {}, none).decided);
}

TEST(Anomaly, ValuesFarFromTheMedianAreAnomalous) {
    EXPECT_FALSE(judge(105, kSteady).anomalous);
    EXPECT_TRUE(judge(130, kSteady).anomalous);
    EXPECT_TRUE(judge(10, kSteady).anomalous);
    EXPECT_EQ(judge(100, kSteady).median, 100);
    EXPECT_THAT(judge(10, kSteady).sentence, testing::StartsWith("10 is outside"));
}

TEST(Anomaly, OneEarlierOutlierHidesNothing) {
    std::vector<double> history = kSteady;
    history[0] = 1e12;
    EXPECT_TRUE(judge(10, history).anomalous);
    EXPECT_FALSE(judge(102, history).anomalous);
}

TEST(Anomaly, DirectionLimitsWhatCounts) {
    AnomalyRule up;
    up.direction = AnomalyRule::Direction::kUp;
    EXPECT_FALSE(judge(10, kSteady, up).anomalous);
    EXPECT_TRUE(judge(200, kSteady, up).anomalous);
    AnomalyRule down;
    down.direction = AnomalyRule::Direction::kDown;
    EXPECT_TRUE(judge(10, kSteady, down).anomalous);
    EXPECT_FALSE(judge(200, kSteady, down).anomalous);
}

TEST(Anomaly, ValuesThatNeverChangedLeaveATolerance) {
    const std::vector<double> constant(10, 200);
    EXPECT_FALSE(judge(202, constant).anomalous);
    EXPECT_TRUE(judge(203, constant).anomalous);
    const std::vector<double> zeros(10, 0);
    EXPECT_FALSE(judge(0, zeros).anomalous);
    EXPECT_TRUE(judge(1, zeros).anomalous);
}

TEST(Anomaly, OnlyTheNewestValuesCount) {
    std::vector<double> history(10, 5);
    history.insert(history.end(), 100, 5000);
    AnomalyRule rule;
    rule.history = 10;
    EXPECT_FALSE(judge(5, history, rule).anomalous);
    EXPECT_TRUE(judge(5000, history, rule).anomalous);
}

TEST(Anomaly, ValuesThatAreNoNumberAreAnomalousAndNoHistory) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinite = std::numeric_limits<double>::infinity();
    for (const auto direction : {AnomalyRule::Direction::kBoth, AnomalyRule::Direction::kUp,
                                 AnomalyRule::Direction::kDown}) {
        AnomalyRule rule;
        rule.direction = direction;
        EXPECT_TRUE(judge(nan, kSteady, rule).anomalous);
        EXPECT_TRUE(judge(infinite, kSteady, rule).anomalous);
        EXPECT_TRUE(judge(-infinite, kSteady, rule).anomalous);
    }
    EXPECT_FALSE(judge(1, std::vector<double>(10, nan)).decided);
}

}  // namespace
}  // namespace ingot::quality

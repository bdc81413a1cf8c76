#include "quality/check_result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::quality {
namespace {

CheckResult result(CheckStatus status, project::OnFail on_fail, std::string message = "") {
    CheckResult made;
    made.status = status;
    made.on_fail = on_fail;
    made.message = std::move(message);
    return made;
}

TEST(CheckResult, FailuresAndErrorsBlockUnlessTheyOnlyWarn) {
    using project::OnFail;
    EXPECT_TRUE(result(CheckStatus::kFailed, OnFail::kFail).blocks());
    EXPECT_TRUE(result(CheckStatus::kError, OnFail::kFail).blocks());
    EXPECT_FALSE(result(CheckStatus::kError, OnFail::kWarn).blocks());
    EXPECT_FALSE(result(CheckStatus::kWarned, OnFail::kWarn).blocks());
    EXPECT_FALSE(result(CheckStatus::kSkipped, OnFail::kFail).blocks());
    EXPECT_FALSE(result(CheckStatus::kPassed, OnFail::kFail).blocks());
}

TEST(CheckResult, OneSentenceNamesAllThatBlocks) {
    using project::OnFail;
    EXPECT_EQ(blocking_problem({result(CheckStatus::kPassed, OnFail::kFail, "a")}), "");
    EXPECT_EQ(blocking_problem({result(CheckStatus::kFailed, OnFail::kFail, "a: b")}),
              "1 check failed: a: b");
    EXPECT_EQ(blocking_problem({result(CheckStatus::kFailed, OnFail::kFail, "a"),
                                result(CheckStatus::kWarned, OnFail::kWarn, "no"),
                                result(CheckStatus::kError, OnFail::kFail, "c")}),
              "2 checks failed: a; c");
}

TEST(CheckResult, C24_QualityScoreHasFourGrades) {
    const auto score = [](int passed) {
        const QualityScore made = quality_score(passed, 4);
        return fmt::format("{} {}", made.percent, made.grade);
    };
    EXPECT_EQ(score(4), "100 excellent");
    EXPECT_EQ(score(3), "75 good");
    EXPECT_EQ(score(2), "50 needs attention");
    EXPECT_EQ(score(1), "25 poor");
    EXPECT_EQ(score(0), "0 poor");
    EXPECT_EQ(quality_score(9, 10).grade, "excellent");
    EXPECT_EQ(quality_score(89, 100).grade, "good");
    EXPECT_EQ(quality_score(0, 0).percent, 100);
}

TEST(CheckResult, SkippedChecksDoNotCountInTheScore) {
    using project::OnFail;
    const QualityScore score = quality_score({result(CheckStatus::kPassed, OnFail::kFail),
                                              result(CheckStatus::kSkipped, OnFail::kFail),
                                              result(CheckStatus::kWarned, OnFail::kWarn)});
    EXPECT_EQ(score.passed, 1);
    EXPECT_EQ(score.total, 2);
    EXPECT_EQ(score.grade, "needs attention");
}

}  // namespace
}  // namespace ingot::quality

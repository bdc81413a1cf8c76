#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/retry_internal.hpp"

namespace ingot::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

const Timestamp kNow = *parse_timestamp("2015-10-21T07:28:00");

AttemptFailure transient(std::optional<Duration> retry_after = {}) {
    return {make_error(ErrorCode::kIo, "busy"), true, retry_after};
}

TEST(Retry, OnlyWhatMayGoBetterIsTransient) {
    for (const int status : {408, 425, 429, 500, 502, 503, 504, 599}) {
        EXPECT_EQ(classify_status(status), StatusKind::kTransient) << status;
    }
    for (const int status : {400, 401, 403, 405, 416, 501, 505, 300}) {
        EXPECT_EQ(classify_status(status), StatusKind::kPermanent) << status;
    }
    EXPECT_EQ(classify_status(404), StatusKind::kAbsent);
    EXPECT_EQ(classify_status(410), StatusKind::kAbsent);
    EXPECT_EQ(classify_status(304), StatusKind::kNotModified);
    EXPECT_EQ(classify_status(308), StatusKind::kRedirect);
    EXPECT_EQ(classify_status(206), StatusKind::kSuccess);
}

TEST(Retry, ReadsRetryAfterAsSecondsAndAsDate) {
    EXPECT_EQ(parse_retry_after("120", kNow), seconds(120));
    EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:28:30 GMT", kNow), seconds(30));
    EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:00:00 GMT", kNow), seconds(0));
    EXPECT_EQ(parse_retry_after("99999999999999", kNow), std::chrono::hours(365 * 24));
    EXPECT_EQ(parse_retry_after("-5", kNow), std::nullopt);
    EXPECT_EQ(parse_retry_after("soon", kNow), std::nullopt);
    EXPECT_EQ(parse_retry_after("", kNow), std::nullopt);
}

TEST(Retry, BackoffDoublesItsCeilingAndDrawsFromZeroUpToIt) {
    const RetryPolicy policy{.delay_first = milliseconds(100), .delay_max = milliseconds(1000)};
    const auto ceiling = [&](int attempt) {
        Duration largest(0);
        for (std::uint64_t random = 0; random < 1'100'000; random += 1) {
            largest = std::max(largest, backoff_delay(policy, attempt, random));
        }
        return largest;
    };
    EXPECT_EQ(ceiling(0), milliseconds(100));
    EXPECT_EQ(ceiling(1), milliseconds(200));
    EXPECT_EQ(ceiling(3), milliseconds(800));
    EXPECT_EQ(ceiling(4), milliseconds(1000));
    EXPECT_EQ(ceiling(1000), milliseconds(1000));
    EXPECT_EQ(backoff_delay(policy, 3, 0), Duration(0));
}

class RetryLoopTest : public ::testing::Test {
protected:
    ManualClock clock_{kNow};
    RetryPolicy policy_{.attempts_max = 3, .delay_first = seconds(1), .delay_max = seconds(10)};
    std::function<std::uint64_t()> random_ = [] { return std::uint64_t{500'000}; };
};

TEST_F(RetryLoopTest, GivesUpAfterTheLastAttemptAndSaysHowMany) {
    RetryLoop loop(policy_, clock_, random_);
    EXPECT_TRUE(loop.wait_for_next(transient(), {}));
    EXPECT_EQ(clock_.steady(), milliseconds(500));
    EXPECT_TRUE(loop.wait_for_next(transient(), {}));
    const Status last = loop.wait_for_next(transient(), {});
    ASSERT_FALSE(last);
    EXPECT_THAT(last.error().to_string(), HasSubstr("given up after 3 attempts"));
}

TEST_F(RetryLoopTest, APermanentFailureIsNotRetried) {
    RetryLoop loop(policy_, clock_, random_);
    EXPECT_FALSE(loop.wait_for_next({make_error(ErrorCode::kIo, "forbidden"), false}, {}));
    EXPECT_EQ(clock_.steady(), Duration(0));
}

TEST_F(RetryLoopTest, HonoursRetryAfterUpToItsLimit) {
    RetryLoop loop(policy_, clock_, random_);
    EXPECT_TRUE(loop.wait_for_next(transient(seconds(60)), {}));
    EXPECT_EQ(clock_.steady(), seconds(60));
    const Status refused = loop.wait_for_next(transient(std::chrono::hours(5)), {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().to_string(), HasSubstr("asks to wait for 5h"));
    EXPECT_EQ(clock_.steady(), seconds(60));
}

TEST_F(RetryLoopTest, DoesNotWaitPastTheTotalTime) {
    policy_.total_timeout = seconds(30);
    RetryLoop loop(policy_, clock_, random_);
    clock_.advance(seconds(10));
    EXPECT_EQ(loop.time_left(), seconds(20));
    EXPECT_THAT(loop.wait_for_next(transient(seconds(25)), {}).error().to_string(),
                HasSubstr("the time of 30s is used up"));
    EXPECT_EQ(clock_.steady(), seconds(10));
}

TEST_F(RetryLoopTest, AStopTokenEndsTheWait) {
    RetryLoop loop(policy_, clock_, random_);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(loop.wait_for_next(transient(seconds(60)), stop.get_token()).error().code,
              ErrorCode::kCancelled);
    EXPECT_EQ(clock_.steady(), Duration(0));
}

}  // namespace
}  // namespace ingot::net

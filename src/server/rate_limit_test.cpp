#include "server/rate_limit.hpp"

#include <gtest/gtest.h>

namespace ingot::server {
namespace {

using namespace std::chrono_literals;

TEST(RateLimit, ABurstIsAllowedAndThenAnEvenRate) {
    RateLimit limit({.per_second = 10, .burst = 5});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.take("ada", 0s), 0s);
    EXPECT_EQ(limit.take("ada", 0s), 100ms);
    EXPECT_EQ(limit.take("bob", 0s), 0s);
    EXPECT_EQ(limit.take("ada", 100ms), 0s);
    EXPECT_EQ(limit.take("ada", 150ms), 50ms);
    int taken = 0;
    for (int at = 1000; at < 11'000; ++at)
        taken += limit.take("ada", std::chrono::milliseconds(at)) == 0s;
    EXPECT_NEAR(taken, 105, 1);
}

TEST(RateLimit, KeepsNoMoreKeysThanItMay) {
    RateLimit limit({.per_second = 1, .burst = 2, .keys_max = 100});
    for (int i = 0; i < 10'000; ++i) limit.take(std::to_string(i), 0s);
    EXPECT_LE(limit.keys(), 101);
    EXPECT_GT(limit.take("new", 0s), 0s);
    EXPECT_EQ(limit.take("new", 1h), 0s);
}

TEST(Backoff, EachFurtherFailureDoublesTheWait) {
    Backoff backoff({.free_failures = 3, .first = 1s, .most = 10s});
    for (int i = 0; i < 2; ++i) backoff.failed("ada", 0s);
    EXPECT_EQ(backoff.wait("ada", 0s), 0s);
    backoff.failed("ada", 0s);
    EXPECT_EQ(backoff.wait("ada", 0s), 1s);
    EXPECT_EQ(backoff.wait("ada", 600ms), 400ms);
    EXPECT_EQ(backoff.wait("bob", 0s), 0s);
    backoff.failed("ada", 1s);
    EXPECT_EQ(backoff.wait("ada", 1s), 2s);
    for (int i = 0; i < 100; ++i) backoff.failed("ada", 2s);
    EXPECT_EQ(backoff.wait("ada", 2s), 10s);
    backoff.succeeded("ada");
    EXPECT_EQ(backoff.wait("ada", 2s), 0s);
}

TEST(Backoff, FailuresAreForgottenAfterAWhile) {
    Backoff backoff({.free_failures = 1, .forget_after = 1h});
    backoff.failed("ada", 0s);
    backoff.failed("ada", 2h);
    EXPECT_EQ(backoff.wait("ada", 2h), 1s);
}

TEST(Backoff, AFloodOfNamesDoesNotFreeTheOneThatFailedLast) {
    Backoff backoff({.free_failures = 1, .keys_max = 50});
    for (int i = 0; i < 1000; ++i) {
        backoff.failed("ada", std::chrono::milliseconds(i));
        backoff.failed(std::to_string(i), std::chrono::milliseconds(i));
    }
    EXPECT_GT(backoff.wait("ada", 1s), 0s);
}

}  // namespace
}  // namespace ingot::server

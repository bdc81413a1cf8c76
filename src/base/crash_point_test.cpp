#include "base/crash_point.hpp"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>

namespace ingot {
namespace {

// The plan is read once per process, so each death test runs in a process that starts afresh.
class CrashPoint : public ::testing::Test {
protected:
    void SetUp() override { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

void pass_with(const char* plan, int passes) {
    ::setenv("INGOT_CRASH_POINT", plan, 1);
    for (int i = 0; i < passes; ++i) crash_point("publish.after_commit");
    std::exit(0);
}

TEST_F(CrashPoint, KillsTheProcessAtTheNamedPoint) {
    EXPECT_EXIT(pass_with("publish.after_commit", 1), ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(CrashPoint, PassesOtherPoints) {
    EXPECT_EXIT(pass_with("publish.before_commit", 1), ::testing::ExitedWithCode(0), "");
}

TEST_F(CrashPoint, CountsHowOftenItIsPassed) {
    EXPECT_EXIT(pass_with("publish.after_commit:3", 2), ::testing::ExitedWithCode(0), "");
    EXPECT_EXIT(pass_with("publish.after_commit:3", 3), ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(CrashPoint, RefusesACountThatIsNoNumber) {
    EXPECT_DEATH(pass_with("publish.after_commit:x", 1), "INGOT_CRASH_POINT is NAME or NAME:COUNT");
}

}  // namespace
}  // namespace ingot

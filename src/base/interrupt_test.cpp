#include "base/interrupt.hpp"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

namespace ingot {
namespace {

void wait_for_stop(const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::yield();
}

TEST(InterruptHandler, ASignalAsksToStop) {
    for (const int number : {SIGINT, SIGTERM}) {
        std::stop_source source;
        const InterruptHandler handler(source);
        EXPECT_EQ(handler.signal(), 0);
        ::raise(number);
        wait_for_stop(source.get_token());
        EXPECT_EQ(handler.signal(), number);
    }
}

TEST(InterruptHandler, LeavesQuietlyWithoutASignal) {
    std::stop_source source;
    {
        const InterruptHandler handler(source);
    }
    EXPECT_FALSE(source.stop_requested());
}

TEST(InterruptHandler, TheSecondSignalEndsTheProcess) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
            std::stop_source source;
            const InterruptHandler handler(source);
            ::raise(SIGINT);
            wait_for_stop(source.get_token());
            ::raise(SIGINT);
        },
        ::testing::ExitedWithCode(130), "");
}

TEST(InterruptHandler, RestoresWhatWasSetBefore) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
            std::stop_source source;
            {
                const InterruptHandler handler(source);
            }
            ::raise(SIGTERM);
        },
        ::testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace ingot

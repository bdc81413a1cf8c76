#include "base/left_processes.hpp"

#include <gtest/gtest.h>
#include <thread>

#include "base/process.hpp"

namespace ingot {
namespace {

std::jthread run_in_background(const char* script, const char* task, ExitStatus& ended) {
    return std::jthread([=, &ended] {
        ended = *run_process({.arguments = {"sh", "-c", script},
                              .environment = {{"LEFT_RUN", "r1"}, {"LEFT_TASK", task}}});
    });
}

TEST(LeftProcesses, ThoseWithTheEnvironmentEndWithAllThatTheyBegan) {
    ExitStatus mine;
    ExitStatus other;
    {
        const std::jthread first = run_in_background("sleep 30 & sleep 30", "a", mine);
        const std::jthread second = run_in_background("sleep 1", "ab", other);
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        EXPECT_EQ(end_left_processes({"LEFT_RUN=r1", "LEFT_TASK=a"}), 3U);
        EXPECT_EQ(end_left_processes({"LEFT_RUN=r1", "LEFT_TASK=a"}), 0U);
    }
    EXPECT_EQ(mine.kind, ExitStatus::Kind::kSignalled);
    EXPECT_TRUE(other.success());
}

TEST(LeftProcesses, OneThatIgnoresTheFirstSignalIsKilled) {
    ExitStatus ended;
    const std::jthread thread =
        run_in_background("trap '' TERM; while true; do sleep 0.05; done", "stubborn", ended);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_GE(end_left_processes({"LEFT_TASK=stubborn"}, std::chrono::milliseconds(200)), 1U);
}

}  // namespace
}  // namespace ingot

#include "base/memory_budget.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ingot {
namespace {

namespace fs = std::filesystem;

TEST(MemoryBudget, GivesUpToItsLimitAndTakesBack) {
    MemoryBudget budget(100);
    auto first = budget.try_reserve(60);
    ASSERT_TRUE(first);
    EXPECT_FALSE(budget.try_reserve(41));
    {
        auto second = budget.try_reserve(40);
        ASSERT_TRUE(second);
        EXPECT_EQ(budget.used(), 100U);
    }
    first->shrink_to(10);
    EXPECT_EQ(budget.used(), 10U);
    EXPECT_EQ(budget.high_water(), 100U);
    MemoryReservation moved = std::move(*first);
    moved.release();
    EXPECT_EQ(budget.used(), 0U);
}

TEST(MemoryBudget, RefusesAtOnceWhatItCanNeverGive) {
    MemoryBudget budget(5 << 20);
    const auto refused = budget.reserve(6 << 20, "the index of silver.events");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused.error().message,
              "the index of silver.events needs 6 MiB, but the memory budget is 5 MiB: raise "
              "engine.memory");
}

TEST(MemoryBudget, TheOneThatWaitsLongestIsServedFirst) {
    MemoryBudget budget(100);
    auto held = budget.try_reserve(50);
    std::atomic<int> served = 0;
    std::jthread large([&] {
        const auto all = budget.reserve(100, "large");
        EXPECT_TRUE(all);
        EXPECT_EQ(++served, 1);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    // There would be room for a small one, but it must not overtake for ever.
    EXPECT_FALSE(budget.try_reserve(1));
    std::jthread small([&] {
        EXPECT_TRUE(budget.reserve(1, "small"));
        EXPECT_EQ(++served, 2);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(served, 0);
    held->release();
}

TEST(MemoryBudget, AStopTokenEndsTheWaitAndFreesTheQueue) {
    MemoryBudget budget(100);
    auto held = budget.try_reserve(50);
    std::jthread waiter([&](std::stop_token stop) {
        EXPECT_EQ(budget.reserve(100, "large", stop).error().code, ErrorCode::kCancelled);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    waiter.request_stop();
    waiter.join();
    EXPECT_TRUE(budget.try_reserve(50));
}

TEST(MemoryBudget, NeverExceedsItsLimitUnderManyThreads) {
    MemoryBudget budget(1000);
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t thread = 1; thread <= 6; ++thread) {
            threads.emplace_back([&, thread] {
                for (std::uint64_t i = 1; i <= 300; ++i) {
                    const auto part = budget.reserve((i * thread * 37) % 1000 + 1, "part");
                    ASSERT_TRUE(part);
                    ASSERT_LE(budget.used(), 1000U);
                }
            });
        }
    }
    EXPECT_EQ(budget.used(), 0U);
    EXPECT_LE(budget.high_water(), 1000U);
    EXPECT_GT(budget.high_water(), 500U);
}

class MemoryLimitsTest : public ::testing::Test {
protected:
    void SetUp() override {
        root_ = (fs::temp_directory_path() / fmt::format("ingot-limits-{}", ::getpid())).string();
        write("proc/meminfo", "MemFree:  1 kB\nMemTotal:       2048 kB\n");
    }
    void TearDown() override { fs::remove_all(root_); }
    void write(const std::string& path, const std::string& text) const {
        fs::create_directories(fs::path(root_ + '/' + path).parent_path());
        std::ofstream(root_ + '/' + path) << text;
    }
    MemoryLimits detect() const { return detect_memory_limits(root_ + "/proc", root_ + "/cgroup"); }
    std::string root_;
};

TEST_F(MemoryLimitsTest, WithoutAGroupTheMachineDecides) {
    EXPECT_EQ(detect().physical, 2048U * 1024);
    EXPECT_EQ(detect().control_group, std::nullopt);
    EXPECT_EQ(detect().usable(), 2048U * 1024);
}

TEST_F(MemoryLimitsTest, Version2TakesTheSmallestOfAllLevels) {
    write("proc/self/cgroup", "0::/pod/container\n");
    write("cgroup/pod/container/memory.max", "max\n");
    write("cgroup/pod/memory.max", "700000\n");
    EXPECT_EQ(detect().usable(), 700'000U);
    write("cgroup/pod/container/memory.max", "500000\n");
    EXPECT_EQ(detect().usable(), 500'000U);
    write("cgroup/memory.max", "400000\n");
    EXPECT_EQ(detect().usable(), 400'000U);
}

TEST_F(MemoryLimitsTest, Version1ReadsTheMemoryController) {
    write("proc/self/cgroup", "9:cpu,cpuacct:/other\n4:memory:/docker/abc\n");
    write("cgroup/memory/docker/abc/memory.limit_in_bytes", "600000\n");
    EXPECT_EQ(detect().usable(), 600'000U);
}

TEST_F(MemoryLimitsTest, AGroupLargerThanTheMachineDoesNotCount) {
    write("proc/self/cgroup", "0::/\n");
    write("cgroup/memory.max", "9223372036854771712\n");
    EXPECT_EQ(detect().usable(), 2048U * 1024);
}

TEST(MemoryLimits, AreFoundOnThisMachine) {
    const MemoryLimits limits = detect_memory_limits();
    EXPECT_GT(limits.usable(), 64U << 20);
    EXPECT_LT(limits.usable(), std::uint64_t{1} << 50);
}

}  // namespace
}  // namespace ingot

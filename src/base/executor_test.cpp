#include "base/executor.hpp"

#include <array>
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <pthread.h>
#include <stdexcept>

namespace ingot {
namespace {

TEST(Executor, RunsEveryTaskAndReturnsItsResult) {
    Executor executor({.name = "test", .threads = 3, .queue_capacity = 2});
    std::vector<std::future<int>> results;
    for (int i = 0; i < 100; ++i) {
        results.push_back(*executor.run([i](std::stop_token) { return i * i; }));
    }
    for (int i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
}

TEST(Executor, NamesItsThreads) {
    Executor executor({.name = "a-rather-long-name"});
    auto name = executor.run([](std::stop_token) {
        std::array<char, 16> text{};
        ::pthread_getname_np(::pthread_self(), text.data(), text.size());
        return std::string(text.data());
    });
    EXPECT_EQ(name->get(), "a-rather-long-n");
}

TEST(Executor, DrainRunsWhatIsQueued) {
    std::atomic<int> done = 0;
    Executor executor({.name = "test", .threads = 2});
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(executor.submit([&](std::stop_token) { ++done; }));
    executor.drain();
    EXPECT_EQ(done, 50);
    EXPECT_EQ(executor.submit([](std::stop_token) {}).error().code, ErrorCode::kCancelled);
}

TEST(Executor, StopTellsTheRunningTaskAndDropsTheQueuedOnes) {
    std::atomic<bool> told = false;
    std::latch started(1);
    Executor executor({.name = "test"});
    ASSERT_TRUE(executor.submit([&](std::stop_token stop) {
        started.count_down();
        while (!stop.stop_requested()) std::this_thread::yield();
        told = true;
    }));
    started.wait();
    auto queued = executor.run([](std::stop_token) { return 1; });
    executor.stop();
    EXPECT_TRUE(told);
    EXPECT_THROW(queued->get(), std::future_error);
}

TEST(Executor, AnExceptionEndsOnlyItsTask) {
    Executor executor({.name = "test"});
    ::testing::internal::CaptureStderr();
    ASSERT_TRUE(executor.submit([](std::stop_token) { throw std::runtime_error("broken"); }));
    EXPECT_EQ(executor.run([](std::stop_token) { return 7; })->get(), 7);
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                ::testing::HasSubstr("a task of test-0 ended by an exception: broken"));
}

TEST(Executor, AFullQueueIsLeftByAStopToken) {
    std::latch release(1);
    Executor executor({.name = "test", .threads = 1, .queue_capacity = 1});
    ASSERT_TRUE(executor.submit([&](std::stop_token) { release.wait(); }));
    std::stop_source stop;
    std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        stop.request_stop();
    });
    Status status;
    for (int i = 0; i < 3 && status; ++i) {
        status = executor.submit([](std::stop_token) {}, stop.get_token());
    }
    EXPECT_FALSE(status);
    release.count_down();
}

}  // namespace
}  // namespace ingot

#include <atomic>
#include <barrier>
#include <future>
#include <gtest/gtest.h>

#include "engine/file_tasks_internal.hpp"

namespace ingot::engine {
namespace {

TEST(FileTasks, TasksRunSideBySide) {
    FileTasks tasks(1000);
    std::barrier all_are_here(4);
    for (int i = 0; i < 4; ++i) {
        tasks.submit(1, [&] { all_are_here.arrive_and_wait(); });
    }
    tasks.wait();
}

TEST(FileTasks, BytesUnderWayAreBounded) {
    FileTasks tasks(10);
    std::atomic<int> bytes = 0;
    std::atomic<int> bytes_max = 0;
    for (int i = 0; i < 200; ++i) {
        const auto size = 1 + i % 13;
        tasks.submit(static_cast<std::size_t>(size), [&, size] {
            const auto now = bytes += size;
            auto seen = bytes_max.load();
            while (seen < now && !bytes_max.compare_exchange_weak(seen, now)) {
            }
            std::this_thread::yield();
            bytes -= size;
        });
    }
    tasks.wait();
    EXPECT_EQ(bytes, 0);
    // One that is larger than the bound runs alone.
    EXPECT_LE(bytes_max, 13);
}

TEST(FileTasks, TheFirstFailureIsThrownAndEndsTheRest) {
    FileTasks tasks(1);
    tasks.submit(1, [] { throw std::runtime_error("the disk is full"); });
    EXPECT_THROW(tasks.submit(1, [] { FAIL() << "ran after a failure"; }), std::runtime_error);
    EXPECT_THROW(tasks.wait(), std::runtime_error);
}

TEST(FileTasks, StopWaitsForWhatHasBegun) {
    std::atomic<bool> has_ended = false;
    std::promise<void> has_begun;
    FileTasks tasks(100);
    tasks.submit(1, [&] {
        has_begun.set_value();
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        has_ended = true;
    });
    has_begun.get_future().wait();
    tasks.stop();
    EXPECT_TRUE(has_ended);
}

}  // namespace
}  // namespace ingot::engine

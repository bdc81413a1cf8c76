#include "base/bounded_queue.hpp"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace ingot {
namespace {

TEST(BoundedQueue, GivesItemsInOrderAndThenNothingOnceClosed) {
    BoundedQueue<std::unique_ptr<int>> queue(3);
    EXPECT_TRUE(queue.push(std::make_unique<int>(1)));
    EXPECT_TRUE(queue.push(std::make_unique<int>(2)));
    queue.close();
    EXPECT_FALSE(queue.push(std::make_unique<int>(3)));
    EXPECT_EQ(**queue.pop(), 1);
    EXPECT_EQ(**queue.pop(), 2);
    EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, TryPushKeepsTheItemWhenThereIsNoRoom) {
    BoundedQueue<std::unique_ptr<int>> queue(1);
    auto first = std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    EXPECT_TRUE(queue.try_push(first));
    EXPECT_FALSE(queue.try_push(second));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(queue.size(), 1U);
}

TEST(BoundedQueue, NeverHoldsMoreThanItsCapacityAndLosesNothing) {
    constexpr int kPerThread = 5'000;
    BoundedQueue<int> queue(4);
    std::atomic<long> sum = 0;
    std::atomic<std::size_t> largest = 0;
    {
        std::vector<std::jthread> consumers;
        for (int i = 0; i < 3; ++i) {
            consumers.emplace_back([&] {
                while (auto item = queue.pop()) {
                    sum += *item;
                    largest = std::max(largest.load(), queue.size());
                }
            });
        }
        {
            std::vector<std::jthread> producers;
            for (int i = 0; i < 3; ++i) {
                producers.emplace_back([&] {
                    for (int value = 1; value <= kPerThread; ++value) queue.push(value);
                });
            }
        }
        queue.close();
    }
    EXPECT_EQ(sum, 3L * kPerThread * (kPerThread + 1) / 2);
    EXPECT_LE(largest, 4U);
}

TEST(BoundedQueue, AStopTokenEndsBothWaits) {
    BoundedQueue<int> empty(1);
    BoundedQueue<int> full(1);
    full.push(1);
    std::jthread popper([&](std::stop_token stop) { EXPECT_EQ(empty.pop(stop), std::nullopt); });
    std::jthread pusher([&](std::stop_token stop) { EXPECT_FALSE(full.push(2, stop)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    popper.request_stop();
    pusher.request_stop();
    popper.join();
    pusher.join();
    EXPECT_EQ(full.size(), 1U);
}

TEST(BoundedQueue, WhatWokeAConsumerThatIsStoppedWakesAnother) {
    for (int round = 0; round < 300; ++round) {
        BoundedQueue<int> queue(1);
        std::jthread stays([&] {
            while (queue.pop()) {
            }
        });
        std::jthread leaves([&](const std::stop_token& stop) { queue.pop(stop); });
        if (round % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
        queue.push(1);
        leaves.request_stop();
        leaves.join();
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (queue.size() > 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        ASSERT_EQ(queue.size(), 0U) << "nobody came for it in round " << round;
        queue.close();
    }
}

}  // namespace
}  // namespace ingot

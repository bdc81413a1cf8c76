#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/check.hpp"

namespace ingot {

/// A queue of at most `capacity` items between threads; who is too fast waits. Thread-safe.
template <class T>
class BoundedQueue {
public:
    /// Requires capacity > 0.
    explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {
        INGOT_CHECK(capacity > 0, "a queue without room would block for ever");
    }

    /// Waits for room. False: closed or stopped, and the item is dropped.
    bool push(T item, std::stop_token stop = {}) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; });
        if (stop.stop_requested()) room_.notify_one();  // What woke it may be meant for another.
        if (closed_ || items_.size() >= capacity_ || stop.stop_requested()) return false;
        items_.push_back(std::move(item));
        filled_.notify_one();
        return true;
    }

    /// False: no room, or closed; `item` is then untouched.
    bool try_push(T& item) {
        const std::lock_guard lock(mutex_);
        if (closed_ || items_.size() >= capacity_) return false;
        items_.push_back(std::move(item));
        filled_.notify_one();
        return true;
    }

    /// Waits for an item. Nothing: stopped, or closed and empty.
    std::optional<T> pop(std::stop_token stop = {}) {
        std::unique_lock lock(mutex_);
        filled_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
        if (stop.stop_requested()) filled_.notify_one();  // Likewise.
        if (items_.empty() || stop.stop_requested()) return std::nullopt;
        std::optional<T> item(std::move(items_.front()));
        items_.pop_front();
        room_.notify_one();
        return item;
    }

    /// No more items come in; those inside can still be taken out.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        room_.notify_all();
        filled_.notify_all();
    }

    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }
    std::size_t capacity() const { return capacity_; }

private:
    const std::size_t capacity_;
    mutable std::mutex mutex_;
    // Apart, and woken one at a time: with many threads waiting, waking all for each item costs
    // more than what they do.
    std::condition_variable_any room_;
    std::condition_variable_any filled_;
    std::deque<T> items_;
    bool closed_ = false;
};

}  // namespace ingot

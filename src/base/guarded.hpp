#pragma once
#include <mutex>
#include <utility>

namespace ingot {

/// Data that can be reached only through its lock:  auto cache = cache_.lock(); cache->insert(...);
template <class T, class Mutex = std::mutex>
class Guarded {
public:
    class Access {
    public:
        T* operator->() { return value_; }
        T& operator*() { return *value_; }
        /// For std::condition_variable.
        std::unique_lock<Mutex>& mutex_lock() { return lock_; }

    private:
        friend class Guarded;
        Access(T& value, Mutex& mutex) : lock_(mutex), value_(&value) {}
        std::unique_lock<Mutex> lock_;
        T* value_;
    };

    template <class... Args>
    explicit Guarded(Args&&... args) : value_{std::forward<Args>(args)...} {}
    [[nodiscard]] Access lock() { return Access(value_, mutex_); }
    [[nodiscard]] Access lock() const { return Access(value_, mutex_); }

private:
    mutable Mutex mutex_;
    mutable T value_;
};

}  // namespace ingot

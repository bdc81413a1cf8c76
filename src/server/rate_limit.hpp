#pragma once
// How often somebody may ask, and how soon after a wrong password. Decisions only: the time is
// given. Not thread-safe.
#include <cstddef>
#include <map>
#include <string>

#include "base/time.hpp"

namespace ingot::server {

/// A bucket of permits per key, filled at an even rate. Keeps no more than `keys_max` keys.
class RateLimit {
public:
    struct Settings {
        double per_second = 100;
        double burst = 300;
        std::size_t keys_max = 10'000;
    };
    explicit RateLimit(Settings settings) : settings_(settings) {}

    /// Zero: go on. Otherwise how long to wait; nothing was taken.
    Duration take(const std::string& key, Duration now);
    std::size_t keys() const { return buckets_.size(); }

private:
    struct Bucket {
        double permits;
        Duration at;
    };
    void forget_full_ones(Duration now);
    double permits_at(const Bucket& bucket, Duration now) const;

    Settings settings_;
    std::map<std::string, Bucket> buckets_;
};

/// After some failures each further one doubles the time to wait. Keeps no more than `keys_max`.
class Backoff {
public:
    struct Settings {
        int free_failures = 5;
        Duration first = std::chrono::seconds(1);
        Duration most = std::chrono::minutes(15);
        Duration forget_after = std::chrono::hours(1);  ///< Without a failure.
        std::size_t keys_max = 10'000;
    };
    explicit Backoff(Settings settings) : settings_(settings) {}

    /// Zero: it may be tried now. Otherwise how long to wait.
    Duration wait(const std::string& key, Duration now) const;
    void failed(const std::string& key, Duration now);
    void succeeded(const std::string& key) { failures_.erase(key); }

private:
    struct Failures {
        int count = 0;
        Duration last = Duration(0);
    };
    Settings settings_;
    std::map<std::string, Failures> failures_;
};

}  // namespace ingot::server

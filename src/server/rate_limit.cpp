#include "server/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace ingot::server {
namespace {

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

Duration RateLimit::take(const std::string& key, Duration now) {
    if (buckets_.size() >= settings_.keys_max) forget_full_ones(now);
    // Too many at once: those that are not known yet share one bucket.
    const bool room = buckets_.size() < settings_.keys_max || buckets_.contains(key);
    Bucket& bucket =
        buckets_.try_emplace(room ? key : "", Bucket{settings_.burst, now}).first->second;
    bucket.permits = permits_at(bucket, now);
    bucket.at = now;
    if (bucket.permits < 1) {
        const double missing = (1 - bucket.permits) / settings_.per_second;
        return Duration(std::llround(std::ceil(missing * 1e6)));
    }
    bucket.permits -= 1;
    return Duration(0);
}

double RateLimit::permits_at(const Bucket& bucket, Duration now) const {
    const double gained = seconds(std::max(now - bucket.at, Duration(0))) * settings_.per_second;
    return std::min(settings_.burst, bucket.permits + gained);
}

void RateLimit::forget_full_ones(Duration now) {
    std::erase_if(buckets_, [&](const auto& entry) {
        return permits_at(entry.second, now) >= settings_.burst;
    });
}

Duration Backoff::wait(const std::string& key, Duration now) const {
    const auto found = failures_.find(key);
    if (found == failures_.end() || found->second.count < settings_.free_failures)
        return Duration(0);
    const int doubled = std::min(found->second.count - settings_.free_failures, 30);
    const Duration pause = std::min(settings_.first * (std::int64_t{1} << doubled), settings_.most);
    return std::max(found->second.last + pause - now, Duration(0));
}

void Backoff::failed(const std::string& key, Duration now) {
    if (failures_.size() >= settings_.keys_max) {
        std::erase_if(failures_, [&](const auto& entry) {
            return now - entry.second.last >= settings_.forget_after;
        });
    }
    if (failures_.size() >= settings_.keys_max) {
        // Whoever fills the table forgets the oldest failure, not the protection of all others.
        failures_.erase(std::min_element(
            failures_.begin(), failures_.end(),
            [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
    }
    Failures& known = failures_[key];
    if (now - known.last >= settings_.forget_after) known.count = 0;
    ++known.count;
    known.last = now;
}

}  // namespace ingot::server

#pragma once
// Numbers for Prometheus, as its text format 0.0.4 has them.
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.hpp"
#include "base/time.hpp"

namespace ingot::server {

/// Writes families one after another: `family`, then its samples.
class MetricsText {
public:
    using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

    /// `type`: counter, gauge, histogram.
    void family(std::string_view name, std::string_view type, std::string_view help);
    /// A sample of the last family. `suffix`: `_bucket`, `_sum`, `_count`.
    void sample(double value, const Labels& labels = {}, std::string_view suffix = {});
    const std::string& text() const { return text_; }

private:
    std::string name_;
    std::string text_;
};

/// How many values were at most so large, as Prometheus has histograms. Not thread-safe.
class Histogram {
public:
    /// Of the buckets, ascending; they outlive it.
    explicit Histogram(std::span<const double> bounds) : bounds_(bounds), within_(bounds.size()) {}
    void add(double value);
    /// As samples of the last family.
    void write(MetricsText& text, const MetricsText::Labels& labels) const;

private:
    std::span<const double> bounds_;
    std::vector<std::uint64_t> within_;
    double sum_ = 0;
    std::uint64_t count_ = 0;
};

/// Adds what somebody else counts.
using MetricsSource = std::function<void(MetricsText&)>;

/// Requests by route, not by path: so their number is bounded. Thread-safe.
class RequestMetrics {
public:
    void count(std::string_view method, std::string_view route, int status, Duration took);
    void audit_failed() { ++*audit_failures_.lock(); }
    void write(MetricsText& text) const;

private:
    static constexpr std::array<double, 10> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025,
                                                       0.05,  0.1,    0.5,   1,    10};
    struct Route {
        std::map<int, std::uint64_t> by_status;
        Histogram seconds{kBounds};
    };
    Guarded<std::map<std::pair<std::string, std::string>, Route>> routes_;
    Guarded<std::uint64_t> audit_failures_{std::uint64_t{0}};
};

}  // namespace ingot::server

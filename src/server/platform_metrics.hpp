#pragma once
// What runs and what waits, as numbers for Prometheus.
#include <map>
#include <string>
#include <vector>

#include "server/metrics.hpp"
#include "service/service.hpp"
#include "telemetry/measurement.hpp"

#include "base/guarded.hpp"

namespace ingot::server {

/// Counts what was measured since the server began; what is there now is asked for when it is
/// written. docs/guide/metrics.md has the names. Thread-safe.
class PlatformMetrics {
public:
    void take(const std::vector<telemetry::Measurement>& measurements);
    void write(const service::Service& service, MetricsText& text) const;

private:
    /// Values of a family's labels, in its order.
    using Key = std::vector<std::string>;
    struct Values {
        std::map<Key, double> numbers;
        std::map<Key, Histogram> histograms;
    };
    /// By the place of the family among all.
    Guarded<std::map<std::size_t, Values>> measured_;
};

}  // namespace ingot::server

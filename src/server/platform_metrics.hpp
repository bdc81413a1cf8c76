#pragma once
// What runs and what waits, as numbers for Prometheus.
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/metrics.hpp"
#include "service/service.hpp"

#include "base/guarded.hpp"

namespace ingot::server {

/// Counts what ends since the server began; what is there now is asked for when it is written.
/// Thread-safe.
class PlatformMetrics {
public:
    void take(const service::Change& change);
    void write(const service::Service& service, MetricsText& text) const;

private:
    using Counts = std::map<std::pair<std::string, std::string>, double>;  ///< Pipeline, state.
    struct State {
        Counts runs;
        Counts tasks;
        std::set<std::string> over;          ///< Runs that were counted, the newest of them ...
        std::deque<std::string> over_order;  ///< ... in the order in which they ended.
    };
    static bool is_news(State& state, const service::Change& change);
    Guarded<State> ended_;
};

}  // namespace ingot::server

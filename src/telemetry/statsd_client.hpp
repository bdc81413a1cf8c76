#pragma once
#include <condition_variable>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "telemetry/measurement.hpp"

#include "base/guarded.hpp"
#include "project/project.hpp"

namespace ingot::telemetry {

/// Sends measurements over UDP, in packets that no network cuts into pieces. Whoever gives them
/// never waits; what does not get through is gone. Thread-safe.
class StatsdClient {
public:
    StatsdClient();
    /// Sends what is left.
    ~StatsdClient();
    StatsdClient(const StatsdClient&) = delete;
    StatsdClient& operator=(const StatsdClient&) = delete;

    /// Where to from now on; nothing, as at first: what is taken is dropped. The host is looked up
    /// later, on the client's own thread, and again every minute.
    void use(std::optional<project::StatsdSettings> settings);
    void take(const std::vector<Measurement>& measurements);

private:
    class Wire;
    struct State {
        std::optional<project::StatsdSettings> settings;
        std::deque<std::string> lines;
    };
    struct Load {
        std::deque<std::string> lines;
        project::StatsdSettings settings;
    };

    void work(const std::stop_token& stop);
    Load next_load(const std::stop_token& stop);

    Guarded<State> state_;
    std::condition_variable_any news_;
    std::jthread thread_;  ///< The last: it uses the rest.
};

}  // namespace ingot::telemetry

#pragma once
// What changed, for everybody who listens: the newest events, numbered.
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "server/http_message.hpp"
#include "server/schema.hpp"

#include "base/guarded.hpp"
#include "base/time.hpp"

namespace ingot::server {

/// Keeps the newest events for those who come back. A listener is a number, so a slow one costs
/// nothing; who is too late is told to look at everything anew (`reset`). Thread-safe.
class EventHub {
public:
    static constexpr std::string_view kTopic = "events";

    explicit EventHub(std::size_t capacity = 4096, const Clock& clock = system_clock());

    /// Is told the topics of each event: `events`, and the one of its run. It must not publish.
    using Wake = std::function<void(std::string_view topic)>;
    void on_event(Wake wake) { *wake_.lock() = std::move(wake); }

    /// `kind`: run, task, pipeline, table, backfill, delivery, project. `at` is added.
    void publish(std::string_view kind, Json data);

    /// A stream of what comes from now on, or after the event that the client had last.
    Stream stream(std::string_view last_event_id) const;

    std::uint64_t newest() const { return state_.lock()->newest; }

private:
    struct State {
        std::uint64_t newest;
        std::deque<std::string> events;  ///< As they are sent; the last has the number `newest`.
    };
    Piece after(std::uint64_t& seen) const;

    const std::size_t capacity_;
    const Clock& clock_;
    Guarded<State> state_;
    Guarded<Wake> wake_;
};

/// What waits for news of a run.
std::string run_topic(std::string_view run_id);

}  // namespace ingot::server

#include "server/event_hub.hpp"

#include <charconv>
#include <memory>

namespace ingot::server {
namespace {

constexpr std::size_t kBytesAtOnce = 64 * 1024;

}  // namespace

/// Numbers begin with the time: those of an earlier process are less than all of this one.
EventHub::EventHub(std::size_t capacity, const Clock& clock)
    : capacity_(capacity),
      clock_(clock),
      state_(State{static_cast<std::uint64_t>(clock.now().micros()), {}}) {}

void EventHub::publish(std::string_view kind, Json data) {
    data["at"] = clock_.now().to_string();
    const std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
    {
        auto state = state_.lock();
        ++state->newest;
        state->events.push_back(
            fmt::format("id: {}\nevent: {}\ndata: {}\n\n", state->newest, kind, text));
        if (state->events.size() > capacity_) state->events.pop_front();
    }
    auto wake = wake_.lock();
    if (!*wake) return;
    (*wake)(kTopic);
    const auto run = data.find("run_id");
    if (run != data.end() && run->is_string()) (*wake)(run_topic(run->get<std::string>()));
}

std::string run_topic(std::string_view run_id) {
    return "run/" + std::string(run_id);
}

Stream EventHub::stream(std::string_view last_event_id) const {
    auto seen = std::make_shared<std::uint64_t>(newest());
    const char* const end = last_event_id.data() + last_event_id.size();
    std::uint64_t last = 0;
    if (std::from_chars(last_event_id.data(), end, last).ptr == end && !last_event_id.empty())
        *seen = last;
    auto greeted = std::make_shared<bool>(false);
    return {.topic = std::string(kTopic), .quick = true, .pull = [this, seen, greeted] {
                Piece piece = after(*seen);
                // Something at once, so that everything in between passes the headers on.
                if (!std::exchange(*greeted, true)) piece.bytes.insert(0, ": hello\n\n");
                return piece;
            }};
}

Piece EventHub::after(std::uint64_t& seen) const {
    auto state = state_.lock();
    const std::uint64_t before_first = state->newest - state->events.size();
    if (seen < before_first || seen > state->newest) {
        seen = state->newest;
        return {.bytes = fmt::format("id: {}\nevent: reset\ndata: {{}}\n\n", seen)};
    }
    Piece piece;
    while (seen < state->newest && piece.bytes.size() < kBytesAtOnce) {
        piece.bytes += state->events[static_cast<std::size_t>(seen - before_first)];
        ++seen;
    }
    piece.more = seen < state->newest;
    return piece;
}

}  // namespace ingot::server

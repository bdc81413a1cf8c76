#pragma once
// Which message is sent to whom, and when it is tried again. Pure: time and chance come in; whoever
// uses it stores each delivery that a call returns.
//
// A delivery is stored in the transaction of what it tells about, so that it is not lost; it is
// made at least once, and its id is the same each time.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "notify/message.hpp"

namespace ingot::notify {

struct Delivery {
    /// kGivenUp: the receiver refuses it for good, or did not take it for too long.
    enum class State : std::uint8_t { kWaiting, kDelivered, kGivenUp };
    std::string id;        ///< Later ones are greater.
    std::string receiver;  ///< A name of `notify:` in project.yml.
    Message message;
    State state = State::kWaiting;
    int attempts = 0;
    Timestamp created = {};
    Timestamp next_at = {};  ///< kWaiting: not before.
    std::optional<Timestamp> ended_at = {};
    std::string outcome = {};  ///< What the last attempt came to; secrets masked.
    friend bool operator==(const Delivery&, const Delivery&) = default;
};
std::string_view delivery_state_name(Delivery::State state);  ///< `given_up`
std::string delivery_to_json(const Delivery& delivery);
Result<Delivery> parse_delivery(std::string_view json);

/// What an attempt came to.
struct Sent {
    enum class Kind : std::uint8_t { kDelivered, kTryAgain, kRefused };
    Kind kind = Kind::kDelivered;
    std::string outcome = {};
    std::optional<Duration> retry_after = {};  ///< kTryAgain: as the receiver asks.
};

struct OutboxLimits {
    Duration delay_first = std::chrono::seconds(10);
    Duration delay_max = std::chrono::hours(1);  ///< Also of what a receiver asks for.
    double backoff = 3;
    Duration give_up_after = std::chrono::hours(24);
    std::size_t at_work = 2;        ///< Attempts at a time; of one receiver one.
    std::size_t kept_ended = 1000;  ///< Older ones are forgotten.
};

/// Not thread-safe.
class Outbox {
public:
    explicit Outbox(OutboxLimits limits = {}) : limits_(limits) {}

    void add(Delivery delivery);
    /// An attempt to begin now; nothing: none.
    std::optional<Delivery> start(Timestamp now);
    /// The delivery as it is to be stored. `random` spreads the waits.
    Delivery ended(const std::string& id, const Sent& sent, Timestamp now, std::uint64_t random);
    /// Tries one that was given up, or waits, at once. kNotFound: it is not there, or delivered.
    Result<Delivery> try_again(const std::string& id, Timestamp now);
    /// Ids of ended ones that are to be removed from the store.
    std::vector<std::string> forget();
    /// When `start` gives something if nothing ends before.
    std::optional<Timestamp> next_wake() const;

    const std::map<std::string, Delivery>& deliveries() const { return deliveries_; }

private:
    struct Queue {
        std::set<std::pair<Timestamp, std::string>> waiting;
        bool at_work = false;
    };
    template <class Queues>
    auto first_queue(Queues& queues) const -> decltype(&queues.begin()->second);

    OutboxLimits limits_;
    std::map<std::string, Delivery> deliveries_;
    std::map<std::string, Queue> queues_;  ///< By receiver.
    std::set<std::string> ended_;
    std::size_t at_work_ = 0;
};

}  // namespace ingot::notify

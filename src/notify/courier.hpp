#pragma once
#include <condition_variable>
#include <functional>
#include <thread>
#include <vector>

#include "notify/outbox.hpp"

#include "base/guarded.hpp"

namespace ingot::notify {

/// Makes deliveries on threads of its own, so that nobody waits for a receiver. All methods may be
/// called from any thread.
class Courier {
public:
    struct Parts {
        /// One attempt; called from several threads.
        std::function<Sent(const Delivery&, std::stop_token)> send;
        /// Stores a delivery as it is now; null body: removes it. Not waited for: an outcome that
        /// is lost means that the delivery is made again.
        std::function<void(const Delivery&)> record;
        std::function<void(const std::string& id)> remove;
        Clock& clock;
    };

    explicit Courier(Parts parts, OutboxLimits limits = {});
    /// Stops: what is being sent is given up and stays as it is stored.
    ~Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    /// Deliveries that are stored.
    void take(std::vector<Delivery> deliveries);
    Status try_again(const std::string& id);
    /// Newest first.
    std::vector<Delivery> deliveries() const;

private:
    void work(const std::stop_token& stop);
    std::optional<Delivery> next(const std::stop_token& stop);

    Parts parts_;
    Guarded<Outbox> outbox_;
    std::condition_variable_any news_;
    std::vector<std::jthread> threads_;  ///< The last: they use the rest.
};

}  // namespace ingot::notify

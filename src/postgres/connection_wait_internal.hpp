#pragma once
// Waiting for a server without losing sight of a stop token.
#include <functional>
#include <libpq-fe.h>
#include <optional>
#include <stop_token>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::postgres {

enum class Ready : std::uint8_t { kSocket, kStopped, kTimedOut };

/// Waits for a socket. Between two waits it costs nothing that a stop was asked for: an event
/// wakes the wait.
class SocketWait {
public:
    static Result<std::unique_ptr<SocketWait>> open(std::stop_token stop);
    ~SocketWait();
    SocketWait(const SocketWait&) = delete;
    SocketWait& operator=(const SocketWait&) = delete;

    /// `heed_stop`: kStopped as soon as a stop is asked for.
    Result<Ready> wait(int socket, short events, std::optional<Duration> within, bool heed_stop);
    bool stopped() const { return stop_.stop_requested(); }

private:
    SocketWait(std::stop_token stop, int event);
    std::stop_token stop_;
    int event_;
    std::stop_callback<std::function<void()>> wake_;
};

}  // namespace ingot::postgres

#include <array>
#include <cerrno>
#include <limits>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

#include "postgres/connection_wait_internal.hpp"

namespace ingot::postgres {

Result<std::unique_ptr<SocketWait>> SocketWait::open(std::stop_token stop) {
    const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0) {
        return make_error(ErrorCode::kIo, "no event can be made to wait on: {}",
                          std::generic_category().message(errno));
    }
    return std::unique_ptr<SocketWait>(new SocketWait(std::move(stop), event));
}

SocketWait::SocketWait(std::stop_token stop, int event)
    : stop_(std::move(stop)), event_(event), wake_(stop_, [event] {
          const std::uint64_t one = 1;
          // It can only fail when it is set already.
          [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
      }) {}

SocketWait::~SocketWait() {
    ::close(event_);
}

Result<Ready> SocketWait::wait(int socket, short events, std::optional<Duration> within,
                               bool heed_stop) {
    const auto until = std::chrono::steady_clock::now() + within.value_or(Duration::zero());
    while (true) {
        if (heed_stop && stopped()) return Ready::kStopped;
        int milliseconds = -1;
        if (within) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                until - std::chrono::steady_clock::now());
            if (left.count() <= 0) return Ready::kTimedOut;
            milliseconds = static_cast<int>(
                std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max()));
        }
        std::array<pollfd, 2> watched{{{socket, events, 0}, {event_, POLLIN, 0}}};
        const int ready = ::poll(watched.data(), heed_stop ? 2 : 1, milliseconds);
        if (ready < 0 && errno != EINTR) {
            return make_error(ErrorCode::kIo, "waiting for the server failed: {}",
                              std::generic_category().message(errno));
        }
        if (ready > 0 && watched[0].revents != 0) return Ready::kSocket;
    }
}

}  // namespace ingot::postgres

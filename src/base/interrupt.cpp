#include "base/interrupt.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include "base/check.hpp"
#include "base/executor.hpp"

namespace ingot {

namespace {

constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};

// A signal handler reaches only what is global, and may only do what is safe at any moment.
std::atomic<int> first_signal = 0;
std::atomic<int> wake_fd = -1;
std::array<struct sigaction, kSignals.size()> actions_before;

void on_signal(int number) {
    int none = 0;
    if (!first_signal.compare_exchange_strong(none, number)) ::_exit(128 + number);
    const eventfd_t one = 1;
    // Nothing can be done about a failure here; the second signal still ends the process.
    [[maybe_unused]] const ssize_t written = ::write(wake_fd.load(), &one, sizeof one);
}

}  // namespace

InterruptHandler::InterruptHandler(std::stop_source source) {
    int none = -1;
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    INGOT_CHECK(fd >= 0, "no file descriptor is left");
    INGOT_CHECK(wake_fd.compare_exchange_strong(none, fd), "there is another interrupt handler");
    first_signal = 0;
    // request_stop runs callbacks and takes locks, which a signal handler must not.
    watcher_ = std::jthread([fd, stop = std::move(source)]() mutable {
        name_this_thread("interrupt");
        eventfd_t value = 0;
        while (::eventfd_read(fd, &value) != 0) {
        }
        if (first_signal != 0) stop.request_stop();
    });
    struct sigaction action{};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        ::sigaction(kSignals[i], &action, &actions_before[i]);
    }
}

InterruptHandler::~InterruptHandler() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        ::sigaction(kSignals[i], &actions_before[i], nullptr);
    }
    ::eventfd_write(wake_fd, 1);
    watcher_.join();
    ::close(wake_fd.exchange(-1));
}

int InterruptHandler::signal() const {
    return first_signal;
}

}  // namespace ingot

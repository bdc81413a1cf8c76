#pragma once
#include <stop_token>
#include <thread>

namespace ingot {

/// While it lives, SIGINT and SIGTERM ask `source` to stop; a second one ends the process at once
/// with code 128 + signal. At most one at a time in a process.
class InterruptHandler {
public:
    explicit InterruptHandler(std::stop_source source);
    /// Restores what was set before.
    ~InterruptHandler();
    InterruptHandler(const InterruptHandler&) = delete;
    InterruptHandler& operator=(const InterruptHandler&) = delete;

    /// The first signal that came, or 0.
    int signal() const;

private:
    std::jthread watcher_;
};

}  // namespace ingot

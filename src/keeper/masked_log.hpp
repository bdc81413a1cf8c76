#pragma once
#include <string>
#include <string_view>

#include "base/process.hpp"

namespace ingot::keeper {

/// Adds what a command prints to a log, a line at a time so that no secret is cut in two. Use as
/// `StreamTo{std::ref(log)}`.
class MaskedLog {
public:
    /// `fd` stays open and is open for appending.
    explicit MaskedLog(int fd) : fd_(fd) {}
    Status operator()(std::string_view bytes);
    /// Writes what the last line lacks an end of.
    Status finish();
    /// A line of our own.
    Status say(std::string_view line);
    /// The end of what the command printed.
    std::string last() const;

private:
    Status write(std::size_t end);

    int fd_;
    std::string line_;
    StreamTail tail_{400};
};

}  // namespace ingot::keeper

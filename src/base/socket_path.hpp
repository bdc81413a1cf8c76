#pragma once
#include <string>

#include "base/result.hpp"

namespace ingot {

/// The path of a socket in a file system, short enough for the system, whatever it is: one has room
/// for 107 bytes, so that of a longer one goes by way of its open folder. Valid while this lives.
class SocketPath {
public:
    /// Its folder must exist when the path is long.
    static Result<SocketPath> of(const std::string& path);

    SocketPath(SocketPath&& other) noexcept;
    SocketPath& operator=(SocketPath&& other) noexcept;
    ~SocketPath();

    const std::string& text() const { return text_; }

private:
    SocketPath(std::string text, int folder) : text_(std::move(text)), folder_(folder) {}
    std::string text_;
    int folder_ = -1;
};

}  // namespace ingot

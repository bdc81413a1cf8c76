#include "base/socket_path.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ingot {

Result<SocketPath> SocketPath::of(const std::string& path) {
    constexpr std::size_t kRoom = sizeof(sockaddr_un::sun_path) - 1;
    if (path.size() <= kRoom) return SocketPath(path, -1);
    const std::filesystem::path file(path);
    const std::string folder = file.parent_path().string();
    const int opened = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) {
        return make_error(ErrorCode::kIo, "cannot open the folder {}: {}", folder,
                          std::generic_category().message(errno));
    }
    return SocketPath(fmt::format("/proc/self/fd/{}/{}", opened, file.filename().string()), opened);
}

SocketPath::SocketPath(SocketPath&& other) noexcept
    : text_(std::move(other.text_)), folder_(std::exchange(other.folder_, -1)) {}

SocketPath& SocketPath::operator=(SocketPath&& other) noexcept {
    std::swap(text_, other.text_);
    std::swap(folder_, other.folder_);
    return *this;
}

SocketPath::~SocketPath() {
    if (folder_ >= 0) ::close(folder_);
}

}  // namespace ingot

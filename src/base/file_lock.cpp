#include "base/file_lock.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/time.hpp"

namespace ingot {

namespace {

Error lock_error(const std::string& path, int error_number) {
    return make_error(ErrorCode::kIo, "cannot lock {}: {}", path,
                      std::generic_category().message(error_number));
}

std::string describe_holder(int fd) {
    std::array<char, 512> text;
    const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
    std::string holder(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    holder = holder.substr(0, holder.find('\n'));
    // Between the lock and the note of its holder.
    return holder.empty() ? "another process" : holder;
}

std::string describe_this_process(std::string_view purpose) {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    return fmt::format("process {} on host {} ({}) since {}\n", ::getpid(), host.data(), purpose,
                       system_clock().now().to_string());
}

}  // namespace

Result<FileLock::Attempt> FileLock::try_lock(const std::string& path, std::string_view purpose) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return lock_error(path, errno);
    FileLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return lock_error(path, errno);
        return Attempt(HeldBy{describe_holder(fd)});
    }
    const std::string holder = describe_this_process(purpose);
    if (::ftruncate(fd, 0) != 0 ||
        ::pwrite(fd, holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
        return lock_error(path, errno);
    }
    return Attempt(std::move(lock));
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FileLock::~FileLock() {
    // Closing unlocks. The file is not removed: another process may have it open and lock it next.
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace ingot

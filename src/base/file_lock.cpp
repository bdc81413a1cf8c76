#include "base/file_lock.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/time.hpp"

namespace ingot {

namespace {

Error lock_error(const std::string& path, int error_number) {
    return make_error(ErrorCode::kIo, "cannot lock {}: {}", path,
                      std::generic_category().message(error_number));
}

/// How long a holder is given to say who it is.
constexpr int kLooksForNote = 100;
constexpr std::chrono::milliseconds kBetweenLooks(1);

/// Empty between a lock and the note of its holder.
std::string note_of_holder(int fd) {
    std::array<char, 512> text;
    const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
    const std::string note(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    return note.substr(0, note.find('\n'));
}

/// Nothing: the lock is ours. Else who has it.
Result<std::optional<FileLock::HeldBy>> lock_or_holder(int fd, const std::string& path) {
    for (int look = 1;; ++look) {
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return std::optional<FileLock::HeldBy>();
        if (errno != EWOULDBLOCK) return lock_error(path, errno);
        std::string note = note_of_holder(fd);
        if (!note.empty()) return std::optional(FileLock::HeldBy{std::move(note)});
        if (look == kLooksForNote) return std::optional(FileLock::HeldBy{"another process"});
        std::this_thread::sleep_for(kBetweenLooks);
    }
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
    Result<std::optional<HeldBy>> held = lock_or_holder(fd, path);
    if (!held || *held) {
        ::close(fd);
        if (!held) return std::move(held).error();
        return Attempt(**std::move(held));
    }
    FileLock lock(fd);
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
    if (fd_ < 0) return;
    // Nobody is to be taken for the next holder before that one has said who it is.
    [[maybe_unused]] const int ignored = ::ftruncate(fd_, 0);
    // Closing unlocks. The file is not removed: another process may have it open and lock it next.
    ::close(fd_);
}

}  // namespace ingot

#include "base/process_identity.hpp"

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ingot {
namespace {

std::string read_whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string boot_id() {
    std::string id = read_whole("/proc/sys/kernel/random/boot_id");
    while (id.ends_with('\n')) id.pop_back();
    return id;
}

/// The 22nd field. The second is a name that may hold anything, in brackets: the last one counts.
std::optional<std::uint64_t> start_of(pid_t pid) {
    constexpr int kFieldsFromName = 20;
    const std::string stat = read_whole(fmt::format("/proc/{}/stat", pid));
    std::size_t at = stat.rfind(')');
    for (int i = 0; i < kFieldsFromName && at != std::string::npos; ++i) {
        at = stat.find(' ', at + 1);
    }
    if (at == std::string::npos) return std::nullopt;
    std::uint64_t ticks = 0;
    const char* const end = stat.data() + stat.size();
    const auto [rest, error] = std::from_chars(stat.data() + at + 1, end, ticks);
    if (error != std::errc()) return std::nullopt;
    return ticks;
}

int open_process(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

}  // namespace

Result<ProcessIdentity> ProcessIdentity::of_this_process() {
    const std::optional<std::uint64_t> started = start_of(::getpid());
    ProcessIdentity identity{boot_id(), ::getpid(), started.value_or(0)};
    if (started && !identity.boot.empty()) return identity;
    return make_error(ErrorCode::kIo,
                      "/proc does not say when this process was started: is it mounted?");
}

std::optional<ProcessHandle> ProcessHandle::find(const ProcessIdentity& identity) {
    if (identity.pid <= 0 || identity.boot != boot_id()) return std::nullopt;
    const int fd = open_process(identity.pid);
    if (fd < 0) return std::nullopt;
    ProcessHandle handle(fd);
    // Read after the handle was opened: whose start it is, is what the handle names.
    if (start_of(identity.pid) != identity.started) return std::nullopt;
    return handle;
}

std::optional<ProcessHandle> ProcessHandle::of_child(pid_t child) {
    const int fd = open_process(child);
    if (fd < 0) return std::nullopt;
    return ProcessHandle(fd);
}

ProcessHandle::ProcessHandle(ProcessHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

ProcessHandle& ProcessHandle::operator=(ProcessHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

ProcessHandle::~ProcessHandle() {
    if (fd_ >= 0) ::close(fd_);
}

bool ProcessHandle::has_ended() const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
}

void ProcessHandle::signal(int number) const {
    ::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0);
}

}  // namespace ingot

#include "keeper/kept_command.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "keeper/program_internal.hpp"

extern char** environ;

namespace ingot::keeper {
namespace {

/// Beyond the grace that the command itself gets.
constexpr Duration kKeeperGrace = std::chrono::seconds(5);

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

Error system_error(std::string_view what) {
    return make_error(ErrorCode::kIo, "{}: {}", what, std::generic_category().message(errno));
}

/// A file in memory that holds these bytes; -1: errno says why.
int file_of(const char* name, std::string_view bytes) {
    const int fd = ::memfd_create(name, MFD_CLOEXEC);
    while (fd >= 0 && !bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0) {
            ::close(fd);
            return -1;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fd >= 0) ::lseek(fd, 0, SEEK_SET);
    return fd;
}

/// Where no descriptor that a keeper is handed takes its place before the keeper is begun.
int out_of_the_way(int fd) {
    if (fd < 0) return fd;
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kProgramDescriptor + 1);
    ::close(fd);
    return moved;
}

/// The keeper's program, in memory: it is part of this one, so that they always fit.
Result<std::string> program_path() {
    static const int fd = out_of_the_way(file_of("ingot-keeper", program()));
    if (fd < 0) return system_error("the keeper of commands cannot be put into memory");
    return fmt::format("/proc/self/fd/{}", fd);
}

/// Starts the keeper in a session of its own, where no signal of a terminal reaches it. Its
/// complaints go to the log.
Result<pid_t> start_keeper(const Order& order) {
    INGOT_TRY_ASSIGN(const std::string path, program_path());
    const Descriptor input(file_of("ingot-order", order_to_bytes(order)));
    if (input.get() < 0) return system_error("the order of a command cannot be put into memory");
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    if (order.program) {
        ::posix_spawn_file_actions_adddup2(&actions, *order.program, kProgramDescriptor);
    }
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, order.log.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0644);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string name = "ingot-keeper";
    std::array<char*, 2> arguments = {name.data(), nullptr};
    pid_t pid = -1;
    errno = ::posix_spawn(&pid, path.c_str(), &actions, &attributes, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (errno != 0) return system_error("the keeper of a command cannot be started");
    return pid;
}

Duration now() {
    return std::chrono::duration_cast<Duration>(
        std::chrono::steady_clock::now().time_since_epoch());
}

int milliseconds_until(const std::optional<Duration>& time) {
    if (!time) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*time - now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

/// Waits until the keeper has ended, and has it end the command when it is asked to. False: it was
/// left.
bool wait_for_end(const ProcessHandle& keeper, Duration grace, const Patience& patience) {
    const Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const auto wake_up = [&] { ::eventfd_write(wake.get(), 1); };
    const std::stop_callback on_stop(patience.stop, wake_up);
    const std::stop_callback on_leave(patience.leave, wake_up);
    std::optional<Duration> kill_at;
    while (!keeper.has_ended()) {
        if (patience.leave.stop_requested()) return false;
        if (patience.stop.stop_requested() && !kill_at) {
            keeper.signal(SIGTERM);
            kill_at = now() + grace + kKeeperGrace;
        } else if (kill_at && now() >= *kill_at) {
            keeper.signal(SIGKILL);
            kill_at.reset();
            pollfd ended{keeper.ended_fd(), POLLIN, 0};
            ::poll(&ended, 1, -1);
            continue;
        }
        std::array<pollfd, 2> entries = {{{keeper.ended_fd(), POLLIN, 0}, {wake.get(), POLLIN, 0}}};
        ::poll(entries.data(), entries.size(), milliseconds_until(kill_at));
        eventfd_t woken = 0;
        ::eventfd_read(wake.get(), &woken);
    }
    return true;
}

Error left() {
    return make_error(ErrorCode::kCancelled, "another process goes on with the command");
}

/// What the keeper said before it ended.
Result<End> end_in(const std::string& path) {
    INGOT_TRY_ASSIGN(std::optional<Record> record, read_record(path));
    if (record && record->keeper.pid == 0) {
        return make_error(ErrorCode::kAlreadyExists,
                          "another process gave the attempt up before its command began");
    }
    if (record && record->end) return *std::move(record->end);
    return make_error(ErrorCode::kIo,
                      "the process that kept the command was killed: how it came out is not known");
}

bool was_ended_by_us(const Result<End>& end) {
    return end && end->exit.kind == ExitStatus::Kind::kCancelled;
}

}  // namespace

Result<End> run_kept(const Order& order, const Patience& patience) {
    INGOT_TRY_ASSIGN(const pid_t pid, start_keeper(order));
    const std::optional<ProcessHandle> keeper = ProcessHandle::of_child(pid);
    if (!keeper) return system_error("the keeper of a command cannot be watched");
    if (!wait_for_end(*keeper, order.grace, patience)) return left();
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return end_in(order.record);
}

Result<bool> goes_on(const std::string& path) {
    INGOT_TRY_ASSIGN(std::optional<Record> record, read_record(path));
    if (!record) {
        INGOT_TRY_ASSIGN(const bool given_up, claim_record(path, Record()));
        if (given_up) return false;
        INGOT_TRY_ASSIGN(record, read_record(path));
    }
    if (!record->end) {
        const auto keeper = ProcessHandle::find(record->keeper);
        if (keeper && !keeper->has_ended()) return true;
        INGOT_TRY_ASSIGN(record, read_record(path));  // It may have said so just before.
    }
    return record->end && !was_ended_by_us(*record->end);
}

Result<End> attend(const std::string& path, const Patience& patience) {
    INGOT_TRY_ASSIGN(const std::optional<Record> record, read_record(path));
    if (!record) {
        return make_error(ErrorCode::kNotFound, "{}: there is no record of the command", path);
    }
    if (const auto keeper = ProcessHandle::find(record->keeper)) {
        if (!wait_for_end(*keeper, Order().grace, patience)) return left();
    }
    return end_in(path);
}

}  // namespace ingot::keeper

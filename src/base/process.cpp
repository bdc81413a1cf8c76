#include "base/process.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace ingot {

namespace {

Error system_error(std::string_view what, std::string_view name, int error_number) {
    return make_error(error_number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                      "cannot {} {}: {}", what, name,
                      std::generic_category().message(error_number));
}

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }
    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

/// One standard stream: what the child gets, and our end when it is a pipe.
struct Stream {
    Descriptor child;
    Descriptor ours;
};

Result<Stream> open_stream_file(const std::string& path, int flags) {
    Stream stream{Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0644)), {}};
    if (!stream.child.is_open()) return system_error("open", path, errno);
    return stream;
}

Result<Stream> open_pipe(bool we_read) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("open", "a pipe", errno);
    Stream stream;
    stream.ours = Descriptor(ends[we_read ? 0 : 1]);
    stream.child = Descriptor(ends[we_read ? 1 : 0]);
    // Only our end: programs do not expect a stream that says "again later".
    ::fcntl(stream.ours.get(), F_SETFL, O_NONBLOCK);
    return stream;
}

Result<Stream> open_input(const InputStream& input) {
    if (std::holds_alternative<StreamInherit>(input)) return Stream{};
    if (std::holds_alternative<StreamBytes>(input) || std::holds_alternative<StreamFrom>(input))
        return open_pipe(false);
    const auto* file = std::get_if<StreamFile>(&input);
    return open_stream_file(file == nullptr ? "/dev/null" : file->path, O_RDONLY);
}

Result<Stream> open_output(const OutputStream& output) {
    if (std::holds_alternative<StreamInherit>(output)) return Stream{};
    if (std::holds_alternative<StreamTo>(output)) return open_pipe(true);
    const auto* file = std::get_if<StreamFile>(&output);
    if (file == nullptr) return open_stream_file("/dev/null", O_WRONLY);
    return open_stream_file(file->path, O_WRONLY | O_CREAT | (file->append ? O_APPEND : O_TRUNC));
}

std::vector<std::string> child_environment(const ProcessOptions& options) {
    std::map<std::string, std::string> variables;
    for (char** entry = environ; options.inherit_environment && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = std::min(text.find('=', 1), text.size());
        variables.emplace(text.substr(0, equals), text.substr(std::min(equals + 1, text.size())));
    }
    for (const auto& [name, value] : options.environment) {
        if (value) {
            variables[name] = *value;
        } else {
            variables.erase(name);
        }
    }
    std::vector<std::string> entries;
    for (const auto& [name, value] : variables)
        entries.push_back(fmt::format("{}={}", name, value));
    return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// A running child and its group. Its destruction kills what is left of them.
class Child {
public:
    explicit Child(pid_t pid)
        : pid_(pid), ended_fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (!reaped_) {
            signal_group(SIGKILL);
            reap();
        }
    }
    /// Becomes readable when the child has ended.
    int ended_fd() const { return ended_fd_.get(); }
    void signal_group(int signal) const { ::kill(-pid_, signal); }
    /// Waits for the end, and kills what the child left in its group.
    ExitStatus reap() {
        siginfo_t info{};
        // Not reaped at once: its id must not be given to others while we signal its group.
        while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 &&
               errno == EINTR) {
        }
        signal_group(SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        reaped_ = true;
        return WIFEXITED(status) ? ExitStatus{ExitStatus::Kind::kExited, WEXITSTATUS(status)}
                                 : ExitStatus{ExitStatus::Kind::kSignalled, WTERMSIG(status)};
    }

private:
    pid_t pid_;
    Descriptor ended_fd_;
    bool reaped_ = false;
};

Result<pid_t> spawn(const ProcessOptions& options, const std::array<Stream, 3>& streams) {
    if (options.arguments.empty() || options.arguments.front().empty()) {
        return make_error(ErrorCode::kInvalidArgument, "the command is empty");
    }
    struct stat status{};
    if (!options.folder.empty() && ::stat(options.folder.c_str(), &status) != 0) {
        return system_error("run a command in", options.folder, errno);
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    for (int target = 0; target < 3; ++target) {
        const Descriptor& child = streams[static_cast<std::size_t>(target)].child;
        if (child.is_open()) ::posix_spawn_file_actions_adddup2(&actions, child.get(), target);
    }
    if (!options.folder.empty()) {
        ::posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
    }
    // The child starts with no signal blocked or ignored, whatever this thread does.
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> arguments = options.arguments;
    std::vector<std::string> environment = child_environment(options);
    pid_t pid = -1;
    const int failed = ::posix_spawnp(
        &pid, (options.program.empty() ? arguments.front() : options.program).c_str(), &actions,
        &attributes, pointers_to(arguments).data(), pointers_to(environment).data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (failed != 0) return system_error("run", arguments.front(), failed);
    return pid;
}

/// Writes what is produced to the child, on its own thread.
class Feeder {
public:
    /// `wake` becomes readable when producing fails.
    Feeder(const StreamFrom& from, Descriptor pipe, int wake)
        : from_(from),
          pipe_(std::move(pipe)),
          wake_(wake),
          stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          thread_([this](const std::stop_token& stop) { run(stop); }) {}

    bool failed() const { return failed_.load(std::memory_order_acquire); }
    /// Requires `failed`.
    const Error& error() const { return *error_; }
    /// Asks the thread to end and waits for it.
    void stop() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run(const std::stop_token& stop) {
        ::pthread_setname_np(::pthread_self(), "child-input");
        const std::stop_callback wake_up(stop, [this] { ::eventfd_write(stopped_.get(), 1); });
        while (!stop.stop_requested()) {
            Result<std::string_view> piece = produce(stop);
            if (stop.stop_requested()) return;
            // The pipe stays open: a child that saw it end would take its input for whole.
            if (!piece) return fail(std::move(piece).error());
            if (piece->empty() || !write_all(*piece)) return pipe_.close();
        }
    }

    Result<std::string_view> produce(const std::stop_token& stop) {
        try {
            return from_.produce(stop);
        } catch (const std::exception& problem) {
            return make_error(ErrorCode::kInternal, "while making input for a command: {}",
                              problem.what());
        }
    }

    void fail(Error error) {
        error_ = std::move(error);
        failed_.store(true, std::memory_order_release);
        ::eventfd_write(wake_, 1);
    }

    /// False when the child wants no more, or the end was asked for.
    bool write_all(std::string_view bytes) {
        while (!bytes.empty()) {
            std::array<pollfd, 2> entries = {
                {{pipe_.get(), POLLOUT, 0}, {stopped_.get(), POLLIN, 0}}};
            if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return false;
            if (entries[1].revents != 0) return false;
            const ssize_t written = ::write(pipe_.get(), bytes.data(), bytes.size());
            if (written < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (written < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return true;
    }

    const StreamFrom& from_;
    Descriptor pipe_;
    int wake_;
    Descriptor stopped_;
    std::optional<Error> error_;
    std::atomic<bool> failed_ = false;
    std::jthread thread_;  ///< Last: it uses the others.
};

/// Feeds and drains the pipes until the child has ended, and ends it when it must.
class Supervisor {
public:
    Supervisor(const ProcessOptions& options, std::array<Stream, 3> streams, Child& child,
               std::stop_token stop)
        : options_(options),
          streams_(std::move(streams)),
          child_(child),
          stop_(std::move(stop)),
          wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (const auto* bytes = std::get_if<StreamBytes>(&options.input)) input_ = bytes->bytes;
        if (const auto* from = std::get_if<StreamFrom>(&options.input)) {
            feeder_.emplace(*from, std::move(streams_[0].ours), wake_.get());
        }
        if (input_.empty()) streams_[0].ours.close();
        if (options.timeout > Duration(0)) deadline_ = now() + options.timeout;
    }

    Result<ExitStatus> run() {
        const std::stop_callback wake_up(stop_, [this] { ::eventfd_write(wake_.get(), 1); });
        while (!ended_) {
            decide();
            poll_once();
        }
        if (feeder_) feeder_->stop();
        ExitStatus status = child_.reap();
        // Writers of our pipes are dead now: what is left inside is all there will be.
        for (const std::size_t index : {1U, 2U}) drain(index);
        if (failure_) return *std::move(failure_);
        if (reason_) status.kind = *reason_;
        return status;
    }

private:
    static Duration now() {
        return std::chrono::duration_cast<Duration>(
            std::chrono::steady_clock::now().time_since_epoch());
    }

    /// Begins or sharpens the end when it is time for that.
    void decide() {
        if (!reason_ && !failure_) {
            if (stop_.stop_requested()) {
                reason_ = ExitStatus::Kind::kCancelled;
            } else if (deadline_ && now() >= *deadline_) {
                reason_ = ExitStatus::Kind::kTimedOut;
            } else if (feeder_ && feeder_->failed()) {
                failure_ = feeder_->error();
            }
        }
        if (!(reason_ || failure_) || killed_) return;
        if (!kill_at_) {
            child_.signal_group(SIGTERM);
            kill_at_ = now() + options_.grace;
        }
        if (now() >= *kill_at_) {
            child_.signal_group(SIGKILL);
            killed_ = true;
        }
    }

    void poll_once() {
        const bool ending = kill_at_.has_value();
        std::array<pollfd, 5> entries = {{{child_.ended_fd(), POLLIN, 0},
                                          {ending ? -1 : wake_.get(), POLLIN, 0},
                                          {streams_[0].ours.get(), POLLOUT, 0},
                                          {streams_[1].ours.get(), POLLIN, 0},
                                          {streams_[2].ours.get(), POLLIN, 0}}};
        if (::poll(entries.data(), entries.size(), poll_milliseconds()) <= 0) return;
        if (entries[2].revents != 0) feed();
        if (entries[3].revents != 0) drain(1);
        if (entries[4].revents != 0) drain(2);
        ended_ = entries[0].revents != 0;
    }

    int poll_milliseconds() const {
        const std::optional<Duration> next = killed_    ? std::nullopt
                                             : kill_at_ ? kill_at_
                                                        : deadline_;
        if (!next) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now()).count();
        return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }

    void feed() {
        const ssize_t written = ::write(streams_[0].ours.get(), input_.data(), input_.size());
        if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
        // A child that does not want all of its input is fine (`head -1`).
        input_.remove_prefix(written < 0 ? input_.size() : static_cast<std::size_t>(written));
        if (input_.empty()) streams_[0].ours.close();
    }

    void drain(std::size_t index) {
        Descriptor& pipe = streams_[index].ours;
        const OutputStream& output = index == 1 ? options_.output : options_.error_output;
        std::array<char, 65536> buffer;
        while (pipe.is_open()) {
            const ssize_t got = ::read(pipe.get(), buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && errno == EAGAIN) return;
            if (got <= 0) return pipe.close();
            Status received = std::get<StreamTo>(output).receive(
                std::string_view(buffer.data(), static_cast<std::size_t>(got)));
            if (!received) {
                if (!failure_) failure_ = std::move(received).error();
                pipe.close();
            }
            // A child that never pauses must not keep us from looking at the time.
            if (!ended_) return;
        }
    }

    const ProcessOptions& options_;
    std::array<Stream, 3> streams_;
    Child& child_;
    std::stop_token stop_;
    Descriptor wake_;
    std::string_view input_;
    std::optional<Feeder> feeder_;
    std::optional<Duration> deadline_;
    std::optional<ExitStatus::Kind> reason_;
    std::optional<Error> failure_;
    std::optional<Duration> kill_at_;
    bool killed_ = false;
    bool ended_ = false;
};

/// While it lives, writing to a closed pipe is an error and no signal for this thread.
class PipeSignalBlock {
public:
    PipeSignalBlock() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    PipeSignalBlock(const PipeSignalBlock&) = delete;
    PipeSignalBlock& operator=(const PipeSignalBlock&) = delete;
    ~PipeSignalBlock() {
        // Takes away the signal that our own write left behind.
        const timespec at_once{};
        if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &at_once);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_pending_;
};

}  // namespace

std::string ExitStatus::to_string() const {
    switch (kind) {
        case Kind::kExited:
            return fmt::format("exit code {}", code);
        case Kind::kSignalled:
            return fmt::format("killed by signal {} ({})", code, ::strsignal(code));
        case Kind::kTimedOut:
            return "ended after its time limit";
        case Kind::kCancelled:
            return "cancelled";
    }
    return "unknown";
}

Result<ExitStatus> run_process(const ProcessOptions& options, std::stop_token stop) {
    std::array<Stream, 3> streams;
    INGOT_TRY_ASSIGN(streams[0], open_input(options.input));
    INGOT_TRY_ASSIGN(streams[1], open_output(options.output));
    INGOT_TRY_ASSIGN(streams[2], open_output(options.error_output));
    INGOT_TRY_ASSIGN(const pid_t pid, spawn(options, streams));
    Child child(pid);
    if (child.ended_fd() < 0) return system_error("watch", options.arguments.front(), errno);
    // Else the pipes would never end.
    for (Stream& stream : streams) stream.child.close();
    const PipeSignalBlock block;
    return Supervisor(options, std::move(streams), child, std::move(stop)).run();
}

Status StreamTail::operator()(std::string_view bytes) {
    text_ += bytes;
    if (text_.size() > bytes_max_) text_.erase(0, text_.size() - bytes_max_);
    return {};
}

}  // namespace ingot

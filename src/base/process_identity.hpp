#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "base/result.hpp"

namespace ingot {

/// Which process is meant, beyond doubt: an id is given again, also after the machine was started
/// anew; a time of start within a boot is not.
struct ProcessIdentity {
    std::string boot;  ///< /proc/sys/kernel/random/boot_id
    pid_t pid = 0;
    std::uint64_t started = 0;  ///< Clock ticks from the boot to its start.
    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;

    static Result<ProcessIdentity> of_this_process();
};

/// A process that cannot be mistaken for another one while this lives.
class ProcessHandle {
public:
    /// Nothing: it is gone. One that has ended, and that nobody has waited for, is still found.
    static std::optional<ProcessHandle> find(const ProcessIdentity& identity);
    /// A child that was not waited for yet. Nothing: there is none.
    static std::optional<ProcessHandle> of_child(pid_t child);

    ProcessHandle(ProcessHandle&& other) noexcept;
    ProcessHandle& operator=(ProcessHandle&& other) noexcept;
    ~ProcessHandle();

    /// Becomes readable when the process has ended.
    int ended_fd() const { return fd_; }
    bool has_ended() const;
    /// Nothing happens when it has ended.
    void signal(int number) const;

private:
    explicit ProcessHandle(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace ingot

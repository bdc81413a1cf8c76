#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"

namespace ingot {

class MemoryBudget;

/// Bytes taken from a budget, given back when it is destroyed. The budget must outlive it.
class MemoryReservation {
public:
    MemoryReservation() = default;
    MemoryReservation(MemoryReservation&& other) noexcept;
    MemoryReservation& operator=(MemoryReservation&& other) noexcept;
    ~MemoryReservation();

    std::uint64_t bytes() const { return bytes_; }
    /// Gives back the difference. Requires bytes <= bytes().
    void shrink_to(std::uint64_t bytes);
    void release() { shrink_to(0); }

private:
    friend class MemoryBudget;
    MemoryReservation(MemoryBudget* budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {}
    MemoryBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
};

/// The memory that this process may use, shared out by promise: who needs much asks first.
/// Thread-safe.
class MemoryBudget {
public:
    explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}
    /// Requires that no reservation is left.
    ~MemoryBudget();
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// Nothing: not free at present, or others wait already.
    std::optional<MemoryReservation> try_reserve(std::uint64_t bytes);
    /// Waits, first come first served. A thread that holds a part and waits for more may wait for
    /// itself: take everything at once. Errors: kInvalidArgument (more than the whole budget),
    /// kCancelled. `what` names the use in the error: "the file index of silver.events".
    Result<MemoryReservation> reserve(std::uint64_t bytes, std::string_view what,
                                      std::stop_token stop = {});

    std::uint64_t limit() const { return limit_; }
    std::uint64_t used() const;
    /// The most that was ever reserved at one time.
    std::uint64_t high_water() const;

private:
    friend class MemoryReservation;
    void take(std::uint64_t bytes);
    void give_back(std::uint64_t bytes);

    const std::uint64_t limit_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::uint64_t> waiting_;  // Tickets; the first is served next.
    std::uint64_t next_ticket_ = 0;
    std::uint64_t used_ = 0;
    std::uint64_t high_water_ = 0;
};

/// What the machine has, and what the control groups (containers) around this process allow.
struct MemoryLimits {
    std::uint64_t physical = 0;
    std::optional<std::uint64_t> control_group;

    std::uint64_t usable() const {
        return control_group && *control_group < physical ? *control_group : physical;
    }
};

/// Control groups of version 1 and 2, all levels up to the root. The two folders are those of the
/// running system; tests pass their own.
MemoryLimits detect_memory_limits(const std::string& proc_folder = "/proc",
                                  const std::string& control_group_folder = "/sys/fs/cgroup");

}  // namespace ingot

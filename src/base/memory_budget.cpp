#include "base/memory_budget.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <utility>

namespace ingot {

MemoryReservation::MemoryReservation(MemoryReservation&& other) noexcept
    : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

MemoryReservation::~MemoryReservation() {
    release();
}

void MemoryReservation::shrink_to(std::uint64_t bytes) {
    INGOT_CHECK(bytes <= bytes_, "a reservation cannot grow");
    if (bytes != bytes_) budget_->give_back(bytes_ - bytes);
    bytes_ = bytes;
}

MemoryBudget::~MemoryBudget() {
    INGOT_CHECK(used_ == 0, fmt::format("{} bytes are still reserved", used_));
}

std::optional<MemoryReservation> MemoryBudget::try_reserve(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() || bytes > limit_ - used_) return std::nullopt;
    take(bytes);
    return MemoryReservation(this, bytes);
}

Result<MemoryReservation> MemoryBudget::reserve(std::uint64_t bytes, std::string_view what,
                                                std::stop_token stop) {
    if (bytes > limit_) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} needs {} MiB, but the memory budget is {} MiB: raise engine.memory",
                          what, bytes >> 20, limit_ >> 20);
    }
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_ticket_++;
    waiting_.push_back(ticket);
    const bool served = changed_.wait(
        lock, stop, [&] { return waiting_.front() == ticket && bytes <= limit_ - used_; });
    std::erase(waiting_, ticket);
    changed_.notify_all();  // The next in the queue may fit, too.
    if (!served) {
        return make_error(ErrorCode::kCancelled, "stopped while {} waited for {} MiB of memory",
                          what, bytes >> 20);
    }
    take(bytes);
    return MemoryReservation(this, bytes);
}

std::uint64_t MemoryBudget::used() const {
    const std::lock_guard lock(mutex_);
    return used_;
}

std::uint64_t MemoryBudget::high_water() const {
    const std::lock_guard lock(mutex_);
    return high_water_;
}

void MemoryBudget::take(std::uint64_t bytes) {
    used_ += bytes;
    high_water_ = std::max(high_water_, used_);
}

void MemoryBudget::give_back(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
    changed_.notify_all();
}

namespace {

std::optional<std::uint64_t> number_at_start(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end != text.data() ? std::optional(number) : std::nullopt;
}

std::uint64_t physical_memory(const std::string& proc_folder) {
    std::ifstream file(proc_folder + "/meminfo");
    constexpr std::string_view kKey = "MemTotal:";
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(kKey)) continue;
        const std::size_t digits = std::min(line.find_first_of("0123456789"), line.size());
        if (const auto kibibytes = number_at_start(std::string_view(line).substr(digits))) {
            return *kibibytes * 1024;
        }
    }
    return UINT64_MAX;  // Unknown: the control group's limit or the user's setting decides.
}

/// The smallest limit of a group and those around it; "max" is no number and no limit.
void lower_by_group(std::optional<std::uint64_t>& limit, const std::string& folder,
                    std::string group, const char* file_name) {
    for (;;) {
        std::ifstream file(folder + group + '/' + file_name);
        std::string text;
        if (std::getline(file, text)) {
            if (const auto bytes = number_at_start(text)) {
                limit = std::min(limit.value_or(UINT64_MAX), *bytes);
            }
        }
        if (group.empty() || group == "/") return;
        group.resize(group.rfind('/'));
    }
}

}  // namespace

MemoryLimits detect_memory_limits(const std::string& proc_folder,
                                  const std::string& control_group_folder) {
    MemoryLimits limits;
    limits.physical = physical_memory(proc_folder);
    std::ifstream groups(proc_folder + "/self/cgroup");
    // Lines are `hierarchy:controllers:/group`; version 2 has hierarchy 0 and no controllers.
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
        std::string group = line.substr(second + 1);
        if (!group.starts_with('/')) continue;
        if (controllers == ",,") {
            lower_by_group(limits.control_group, control_group_folder, group, "memory.max");
        } else if (controllers.find(",memory,") != std::string::npos) {
            lower_by_group(limits.control_group, control_group_folder + "/memory", group,
                           "memory.limit_in_bytes");
        }
    }
    return limits;
}

}  // namespace ingot

#include "base/left_processes.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <unistd.h>

namespace ingot {
namespace {

namespace fs = std::filesystem;

std::string read_whole(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool has_all(const std::string& block, const std::vector<std::string>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
        // Variables stand one after the other, each with a zero byte behind it.
        const std::string line = one + '\0';
        return block.starts_with(line) || block.find('\0' + line) != std::string::npos;
    });
}

/// Dead ones that nobody has waited for yet have no environment any more.
std::vector<pid_t> find_processes(const std::vector<std::string>& environment) {
    std::vector<pid_t> found;
    std::error_code gone;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc", gone)) {
        const std::string name = entry.path().filename().string();
        pid_t pid = 0;
        const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (read.ec != std::errc() || read.ptr != name.data() + name.size()) continue;
        if (pid == ::getpid()) continue;
        if (has_all(read_whole(entry.path() / "environ"), environment)) found.push_back(pid);
    }
    return found;
}

}  // namespace

std::size_t end_left_processes(const std::vector<std::string>& environment, Duration grace) {
    constexpr Duration kLookAgain = std::chrono::milliseconds(20);
    const std::vector<pid_t> left = find_processes(environment);
    for (const pid_t pid : left) ::kill(pid, SIGTERM);
    const auto until = std::chrono::steady_clock::now() + grace;
    std::vector<pid_t> still = left;
    while (!still.empty() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(kLookAgain);
        still = find_processes(environment);
    }
    for (const pid_t pid : still) ::kill(pid, SIGKILL);
    return left.size();
}

}  // namespace ingot

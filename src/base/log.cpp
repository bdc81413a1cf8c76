#include "base/log.hpp"

#include <algorithm>
#include <atomic>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <vector>

#include "base/guarded.hpp"
#include "base/percent.hpp"

namespace ingot {

namespace {

std::atomic<LogLevel> level_shown = LogLevel::kWarning;

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::kError:
            return spdlog::level::err;
        case LogLevel::kWarning:
            return spdlog::level::warn;
        case LogLevel::kInfo:
            return spdlog::level::info;
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kTrace:
            return spdlog::level::trace;
    }
    return spdlog::level::err;
}

spdlog::logger& logger() {
    // Never destroyed: threads may log until the process has gone.
    static spdlog::logger* const instance = [] {
        auto* made =
            new spdlog::logger("ingot", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
        made->set_level(spdlog::level::trace);  // `level_shown` decides.
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *instance;
}

/// Longest first, so that a secret that contains another is masked whole.
Guarded<std::vector<std::string>>& secrets() {
    static auto* const instance = new Guarded<std::vector<std::string>>();
    return *instance;
}
std::atomic<bool> has_secrets = false;

}  // namespace

LogLevel log_level_of_verbosity(int verbosity) {
    const int level = static_cast<int>(LogLevel::kWarning) + verbosity;
    return static_cast<LogLevel>(
        std::clamp(level, static_cast<int>(LogLevel::kError), static_cast<int>(LogLevel::kTrace)));
}

void set_log_level(LogLevel level) {
    level_shown = level;
}

bool log_enabled(LogLevel level) {
    return level <= level_shown;
}

void log_line(LogLevel level, std::string_view message) {
    if (log_enabled(level)) logger().log(spdlog_level(level), mask_secrets(message));
}

void register_secret(std::string_view value) {
    if (value.empty()) return;
    auto known = secrets().lock();
    for (std::string form : {std::string(value), percent_encode(value)}) {
        if (std::find(known->begin(), known->end(), form) != known->end()) continue;
        known->push_back(std::move(form));
    }
    std::stable_sort(known->begin(), known->end(), [](const std::string& a, const std::string& b) {
        return a.size() > b.size();
    });
    has_secrets = true;
}

std::string mask_secrets(std::string_view text) {
    std::string masked(text);
    if (!has_secrets) return masked;
    constexpr std::string_view kMask = "***";
    auto known = secrets().lock();
    for (const std::string& secret : *known) {
        for (std::size_t at = masked.find(secret); at != std::string::npos;
             at = masked.find(secret, at + kMask.size())) {
            masked.replace(at, secret.size(), kMask);
        }
    }
    return masked;
}

}  // namespace ingot

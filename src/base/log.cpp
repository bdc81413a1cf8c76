#include "base/log.hpp"

#include <algorithm>
#include <atomic>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

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

}  // namespace ingot

#pragma once
// Logging for people who operate Ingot. Lines go to stderr, never to stdout, which belongs to
// results. Thread-safe. The third-party logger stays in log.cpp.
#include <cstdint>
#include <fmt/core.h>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret_mask.hpp"

namespace ingot {

enum class LogLevel : std::uint8_t { kError, kWarning, kInfo, kDebug, kTrace };

/// The level of `-q` (-1: errors only), nothing (0: warnings), `-v` (1), `-vv` (2), `-vvv` (3);
/// beyond these the nearest.
LogLevel log_level_of_verbosity(int verbosity);

/// Until it is called, warnings and errors are shown.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);

/// Writes one line, with every registered secret masked.
void log_line(LogLevel level, std::string_view message);

template <class... Args>
void log_at(LogLevel level, fmt::format_string<Args...> text, Args&&... args) {
    if (log_enabled(level)) log_line(level, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> text, Args&&... args) {
    log_at(LogLevel::kError, text, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
    log_at(LogLevel::kWarning, text, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
    log_at(LogLevel::kInfo, text, std::forward<Args>(args)...);
}
template <class... Args>
void log_debug(fmt::format_string<Args...> text, Args&&... args) {
    log_at(LogLevel::kDebug, text, std::forward<Args>(args)...);
}

}  // namespace ingot

#pragma once
#include <string>
#include <string_view>

namespace ingot {

/// Prints the broken invariant with its place and aborts the process. Restarting from the log is
/// the recovery path.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view detail);

}  // namespace ingot

/// A programmer's error, on in every build. Never for bytes that were read: those are
/// `ErrorCode::kCorruptData`.
#define INGOT_CHECK(condition, detail)                                       \
    do {                                                                     \
        if (!(condition)) [[unlikely]]                                       \
            ::ingot::check_failed(__FILE__, __LINE__, #condition, (detail)); \
    } while (false)

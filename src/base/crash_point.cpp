#include "base/crash_point.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include "base/check.hpp"

namespace ingot {

namespace {

struct CrashPlan {
    std::string name;  ///< Empty: never.
    long passes = 1;
};

CrashPlan read_crash_plan() {
    // Read once, before other threads could change the environment.
    const char* value = std::getenv("INGOT_CRASH_POINT");
    const std::string text = value == nullptr ? "" : value;
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return {text, 1};
    CrashPlan plan{text.substr(0, colon), 0};
    const auto [end, error] =
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), plan.passes);
    INGOT_CHECK(error == std::errc() && end == text.data() + text.size() && plan.passes > 0,
                "INGOT_CRASH_POINT is NAME or NAME:COUNT, but it is " + text);
    return plan;
}

}  // namespace

void crash_point(std::string_view name) {
    static const CrashPlan plan = read_crash_plan();
    static std::atomic<long> passed = 0;
    if (plan.name.empty() || plan.name != name || ++passed != plan.passes) return;
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
}

}  // namespace ingot

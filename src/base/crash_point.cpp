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
    std::string name;
    long passes = 1;
};

CrashPlan parse_crash_plan(const std::string& text) {
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
    // Looked up each time, so that a forked test process can choose its own point.
    const char* const text = std::getenv("INGOT_CRASH_POINT");
    if (text == nullptr) return;
    static std::atomic<long> passed = 0;
    const CrashPlan plan = parse_crash_plan(text);
    if (plan.name != name || ++passed != plan.passes) return;
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
}

}  // namespace ingot

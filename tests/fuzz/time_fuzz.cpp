// Times, durations and patterns from people: refused or read, and what was read prints as a text
// that reads back as the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "base/time.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto at = ingot::parse_timestamp(text, "America/New_York")) {
        const auto again = ingot::parse_timestamp(at->to_string());
        INGOT_CHECK(again.has_value() && *again == *at, at->to_string());
    }
    if (const auto duration = ingot::parse_duration(text)) {
        const auto again = ingot::parse_duration(ingot::format_duration(*duration));
        INGOT_CHECK(again.has_value() && *again == *duration, ingot::format_duration(*duration));
    }
    // Only that it returns: most texts are no pattern.
    static_cast<void>(ingot::format_time(ingot::Timestamp::from_micros(1420070400123456), text));
    return 0;
}

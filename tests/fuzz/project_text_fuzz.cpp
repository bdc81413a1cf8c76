// Texts of a project that stand inside YAML values: templates, windows, intervals. Refused or read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "project/template_text.hpp"
#include "project/window.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(ingot::project::Template::parse(text));
    static_cast<void>(ingot::project::parse_window_unit(text));
    if (const auto interval = ingot::project::parse_interval(text)) {
        INGOT_CHECK(interval->start < interval->end, interval->to_string());
        const auto again = ingot::project::parse_interval(interval->to_string());
        INGOT_CHECK(again.has_value() && *again == *interval, interval->to_string());
    }
    return 0;
}

// Any text either is refused, or becomes JSON that reads as itself: JSON is a fixed point.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "format/python_literal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = ingot::format::python_literal_to_json(
        std::string_view(reinterpret_cast<const char*>(data), size));
    if (!json) return 0;
    const auto again = ingot::format::python_literal_to_json(*json);
    INGOT_CHECK(again.has_value() && *again == *json, *json);
    return 0;
}

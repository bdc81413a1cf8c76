// Any text either is refused, or is a type whose own text reads back as the same type.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/data_type.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto type =
        ingot::parse_data_type(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!type) return 0;
    const auto again = ingot::parse_data_type(ingot::sql_type_name(*type));
    INGOT_CHECK(again.has_value() && *again == *type, type->to_string());
    return 0;
}

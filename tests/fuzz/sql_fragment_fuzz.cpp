// Any text either is refused, or becomes a fragment that stays the same when it is read again, also
// in parentheses: nothing in it reaches beyond them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "quality/sql_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using ingot::quality::bindable_fragment;
    const auto fragment =
        bindable_fragment(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!fragment) return 0;
    const auto again = bindable_fragment(*fragment);
    INGOT_CHECK(again.has_value() && *again == *fragment, *fragment);
    const std::string inside = "(" + *fragment + ")";
    const auto wrapped = bindable_fragment(inside);
    INGOT_CHECK(wrapped.has_value() && *wrapped == inside, inside);
    INGOT_CHECK(ingot::quality::parameters_of(inside) == ingot::quality::parameters_of(*fragment),
                inside);
    return 0;
}

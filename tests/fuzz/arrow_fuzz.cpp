// Arrow streams as other programs might write them.
#include "format_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ingot::format::FormatSpec spec;
    spec.kind = ingot::format::ArrowFormat{};
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    ingot::fuzz::scan_and_check(ingot::fuzz::MemoryFile(bytes), spec);
    return 0;
}

// Packed streams and archives: any bytes, as gzip, zstd, tar or whatever they look like.
#include "format_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ingot::fuzz::MemoryFile file({reinterpret_cast<const char*>(data) + 1, size - 1});
    ingot::format::FormatSpec spec;
    spec.columns = {{.name = "a", .type = ingot::TypeId::kLong}};
    ingot::fuzz::scan_and_check(file, spec, false);
    return 0;
}

// JSON documents: framing, record paths, inference.
#include "format_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    ingot::format::FormatSpec spec;
    ingot::format::JsonFormat json;
    if ((data[0] & 1U) != 0) json.record_path = {"data"};
    if ((data[0] & 2U) != 0) json.record_path.push_back("items");
    spec.kind = json;
    if ((data[0] & 4U) != 0) spec.columns = {{.name = "a", .type = ingot::TypeId::kLong}};
    if ((data[0] & 8U) != 0) spec.sample_records = 1;
    ingot::fuzz::scan_and_check(ingot::fuzz::MemoryFile(text), spec);
    return 0;
}

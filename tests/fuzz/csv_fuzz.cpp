// CSV in several dialects.
#include "format_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    ingot::format::FormatSpec spec;
    ingot::format::CsvFormat csv;
    if ((data[0] & 1U) != 0) csv.delimiter = ';';
    if ((data[0] & 2U) != 0) csv.escape = '\\';
    csv.header = (data[0] & 4U) == 0;
    csv.trim_values = (data[0] & 8U) != 0;
    if ((data[0] & 16U) != 0) csv.null_text = "NA";
    spec.kind = csv;
    if ((data[0] & 32U) != 0) {
        spec.columns = {{.name = "a", .type = ingot::TypeId::kLong},
                        {.name = "b", .type = ingot::TypeId::kTimestamp},
                        {.name = "c", .is_json = true}};
    }
    if ((data[0] & 64U) != 0) spec.sample_records = 1;
    ingot::fuzz::scan_and_check(ingot::fuzz::MemoryFile(text), spec);
    return 0;
}

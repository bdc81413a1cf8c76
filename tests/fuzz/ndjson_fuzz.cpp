// NDJSON, declared and inferred. simdjson's own parser is the oracle for what is JSON.
#include <simdjson.h>

#include "format_fuzz.hpp"

namespace {

using ingot::DataType;
using ingot::format::ColumnSpec;
using ingot::format::FormatSpec;

std::vector<ColumnSpec> declared_columns() {
    const auto type = [](const char* text) { return *ingot::parse_data_type(text); };
    return {{.name = "id", .type = type("bigint")},
            {.name = "type"},
            {.name = "actor", .type = type("struct(id bigint, login varchar)")},
            {.name = "list", .type = type("double[]")},
            {.name = "map", .type = type("map(varchar, decimal(10,2))")},
            {.name = "deep", .type = type("date"), .source = {"repo", "day"}},
            {.name = "payload", .is_json = true},
            {.name = "created_at", .type = type("timestamptz")},
            {.name = "public", .type = type("boolean"), .cast = true}};
}

/// One line, every field a JSON column: accepted exactly when it is an object of valid JSON.
void compare_with_simdjson(std::string_view line) {
    if (line.find('\n') != std::string_view::npos) return;
    const ingot::fuzz::MemoryFile file(line);
    FormatSpec spec;
    spec.columns = {{.name = "a", .is_json = true}};
    spec.unknown_fields = ingot::format::UnknownFields::kIgnore;
    auto source = ingot::format::open_source({file.input()}, spec, {});
    auto reader = (*source)->open_reader();
    while (true) {
        const auto batch = (*reader)->next();
        INGOT_CHECK(batch.has_value(), "NDJSON lines are never a file's error");
        if (!*batch) break;
    }
    const auto report = (*source)->report();
    if (report.records() != 1) return;
    simdjson::dom::parser parser;
    const simdjson::padded_string text(line);
    const simdjson::error_code error = parser.parse(text).error();
    if (report.good() == 1) {
        // Numbers and strings that simdjson cannot hold are still JSON.
        INGOT_CHECK(error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR ||
                        error == simdjson::STRING_ERROR || line.starts_with("\xEF\xBB\xBF"),
                    simdjson::error_message(error));
    } else if (error == simdjson::SUCCESS && text.data()[0] == '{') {
        const auto reasons = report.rejects_by_reason;
        INGOT_CHECK(reasons.count("invalid JSON") == 0, "simdjson reads what was refused");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const unsigned choice = data[0];
    FormatSpec spec;
    if ((choice & 1U) != 0) spec.columns = declared_columns();
    if ((choice & 2U) != 0) spec.bad_value = ingot::format::BadValue::kNull;
    if ((choice & 4U) != 0) spec.unknown_members = ingot::format::UnknownFields::kAdd;
    if ((choice & 8U) != 0) spec.refuse_when = {{{"repo", "x"}, "refused"}};
    if ((choice & 16U) != 0) spec.sample_records = 1;
    ingot::fuzz::scan_and_check(ingot::fuzz::MemoryFile(text), spec);
    compare_with_simdjson(text);
    return 0;
}

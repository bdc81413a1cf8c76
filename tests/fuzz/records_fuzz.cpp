// Any bytes as a file of records. The first byte chooses the format and whether the columns are
// declared or inferred. Every record that was read is good or rejected, and the rows delivered are
// the good ones.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

#include "base/check.hpp"
#include "format/source.hpp"

namespace {

using ingot::TypeId;
using ingot::format::FormatSpec;

FormatSpec spec_for(unsigned choice) {
    FormatSpec spec;
    if (choice % 3 == 1) spec.kind = ingot::format::JsonFormat{{"data"}};
    if (choice % 3 == 2) spec.kind = ingot::format::CsvFormat{};
    if ((choice & 4U) != 0) {
        spec.columns = {{.name = "id", .type = TypeId::kLong},
                        {.name = "name", .type = TypeId::kString},
                        {.name = "at", .type = TypeId::kTimestamp}};
    }
    return spec;
}

/// One file of this process, in memory where the system has such a folder.
const std::string& input_path() {
    static const std::string kPath = [] {
        const std::string folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        const std::string path = folder + "/ingot_records_fuzz." + std::to_string(getpid());
        static_cast<void>(std::atexit([] { std::remove(input_path().c_str()); }));
        return path;
    }();
    return kPath;
}

void read_all(ingot::format::FormatSource& source) {
    const auto reader = source.open_reader();
    if (!reader) return;
    std::int64_t rows = 0;
    while (true) {
        const auto batch = (*reader)->next();
        if (!batch) return;
        if (!batch->has_value()) break;
        rows += (*batch)->rows;
    }
    const auto report = source.report();
    INGOT_CHECK(report.records() == report.good() + report.rejected(), "records are lost");
    INGOT_CHECK(report.good() == rows, "the totals are not the rows");
}

/// With a metadata column, as ingest reads: a record without fields is a row all the same.
ingot::format::ScanOptions options() {
    return {.metadata = {{"line", ingot::format::MetadataColumn::Kind::kLine}}, .readers_max = 1};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    {
        std::ofstream file(input_path(), std::ios::binary | std::ios::trunc);
        file.write(reinterpret_cast<const char*>(data) + 1, static_cast<std::streamsize>(size - 1));
    }
    const auto source =
        ingot::format::open_source({{.path = input_path()}}, spec_for(data[0]), options());
    if (source) read_all(**source);
    return 0;
}

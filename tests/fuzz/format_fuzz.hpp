#pragma once
#include <cstdint>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.hpp"
#include "format/source.hpp"

namespace ingot::fuzz {

/// Bytes as a file that needs no folder.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        INGOT_CHECK(fd_ >= 0, "memfd_create");
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
            INGOT_CHECK(written > 0, "write");
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    ~MemoryFile() { ::close(fd_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    format::InputFile input() const {
        return {.path = fmt::format("/proc/self/fd/{}", fd_), .name = "fuzz"};
    }

private:
    int fd_;
};

/// Reads the file to its end and checks that every record is accounted for. Returns the totals;
/// `reread`: surprises are taken in and must not come back.
inline void scan_and_check(const MemoryFile& file, const format::FormatSpec& spec,
                           bool reread = true) {
    format::ScanOptions options;
    options.metadata = {{"_file", format::MetadataColumn::Kind::kFile},
                        {"_line", format::MetadataColumn::Kind::kLine}};
    options.on_file_error = format::OnFileError::kReport;
    options.readers_max = 1;
    auto source = format::open_source({file.input()}, spec, options);
    if (!source) return;
    auto reader = (*source)->open_reader();
    INGOT_CHECK(reader.has_value(), "a first reader");
    std::int64_t rows = 0;
    while (true) {
        const auto batch = (*reader)->next();
        if (!batch) return;
        if (!*batch) break;
        rows += (*batch)->rows;
    }
    const format::ScanReport report = (*source)->report();
    INGOT_CHECK(report.records() == report.good() + report.rejected(), "records add up");
    INGOT_CHECK(report.good() == rows, "good records are rows");
    INGOT_CHECK((*source)->rejects().count() == report.rejected(), "rejects are kept");
    if (!reread || report.surprises.empty()) return;
    const auto wider = format::widened((*source)->spec(), report.surprises);
    if (!wider || !format::validate(*wider)) return;
    auto again = format::open_source({file.input()}, *wider, options);
    INGOT_CHECK(again.has_value(), again.error().to_string());
    auto second = (*again)->open_reader();
    while (true) {
        const auto batch = (*second)->next();
        if (!batch || !*batch) break;
    }
    for (const format::SchemaSurprise& surprise : (*again)->report().surprises) {
        INGOT_CHECK(surprise.path.size() > 1, "a surprise came back: " + surprise.path.front());
    }
}

}  // namespace ingot::fuzz

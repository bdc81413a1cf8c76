#include "tests/conformance/golden_tables.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace ingot::conformance {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".tar.zst";

fs::path data_root() {
    return fs::path(INGOT_SHARED_DATA) / "delta-golden";
}

void unpack(const fs::path& file, const fs::path& into) {
    const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
    archive_read_support_format_tar(reader.get());
    archive_read_support_filter_zstd(reader.get());
    if (archive_read_open_filename(reader.get(), file.c_str(), 1 << 16) != ARCHIVE_OK) {
        throw std::runtime_error(archive_error_string(reader.get()));
    }
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
        const fs::path target = into / archive_entry_pathname(entry);
        archive_entry_set_pathname(entry, target.c_str());
        if (archive_read_extract(reader.get(), entry, ARCHIVE_EXTRACT_TIME) != ARCHIVE_OK) {
            throw std::runtime_error(archive_error_string(reader.get()));
        }
    }
}

/// The folder above the outermost log, or the folder `delta` where there is no log.
fs::path find_table(const fs::path& root) {
    fs::path found;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        const bool is_log = entry.is_directory() && entry.path().filename() == "_delta_log";
        if (!is_log) continue;
        const fs::path table = entry.path().parent_path();
        if (found.empty() || table.string().size() < found.string().size()) found = table;
    }
    if (!found.empty()) return found;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (entry.is_directory() && entry.path().filename() == "delta") return entry.path();
    }
    return root;
}

}  // namespace

std::vector<std::string> golden_archives() {
    std::vector<std::string> names;
    for (const char* group : {"kernel", "data"}) {
        const fs::path folder = data_root() / group;
        if (!fs::is_directory(folder)) continue;
        for (const auto& entry : fs::directory_iterator(folder)) {
            std::string name = entry.path().filename().string();
            if (!name.ends_with(kSuffix)) continue;
            name.resize(name.size() - kSuffix.size());
            names.push_back(std::string(group) + "/" + name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

GoldenTable::GoldenTable(const std::string& archive) {
    std::string pattern = (fs::temp_directory_path() / "ingot-golden-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = pattern;
    unpack(data_root() / (archive + std::string(kSuffix)), root_);
    table_ = find_table(root_);
    const fs::path expected = table_.parent_path() / "expected";
    if (fs::is_directory(expected)) expected_ = expected;
}

GoldenTable::~GoldenTable() {
    std::error_code ignored;  // A temporary folder that stays behind is no failure of the test.
    fs::remove_all(root_, ignored);
}

}  // namespace ingot::conformance

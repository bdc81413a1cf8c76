#pragma once
// The archives of golden Delta tables beside the repository, unpacked on demand.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ingot::conformance {

/// Names `kernel/snapshot-data0` of all archives there are, sorted. Empty without the data.
std::vector<std::string> golden_archives();

/// One unpacked archive: gone again when the object is.
class GoldenTable {
public:
    explicit GoldenTable(const std::string& archive);
    ~GoldenTable();
    GoldenTable(const GoldenTable&) = delete;
    GoldenTable& operator=(const GoldenTable&) = delete;

    /// The folder of the table: it holds the log, where there is one.
    const std::filesystem::path& table() const { return table_; }
    /// Parquet files with the expected rows, where the archive has them.
    const std::optional<std::filesystem::path>& expected() const { return expected_; }

private:
    std::filesystem::path root_;
    std::filesystem::path table_;
    std::optional<std::filesystem::path> expected_;
};

}  // namespace ingot::conformance

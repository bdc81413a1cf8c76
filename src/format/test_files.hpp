#pragma once
// Files and scans for this module's tests.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include "format/source.hpp"

namespace ingot::format::test {

/// A folder that is removed at the end.
class TemporaryFolder {
public:
    TemporaryFolder() {
        static std::atomic<int> counter = 0;
        path_ = std::filesystem::temp_directory_path() /
                fmt::format("ingot-format-{}-{}", ::getpid(), counter++);
        std::filesystem::create_directories(path_);
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string path() const { return path_.string(); }
    InputFile file(const std::string& name, std::string_view bytes) const {
        const std::string path = (path_ / name).string();
        std::ofstream(path, std::ios::binary) << bytes;
        return {.path = path, .name = name};
    }

private:
    std::filesystem::path path_;
};

struct Scanned {
    Schema schema;
    std::vector<ColumnBatch> batches;
    ScanReport report;
    std::vector<Reject> rejects;
    FormatSpec spec;

    std::int64_t rows() const {
        std::int64_t total = 0;
        for (const ColumnBatch& batch : batches) total += batch.rows;
        return total;
    }
};

/// Reads everything with one reader.
inline Result<Scanned> scan(std::vector<InputFile> files, FormatSpec spec,
                            ScanOptions options = {}) {
    INGOT_TRY_ASSIGN(auto source, open_source(std::move(files), std::move(spec), options));
    INGOT_TRY_ASSIGN(auto reader, source->open_reader());
    Scanned result;
    result.schema = source->schema();
    while (true) {
        INGOT_TRY_ASSIGN(auto batch, reader->next());
        if (!batch) break;
        result.batches.push_back(std::move(*batch));
    }
    result.report = source->report();
    result.spec = source->spec();
    INGOT_TRY(source->rejects().for_each([&](const Reject& reject) -> Status {
        result.rejects.push_back(reject);
        return {};
    }));
    return result;
}

inline std::string show(const Column& column, std::int64_t row);

inline std::string show_number(const Column& column, std::int64_t row) {
    switch (column.type.id()) {
        case TypeId::kByte:
            return fmt::format("{}", column.value<std::int8_t>(row));
        case TypeId::kShort:
            return fmt::format("{}", column.value<std::int16_t>(row));
        case TypeId::kInteger:
        case TypeId::kDate:
            return fmt::format("{}", column.value<std::int32_t>(row));
        case TypeId::kFloat:
            return fmt::format("{}", column.value<float>(row));
        case TypeId::kDouble:
            return fmt::format("{}", column.value<double>(row));
        case TypeId::kDecimal:
            return fmt::format("{}", static_cast<std::int64_t>(column.value<Int128>(row)));
        default:
            return fmt::format("{}", column.value<std::int64_t>(row));
    }
}

inline std::string show_children(const Column& column, std::int64_t row) {
    std::string text;
    if (column.type.id() == TypeId::kStruct) {
        for (const Column& child : column.children) {
            text += (text.empty() ? "" : ",") + show(child, row);
        }
        return "{" + text + "}";
    }
    const auto [begin, end] = column.list_range(row);
    for (std::int64_t index = begin; index < end; ++index) {
        text += (text.empty() ? "" : ",") + show(column.children[0], index);
    }
    return "[" + text + "]";
}

/// A value for people: null, true, 12, abc, {1,abc}, [1,2].
inline std::string show(const Column& column, std::int64_t row) {
    if (column.is_null(row)) return "null";
    if (column.type.is_nested()) return show_children(column, row);
    if (column.type.id() == TypeId::kString) return std::string(column.text(row));
    if (column.type.id() == TypeId::kBoolean) return column.boolean(row) ? "true" : "false";
    return show_number(column, row);
}

/// Rows as `a|b|c`.
inline std::vector<std::string> show_rows(const Scanned& scanned) {
    std::vector<std::string> rows;
    for (const ColumnBatch& batch : scanned.batches) {
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            std::string text;
            for (const Column& column : batch.columns) {
                text += (text.empty() ? "" : "|") + show(column, row);
            }
            rows.push_back(std::move(text));
        }
    }
    return rows;
}

inline DataType type_of(std::string_view text) {
    return *parse_data_type(text);
}

inline const std::vector<MetadataColumn> kFileAndLine = {{"_file", MetadataColumn::Kind::kFile},
                                                         {"_line", MetadataColumn::Kind::kLine}};

}  // namespace ingot::format::test

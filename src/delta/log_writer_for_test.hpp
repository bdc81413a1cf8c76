#pragma once
// For tests: a table in memory whose log is written line by line.
#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "delta/commit.hpp"
#include "delta/fake_parquet.hpp"
#include "delta/json_internal.hpp"
#include "delta/snapshot.hpp"
#include "storage/object_store.hpp"

namespace ingot::delta {

inline const std::string kProtocol = R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})";

/// `id long, day date`; types in SQL's spelling.
inline Schema schema_of(const std::string& columns) {
    const auto type = parse_data_type("struct(" + columns + ")");
    EXPECT_TRUE(type) << columns;
    return Schema{type->fields()};
}

inline std::string metadata(const std::string& columns, const std::vector<std::string>& partitions,
                            const std::string& configuration = "") {
    std::string names;
    for (const auto& name : partitions) {
        names += (names.empty() ? "" : ",") + json::quoted(name);
    }
    return fmt::format(
        R"({{"metaData":{{"id":"m","format":{{"provider":"parquet","options":{{}}}},)"
        R"("schemaString":{},"partitionColumns":[{}],"configuration":{{{}}}}}}})",
        json::quoted(schema_to_json(schema_of(columns))), names, configuration);
}

inline std::string add(const std::string& path, const std::string& more = "") {
    return fmt::format(
        R"({{"add":{{"path":{},"partitionValues":{{}},"size":10,"modificationTime":5,)"
        R"("dataChange":true{}{}}}}})",
        json::quoted(path), more.empty() ? "" : ",", more);
}

inline std::string stats(const std::string& text) {
    return "\"stats\":" + json::quoted(text);
}

inline std::string remove(const std::string& path, const std::string& more = "") {
    return fmt::format(R"({{"remove":{{"path":{},"deletionTimestamp":7,"dataChange":true{}{}}}}})",
                       json::quoted(path), more.empty() ? "" : ",", more);
}

inline std::string version_name(int version) {
    return fmt::format("{:020}.json", version);
}

struct TestLog {
    TestLog() {
        static std::atomic<int> next{0};
        auto opened = storage::open_store(fmt::format("memory://delta-test-{}", next++));
        EXPECT_TRUE(opened);
        location = {*opened, "lake/table"};
    }

    void write(int version, const std::vector<std::string>& lines) const {
        const auto status =
            location.store->put(location.object("_delta_log/" + version_name(version)),
                                fmt::format("{}\n", fmt::join(lines, "\n")));
        EXPECT_TRUE(status);
    }

    SnapshotPtr open(std::optional<int> version = std::nullopt) {
        SnapshotRequest request;
        if (version) request.version = TableVersion(*version);
        auto result = open_snapshot(location, parquet, request);
        EXPECT_TRUE(result) << (result ? "" : result.error().to_string());
        return result ? *result : nullptr;
    }

    TableLocation location;
    FakeParquetIo parquet;
};

inline std::vector<std::string> paths(const Snapshot& table, const FileSelection& files) {
    std::vector<std::string> result;
    for (const FileOrdinal file : files) result.emplace_back(table.files().path(file));
    std::sort(result.begin(), result.end());
    return result;
}

inline std::vector<std::string> live_paths(const Snapshot& table) {
    return paths(table, table.files().all());
}

inline std::vector<std::string> selected(const Snapshot& table, const Predicate& predicate) {
    return paths(table, table.files().select(predicate));
}

}  // namespace ingot::delta

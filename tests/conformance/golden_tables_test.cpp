#include "tests/conformance/golden_tables.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "delta/snapshot.hpp"
#include "engine/engine.hpp"
#include "storage/object_store.hpp"

namespace ingot::conformance {
namespace {

using testing::HasSubstr;

/// An engine of its own for each table: an internal error of the SQL engine ends the whole
/// instance.
std::unique_ptr<engine::Engine> open_engine() {
    auto opened = engine::Engine::open({});
    INGOT_CHECK(opened.has_value(), opened ? "" : opened.error().to_string());
    return *std::move(opened);
}

/// One table, as `golden.t`.
class OneTable final : public engine::TableLookup {
public:
    explicit OneTable(delta::SnapshotPtr snapshot) : snapshot_(std::move(snapshot)) {}
    Result<std::optional<engine::Relation>> find(std::string_view layer, std::string_view name,
                                                 std::optional<delta::TableVersion>) override {
        if (layer != "golden" || name != "t") return std::optional<engine::Relation>();
        return std::optional<engine::Relation>(snapshot_);
    }
    std::vector<std::string> names() override { return {"golden.t"}; }

private:
    delta::SnapshotPtr snapshot_;
};

std::string quoted(const std::string& name) {
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + "\"";
}

class Reader {
public:
    explicit Reader(const delta::SnapshotPtr& snapshot) : engine_(open_engine()) {
        auto opened = engine_->session(std::make_shared<OneTable>(snapshot));
        INGOT_CHECK(opened.has_value(), opened ? "" : opened.error().to_string());
        session_ = *std::move(opened);
    }
    /// The one number that the statement returns; -1 with a failure when it does not.
    std::int64_t number(const std::string& sql) {
        const auto batch = session_->query_all({sql, {}});
        if (!batch) {
            ADD_FAILURE() << sql << "\n" << batch.error().to_string();
            return -1;
        }
        return batch->columns.at(0).value<std::int64_t>(0);
    }

private:
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<engine::Session> session_;
};

struct Refusal {
    ErrorCode code;
    std::string message;  ///< A part of it.
};

const std::map<std::string, Refusal>& refusals() {
    static const std::map<std::string, Refusal> kRefusals{
        {"kernel/deltalog-invalid-protocol-version",
         {ErrorCode::kUnsupported, "reader version 99"}},
        {"kernel/deltalog-state-reconstruction-from-checkpoint-missing-metadata",
         {ErrorCode::kCorruptData, "no metaData"}},
        {"kernel/deltalog-state-reconstruction-from-checkpoint-missing-protocol",
         {ErrorCode::kCorruptData, "no protocol"}},
        {"kernel/deltalog-state-reconstruction-without-metadata",
         {ErrorCode::kCorruptData, "no metaData"}},
        {"kernel/deltalog-state-reconstruction-without-protocol",
         {ErrorCode::kCorruptData, "no protocol"}},
        {"kernel/hive", {ErrorCode::kNotFound, "no Delta table"}},
        {"kernel/no-delta-log-folder", {ErrorCode::kNotFound, "no Delta table"}},
        {"kernel/versions-not-contiguous", {ErrorCode::kCorruptData, "version 1 is missing"}},
        {"data/type-widening", {ErrorCode::kUnsupported, "typeWidening"}},
        {"data/type-widening-nested", {ErrorCode::kUnsupported, "typeWidening"}},
        {"data/spark-variant-checkpoint", {ErrorCode::kUnsupported, "variant"}},
        {"data/spark-variant-stable-feature-checkpoint", {ErrorCode::kUnsupported, "variant"}},
        {"data/spark-shredded-variant-preview-delta", {ErrorCode::kUnsupported, "variant"}},
    };
    return kRefusals;
}

/// Tables whose data files are not in the archive: their answer is what the log says.
const std::map<std::string, std::size_t>& files_of_log_only_tables() {
    static const std::map<std::string, std::size_t> kFiles{
        {"data/300k-add-files-100-col-partitioned", 300'000},
        {"data/crc-full", 0},
        {"data/with_checkpoint_no_last_checkpoint", 1},
        {"kernel/canonicalized-paths-normal-a", 0},
        {"kernel/canonicalized-paths-normal-b", 0},
        {"kernel/canonicalized-paths-special-a", 0},
        {"kernel/canonicalized-paths-special-b", 0},
        {"kernel/checkpoint", 1},
        {"kernel/delete-re-add-same-file-different-transactions", 2},
        {"kernel/deltalog-commit-info", 1},
        {"kernel/log-replay-special-characters-b", 1},
        {"kernel/update-deleted-directory", 10},
    };
    return kFiles;
}

/// Facts that the writers' own tests state of tables without expected rows: SQL that counts what
/// is wrong.
const std::map<std::string, std::string>& facts() {
    static const std::map<std::string, std::string> kFacts{
        {"data/table-with-dv-small",
         "SELECT count(*) FROM (SELECT value FROM golden.t EXCEPT ALL SELECT range FROM "
         "range(1, 9)) UNION ALL SELECT 8 - count(*) FROM golden.t ORDER BY 1 DESC"},
        {"data/parsed-stats",
         "SELECT count(*) FROM (SELECT id FROM golden.t EXCEPT ALL SELECT range FROM "
         "range(1, 601))"},
        {"data/timestamp-partitioned-table",
         "SELECT count(*) FILTER (time <> TIMESTAMPTZ '1971-07-22 03:06:40+00' OR id <> 1) + "
         "abs(count(*) - 1) FROM golden.t"},
        {"data/stats-writing-all-types", "SELECT abs(count(*) - 4) FROM golden.t"},
    };
    return kFacts;
}

/// Columns that the archive itself expects wrongly (a time that its writer shifted by its zone).
bool is_expected_wrongly(const std::string& archive, const std::string& column) {
    return archive == "kernel/data-reader-partition-values" && column == "as_timestamp";
}

class GoldenTables : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTables);

void expect_same_rows(const std::string& archive, const delta::SnapshotPtr& snapshot,
                      const std::filesystem::path& expected) {
    std::string columns;
    for (const Field& field : snapshot->schema().fields) {
        if (is_expected_wrongly(archive, field.name)) continue;
        columns += (columns.empty() ? "" : ", ") + quoted(field.name);
    }
    const std::string ours = "SELECT " + columns + " FROM golden.t";
    // Writers leave checksums beside them, whose names end alike but begin with a dot.
    const std::string theirs =
        "SELECT " + columns + " FROM read_parquet('" + expected.string() + "/*.parquet')";
    Reader reader(snapshot);
    EXPECT_EQ(reader.number("SELECT count(*) FROM (" + ours + " EXCEPT ALL " + theirs + ")"), 0)
        << "rows that nobody expects";
    EXPECT_EQ(reader.number("SELECT count(*) FROM (" + theirs + " EXCEPT ALL " + ours + ")"), 0)
        << "expected rows are missing";
}

/// Counts from statistics and from data files must agree.
void expect_consistent(const delta::SnapshotPtr& snapshot) {
    Reader reader(snapshot);
    const std::int64_t rows = reader.number("SELECT count(*) FROM golden.t");
    const auto files = snapshot->files().all();
    std::string first = quoted(snapshot->schema().fields.front().name);
    EXPECT_EQ(reader.number("SELECT count(*) FROM (SELECT " + first + " FROM golden.t) AS x"),
              rows);
    if (const auto counted = snapshot->files().live_rows(files)) {
        EXPECT_EQ(rows, *counted);
    }
}

TEST_P(GoldenTables, ReadsAsItsWriterMeantIt) {
    const std::string& archive = GetParam();
    const GoldenTable golden(archive);
    const auto store = storage::open_store(golden.table().string());
    ASSERT_TRUE(store);
    const auto engine = open_engine();
    const auto snapshot =
        delta::open_snapshot({*store, ""}, engine->parquet(), delta::SnapshotRequest{});
    if (const auto refusal = refusals().find(archive); refusal != refusals().end()) {
        ASSERT_FALSE(snapshot) << "must be refused";
        EXPECT_EQ(snapshot.error().code, refusal->second.code);
        EXPECT_THAT(snapshot.error().to_string(), HasSubstr(refusal->second.message));
        return;
    }
    ASSERT_TRUE(snapshot) << snapshot.error().to_string();
    if (const auto known = files_of_log_only_tables().find(archive);
        known != files_of_log_only_tables().end()) {
        EXPECT_EQ((*snapshot)->files().live_count(), known->second);
        return;
    }
    if (golden.expected()) expect_same_rows(archive, *snapshot, *golden.expected());
    expect_consistent(*snapshot);
    if (const auto fact = facts().find(archive); fact != facts().end()) {
        EXPECT_EQ(Reader(*snapshot).number(fact->second), 0) << fact->second;
    }
}

struct OldVersion {
    std::string archive;
    std::int64_t version;
    std::int64_t rows;
};

class OldVersions : public testing::TestWithParam<OldVersion> {};

TEST_P(OldVersions, AreReadWithTheirOwnSchemaAndFiles) {
    const auto& [archive, version, rows] = GetParam();
    const auto archives = golden_archives();
    if (std::find(archives.begin(), archives.end(), archive) == archives.end()) {
        GTEST_SKIP() << "no golden table " << archive;
    }
    const GoldenTable golden(archive);
    const auto store = storage::open_store(golden.table().string());
    ASSERT_TRUE(store);
    const auto engine = open_engine();
    const auto snapshot = delta::open_snapshot({*store, ""}, engine->parquet(),
                                               {delta::TableVersion(version), {}, nullptr});
    ASSERT_TRUE(snapshot) << snapshot.error().to_string();
    EXPECT_EQ(Reader(*snapshot).number("SELECT count(*) FROM golden.t"), rows);
}

std::string old_version_name(const testing::TestParamInfo<OldVersion>& info) {
    return "Case" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Delta, OldVersions,
                         testing::Values(OldVersion{"kernel/time-travel-partition-changes-b", 0,
                                                    10},
                                         OldVersion{"kernel/time-travel-schema-changes-b", 0, 10},
                                         OldVersion{"kernel/time-travel-start-start20", 0, 10},
                                         OldVersion{"kernel/snapshot-data3", 1, 20},
                                         OldVersion{"kernel/snapshot-data2-deleted", 3, 30}),
                         old_version_name);

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Delta, GoldenTables, testing::ValuesIn(golden_archives()), test_name);

TEST(GoldenData, IsBesideTheRepository) {
    if (golden_archives().empty()) {
        GTEST_SKIP() << "no golden tables at " << INGOT_SHARED_DATA << "/delta-golden";
    }
    EXPECT_GE(golden_archives().size(), 10U);
}

}  // namespace
}  // namespace ingot::conformance

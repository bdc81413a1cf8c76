#include <filesystem>
#include <gmock/gmock.h>

#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::scan;
using test::Scanned;
using test::show_rows;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

FormatSpec json(std::vector<std::string> record_path, std::vector<ColumnSpec> columns) {
    FormatSpec spec;
    spec.kind = JsonFormat{std::move(record_path)};
    spec.columns = std::move(columns);
    return spec;
}

const std::vector<ColumnSpec> kA = {{.name = "a", .type = TypeId::kLong}};

Result<Scanned> read(std::string_view text, FormatSpec spec, ScanOptions options = {}) {
    const TemporaryFolder folder;
    return scan({folder.file("in.json", text)}, std::move(spec), std::move(options));
}

std::vector<std::string> rows_of(std::string_view text, FormatSpec spec) {
    const auto got = read(text, std::move(spec));
    if (!got) return {got.error().to_string()};
    EXPECT_THAT(got->rejects, IsEmpty());
    return show_rows(*got);
}

TEST(Json, ArraysObjectsAndObjectsInARowAreRecords) {
    EXPECT_THAT(rows_of("[{\"a\":1},\n {\"a\":2}\n]\n", json({}, kA)), ElementsAre("1", "2"));
    EXPECT_THAT(rows_of("{\n \"a\": 1\n}\n", json({}, kA)), ElementsAre("1"));
    EXPECT_THAT(rows_of("{\"a\":1}{\"a\":2}\n{\"a\":3}", json({}, kA)), ElementsAre("1", "2", "3"));
    EXPECT_THAT(rows_of("\xEF\xBB\xBF[]", json({}, kA)), IsEmpty());
}

TEST(Json, TheRecordPathLeadsThroughEverythingElse) {
    const std::string text =
        R"({"meta":{"items":[{"a":9}],"s":"]}\"{"},"data":{"n":1,"items":[{"a":1},{"a":2}],"x":[[]]},"z":null})";
    EXPECT_THAT(rows_of(text, json({"data", "items"}, kA)), ElementsAre("1", "2"));
    EXPECT_THAT(rows_of(text + text, json({"data", "items"}, kA)), ElementsAre("1", "2", "1", "2"));
    EXPECT_THAT(rows_of(R"({"one":{"a":5}})", json({"one"}, kA)), ElementsAre("5"));
}

TEST(Json, AMissingOrUnsuitableRecordPathIsAnError) {
    for (const auto& [text, message] : {std::pair(R"({"other":[]})", "no data.items"),
                                        {R"({"data":[]})", "on the way"},
                                        {R"({"data":{"items":null}})", "an array of records"},
                                        {R"([{"a":1}])", "an object"}}) {
        const auto got = read(text, json({"data", "items"}, kA));
        ASSERT_FALSE(got) << text;
        EXPECT_EQ(got.error().code, ErrorCode::kCorruptData);
        EXPECT_THAT(got.error().message, HasSubstr("in.json"));
        EXPECT_THAT(got.error().message + (message == std::string("no data.items") ? message : ""),
                    HasSubstr(message));
    }
}

TEST(Json, ABadRecordInAnArrayIsRejectedAlone) {
    const auto got =
        read("[{\"a\":1}, 7, {\"a\" 2}, {\"a\":\"x\"}, \"s\", {\"a\":\"\xFF\"}, [1], {\"a\":3}]",
             json({}, kA), {.metadata = {{"_line", MetadataColumn::Kind::kLine}}});
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_THAT(show_rows(*got), ElementsAre("1|1", "3|8"));
    ASSERT_EQ(got->rejects.size(), 6U);
    EXPECT_EQ(got->rejects[0].raw, "7");
    EXPECT_EQ(got->rejects[0].byte_offset, 10);
    EXPECT_EQ(got->rejects[1].reason, "invalid JSON");
    EXPECT_EQ(got->rejects[1].line, 3);
    EXPECT_EQ(got->rejects[4].reason, "invalid UTF-8");
    EXPECT_EQ(got->report.records(), 8);
}

TEST(Json, ADocumentThatIsCutOffIsTheFilesError) {
    for (const std::string text : {"[{\"a\":1},{\"a\":2", "[{\"a\":1},", "[{\"a\":1} {\"a\":2}]",
                                   "[{\"a\":1},]", "nonsense", "[{\"a\":1}] x"}) {
        const auto failed = read(text, json({}, kA));
        ASSERT_FALSE(failed) << text;
        EXPECT_EQ(failed.error().code, ErrorCode::kCorruptData);
        EXPECT_THAT(failed.error().message, HasSubstr("byte"));
    }
    const auto kept =
        read("[{\"a\":1},{\"a\":2", json({}, kA), {.on_file_error = OnFileError::kReport});
    ASSERT_TRUE(kept);
    EXPECT_THAT(show_rows(*kept), ElementsAre("1"));
    ASSERT_EQ(kept->rejects.size(), 1U);
    EXPECT_EQ(kept->rejects[0].reason, "cut off");
    EXPECT_EQ(kept->rejects[0].line, 2);
    EXPECT_TRUE(kept->report.files[0].error);
    EXPECT_FALSE(kept->report.files[0].complete);
    EXPECT_EQ(kept->report.records(), 2);
}

TEST(Json, LargeDocumentsAreReadInBlocks) {
    std::string text = "{\"skip\":\"" + std::string(3'000'000, 's') + "\",\"items\":[";
    for (int row = 0; row < 30'000; ++row) {
        text += fmt::format("{}{{\"a\":{},\"pad\":\"{}\"}}", row == 0 ? "" : ",\n", row,
                            std::string(static_cast<std::size_t>(row % 97), '}'));
    }
    text += "],\"after\":{}}";
    const auto got =
        read(text, json({"items"}, {{.name = "a", .type = TypeId::kLong}, {.name = "pad"}}));
    ASSERT_TRUE(got) << got.error().to_string();
    std::int64_t expected = 0;
    for (const ColumnBatch& batch : got->batches) {
        for (std::int64_t row = 0; row < batch.rows; ++row, ++expected) {
            ASSERT_EQ(batch.columns[0].value<std::int64_t>(row), expected);
            ASSERT_EQ(batch.columns[1].text(row).size(), expected % 97);
        }
    }
    EXPECT_EQ(expected, 30'000);
    EXPECT_EQ(got->report.files[0].bytes, static_cast<std::int64_t>(text.size()));
}

struct Sample {
    const char* file;
    std::vector<std::string> path;
    std::int64_t good;
    std::int64_t rejected;
};

TEST(JsonOnRealData, InferredColumnsHoldEveryRecord) {
    const std::vector<Sample> samples = {
        {"procurement/decp-2019-marches-publics.info.json", {"marches"}, 4509, 0},
        {"jobs/remoteok-api-2026-06-14.json", {}, 101, 0},
        {"jobs/greenhouse-catawiki-with-content.json", {"jobs"}, 50, 0},
        {"jobs/ats-all-jobs-2026-01-06.json.gz", {}, 111'132, 0},
        {"commerce/customers.json", {}, 1000, 0},
        {"commerce/products.json", {}, 2000, 0},
        {"commerce/user_events_1767940385.json", {}, 602, 0},
        {"commerce/transaction_events_1767941022.json", {}, 637, 0},
        {"airquality/testdata2.json", {}, 525, 0},
        {"gharchive/api-github_events.json", {}, 30, 0},
        {"gharchive/one-event-pretty.json", {}, 1, 0},
        {"gharchive/2012-04-11-15.json.gz", {}, 5712, 0},
        {"other/wikiticker-2015-09-12-sampled.json.gz", {}, 39'244, 0},
        {"keywords/greenhouse_companies.json", {}, 0, 167},
    };
    for (const Sample& sample : samples) {
        const std::string path = std::string(INGOT_SHARED_DATA) + "/" + sample.file;
        if (!std::filesystem::exists(path)) GTEST_SKIP() << "no sample data at " << path;
        FormatSpec spec = json(sample.path, {});
        auto got = scan({{.path = path}}, spec);
        ASSERT_TRUE(got) << got.error().to_string();
        if (!got->report.surprises.empty()) {
            const auto wider = widened(got->spec, got->report.surprises);
            ASSERT_TRUE(wider) << sample.file << ": " << wider.error().to_string();
            got = scan({{.path = path}}, *wider);
            ASSERT_TRUE(got) << got.error().to_string();
        }
        EXPECT_THAT(got->report.surprises, IsEmpty()) << sample.file;
        EXPECT_EQ(got->rows(), sample.good) << sample.file;
        EXPECT_EQ(got->report.rejected(), sample.rejected) << sample.file;
    }
}

}  // namespace
}  // namespace ingot::format

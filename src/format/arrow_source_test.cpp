#include <gmock/gmock.h>

#include "format/arrow_stream.hpp"
#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::kFileAndLine;
using test::scan;
using test::show_rows;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string stream(const char* second_column, const std::vector<std::int64_t>& values) {
    BatchBuilder rows(
        Schema{{{"n", TypeId::kLong, true, {}}, {second_column, TypeId::kString, true, {}}}});
    for (const std::int64_t value : values) {
        rows.column(0).append_integer(value);
        rows.column(1).append_text("t" + std::to_string(value));
    }
    std::string bytes;
    auto writer = ArrowStreamWriter::open(rows.schema(), [&](std::string_view part) {
        bytes += part;
        return Status();
    });
    EXPECT_TRUE((*writer)->write(rows.finish()));
    EXPECT_TRUE((*writer)->finish());
    return bytes;
}

FormatSpec arrow(UnknownFields unknown, std::vector<ColumnSpec> columns) {
    FormatSpec spec;
    spec.kind = ArrowFormat{};
    spec.unknown_fields = unknown;
    spec.columns = std::move(columns);
    return spec;
}

TEST(ArrowSource, FilesGiveTheirRowsWithFileAndNumber) {
    const TemporaryFolder folder;
    ScanOptions options;
    options.metadata = kFileAndLine;
    const auto scanned =
        scan({folder.file("a", stream("t", {1, 2})), folder.file("b", stream("t", {3}))},
             arrow(UnknownFields::kAdd, {}), options);
    ASSERT_TRUE(scanned) << scanned.error().to_string();
    EXPECT_THAT(show_rows(*scanned), ElementsAre("1|t1|a|1", "2|t2|a|2", "3|t3|b|1"));
    EXPECT_EQ(scanned->report.records(), 3);
    EXPECT_EQ(scanned->report.files[0].good, 2);
    EXPECT_TRUE(scanned->report.files[1].complete);
}

TEST(ArrowSource, DeclaredColumnsComeFirstUnderTheirNames) {
    const TemporaryFolder folder;
    const auto scanned = scan({folder.file("a", stream("t", {1}))},
                              arrow(UnknownFields::kIgnore,
                                    {{.name = "label", .type = TypeId::kString, .source = {"T"}}}));
    ASSERT_TRUE(scanned) << scanned.error().to_string();
    EXPECT_THAT(show_rows(*scanned), ElementsAre("t1"));
    EXPECT_EQ(scanned->schema.fields[0].name, "label");
}

TEST(ArrowSource, AColumnThatIsMissingOrNotDeclaredIsAnError) {
    const TemporaryFolder folder;
    const auto missing = scan({folder.file("a", stream("t", {1}))},
                              arrow(UnknownFields::kIgnore, {{.name = "label"}}));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message,
              "a: the stream has no column 'label'; its columns are: n, t");
    const auto more = scan({folder.file("a", stream("t", {1}))},
                           arrow(UnknownFields::kFail, {{.name = "n", .type = TypeId::kLong}}));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().message, "a: the stream has a column 't', which is not declared");
}

TEST(ArrowSource, AllFilesHaveTheColumnsOfTheFirst) {
    const TemporaryFolder folder;
    const auto scanned =
        scan({folder.file("a", stream("t", {1})), folder.file("b", stream("u", {2}))},
             arrow(UnknownFields::kAdd, {}));
    ASSERT_FALSE(scanned);
    EXPECT_THAT(scanned.error().message, HasSubstr("b: its columns are not those of a"));
}

TEST(ArrowSource, DamageIsTheErrorOfTheFile) {
    const TemporaryFolder folder;
    const std::string whole = stream("t", {1});
    ScanOptions options;
    options.on_file_error = OnFileError::kReport;
    const auto scanned =
        scan({folder.file("a", whole), folder.file("b", whole.substr(0, whole.size() / 2))},
             arrow(UnknownFields::kAdd, {}), options);
    ASSERT_TRUE(scanned) << scanned.error().to_string();
    EXPECT_THAT(show_rows(*scanned), ElementsAre("1|t1"));
    EXPECT_FALSE(scanned->report.files[1].complete);
    EXPECT_THAT(scanned->report.files[1].error->message, HasSubstr("b: the Arrow stream is cut"));
}

}  // namespace
}  // namespace ingot::format

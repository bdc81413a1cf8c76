#include <filesystem>
#include <gmock/gmock.h>

#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::scan;
using test::Scanned;
using test::show_rows;
using test::TemporaryFolder;
using test::type_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

FormatSpec csv(std::vector<ColumnSpec> columns, CsvFormat format = {}) {
    FormatSpec spec;
    spec.kind = format;
    spec.columns = std::move(columns);
    return spec;
}

Scanned read(std::string_view text, FormatSpec spec, ScanOptions options = {}) {
    const TemporaryFolder folder;
    auto result = scan({folder.file("in.csv", text)}, std::move(spec), std::move(options));
    EXPECT_TRUE(result) << (result ? "" : result.error().to_string());
    return result ? *std::move(result) : Scanned{};
}

const std::vector<ColumnSpec> kAB = {{.name = "a"}, {.name = "b"}};
const ScanOptions kLines = {.metadata = {{"_line", MetadataColumn::Kind::kLine}}};

TEST(Csv, QuotesHoldDelimitersBreaksAndQuotes) {
    const Scanned got =
        read("a,b\r\n\"x,\"\"1\"\"\",\"two\r\nlines\"\r\n\r\n,\"\"\r\nlast,end", csv(kAB), kLines);
    EXPECT_THAT(show_rows(got), ElementsAre("x,\"1\"|two\r\nlines|2", "null||5", "last|end|6"));
}

TEST(Csv, HeaderBlanksAndByteOrderMarkAreTrimmedAndNamesMatchAnyCase) {
    const Scanned got =
        read("\xEF\xBB\xBF Code ; Label \n1;x\n",
             csv({{.name = "label", .source = {"Label"}}, {.name = "code", .type = TypeId::kLong}},
                 {.delimiter = ';'}));
    EXPECT_THAT(show_rows(got), ElementsAre("x|1"));
    EXPECT_THAT(got.report.surprises, IsEmpty());
}

TEST(Csv, WithoutHeaderColumnsGoByPosition) {
    EXPECT_THAT(show_rows(read("1,x\n2,y\n", csv(kAB, {.header = false}))),
                ElementsAre("1|x", "2|y"));
    EXPECT_THAT(show_rows(read("\xEF\xBB\xBF"
                               "1,x\n",
                               csv({{.name = "second", .source = {"2"}}}, {.header = false}))),
                ElementsAre("x"));
}

TEST(Csv, ForeignEscapesAndNullTexts) {
    const CsvFormat format{.escape = '\\', .null_text = "NA"};
    EXPECT_THAT(show_rows(read("a,b\n\"x \\\"y\\\" \\\\ \\n\",NA\n\"NA\",z\n", csv(kAB, format))),
                ElementsAre("x \"y\" \\ \\n|null", "NA|z"));
}

TEST(Csv, ValuesAreConvertedExactlyOrRejected) {
    const Scanned got = read(
        "n,d,t,b,j\n1,1.50,2015-01-01T15:00:08Z,TRUE,\"{\"\"x\"\":1}\"\n,,,,\n007,1,,,\n1,x,,,\n"
        "1,2,yesterday,,\n1,2,,maybe,\n1,2,,,{\n",
        csv({{.name = "n", .type = TypeId::kLong},
             {.name = "d", .type = type_of("decimal(5,2)")},
             {.name = "t", .type = TypeId::kTimestamp},
             {.name = "b", .type = TypeId::kBoolean},
             {.name = "j", .is_json = true}}));
    EXPECT_THAT(show_rows(got),
                ElementsAre("1|150|1420124408000000|true|{\"x\":1}", "null|null|null|null|null"));
    EXPECT_EQ(got.report.rejects_by_reason.at("bad value"), 5);
    EXPECT_EQ(got.rejects[0].line, 4);
    EXPECT_EQ(got.rejects[0].raw, "007,1,,,");
}

TEST(Csv, BadRecordsAreRejectedWithTheirReason) {
    const Scanned got =
        read("a,b\n1\n1,2,3\n\"x\"y,2\n\xFF,2\nok,ok\n\"open,2\nrest,3\n", csv(kAB), kLines);
    EXPECT_THAT(show_rows(got), ElementsAre("ok|ok|6"));
    std::vector<std::string> found;
    for (const Reject& reject : got.rejects) {
        found.push_back(fmt::format("{}: {}", reject.line, reject.reason));
    }
    EXPECT_THAT(found, ElementsAre("2: wrong number of fields", "3: wrong number of fields",
                                   "4: invalid CSV", "5: invalid UTF-8", "7: invalid CSV"));
    EXPECT_EQ(got.report.records(), 6);
}

TEST(Csv, UnknownFieldsFollowTheSpec) {
    const std::string text = "a,b,c\n1,2,3\n4,5,\n";
    const Scanned added = read(text, csv(kAB));
    ASSERT_EQ(added.report.surprises.size(), 1U);
    EXPECT_EQ(added.report.surprises[0].type, DataType(TypeId::kLong));
    EXPECT_EQ(added.report.surprises[0].count, 1);
    const auto wider = widened(added.spec, added.report.surprises);
    ASSERT_TRUE(wider);
    EXPECT_THAT(show_rows(read(text, *wider)), ElementsAre("1|2|3", "4|5|null"));
    FormatSpec reject = csv(kAB);
    reject.unknown_fields = UnknownFields::kReject;
    EXPECT_EQ(read(text, reject).report.rejects_by_reason.at("unknown field"), 2);
}

TEST(Csv, AFirstLineThatNamesNoColumnIsNoHeader) {
    const Scanned got = read("1,x\n2,y\n", csv(kAB));
    EXPECT_EQ(got.rows(), 0);
    ASSERT_EQ(got.rejects.size(), 1U);
    EXPECT_EQ(got.rejects[0].reason, "invalid CSV");
    EXPECT_THAT(got.rejects[0].detail, HasSubstr("names no column of the table: 1, x; "));
    EXPECT_THAT(show_rows(read("b,other\nx,1\n", csv(kAB))), ElementsAre("null|x"))
        << "a file may lack a column";
}

TEST(Csv, LinesThatEndWithACarriageReturnAloneAreAnErrorOfTheFile) {
    const TemporaryFolder folder;
    const auto failed = scan({folder.file("in.csv", "a,b\r1,x\r2,y\r")}, csv(kAB));
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message,
                HasSubstr("in.csv: the header at byte 0: lines end with a carriage return alone"));
    EXPECT_THAT(show_rows(read("a,\"b\r\"\n1,x\n", csv(kAB))), ElementsAre("1|x"));
}

TEST(Csv, AColumnThatStandsTwiceIsNotGuessed) {
    const Scanned got = read("a,b,A\n1,2,3\n", csv(kAB));
    EXPECT_EQ(got.rows(), 0);
    EXPECT_EQ(got.rejects[0].reason, "duplicate key");
}

TEST(Csv, InferredColumnsWidenWhenALaterValueDoesNotFit) {
    std::string text = "id,code,x\n";
    for (int row = 0; row < 30; ++row) text += fmt::format("{},0{},1.5\n", row, row);
    text += "late,99,\n";
    FormatSpec spec = csv({});
    spec.sample_records = 10;
    const Scanned got = read(text, spec);
    EXPECT_EQ(got.schema.fields[0].type, DataType(TypeId::kLong));
    EXPECT_EQ(got.schema.fields[1].type, DataType(TypeId::kString)) << "zeros in front must stay";
    EXPECT_EQ(got.schema.fields[2].type, DataType(TypeId::kDouble));
    ASSERT_EQ(got.report.surprises.size(), 1U);
    const auto wider = widened(got.spec, got.report.surprises);
    ASSERT_TRUE(wider);
    const Scanned again = read(text, *wider);
    EXPECT_THAT(again.report.surprises, IsEmpty());
    EXPECT_EQ(show_rows(again)[30], "late|99|null");
}

TEST(Csv, RecordsAcrossBlocksKeepTheirLines) {
    std::string text = "a,b\n";
    for (int row = 0; row < 50'000; ++row) {
        text += fmt::format("{},\"first line\nsecond, {}\"\n", row, row);
    }
    const Scanned got =
        read(text, csv({{.name = "a", .type = TypeId::kLong}, {.name = "b"}}), kLines);
    ASSERT_EQ(got.rows(), 50'000);
    std::int64_t expected = 0;
    for (const ColumnBatch& batch : got.batches) {
        for (std::int64_t row = 0; row < batch.rows; ++row, ++expected) {
            ASSERT_EQ(batch.columns[0].value<std::int64_t>(row), expected);
            ASSERT_EQ(batch.columns[2].value<std::int64_t>(row), 2 + expected * 2);
        }
    }
}

TEST(Csv, SpecsThatCannotWorkAreRefused) {
    EXPECT_FALSE(validate(csv(kAB, {.delimiter = '"'})));
    EXPECT_FALSE(validate(csv({{.name = "a"}, {.name = "A"}})));
    EXPECT_FALSE(validate(csv({{.name = "a", .type = type_of("struct(x bigint)")}})));
    FormatSpec zone = csv(kAB);
    zone.time_zone = "Mars/Olympus";
    EXPECT_FALSE(validate(zone));
    FormatSpec parquet;
    parquet.kind = ParquetFormat{};
    EXPECT_EQ(validate(parquet).error().code, ErrorCode::kUnsupported);
}

TEST(CsvOnRealData, TheFrenchNomenclatureHas1728RowsOf2Columns) {
    const std::string path =
        std::string(INGOT_SHARED_DATA) + "/procurement/int_courts_naf_rev_2.csv";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no sample data at " << path;
    const auto got = scan({{.path = path}}, csv({}, {.delimiter = ';'}));
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->rows(), 1728);
    ASSERT_EQ(got->schema.fields.size(), 2U);
    EXPECT_EQ(got->schema.fields[0].name, "Code");
    EXPECT_EQ(got->schema.fields[1].name, "Intitulés de la  NAF rév. 2, version finale");
    EXPECT_THAT(got->rejects, IsEmpty());
    EXPECT_THAT(got->report.surprises, IsEmpty());
}

}  // namespace
}  // namespace ingot::format

#include "format/arrow_stream.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <iterator>

#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::show;
using test::type_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ArrowStreamReader::Input bytes_of(std::string text) {
    return [text = std::move(text),
            at = std::size_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(into.size(), text.size() - at);
        std::memcpy(into.data(), text.data() + at, count);
        at += count;
        return count;
    };
}

std::string written(const std::vector<ColumnBatch>& batches) {
    std::string bytes;
    auto writer = ArrowStreamWriter::open(batches.front().schema, [&](std::string_view part) {
        bytes += part;
        return Status();
    });
    EXPECT_TRUE(writer) << writer.error().to_string();
    for (const ColumnBatch& batch : batches) {
        const Status done = (*writer)->write(batch);
        EXPECT_TRUE(done) << done.error().to_string();
    }
    EXPECT_TRUE((*writer)->finish());
    return bytes;
}

/// Rows as `a|b|c`; the last one is the error, when there is one.
std::vector<std::string> rows_of(const std::string& bytes) {
    auto reader = ArrowStreamReader::open(bytes_of(bytes), "in.arrows");
    if (!reader) return {reader.error().to_string()};
    std::vector<std::string> rows;
    while (true) {
        auto batch = (*reader)->next();
        if (!batch) {
            rows.push_back(batch.error().to_string());
            return rows;
        }
        if (!*batch) return rows;
        for (std::int64_t row = 0; row < (*batch)->rows; ++row) {
            std::string text;
            for (const Column& column : (*batch)->columns)
                text += (text.empty() ? "" : "|") + show(column, row);
            rows.push_back(std::move(text));
        }
    }
}

std::string seed(const std::string& name) {
    std::ifstream file(std::string(INGOT_ARROW_SEEDS) + "/" + name, std::ios::binary);
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

ColumnBatch every_type() {
    Schema schema;
    const auto add = [&](const char* name, DataType type) {
        schema.fields.push_back(Field{name, std::move(type), true, {}});
    };
    add("nothing", TypeId::kVoid);
    add("yes", TypeId::kBoolean);
    add("tiny", TypeId::kByte);
    add("small", TypeId::kShort);
    add("middle", TypeId::kInteger);
    add("large", TypeId::kLong);
    add("single", TypeId::kFloat);
    add("twice", TypeId::kDouble);
    add("money", DataType::decimal(38, 2));
    add("word", TypeId::kString);
    add("raw", TypeId::kBinary);
    add("day", TypeId::kDate);
    add("moment", TypeId::kTimestamp);
    add("clock", TypeId::kTimestampNtz);
    add("person", type_of("struct<id:long,name:string>"));
    add("list", type_of("array<integer>"));
    add("lookup", type_of("map<string,long>"));
    BatchBuilder rows(schema);
    for (std::int64_t row = 0; row < 3; ++row) {
        rows.column(0).append_null();
        rows.column(1).append_boolean(row == 0);
        for (std::size_t i = 2; i <= 5; ++i) rows.column(i).append_integer(-5 + row);
        rows.column(6).append_double(1.5);
        rows.column(7).append_double(-2.25);
        rows.column(8).append_decimal(-12345 - row);
        rows.column(9).append_text(row == 1 ? "" : "wörd");
        rows.column(10).append_text(std::string_view("\0\xFF", 2));
        for (std::size_t i = 11; i <= 13; ++i) rows.column(i).append_integer(row - 1);
        rows.column(14).child(0).append_integer(row);
        rows.column(14).child(1).append_text("n");
        rows.column(14).append_struct();
        for (std::int64_t i = 0; i < row; ++i) rows.column(15).child(0).append_integer(i);
        rows.column(15).append_list();
        for (std::int64_t i = 0; i < row; ++i) {
            rows.column(16).child(0).child(0).append_text("k" + std::to_string(i));
            rows.column(16).child(0).child(1).append_integer(i);
            rows.column(16).child(0).append_struct();
        }
        rows.column(16).append_list();
    }
    for (std::size_t i = 0; i < schema.fields.size(); ++i) rows.column(i).append_null();
    return rows.finish();
}

TEST(ArrowStream, EveryTypeComesBackAsItWas) {
    const ColumnBatch batch = every_type();
    const auto reader = ArrowStreamReader::open(bytes_of(written({batch})), "in");
    ASSERT_TRUE(reader) << reader.error().to_string();
    EXPECT_EQ(DataType::structure((*reader)->schema().fields).to_string(),
              DataType::structure(batch.schema.fields).to_string());
    auto again = (*reader)->next();
    ASSERT_TRUE(again && *again) << again.error().to_string();
    ASSERT_EQ((*again)->rows, batch.rows);
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
        EXPECT_EQ((*again)->columns[i].null_count, batch.columns[i].null_count);
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            if (batch.columns[i].type.id() == TypeId::kBinary && !batch.columns[i].is_null(row)) {
                EXPECT_EQ((*again)->columns[i].text(row), batch.columns[i].text(row));
            } else if (batch.columns[i].type.id() != TypeId::kBinary) {
                EXPECT_EQ(show((*again)->columns[i], row), show(batch.columns[i], row))
                    << batch.schema.fields[i].name << " " << row;
            }
        }
    }
}

ColumnBatch numbers(std::int64_t from, std::int64_t count) {
    BatchBuilder rows(Schema{{{"n", TypeId::kLong, true, {}}, {"t", TypeId::kString, true, {}}}});
    for (std::int64_t i = from; i < from + count; ++i) {
        rows.column(0).append_integer(i);
        rows.column(1).append_text("text " + std::to_string(i));
    }
    return rows.finish();
}

TEST(ArrowStream, LargeBatchesOfTheWriterAreReadInPieces) {
    auto reader = ArrowStreamReader::open(
        bytes_of(written({numbers(0, 5000), numbers(5000, 0), numbers(5000, 1)})), "in");
    ASSERT_TRUE(reader);
    std::int64_t rows = 0;
    while (true) {
        const auto batch = (*reader)->next();
        ASSERT_TRUE(batch) << batch.error().to_string();
        if (!*batch) break;
        EXPECT_LE((*batch)->rows, BatchBuilder::kBatchRows);
        EXPECT_EQ((*batch)->columns[0].value<std::int64_t>(0), rows);
        rows += (*batch)->rows;
    }
    EXPECT_EQ(rows, 5001);
}

TEST(ArrowStream, TheErrorOfTheOutputIsThatOfTheWriter) {
    const auto writer = ArrowStreamWriter::open(numbers(0, 1).schema, [](std::string_view) {
        return Status(make_error(ErrorCode::kIo, "the pipe broke"));
    });
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::kIo);
    EXPECT_EQ(writer.error().message, "the pipe broke");
}

TEST(ArrowStream, WhatOtherWritersKnowIsReadAsTypesOfOurs) {
    EXPECT_THAT(rows_of(seed("dictionary")), ElementsAre("red|1", "null|2", "blue|3", "red|4"));
    EXPECT_THAT(rows_of(seed("replaced_dictionary")), ElementsAre("a", "b", "c", "a"));
    EXPECT_THAT(rows_of(seed("zstd")), ElementsAre("1|x", "2|x", "3|x"));
    // uint8, uint16, uint32, uint64, half float, decimal64, date64, timestamps in s, ms and ns with
    // and without zone, fixed binary, large list, fixed list, large text.
    EXPECT_THAT(rows_of(seed("foreign")),
                ElementsAre("255|65535|4294967295|-1|0.5|12345|18262|1577836800000000|"
                            "1577836800123000|1577836800123456|-1|[1,2]|[3,4]|large",
                            "null|null|null|null|null|null|null|null|null|null|null|null|null|"
                            "null"));
}

TEST(ArrowStream, ATypeWithoutAPlaceInATableIsRefusedByNameOfItsColumn) {
    EXPECT_THAT(
        rows_of(seed("time_of_day")),
        ElementsAre(HasSubstr("in.arrows: column 'at.time' has the Arrow type time64('us'), "
                              "which a table has no type for: cast it to a number or a "
                              "text")));
    EXPECT_THAT(rows_of(seed("views")),
                ElementsAre(HasSubstr("in.arrows: Utf8View not yet supported")));
    EXPECT_THAT(rows_of(seed("wide_decimal")),
                ElementsAre(HasSubstr("column 'd' is a decimal of 256 bits with precision 50")));
}

TEST(ArrowStream, ADictionaryHasTheShapeOfItsTypeAndIsNotPacked) {
    EXPECT_THAT(rows_of(seed("dictionary_without_nodes")),
                ElementsAre(HasSubstr("a dictionary is not of its type")));
    EXPECT_THAT(rows_of(seed("packed_dictionary")),
                ElementsAre(HasSubstr("dictionaries that are packed are not read yet")));
}

TEST(ArrowStream, AnythingElseIsNoStream) {
    EXPECT_THAT(rows_of(""), ElementsAre(HasSubstr("in.arrows: it is empty")));
    EXPECT_THAT(rows_of("hello\n" + written({numbers(0, 1)})),
                ElementsAre(HasSubstr("in.arrows: no Arrow stream at byte 0: there must be nothing "
                                      "but the stream")));
    EXPECT_THAT(rows_of("ok\n"), ElementsAre(HasSubstr("no Arrow stream at byte 0")));
    EXPECT_THAT(rows_of(written({numbers(0, 1)}).substr(0, 4)),
                ElementsAre(HasSubstr("the Arrow stream is cut off at byte 4")));
}

TEST(ArrowStream, TextThatIsNotUtf8IsRefusedWithItsRow) {
    std::string bytes = written({numbers(0, 3)});
    bytes[bytes.rfind("text 1")] = '\xFF';
    EXPECT_THAT(rows_of(bytes),
                ElementsAre(HasSubstr("in.arrows: row 2, column 't': the text '\\xFFext 1' is not "
                                      "UTF-8")));
}

TEST(ArrowStream, CutOffAnywhereItGivesAnErrorOrWholeBatches) {
    const std::string whole = written({numbers(0, 3), numbers(3, 3)});
    const std::size_t rows = rows_of(whole).size();
    ASSERT_EQ(rows, 6U);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::vector<std::string> got = rows_of(whole.substr(0, size));
        const bool whole_batches = got.size() % 3 == 0 && (got.empty() || got[0] == "0|text 0");
        EXPECT_TRUE(whole_batches || got.back().find("in.arrows: ") != std::string::npos)
            << size << " " << got.back();
    }
}

TEST(ArrowStream, NoDamagedByteCrashesTheReader) {
    const std::string whole = written({every_type()});
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char damage : {'\0', '\x7F', '\xFF'}) {
            std::string bytes = whole;
            bytes[at] = damage;
            rows_of(bytes);
        }
    }
}

}  // namespace
}  // namespace ingot::format

#include "cli/output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/sql_shell.hpp"

namespace ingot::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Column strings(const std::vector<std::string>& values) {
    ColumnBuilder builder{DataType(TypeId::kString)};
    for (const std::string& value : values) builder.append_text(value);
    return builder.finish();
}

TEST(Output, CsvQuotesWhatWouldBreakTheLine) {
    EXPECT_EQ(csv_field("plain"), "plain");
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
    EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(Output, CsvTellsAnEmptyTextFromNothing) {
    EXPECT_EQ(csv_field(""), "\"\"");
}

TEST(Output, JsonEscapesTextAndReplacesBytesThatAreNoUtf8) {
    EXPECT_EQ(json_text("a\"b\\\n"), R"("a\"b\\\n")");
    EXPECT_EQ(json_text("é"), "\"é\"");
    EXPECT_EQ(json_text("\xff"), "\"\xEF\xBF\xBD\"");
}

TEST(Output, ATextValueIsAJsonString) {
    EXPECT_EQ(value_json(strings({"it's \"x\""}), 0), R"("it's \"x\"")");
}

TEST(Output, ANestedValueIsJsonInEveryFormat) {
    const Result<DataType> type = parse_data_type("struct(name string, tags array(string))");
    ASSERT_TRUE(type);
    ColumnBuilder builder(*type);
    builder.child(0).append_text("a\"b");
    builder.child(1).child(0).append_text("x,y");
    builder.child(1).child(0).append_null();
    builder.child(1).append_list();
    builder.append_struct();
    const Column column = builder.finish();
    const std::string json = R"({"name":"a\"b","tags":["x,y",null]})";
    EXPECT_EQ(value_json(column, 0), json);
    EXPECT_EQ(csv_field(value_text(column, 0)),
              R"("{""name"":""a\""b"",""tags"":[""x,y"",null]}")");
}

TEST(Output, ColumnsAreAsWideAsTheirWidestCellInCharacters) {
    TextTable table({"name", "n"});
    table.align_right(1);
    table.add({"Zoë", "7"});
    table.add({"Al", "1000"});
    EXPECT_EQ(table.to_string(),
              "name     n\n"
              "────  ────\n"
              "Zoë      7\n"
              "Al    1000\n");
}

TEST(Output, LongCellsAreCutToTheTerminalWithoutSplittingACharacter) {
    TextTable table({"text"});
    table.add({"ééééééééééééééé"});
    EXPECT_THAT(table.to_string(10), HasSubstr("ééééééééé…\n"));
    EXPECT_THAT(table.to_string(10), Not(HasSubstr("éééééééééé")));
}

TEST(Output, ControlCharactersDoNotReachTheTerminal) {
    TextTable table({"text"});
    table.add({"a\x1b[31mb\nc"});
    EXPECT_THAT(table.to_string(), HasSubstr("a [31mb c\n"));
}

TEST(Output, NumbersAreGroupedByThousands) {
    EXPECT_EQ(with_thousands(0), "0");
    EXPECT_EQ(with_thousands(1234567), "1,234,567");
    EXPECT_EQ(with_thousands(-123456), "-123,456");
}

TEST(Output, BytesAreShownInTheUnitThatFits) {
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(1536), "1.5 KiB");
}

TEST(SqlShell, AStatementEndsWithASemicolonOutsideOfQuotesAndComments) {
    EXPECT_TRUE(is_complete_statement("select 1;\n"));
    EXPECT_TRUE(is_complete_statement("select 1; -- done\n"));
    EXPECT_FALSE(is_complete_statement("select ';"));
    EXPECT_FALSE(is_complete_statement("select 1 -- ;\n"));
    EXPECT_FALSE(is_complete_statement("select 1; select 2"));
}

}  // namespace
}  // namespace ingot::cli

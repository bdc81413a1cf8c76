#include "base/data_type.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot {
namespace {

using testing::HasSubstr;

DataType parsed(std::string_view text) {
    Result<DataType> type = parse_data_type(text);
    EXPECT_TRUE(type) << type.error().to_string();
    return type ? *type : DataType();
}

TEST(DataType, SqlAndDeltaSpellingsMeanTheSame) {
    EXPECT_EQ(parsed("BIGINT"), parsed("long"));
    EXPECT_EQ(parsed("struct(id bigint, name varchar)"), parsed("STRUCT<id: long, name: string>"));
    EXPECT_EQ(parsed("varchar[]"), parsed("array<string>"));
    EXPECT_EQ(parsed("map(varchar, decimal(10, 2))"), parsed("map<string,decimal(10,2)>"));
    EXPECT_EQ(parsed("json"), DataType(TypeId::kString));
    EXPECT_TRUE(parsed("json").is_json());
    EXPECT_FALSE(parsed("varchar").is_json());
}

TEST(DataType, SqlTimestampHasNoZoneAndTimestamptzIsAnInstant) {
    EXPECT_EQ(parsed("timestamp").id(), TypeId::kTimestampNtz);
    EXPECT_EQ(parsed("timestamptz").id(), TypeId::kTimestamp);
    EXPECT_EQ(parsed("timestamp with time zone").id(), TypeId::kTimestamp);
}

TEST(DataType, TextRoundTripsThroughItsSqlName) {
    for (const char* text :
         {"boolean", "decimal(38,10)", "timestamptz", "struct(\"odd \"\"name\" date[], b blob)",
          "map(varchar, struct(a tinyint))", "float[][]"}) {
        const DataType type = parsed(text);
        EXPECT_EQ(parsed(sql_type_name(type)), type) << text;
    }
}

TEST(DataType, ErrorsNameTheOffendingPart) {
    const auto message = [](std::string_view text) {
        const Result<DataType> type = parse_data_type(text);
        EXPECT_FALSE(type) << text;
        return type ? std::string() : type.error().message;
    };
    EXPECT_THAT(message("bigintt"), HasSubstr("unknown type 'bigintt'"));
    EXPECT_THAT(message("struct(a bigint"), HasSubstr("expected ',' or the end of the struct"));
    EXPECT_THAT(message("struct(a bigint, A date)"), HasSubstr("names the member 'A' twice"));
    EXPECT_THAT(message("decimal(40,2)"), HasSubstr("precision must be 1 to 38"));
    EXPECT_THAT(message("bigint bigint"), HasSubstr("expected the end of the type at character 8"));
    EXPECT_THAT(message(""), HasSubstr("expected a type name"));
    EXPECT_THAT(message(std::string(5000, '(')), HasSubstr("expected a type name"));
    std::string deep;
    for (int i = 0; i < 1000; ++i) deep += "array<";
    EXPECT_THAT(message(deep), HasSubstr("nested too deeply"));
}

TEST(DataType, CommonTypeNeverLosesAValue) {
    const auto common = [](std::string_view a, std::string_view b) {
        const std::optional<DataType> type = common_type(parsed(a), parsed(b));
        EXPECT_EQ(type, common_type(parsed(b), parsed(a))) << a << " and " << b;
        return type ? sql_type_name(*type) : "none";
    };
    EXPECT_EQ(common("int", "bigint"), "BIGINT");
    EXPECT_EQ(common("int", "double"), "DOUBLE");
    EXPECT_EQ(common("int", "float"), "DOUBLE");
    EXPECT_EQ(common("smallint", "float"), "FLOAT");
    EXPECT_EQ(common("bigint", "double"), "none");
    EXPECT_EQ(common("bigint", "decimal(10,2)"), "DECIMAL(22,2)");
    EXPECT_EQ(common("decimal(38,0)", "decimal(38,38)"), "none");
    EXPECT_EQ(common("decimal(10,2)", "double"), "none");
    EXPECT_EQ(common("date", "timestamp"), "TIMESTAMP");
    EXPECT_EQ(common("date", "timestamptz"), "none");
    EXPECT_EQ(common("void", "varchar[]"), "VARCHAR[]");
    EXPECT_EQ(common("bigint", "varchar"), "none");
}

TEST(DataType, CommonStructIsTheUnionOfItsMembers) {
    const std::optional<DataType> type =
        common_type(parsed("struct(a int, b varchar)"), parsed("struct(A bigint, c date)"));
    ASSERT_TRUE(type);
    EXPECT_EQ(sql_type_name(*type), "STRUCT(\"a\" BIGINT, \"b\" VARCHAR, \"c\" DATE)");
}

TEST(Schema, NamesAreFoundWithoutCase) {
    const Schema schema{
        {Field{"Id", TypeId::kLong, true, {}}, Field{"name", TypeId::kString, true, {}}}};
    EXPECT_EQ(schema.index_of("ID"), 0U);
    EXPECT_EQ(schema.index_of("NAME"), 1U);
    EXPECT_EQ(schema.find("nam"), nullptr);
}

}  // namespace
}  // namespace ingot

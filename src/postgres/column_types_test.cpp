#include "postgres/column_types.hpp"

#include <gtest/gtest.h>

namespace ingot::postgres {
namespace {

TEST(ColumnType, EveryTypeGoesIntoTheColumnThatIsMadeForIt) {
    for (const DataType& type :
         {DataType(TypeId::kVoid), DataType(TypeId::kBoolean), DataType(TypeId::kByte),
          DataType(TypeId::kShort), DataType(TypeId::kInteger), DataType(TypeId::kLong),
          DataType(TypeId::kFloat), DataType(TypeId::kDouble), DataType::decimal(38, 10),
          DataType::decimal(4, 4), DataType(TypeId::kString), DataType(TypeId::kBinary),
          DataType(TypeId::kDate), DataType(TypeId::kTimestamp), DataType(TypeId::kTimestampNtz),
          DataType::structure({{"a", TypeId::kLong}}), DataType::array(TypeId::kLong),
          DataType::map(TypeId::kString, TypeId::kLong)}) {
        EXPECT_TRUE(wire_type(type, column_type(type))) << type.to_string();
    }
}

TEST(WireType, NumbersMayOnlyBecomeWider) {
    EXPECT_EQ(wire_type(TypeId::kInteger, "bigint"), WireType::kInt8);
    EXPECT_EQ(wire_type(TypeId::kShort, "integer"), WireType::kInt4);
    EXPECT_FALSE(wire_type(TypeId::kLong, "integer"));
    EXPECT_FALSE(wire_type(TypeId::kLong, "double precision"));
    EXPECT_EQ(wire_type(TypeId::kFloat, "double precision"), WireType::kFloat8);
    EXPECT_FALSE(wire_type(TypeId::kDouble, "real"));
}

TEST(WireType, ADecimalKeepsAllItsDigits) {
    EXPECT_TRUE(wire_type(DataType::decimal(10, 2), "numeric"));
    EXPECT_TRUE(wire_type(DataType::decimal(10, 2), "numeric(11,3)"));
    EXPECT_FALSE(wire_type(DataType::decimal(10, 2), "numeric(10,1)"));
    EXPECT_FALSE(wire_type(DataType::decimal(10, 2), "numeric(10,3)"));
    EXPECT_TRUE(wire_type(TypeId::kLong, "numeric(19,0)"));
    EXPECT_FALSE(wire_type(TypeId::kLong, "numeric(18,0)"));
    EXPECT_FALSE(wire_type(TypeId::kDouble, "numeric"));
}

TEST(WireType, AnInstantIsNoCivilTime) {
    EXPECT_TRUE(wire_type(TypeId::kTimestamp, "timestamp with time zone"));
    EXPECT_FALSE(wire_type(TypeId::kTimestamp, "timestamp without time zone"));
    EXPECT_FALSE(wire_type(TypeId::kTimestampNtz, "timestamp with time zone"));
    EXPECT_FALSE(wire_type(TypeId::kTimestamp, "timestamp(3) with time zone")) << "cuts digits";
    EXPECT_FALSE(wire_type(TypeId::kDate, "timestamp with time zone"));
}

TEST(WireType, TextGoesIntoTextsAndJson) {
    EXPECT_EQ(wire_type(TypeId::kString, "character varying(20)"), WireType::kText);
    EXPECT_EQ(wire_type(TypeId::kString, "json"), WireType::kText);
    EXPECT_EQ(wire_type(TypeId::kString, "jsonb"), WireType::kJsonb);
    EXPECT_FALSE(wire_type(TypeId::kString, "character(20)")) << "adds blanks";
    EXPECT_FALSE(wire_type(TypeId::kString, "integer"));
    EXPECT_FALSE(wire_type(TypeId::kLong, "text"));
    EXPECT_FALSE(wire_type(TypeId::kString, "mood")) << "a type of the user's";
}

}  // namespace
}  // namespace ingot::postgres

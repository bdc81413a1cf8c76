#include "base/scalar.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace ingot {
namespace {

TEST(Scalar, PrintsValuesAsPeopleWriteThem) {
    EXPECT_EQ(Scalar::integer(TypeId::kDate, 16436).to_string(), "2015-01-01");
    EXPECT_EQ(Scalar::integer(TypeId::kDate, -1).to_string(), "1969-12-31");
    EXPECT_EQ(Scalar::integer(TypeId::kTimestamp, 1420124408000000).to_string(),
              "2015-01-01T15:00:08Z");
    EXPECT_EQ(Scalar::integer(TypeId::kTimestampNtz, 1420124408250000).to_string(),
              "2015-01-01T15:00:08.250");
    EXPECT_EQ(Scalar::decimal(DataType::decimal(5, 2), -5).to_string(), "-0.05");
    EXPECT_EQ(Scalar::decimal(DataType::decimal(10, 0), 1200).to_string(), "1200");
    EXPECT_EQ(Scalar::null(TypeId::kLong).to_string(), "null");
}

TEST(Scalar, SqlLiteralsCarryTheirTypeAndQuotes) {
    EXPECT_EQ(Scalar::text("it's").to_sql(), "'it''s'");
    EXPECT_EQ(Scalar::null(TypeId::kLong).to_sql(), "CAST(NULL AS BIGINT)");
    EXPECT_EQ(Scalar::integer(TypeId::kShort, 3).to_sql(), "CAST('3' AS SMALLINT)");
    EXPECT_EQ(Scalar::binary(std::string("\0'", 2)).to_sql(), "'\\x00\\x27'::BLOB");
}

TEST(Scalar, ComparesAcrossNumericTypesExactly) {
    const Scalar big = Scalar::integer(TypeId::kLong, std::numeric_limits<std::int64_t>::max());
    const Scalar decimal = Scalar::decimal(
        DataType::decimal(20, 1), Int128{std::numeric_limits<std::int64_t>::max()} * 10 + 1);
    EXPECT_EQ(compare(big, decimal), -1);
    EXPECT_EQ(compare(Scalar::integer(TypeId::kByte, 3), Scalar::integer(TypeId::kLong, 3)), 0);
    EXPECT_EQ(compare(Scalar::floating(TypeId::kDouble, 0.5),
                      Scalar::decimal(DataType::decimal(2, 1), 5)),
              0);
}

TEST(Scalar, NaNIsGreatestAndNullsDoNotCompare) {
    const Scalar nan = Scalar::floating(TypeId::kDouble, std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(compare(nan, Scalar::floating(TypeId::kDouble, 1e300)), 1);
    EXPECT_EQ(compare(nan, nan), 0);
    EXPECT_EQ(compare(Scalar::null(TypeId::kLong), Scalar::integer(TypeId::kLong, 1)),
              std::nullopt);
    EXPECT_EQ(compare(Scalar::text("1"), Scalar::integer(TypeId::kLong, 1)), std::nullopt);
}

TEST(Scalar, ReadsEveryPrimitiveTypeOutOfAColumn) {
    const auto round_trip = [](const DataType& type, auto append, const Scalar& expected) {
        ColumnBuilder builder(type);
        append(builder);
        builder.append_null();
        const Column column = builder.finish();
        EXPECT_EQ(scalar_at(column, 0), expected) << type.to_string();
        EXPECT_TRUE(scalar_at(column, 1).is_null());
    };
    for (const TypeId id : {TypeId::kByte, TypeId::kShort, TypeId::kInteger, TypeId::kLong,
                            TypeId::kDate, TypeId::kTimestamp, TypeId::kTimestampNtz}) {
        round_trip(id, [](ColumnBuilder& b) { b.append_integer(-7); }, Scalar::integer(id, -7));
    }
    round_trip(
        TypeId::kFloat, [](ColumnBuilder& b) { b.append_double(0.5); },
        Scalar::floating(TypeId::kFloat, 0.5));
    round_trip(
        TypeId::kBoolean, [](ColumnBuilder& b) { b.append_boolean(true); }, Scalar::boolean(true));
    round_trip(TypeId::kString, [](ColumnBuilder& b) { b.append_text("x"); }, Scalar::text("x"));
}

}  // namespace
}  // namespace ingot

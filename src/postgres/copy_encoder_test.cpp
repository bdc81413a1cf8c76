#include "postgres/copy_encoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace ingot::postgres {
namespace {

using ::testing::HasSubstr;

/// What one value becomes, after the count of columns.
Result<std::string> encoded(const DataType& type, WireType wire,
                            const std::function<void(ColumnBuilder&)>& append) {
    BatchBuilder builder(Schema{{{"c", type}}});
    append(builder.column(0));
    std::string out;
    INGOT_TRY(CopyEncoder({{"c", wire}}).append(builder.finish(), out));
    return out.substr(2);
}

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text.push_back(static_cast<char>(value));
    return text;
}

std::string numeric(int precision, int scale, Int128 unscaled) {
    return *encoded(DataType::decimal(precision, scale), WireType::kNumeric,
                    [&](ColumnBuilder& column) { column.append_decimal(unscaled); });
}

TEST(CopyEncoder, ARowIsItsCountOfColumnsAndEachValueWithItsLength) {
    BatchBuilder builder(Schema{{{"id", TypeId::kLong}, {"name", TypeId::kString}}});
    builder.column(0).append_integer(258);
    builder.column(1).append_text("ab");
    builder.column(0).append_null();
    builder.column(1).append_null();
    std::string out;
    CopyEncoder encoder({{"id", WireType::kInt8}, {"name", WireType::kText}});
    ASSERT_TRUE(encoder.append(builder.finish(), out));
    EXPECT_EQ(out, bytes({0, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 2, 'a', 'b'}) +
                       bytes({0, 2, 255, 255, 255, 255, 255, 255, 255, 255}));
}

TEST(CopyEncoder, TimesCountFromTheYear2000) {
    const auto date = encoded(TypeId::kDate, WireType::kDate,
                              [](ColumnBuilder& column) { column.append_integer(10957); });
    EXPECT_EQ(*date, bytes({0, 0, 0, 4, 0, 0, 0, 0}));
    const auto time = encoded(TypeId::kTimestamp, WireType::kTime, [](ColumnBuilder& column) {
        column.append_integer(946'684'800'000'001);
    });
    EXPECT_EQ(*time, bytes({0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(CopyEncoder, DecimalsAreGroupsOfFourDigitsAroundThePoint) {
    // 1.50 is 0001 . 5000
    EXPECT_EQ(numeric(10, 2, 150), bytes({0, 0, 0, 12, 0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 0x13, 0x88}));
    EXPECT_EQ(numeric(10, 2, 0), bytes({0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2}));
    // -0.0001 is one group of weight -1
    EXPECT_EQ(numeric(4, 4, -1), bytes({0, 0, 0, 10, 0, 1, 255, 255, 0x40, 0, 0, 4, 0, 1}));
    EXPECT_EQ(numeric(10, 0, 12345678),
              bytes({0, 0, 0, 12, 0, 2, 0, 1, 0, 0, 0, 0, 0x04, 0xd2, 0x16, 0x2e}));
}

TEST(CopyEncoder, JsonbHasAVersionBeforeItsText) {
    const auto json = encoded(TypeId::kString, WireType::kJsonb,
                              [](ColumnBuilder& column) { column.append_text("{}"); });
    EXPECT_EQ(*json, bytes({0, 0, 0, 3, 1, '{', '}'}));
}

TEST(CopyEncoder, AZeroByteInATextIsRefusedWithItsColumn) {
    const auto text = encoded(TypeId::kString, WireType::kText, [](ColumnBuilder& column) {
        column.append_text(std::string_view("a\0b", 3));
    });
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().message, HasSubstr("column c holds a zero byte"));
    const auto blob = encoded(TypeId::kBinary, WireType::kBytes, [](ColumnBuilder& column) {
        column.append_text(std::string_view("a\0b", 3));
    });
    EXPECT_EQ(*blob, bytes({0, 0, 0, 3, 'a', 0, 'b'}));
}

TEST(CopyEncoder, TimesBeforePostgresBeginsAreRefused) {
    const auto time = encoded(TypeId::kTimestamp, WireType::kTime, [](ColumnBuilder& column) {
        column.append_integer(std::numeric_limits<std::int64_t>::min() + 10);
    });
    ASSERT_FALSE(time);
    EXPECT_EQ(time.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ingot::postgres

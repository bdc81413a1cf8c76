#include <gtest/gtest.h>

#include "task/task_values_internal.hpp"

namespace ingot::task {
namespace {

TEST(TaskValues, AreAnObjectInItsShortestForm) {
    const auto values = checked_values(R"( { "rows" : 7, "of": ["x", 1.5, null, true] } )", "it");
    ASSERT_TRUE(values) << values.error().to_string();
    EXPECT_EQ(*values, R"({"rows":7,"of":["x",1.5,null,true]})");
    const auto parsed = parse_values(*values);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->to_json(), R"({"rows": 7, "of": ["x", 1.5, null, true]})");
}

TEST(TaskValues, NumbersThatNoSignedIntegerHoldsKeepTheirDigits) {
    const auto parsed =
        parse_values(R"({"big":18446744073709551615,"least":-9223372036854775808})");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->map()->at(0).second.to_text(), "18446744073709551615");
    EXPECT_EQ(*parsed->map()->at(1).second.integer(), INT64_MIN);
}

TEST(TaskValues, ARowIsAnObjectByTheNamesOfItsColumns) {
    ColumnBatch batch;
    batch.rows = 1;
    const auto add = [&](const char* name, ColumnBuilder builder) {
        batch.schema.fields.push_back({name, builder.type()});
        batch.columns.push_back(builder.finish());
    };
    ColumnBuilder number(TypeId::kLong);
    number.append_integer(7);
    add("n", std::move(number));
    ColumnBuilder text(TypeId::kString);
    text.append_text("a \"b\"");
    add("t", std::move(text));
    ColumnBuilder none(TypeId::kDate);
    none.append_null();
    add("d", std::move(none));
    ColumnBuilder share(DataType::decimal(10, 2));
    share.append_decimal(350);
    add("p", std::move(share));
    EXPECT_EQ(row_json(batch, 0), R"({"n":7,"t":"a \"b\"","d":null,"p":3.5})");
}

}  // namespace
}  // namespace ingot::task

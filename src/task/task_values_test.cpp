#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "base/log.hpp"
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

TEST(TaskValues, WhatIsNoObjectOrTooLargeOrTooDeepIsRefused) {
    const std::string deep = R"({"a":)" + std::string(60'000, '[');
    for (const std::string& text :
         {std::string("[1]"), std::string("{"), std::string("7"), std::string("{\"a\":\"\xff\"}"),
          R"({"a":")" + std::string(kValuesBytesMax, 'x') + R"("})",
          deep + std::string(60'000, ']') + "}", deep.substr(0, 30'000)}) {
        const auto values = checked_values(text, "the command");
        ASSERT_FALSE(values) << text.substr(0, 40);
        EXPECT_EQ(values.error().code, ErrorCode::kInvalidArgument);
        EXPECT_NE(values.error().message.find("the values of the command"), std::string::npos);
    }
}

TEST(TaskValues, NumbersThatNoSignedIntegerHoldsKeepTheirDigits) {
    const auto parsed =
        parse_values(R"({"big":18446744073709551615,"least":-9223372036854775808})");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->map()->at(0).second.to_text(), "18446744073709551615");
    EXPECT_EQ(*parsed->map()->at(1).second.integer(), INT64_MIN);
}

TEST(TaskValues, SecretsAreMasked) {
    register_secret("hunter2hunter2");
    const auto values = checked_values(R"({"token":"is hunter2hunter2"})", "it");
    ASSERT_TRUE(values);
    EXPECT_EQ(*values, R"({"token":"is ***"})");
}

TEST(TaskValues, OutputThatIsNotThereOrBlankIsNothing) {
    const std::string file =
        (std::filesystem::temp_directory_path() / fmt::format("ingot-values-{}", ::getpid()))
            .string();
    EXPECT_EQ(*read_output(file), "");
    std::ofstream(file) << " \n";
    EXPECT_EQ(*read_output(file), "");
    std::ofstream(file) << std::string(10 * kValuesBytesMax, 'x');
    EXPECT_EQ(read_output(file)->size(), kValuesBytesMax + 1) << "no more than shows its size";
    std::filesystem::remove(file);
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

#include "base/column_batch.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <string>

namespace ingot {
namespace {

TEST(ColumnBuilder, NoNullsMeansNoValidityBitmap) {
    ColumnBuilder builder(TypeId::kLong);
    builder.append_integer(7);
    builder.append_integer(-1);
    const Column column = builder.finish();
    EXPECT_TRUE(column.validity.empty());
    EXPECT_EQ(column.value<std::int64_t>(1), -1);
}

TEST(ColumnBuilder, StructNullsReachTheChildren) {
    ColumnBuilder builder(*parse_data_type("struct(id bigint, name varchar)"));
    builder.child(0).append_integer(1);
    builder.child(1).append_text("a");
    builder.append_struct();
    builder.append_null();
    const Column column = builder.finish();
    EXPECT_EQ(column.length, 2);
    EXPECT_FALSE(column.is_null(0));
    EXPECT_TRUE(column.is_null(1));
    EXPECT_TRUE(column.children[0].is_null(1));
    EXPECT_EQ(column.children[1].text(0), "a");
}

TEST(ColumnBuilder, ListsOwnWhatWasAppendedSinceTheLastRow) {
    ColumnBuilder builder(*parse_data_type("map(varchar, bigint)"));
    ColumnBuilder& entry = builder.child(0);
    for (int i = 0; i < 3; ++i) {
        entry.child(0).append_text(std::to_string(i));
        entry.child(1).append_integer(i);
        entry.append_struct();
    }
    builder.append_list();
    builder.append_list();
    const Column column = builder.finish();
    EXPECT_EQ(column.list_range(0), std::make_pair(std::int64_t{0}, std::int64_t{3}));
    EXPECT_EQ(column.list_range(1), std::make_pair(std::int64_t{3}, std::int64_t{3}));
}

TEST(ColumnBuilder, TruncateUndoesAHalfBuiltRecord) {
    BatchBuilder builder(Schema{{Field{"tags", *parse_data_type("varchar[]"), true, {}},
                                 Field{"who", *parse_data_type("struct(id bigint)"), true, {}}}});
    builder.column(0).child(0).append_text("kept");
    builder.column(0).append_list();
    builder.column(1).child(0).append_integer(1);
    builder.column(1).append_struct();

    builder.column(0).child(0).append_text("dropped");  // The list is not closed.
    builder.column(1).child(0).append_integer(2);
    builder.column(1).append_struct();
    builder.truncate(1);

    builder.column(0).append_null();
    builder.column(1).append_null();
    const ColumnBatch batch = builder.finish();
    EXPECT_EQ(batch.rows, 2);
    EXPECT_EQ(batch.columns[0].children[0].length, 1);
    EXPECT_EQ(batch.columns[0].children[0].text(0), "kept");
    EXPECT_TRUE(batch.column("WHO")->is_null(1));
}

/// Random appends and truncations against a plain vector of optionals.
template <class Append, class Read>
void agrees_with_a_vector(DataType type, Append append, Read read) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    ColumnBuilder builder(std::move(type));
    std::vector<std::optional<int>> expected;
    for (int step = 0; step < 3000; ++step) {
        const auto choice = static_cast<unsigned>(random() % 100);
        if (choice == 0) {
            expected.resize(random() % (expected.size() + 1));
            builder.truncate(static_cast<std::int64_t>(expected.size()));
        } else if (choice < 20) {
            expected.emplace_back();
            builder.append_null();
        } else {
            expected.emplace_back(static_cast<int>(random() % 2));
            append(builder, *expected.back());
        }
    }
    const Column column = builder.finish();
    ASSERT_EQ(column.length, static_cast<std::int64_t>(expected.size()));
    std::int64_t nulls = 0;
    for (std::int64_t row = 0; row < column.length; ++row) {
        const std::optional<int>& value = expected[static_cast<std::size_t>(row)];
        ASSERT_EQ(column.is_null(row), !value.has_value()) << "row " << row;
        if (value) {
            ASSERT_EQ(read(column, row), *value) << "row " << row;
        }
        nulls += value ? 0 : 1;
    }
    EXPECT_EQ(column.null_count, nulls);
}

TEST(ColumnBuilder, BooleansAgreeWithAVector) {
    agrees_with_a_vector(
        TypeId::kBoolean, [](ColumnBuilder& b, int v) { b.append_boolean(v != 0); },
        [](const Column& c, std::int64_t row) { return c.boolean(row) ? 1 : 0; });
}

TEST(ColumnBuilder, TextsAgreeWithAVector) {
    agrees_with_a_vector(
        TypeId::kString, [](ColumnBuilder& b, int v) { b.append_text(v != 0 ? "one" : ""); },
        [](const Column& c, std::int64_t row) { return c.text(row) == "one" ? 1 : 0; });
}

TEST(ColumnBuilder, DecimalsAgreeWithAVector) {
    agrees_with_a_vector(
        DataType::decimal(38, 2), [](ColumnBuilder& b, int v) { b.append_decimal(v); },
        [](const Column& c, std::int64_t row) { return static_cast<int>(c.value<Int128>(row)); });
}

TEST(ColumnBuilderDeathTest, AValueThatDoesNotFitIsAProgrammersError) {
    ColumnBuilder builder(TypeId::kByte);
    EXPECT_DEATH(builder.append_integer(128), "does not fit");
}

}  // namespace
}  // namespace ingot

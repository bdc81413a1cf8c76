#include "quality/sql_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "quality/test_database.hpp"

namespace ingot::quality {
namespace {

using project::Value;
using testing::ElementsAre;
using testing::HasSubstr;

std::string fragment(std::string_view text) {
    const Result<std::string> result = bindable_fragment(text);
    return result ? *result : "error " + result.error().message;
}

TEST(SqlText, DottedParametersBecomeBindableOnes) {
    EXPECT_EQ(fragment("utc >= $window.start and n > 0.1 * $previous.row_count"),
              "utc >= $window__start and n > 0.1 * $previous__row_count");
    EXPECT_EQ(fragment("$params.limit::int"), "$params__limit::int");
    EXPECT_EQ(fragment("$params.box.width"), "$params__box.width");
    EXPECT_EQ(fragment("$params__box.width"), "$params__box.width");
}

TEST(SqlText, DollarsInsideQuotesAreNoParameters) {
    EXPECT_EQ(fragment("a = '$window.start'"), "a = '$window.start'");
    EXPECT_EQ(fragment("\"$window.start\" = 1"), "\"$window.start\" = 1");
    EXPECT_EQ(fragment("a = $$ it's $window.start ; ) $$"), "a = $$ it's $window.start ; ) $$");
    EXPECT_EQ(fragment("a = $t$ $$ ) $t$"), "a = $t$ $$ ) $t$");
    EXPECT_EQ(fragment("a = e'\\' ) ;' and b"), "a = e'\\' ) ;' and b");
    EXPECT_EQ(fragment("col$x.y = 1"), "col$x.y = 1");
    EXPECT_TRUE(parameters_of("a = '$x' -- $y\n and b = $z__z").size() == 1);
}

TEST(SqlText, CommentsAndTheLastSemicolonGoAway) {
    EXPECT_EQ(fragment("a = 1 -- never ) mind"), "a = 1");
    EXPECT_EQ(fragment("a /* ( /* nested */ */ = 1 ; \n"), "a   = 1");
    EXPECT_EQ(fragment("a = 1;-- done"), "a = 1");
}

TEST(SqlText, WhatWouldEscapeFromItsParenthesesIsRefused) {
    EXPECT_THAT(fragment("true) or (true"), HasSubstr("1:5: this ')' closes nothing"));
    EXPECT_THAT(fragment("f(a\n, [1)"), HasSubstr("2:5: this ')' closes nothing"));
    EXPECT_THAT(fragment("coalesce(a"), HasSubstr("the ')' for this bracket is missing"));
    EXPECT_THAT(fragment("a = 'x"), HasSubstr("1:5: this quote is never closed"));
    EXPECT_THAT(fragment("a = \"x"), HasSubstr("never closed"));
    EXPECT_THAT(fragment("a = $q$ x"), HasSubstr("never closed"));
    EXPECT_THAT(fragment("a /* x"), HasSubstr("this comment is never closed"));
    EXPECT_THAT(fragment("a; drop table t"), HasSubstr("';'"));
    EXPECT_THAT(fragment("a = $1"), HasSubstr("a parameter is written"));
    EXPECT_THAT(fragment("a = $"), HasSubstr("a parameter is written"));
    EXPECT_THAT(fragment("$a.b$ ) $a__b$"), HasSubstr("cannot be followed by a '$'"));
    EXPECT_THAT(fragment(" -- nothing"), HasSubstr("there is no SQL here"));
}

TEST(SqlText, ParametersAreListedOnce) {
    EXPECT_THAT(parameters_of("$window__start < a and a < $window__end or $window__start is null"),
                ElementsAre("window__end", "window__start"));
}

TEST(SqlText, NamesAndTextsSurviveTheirQuotes) {
    TestDatabase database;
    const std::string nasty = "it's \"q\" \\ $x -- é";
    const auto rows = database.query("SELECT " + quoted_text(nasty) + " AS " + quoted_name(nasty));
    ASSERT_TRUE(rows) << rows.error().to_string();
    EXPECT_EQ(rows->at(0).at(0), nasty);
}

TEST(SqlText, LiteralsHaveTheTypeOfTheColumn) {
    TestDatabase database;
    const auto value_of = [&](const Value& value, const DataType& type) {
        const Result<std::string> literal = typed_literal(value, type);
        if (!literal) return "error " + literal.error().message;
        const auto rows = database.query("SELECT " + *literal);
        return rows ? rows->at(0).at(0).value_or("null") : "failed " + rows.error().to_string();
    };
    EXPECT_EQ(value_of(Value(std::string("2015-01-01")), TypeId::kDate), "2015-01-01");
    EXPECT_EQ(value_of(Value(std::string("2015-01-01T05")), TypeId::kTimestamp),
              "2015-01-01 05:00:00+00");
    EXPECT_THAT(value_of(Value(std::string("2015-02-30")), TypeId::kDate), HasSubstr("error"));
    EXPECT_EQ(value_of(Value(std::string("2.50")), DataType::decimal(5, 2)), "2.50");
    EXPECT_EQ(value_of(Value(std::string("it's")), TypeId::kString), "it's");
    EXPECT_EQ(value_of(Value(std::int64_t{-5}), TypeId::kInteger), "-5");
    EXPECT_EQ(value_of(Value(std::numeric_limits<std::int64_t>::min()), TypeId::kLong),
              "-9223372036854775808");
    EXPECT_EQ(value_of(Value(std::int64_t{7}), TypeId::kString), "7");
    EXPECT_EQ(value_of(Value(-2.5), TypeId::kDouble), "-2.5");
    EXPECT_EQ(value_of(Value(1e300), TypeId::kDouble), "1e+300");
    EXPECT_EQ(value_of(Value(std::numeric_limits<double>::infinity()), TypeId::kDouble), "inf");
    EXPECT_EQ(value_of(Value(true), TypeId::kBoolean), "true");
    EXPECT_THAT(value_of(Value(true), TypeId::kLong), HasSubstr("does not fit the type long"));
    EXPECT_THAT(value_of(Value(std::int64_t{1}), TypeId::kDate),
                HasSubstr("does not fit the type date"));
    EXPECT_THAT(value_of(Value(), TypeId::kString), HasSubstr("error"));
}

TEST(SqlText, OnlyTheParametersOfTheWindowAreNumbered) {
    EXPECT_EQ(with_numbered_window("SELECT '$window__start', $params__x, $window__start_of FROM t "
                                   "WHERE a >= $window__start AND a<$window__end/*$window__end*/",
                                   3),
              "SELECT '$window__start', $params__x, $window__start_of FROM t WHERE a >= "
              "$window__start_3 AND a<$window__end_3/*$window__end*/");
    EXPECT_EQ(with_numbered_window("SELECT 1", 2), "SELECT 1");
}

}  // namespace
}  // namespace ingot::quality

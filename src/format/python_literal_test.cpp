#include "format/python_literal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::format {
namespace {

using testing::HasSubstr;

std::string json(std::string_view text) {
    const auto result = python_literal_to_json(text);
    return result ? *result : "ERROR " + result.error().to_string();
}

std::string error(std::string_view text) {
    const auto result = python_literal_to_json(text);
    if (result) return "no error: " + *result;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    return result.error().message;
}

TEST(PythonLiteral, NestedListsAndDictsBecomeJson) {
    EXPECT_EQ(json("[{'typeIdentifiant': 'SIRET', 'id': '30361573600103', 'x': [1, (2, 3), {}]}]"),
              R"([{"typeIdentifiant":"SIRET","id":"30361573600103","x":[1,[2,3],{}]}])");
    EXPECT_EQ(json("[]"), "[]");
    EXPECT_EQ(json("()"), "[]");
    EXPECT_EQ(json("(1,)"), "[1]");
    EXPECT_EQ(json("{1, 2}"), "[1,2]");
    EXPECT_EQ(json("set()"), "[]");
    EXPECT_EQ(json(" {'a': 1, } "), R"({"a":1})");
}

TEST(PythonLiteral, TextMayHaveEitherQuoteInside) {
    EXPECT_EQ(json(R"(["VAL D'OISE", 'dit "LE BON"', 'l\'un "l\'autre"'])"),
              R"(["VAL D'OISE","dit \"LE BON\"","l'un \"l'autre\""])");
}

TEST(PythonLiteral, EscapesAreThoseOfPython) {
    EXPECT_EQ(json(R"('a\nb\tc\\d\x41\u00e9\U0001F680\101\0\q\/')"),
              "\"a\\nb\\tc\\\\dA\u00e9\U0001F680A\\u0000\\\\q/\"");
    EXPECT_EQ(json(R"('\ud83d\ude80')"), "\"\U0001F680\"");
    EXPECT_EQ(json("'a\\\nb'"), "\"ab\"");
    EXPECT_EQ(json("u'x'"), "\"x\"");
    EXPECT_EQ(json("b'x'"), "\"x\"");
    EXPECT_EQ(json("'caf\u00e9'"), "\"caf\u00e9\"");
}

TEST(PythonLiteral, ConstantsOfPythonAndJsonAreRead) {
    EXPECT_EQ(json("[None, True, False, nan, NaN, null, true, false, NaT, -nan]"),
              "[null,true,false,null,null,null,true,false,null,null]");
    EXPECT_EQ(json("nan"), "null");
}

TEST(PythonLiteral, NumbersKeepTheirDigits) {
    EXPECT_EQ(json("[50242454200020, -1.50, 9.6E7, 1e-05, .5, 5., +3, 0, 0.0, 7L]"),
              "[50242454200020,-1.50,9.6e7,1e-05,0.5,5.0,3,0,0.0,7]");
    EXPECT_EQ(json("123456789012345678901234567890"), "123456789012345678901234567890");
}

TEST(PythonLiteral, NumpyAndDatesAreRead) {
    EXPECT_EQ(json("array([{'id': 1}, {'id': 2}], dtype=object)"), R"([{"id":1},{"id":2}])");
    EXPECT_EQ(json("array([1., 2.], dtype='<f8')"), "[1.0,2.0]");
    EXPECT_EQ(json("['a' 'b'\n 'c']"), R"(["a","b","c"])");
    EXPECT_EQ(json("[np.float64(1.5), np.str_('x'), np.int64(3)]"), R"([1.5,"x",3])");
    EXPECT_EQ(json("Decimal('1.50')"), "1.50");
    EXPECT_EQ(json("Timestamp('2022-01-03 00:00:00', tz='UTC')"), R"("2022-01-03 00:00:00")");
    EXPECT_EQ(json("datetime.date(2022, 1, 3)"), R"("2022-01-03")");
    EXPECT_EQ(json("datetime.datetime(2022, 1, 3, 4, 5, 6, 7)"), R"("2022-01-03T04:05:06.000007")");
}

TEST(PythonLiteral, JsonIsReadAsItIs) {
    EXPECT_EQ(json(R"({"a": [1, null, {"b": "c\"d\u00e9"}]})"),
              "{\"a\":[1,null,{\"b\":\"c\\\"d\u00e9\"}]}");
}

TEST(PythonLiteral, KeysBecomeText) {
    EXPECT_EQ(json("{1: 'a', None: 'b', True: 'c', 2.5: 'd'}"),
              R"({"1":"a","null":"b","true":"c","2.5":"d"})");
    EXPECT_THAT(error("{(1, 2): 3}"), HasSubstr("not a scalar"));
}

TEST(PythonLiteral, WhatIsNotAValueIsAnErrorWithItsPlace) {
    EXPECT_THAT(error(""), HasSubstr("a value is missing at byte 1"));
    EXPECT_THAT(error("[1, 2"), HasSubstr("a value is missing at byte 6"));
    EXPECT_THAT(error("['a"), HasSubstr("does not end"));
    EXPECT_THAT(error("['a\\"), HasSubstr("does not end"));
    EXPECT_THAT(error("{'a' 1}"), HasSubstr("',' is missing"));
    EXPECT_THAT(error("(1 2)"), HasSubstr("',' is missing"));
    EXPECT_THAT(error("{'a': 1 'b': 2}"), HasSubstr("',' or '}' is missing"));
    EXPECT_THAT(error("{'a': }"), HasSubstr("unexpected character"));
    EXPECT_THAT(error("[1] x"), HasSubstr("more text"));
    EXPECT_THAT(error("__import__('os')"), HasSubstr("unknown name"));
    EXPECT_THAT(error("lambda"), HasSubstr("unknown name"));
    EXPECT_THAT(error("007"), HasSubstr("not a number"));
    EXPECT_THAT(error("1-2"), HasSubstr("more text"));
    EXPECT_THAT(error("3j"), HasSubstr("not a number"));
    EXPECT_THAT(error("1e"), HasSubstr("not a number"));
    EXPECT_THAT(error("-"), HasSubstr("not a number"));
    EXPECT_THAT(error("inf"), HasSubstr("infinity"));
    EXPECT_THAT(error("-inf"), HasSubstr("infinity"));
    EXPECT_THAT(error(R"('\ud83d')"), HasSubstr("surrogate"));
    EXPECT_THAT(error(R"('\ud83dx')"), HasSubstr("surrogate"));
    EXPECT_THAT(error(R"('\x4')"), HasSubstr("hexadecimal"));
    EXPECT_THAT(error(R"('\UFFFFFFFF')"), HasSubstr("no such character"));
    EXPECT_THAT(error("Decimal('x')"), HasSubstr("not a number"));
    EXPECT_THAT(error("datetime.date(2022)"), HasSubstr("not a date"));
    EXPECT_THAT(error("array([1]"), HasSubstr("')' is missing"));
    EXPECT_THAT(error(std::string_view("[1]\0", 4)), HasSubstr("more text"));
}

TEST(PythonLiteral, DeepNestingIsRefusedNotACrash) {
    EXPECT_THAT(error(std::string(100'000, '[')), HasSubstr("too deeply"));
    EXPECT_THAT(error(std::string(100'000, '(')), HasSubstr("too deeply"));
    std::string deep(100, '[');
    deep.append(100, ']');
    EXPECT_EQ(json(deep), deep);
}

}  // namespace
}  // namespace ingot::format

#include "server/schema.hpp"

#include <gmock/gmock.h>

namespace ingot::server {
namespace {

using testing::HasSubstr;

std::string first_violation(const Schema& schema, const char* json) {
    const auto violations = schema.check(*parse_json(json));
    return violations.empty() ? "" : violations[0].field + ": " + violations[0].message;
}

Schema window() {
    return Schema::object({{"start", Schema::date_time()},
                           optional_field("hours", Schema::integer().at_least(1).at_most(24))});
}

TEST(Schema, AViolationNamesItsFieldFromTheTop) {
    const Schema list = Schema::object({{"windows", Schema::array(window())}});
    EXPECT_EQ(first_violation(list, R"({"windows": [{"start": "2015-01-01T00:00:00Z"}]})"), "");
    EXPECT_EQ(first_violation(list, R"({"windows": [{"start": "soon"}]})"),
              "windows[0].start: must be a time such as 2015-01-01T15:00:00Z");
    EXPECT_EQ(first_violation(list, R"({"windows": [{}]})"), "windows[0].start: is missing");
    EXPECT_EQ(first_violation(list, R"({"windows": {}})"), "windows: must be a list");
    EXPECT_EQ(first_violation(list, R"({"windows": [], "window": 1})"),
              "window: is not known here");
}

TEST(Schema, NumbersAndTextsHaveLimits) {
    const Schema hours = Schema::integer().at_least(1).at_most(24);
    EXPECT_EQ(first_violation(hours, "24"), "");
    EXPECT_EQ(first_violation(hours, "0"), ": is less than 1");
    EXPECT_EQ(first_violation(hours, "25"), ": is more than 24");
    EXPECT_EQ(first_violation(hours, "1.5"), ": must be a whole number");
    EXPECT_EQ(first_violation(hours, "18446744073709551615"), ": must be a whole number");
    EXPECT_EQ(first_violation(Schema::text().length(1, 3), R"("äöü")"), "");
    EXPECT_EQ(first_violation(Schema::text().length(1, 3), R"("abcd")"),
              ": has 4 characters, at most 3 are allowed");
    EXPECT_EQ(first_violation(Schema::text().pattern("[a-z]+"), R"("a1")"), ": must match [a-z]+");
    EXPECT_EQ(first_violation(Schema::one_of({"a", "b"}), R"("c")"), ": must be one of: a, b");
    EXPECT_EQ(first_violation(Schema::boolean().nullable(), "null"), "");
    EXPECT_EQ(first_violation(Schema::boolean(), "null"), ": must be true or false");
}

TEST(Schema, ALongTextDoesNotReachThePattern) {
    const std::string text = "\"" + std::string(900'000, 'a') + "\"";
    EXPECT_THAT(first_violation(Schema::text().pattern("(a|b)*"), text.c_str()),
                HasSubstr("at most 200"));
}

TEST(Schema, DescribesWhatItChecks) {
    Json components = Json::object();
    const Json json = window().named("Window").nullable().describe(components);
    EXPECT_EQ(json.dump(), R"({"$ref":"#/components/schemas/Window"})");
    EXPECT_EQ(components["Window"]["properties"]["hours"].dump(),
              R"({"type":"integer","minimum":1,"maximum":24})");
    EXPECT_EQ(components["Window"]["required"].dump(), R"(["start"])");
    EXPECT_EQ(components["Window"]["type"].dump(), R"(["object","null"])");
}

TEST(Schema, JsonOfAHundredThousandLevelsIsRefused) {
    for (const std::string open : {"[", "{\"a\":"}) {
        std::string deep;
        for (int i = 0; i < 100'000; ++i) deep += open;
        const auto json = parse_json(deep);
        ASSERT_FALSE(json);
        EXPECT_THAT(json.error().message, HasSubstr("more than 64 levels"));
    }
}

TEST(Schema, JsonThatReadersUnderstandDifferentlyIsRefused) {
    EXPECT_THAT(parse_json(R"({"a": 1, "a": 2})").error().message, HasSubstr("comes twice"));
    EXPECT_FALSE(parse_json("{\"a\": \"\xff\"}"));
    EXPECT_FALSE(parse_json("{\"a\": 1} {}"));
    EXPECT_FALSE(parse_json("{\"a\": NaN}"));
    EXPECT_FALSE(parse_json(""));
    EXPECT_TRUE(parse_json(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})"));
}

}  // namespace
}  // namespace ingot::server

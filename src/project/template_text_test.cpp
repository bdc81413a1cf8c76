#include "project/template_text.hpp"

#include <gtest/gtest.h>

namespace ingot::project {
namespace {

TemplateContext window(const char* start, const char* end) {
    TemplateContext context;
    context.window = Interval{*parse_timestamp(start), *parse_timestamp(end)};
    return context;
}

std::string rendered(const char* text, const TemplateContext& context) {
    const auto parsed = Template::parse(text);
    if (!parsed) return "parse: " + parsed.error().message;
    const auto result = parsed->render(context);
    if (!result) return "error: " + result.error().message;
    if (const auto* none = std::get_if<NoSuchDate>(&*result)) return "skipped: " + none->reason;
    return std::get<std::string>(*result);
}

// D1 of the GH Archive cases.
TEST(Template, D1_FileNameOfTheHourTenYearsBeforeIsNotPadded) {
    const char* text = "{window.start - 10y:%Y-%m-%d-%-H}.json.gz";
    EXPECT_EQ(rendered(text, window("2025-01-01T15", "2025-01-01T16")), "2015-01-01-15.json.gz");
    EXPECT_EQ(rendered(text, window("2025-01-01T05", "2025-01-01T06")), "2015-01-01-5.json.gz");
}

TEST(Template, D2_TimesWithAndWithoutAFractionAreTheSameHour) {
    const char* text = "{window.start:%Y-%m-%d-%-H}";
    EXPECT_EQ(rendered(text, window("2024-03-11T15:00:00+00:00", "2024-03-11T16")),
              "2024-03-11-15");
    EXPECT_EQ(rendered(text, window("2024-03-11T15:00:00.123456+00:00", "2024-03-11T16")),
              "2024-03-11-15");
}

TEST(Template, D3_ADateThatDoesNotExistIsAReasonNotAnError) {
    EXPECT_EQ(
        rendered("{window.start - 10y:%Y-%m-%d-%-H}", window("2024-02-29T00", "2024-02-29T01")),
        "skipped: 2024-02-29 minus 10 years does not exist in the calendar");
    EXPECT_EQ(rendered("{window.start - 4y:%Y-%m-%d}", window("2024-02-29T00", "2024-02-29T01")),
              "2020-02-29");
}

TEST(Template, TimesInTheZoneOfTheWindow) {
    TemplateContext context = window("2024-03-30T23:00Z", "2024-03-31T22:00Z");
    EXPECT_EQ(rendered("{window.start}", context), "2024-03-30T23:00:00Z");
    context.timezone = "Europe/Paris";
    EXPECT_EQ(rendered("{window.start:%Y-%m-%d}/{window.end:%H:%M}", context), "2024-03-31/00:00");
    EXPECT_EQ(rendered("{ window.start + 1d : %d}", context), " 01");
}

TEST(Template, ValuesAndItems) {
    TemplateContext context;
    const std::map<std::string, Value> params = {{"n", Value(std::int64_t{3})},
                                                 {"s", Value(std::string("a/b"))}};
    const Value item(ValueMap{{"x", Value(std::string("eu"))}});
    context.params = &params;
    context.item = &item;
    EXPECT_EQ(rendered("{params.s}/{params.n}", context), "a/b/3");
    EXPECT_EQ(rendered("{item.x}", context), "eu");
    EXPECT_EQ(rendered("{item.y}", context), "error: the item {\"x\": \"eu\"} has no 'y'");
    EXPECT_EQ(rendered("{item}", TemplateContext()), "error: {item} is not known here");
    const std::map<std::string, Value> tasks = {
        {"load", Value(ValueMap{{"rows", Value(std::int64_t{7})}, {"of", item}})},
        {"copies", Value(ValueList{Value(ValueMap{{"of", item}}), Value(ValueMap{{"of", item}})})},
        {"none", Value()}};
    context.tasks = &tasks;
    EXPECT_EQ(rendered("{tasks.load.rows} {tasks.load.of.x}", context), "7 eu");
    EXPECT_EQ(rendered("{tasks.load.row}", context),
              "error: the task load gave no 'row': what it gave is {\"rows\": 7, \"of\": {\"x\": "
              "\"eu\"}}");
    EXPECT_EQ(rendered("{tasks.load}", context), R"({"rows": 7, "of": {"x": "eu"}})");
    EXPECT_EQ(rendered("{tasks.copies.of} {tasks.copies.of.x}", context),
              R"([{"x": "eu"}, {"x": "eu"}] ["eu", "eu"])");
    EXPECT_EQ(rendered("{tasks.copies}", context), R"([{"of": {"x": "eu"}}, {"of": {"x": "eu"}}])");
    EXPECT_EQ(rendered("{tasks.copies.row}", context),
              R"(error: the task copies gave no 'row': what it gave is {"of": {"x": "eu"}})");
    EXPECT_EQ(rendered("{tasks.none.rows}", context),
              "error: the task none gave no 'rows': what it gave is nothing");
    EXPECT_EQ(rendered("{tasks.other.rows}", context), "error: {tasks.other} is not known here");
    EXPECT_EQ(rendered("{window.start}", TemplateContext()),
              "error: {window.start} and {window.end} are not known here: nothing says a window");
}

TEST(Template, EscapesAndLiterals) {
    EXPECT_EQ(rendered("{{a}} $$secret.X $5", TemplateContext()), "{a} $secret.X $5");
    const std::string odd = "{x} $secret.Y }";
    EXPECT_EQ(*Template::literal(odd).render_text({}), odd);
    EXPECT_EQ(*Template::parse(Template::literal(odd).text())->render_text({}), odd);
}

TEST(Template, MistakesAreFoundWhenParsed) {
    for (const char* bad :
         {"{", "}", "a{window.start", "{}", "{window.start:}", "{window.start - 10}",
          "{window.start - 10q}", "{window.start * 2}", "{window.middle}", "{params}",
          "{params.a.b}", "{window.start:%Q}", "$secret.", "{a b}"}) {
        EXPECT_FALSE(Template::parse(bad)) << bad;
    }
    EXPECT_EQ(rendered("a}b", {}), "parse: a '}' without '{' (byte 2): write '}}' for a brace");
}

class OneSecret final : public SecretResolver {
public:
    Result<std::string> resolve(const SecretRef& secret) override {
        if (secret.name == "KEY") return std::string("s3cr3t");
        return make_error(ErrorCode::kNotFound, "no {}", secret.name);
    }
};

TEST(Template, SecretsAreReferencesUntilRendered) {
    const Template text = *Template::parse("Bearer $secret.KEY!");
    EXPECT_EQ(text.text(), "Bearer $secret.KEY!");
    ASSERT_EQ(text.secrets().size(), 1u);
    EXPECT_EQ(text.secrets()[0].name, "KEY");
    EXPECT_FALSE(text.render({}));
    OneSecret secrets;
    TemplateContext context;
    context.secrets = &secrets;
    EXPECT_EQ(*text.render_text(context), "Bearer s3cr3t!");
}

TEST(Template, SaysWhatItUses) {
    const Template text = *Template::parse("{params.b}{params.a}{params.b}{item.x}");
    EXPECT_EQ(text.params(), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(text.uses_item());
    EXPECT_FALSE(text.uses_window());
    EXPECT_FALSE(Template::parse("{run.time}")->uses_window());
    EXPECT_TRUE(Template::parse("{window.end}")->uses_window());
}

}  // namespace
}  // namespace ingot::project

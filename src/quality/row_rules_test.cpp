#include "quality/row_rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "quality/sql_text.hpp"
#include "quality/tables.hpp"
#include "quality/test_database.hpp"
#include "quality/test_expressions.hpp"

namespace ingot::quality {
namespace {

using project::Duplicates;
using project::Rule;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Rule rule(std::string reason, std::string when) {
    return Rule{std::move(reason), std::move(when), {"models/silver/aqi.sql", 3, 7}};
}

Field column(std::string name, DataType type) {
    return Field{std::move(name), std::move(type), true, {}};
}

QuarantineStamp stamp() {
    return {"run-1", *parse_timestamp("2026-01-02T03:04:05Z"), ""};
}

Duplicates keep(std::string order) {
    Duplicates duplicates;
    duplicates.mode = Duplicates::Mode::kKeep;
    duplicates.keep = std::move(order);
    duplicates.others = Duplicates::Others::kReject;
    return duplicates;
}

TEST(RowRules, WithoutRulesTheSelectPassesUnchanged) {
    const std::string select = "SELECT 1 AS a -- as it is\n WHERE $window__start IS NULL;";
    const auto rows = compile_rows(select, {{column("a", TypeId::kInteger)}}, {}, stamp());
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->sql, select);
    EXPECT_FALSE(rows->splits);
    EXPECT_THAT(rows->parameters, ElementsAre("window__start"));
    RowRules keyed;
    keyed.key = {"a"};
    EXPECT_EQ(compile_rows(select, {{column("a", TypeId::kInteger)}}, keyed, stamp())->sql, select);
}

TEST(RowRules, TheFirstMatchingRuleGivesTheReason) {
    TestDatabase database;
    RowRules rules;
    rules.reject = {rule("INVALID", "a = -999"), rule("NEGATIVE", "a < 0"),
                    rule("ODD", "a % 2 = 1")};
    const auto rows = compile_rows("SELECT unnest([-999, -5, 3, 4, NULL]) AS a",
                                   {{column("a", TypeId::kInteger)}}, rules, stamp());
    ASSERT_TRUE(rows);
    EXPECT_TRUE(rows->splits);
    EXPECT_THAT(rows->reasons, ElementsAre("INVALID", "NEGATIVE", "ODD"));
    const auto result = database.query("SELECT a, _reject_reason FROM (" + rows->sql + ")");
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(*result, UnorderedElementsAre(TextRow{"-999", "INVALID"}, TextRow{"-5", "NEGATIVE"},
                                              TextRow{"3", "ODD"}, TextRow{"4", std::nullopt},
                                              TextRow{std::nullopt, std::nullopt}));
}

TEST(RowRules, QuarantineColumnsSayWhereTheRowCameFrom) {
    TestDatabase database;
    RowRules rules;
    rules.reject = {rule("BAD", "a = 1")};
    QuarantineStamp origin = stamp();
    origin.window_start = "TIMESTAMPTZ '2015-01-01 00:00:00Z'";
    origin.file = "'hour-' || a";
    origin.line = "a + 6";
    const auto rows = compile_rows(
        "SELECT * FROM (VALUES (1, 'it''s', [1, 2]), (2, NULL, NULL)) t(a, \"b c\", l)",
        {{column("a", TypeId::kInteger), column("b c", TypeId::kString),
          column("l", DataType::array(TypeId::kInteger))}},
        rules, origin);
    ASSERT_TRUE(rows);
    const auto result = database.query(
        "SELECT _reject_reason, _reason, _run_id, _rejected_at, _file, _line, _raw, _window_start "
        "FROM (" +
        rows->sql + ") ORDER BY a");
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(result->at(0),
                ElementsAre("BAD", "BAD", "run-1", "2026-01-02 03:04:05+00", "hour-1", "7",
                            R"({"a":1,"b c":"it's","l":[1,2]})", "2015-01-01 00:00:00+00"));
    EXPECT_EQ(result->at(1).at(0), std::nullopt);
    EXPECT_EQ(result->at(1).at(6), std::nullopt);
}

TEST(RowRules, ARejectedRowCanBeReadBackFromItsText) {
    TestDatabase database;
    RowRules rules;
    rules.reject = {rule("BAD", "aqi > 500")};
    const auto rows = compile_rows(
        "SELECT 'x' AS site, 999 AS aqi",
        {{column("site", TypeId::kString), column("aqi", TypeId::kInteger)}}, rules, stamp());
    ASSERT_TRUE(rows);
    const auto result = database.query(
        "SELECT _raw ->> 'site', json_transform(_raw, '{\"aqi\": \"INTEGER\"}').aqi + 1 FROM (" +
        rows->sql + ")");
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(*result, ElementsAre(TextRow{"x", "1000"}));
}

TEST(RowRules, TheStatementHasTheColumnsOfTheQuarantineTable) {
    TestDatabase database;
    RowRules rules;
    rules.reject = {rule("BAD", "a = 1")};
    const auto rows =
        compile_rows("SELECT 1 AS a", {{column("a", TypeId::kInteger)}}, rules, stamp());
    ASSERT_TRUE(rows);
    const auto described =
        database.query("SELECT column_name, column_type FROM (DESCRIBE " + rows->sql + ")");
    ASSERT_TRUE(described) << described.error().to_string();
    std::vector<std::string> names;
    for (const TextRow& row : *described) names.push_back(*row[0] + " " + *row[1]);
    std::vector<std::string> expected = {"a INTEGER", "_reject_reason VARCHAR"};
    for (const Field& field : quarantine_schema().fields) {
        expected.push_back(field.name + " " + sql_type_name(field.type));
    }
    for (std::string& name : expected) {
        if (name.ends_with("TIMESTAMPTZ")) {
            name.replace(name.size() - 11, 11, "TIMESTAMP WITH TIME ZONE");
        }
    }
    EXPECT_EQ(names, expected);
}

TEST(RowRules, NullsAreRejectedWhereTheContractSaysSo) {
    TestDatabase database;
    RowRules rules;
    rules.not_null = {"site"};
    const auto rows = compile_rows("SELECT unnest(['x', NULL]) AS Site",
                                   {{column("Site", TypeId::kString)}}, rules, stamp());
    ASSERT_TRUE(rows);
    const auto result = database.query("SELECT Site, _reject_reason FROM (" + rows->sql + ")");
    ASSERT_TRUE(result);
    EXPECT_THAT(*result, UnorderedElementsAre(TextRow{"x", std::nullopt},
                                              TextRow{std::nullopt, "NULL_SITE"}));
}

TEST(RowRules, OfDuplicatesTheFirstInOrderStaysAndTheLosersAreAccounted) {
    TestDatabase database;
    RowRules rules;
    rules.reject = {rule("INVALID_AQI", "aqi = 999")};
    rules.key = {"site"};
    rules.duplicates = keep("aqi desc");
    const auto rows = compile_rows(
        "SELECT * FROM (VALUES ('a', 40), ('a', 55), ('a', 999), ('a', NULL), ('b', 1), (NULL, 7), "
        "(NULL, 8)) t(site, aqi)",
        {{column("site", TypeId::kString), column("aqi", TypeId::kInteger)}}, rules, stamp());
    ASSERT_TRUE(rows);
    EXPECT_THAT(rows->reasons, ElementsAre("INVALID_AQI", "DUPLICATE"));
    EXPECT_TRUE(rows->counted_only.empty());
    const auto result = database.query("SELECT site, aqi, _reject_reason FROM (" + rows->sql + ")");
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(*result,
                UnorderedElementsAre(
                    TextRow{"a", "55", std::nullopt}, TextRow{"a", "40", "DUPLICATE"},
                    TextRow{"a", std::nullopt, "DUPLICATE"}, TextRow{"a", "999", "INVALID_AQI"},
                    TextRow{"b", "1", std::nullopt}, TextRow{std::nullopt, "8", std::nullopt},
                    TextRow{std::nullopt, "7", "DUPLICATE"}));
}

TEST(RowRules, NewestKeepsTheGreatestAndCountsTheRest) {
    TestDatabase database;
    RowRules rules;
    rules.key = {"id"};
    rules.newest_by = {"version", "seen"};
    rules.duplicates.mode = Duplicates::Mode::kNewest;
    const auto rows = compile_rows(
        "SELECT * FROM (VALUES (1, 2, 5), (1, 2, 6), (1, 1, 9), (2, NULL, 1)) t(id, version, seen)",
        {{column("id", TypeId::kInteger), column("version", TypeId::kInteger),
          column("seen", TypeId::kInteger)}},
        rules, stamp());
    ASSERT_TRUE(rows);
    EXPECT_THAT(rows->counted_only, ElementsAre("DUPLICATE"));
    const auto result = database.query("SELECT id, seen FROM (" + rows->sql +
                                       ") WHERE _reject_reason IS NULL ORDER BY id");
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(*result, ElementsAre(TextRow{"1", "6"}, TextRow{"2", "1"}));
    rules.newest_by.clear();
    const auto refused =
        compile_rows("SELECT 1 AS id", {{column("id", TypeId::kInteger)}}, rules, stamp());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("nothing says which row is the newest"));
}

TEST(RowRules, EveryColumnTypeCanBreakATie) {
    TestDatabase database;
    RowRules rules;
    rules.key = {"k"};
    rules.duplicates = keep("k");
    const Schema schema{{column("k", TypeId::kInteger), column("b", TypeId::kBinary),
                         column("d", TypeId::kDate),
                         column("s", DataType::structure({column("x", TypeId::kInteger)})),
                         column("l", DataType::array(TypeId::kString)),
                         column("m", DataType::map(TypeId::kString, TypeId::kLong)),
                         column("n", DataType::decimal(20, 4)), column("t", TypeId::kTimestamp)}};
    const auto rows = compile_rows(
        "SELECT 1 AS k, 'ab'::BLOB AS b, DATE '2015-01-01' AS d, {'x': i} AS s, ['y'] AS l, "
        "MAP{'z': 1::BIGINT} AS m, 1.5::DECIMAL(20,4) AS n, TIMESTAMPTZ '2015-01-01 00:00:00Z' AS "
        "t "
        "FROM range(3) r(i)",
        schema, rules, stamp());
    ASSERT_TRUE(rows);
    const auto result = database.query("SELECT s.x, _raw FROM (" + rows->sql +
                                       ") WHERE _reject_reason IS NOT NULL ORDER BY 1");
    ASSERT_TRUE(result) << result.error().to_string();
    ASSERT_EQ(result->size(), 2U);
    EXPECT_EQ(result->at(0).at(0), "1");
    EXPECT_THAT(*result->at(0).at(1), HasSubstr(R"("m":{"z":1},"n":1.5)"));
}

TEST(RowRules, RulesDoNotCaptureNamesOfTheStatementAroundThem) {
    TestDatabase database;
    RowRules rules;
    // A column called like a keyword, one with a quote, and a subquery in the rule.
    rules.reject = {rule("A", "\"select\" = 1"), rule("B", "\"q\"\"x\" in (select 5)")};
    const auto rows = compile_rows(
        "WITH c AS (SELECT 1 AS x) SELECT x AS \"select\", 5 AS \"q\"\"x\" FROM c "
        "UNION ALL SELECT 2, 5; -- end",
        {{column("select", TypeId::kInteger), column("q\"x", TypeId::kInteger)}}, rules, stamp());
    ASSERT_TRUE(rows);
    const auto result = database.query("SELECT _reject_reason FROM (" + rows->sql + ") ORDER BY 1");
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(*result, ElementsAre(TextRow{"A"}, TextRow{"B"}));
}

TEST(RowRules, ErrorsNameThePlaceAndTheColumn) {
    const Schema schema{{column("site", TypeId::kString)}};
    RowRules rules;
    rules.reject = {rule("X", "site = 'a')")};
    auto refused = compile_rows("SELECT 'a' AS site", schema, rules, stamp());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "models/silver/aqi.sql:3:7: reject rule X: 1:11: this ')' closes nothing");
    rules = {};
    rules.not_null = {"sit"};
    refused = compile_rows("SELECT 'a' AS site", schema, rules, stamp());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "there is no column 'sit': did you mean 'site'?");
    rules = {};
    rules.reject = {rule("X", "true")};
    for (const char* reserved : {"_reject_reason", "_RAW", "_ingot_x"}) {
        refused = compile_rows("SELECT 1", {{column(reserved, TypeId::kInteger)}}, rules, stamp());
        ASSERT_FALSE(refused) << reserved;
        EXPECT_THAT(refused.error().message, HasSubstr("the quarantine needs"));
    }
    refused =
        compile_rows("SELECT 1", {{column("a", TypeId::kInteger), column("A", TypeId::kInteger)}},
                     rules, stamp());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("two columns 'A'"));
}

TEST(RowRules, AModelThatMergesResolvesNewestByItself) {
    project::Model model;
    model.kind = project::ModelKind::kMerge;
    model.key = {"id"};
    model.order_by = {"at"};
    model.duplicates.mode = Duplicates::Mode::kNewest;
    EXPECT_TRUE(rules_of(model).key.empty());
    model.kind = project::ModelKind::kTable;
    EXPECT_THAT(rules_of(model).key, ElementsAre("id"));
    EXPECT_THAT(rules_of(model).newest_by, ElementsAre("at"));
    model.order_by.clear();
    model.time = "seen_at";
    EXPECT_THAT(rules_of(model).newest_by, ElementsAre("seen_at"));
    model.kind = project::ModelKind::kScd2;
    EXPECT_THAT(rules_of(model).key, ElementsAre("id", "seen_at")) << "several versions of a key";
}

// Against a brute-force evaluator.

/// What the statement should say, by definition: `row|reason` of all rows, sorted.
std::vector<std::string> by_definition(const std::vector<RandomRow>& rows,
                                       const std::vector<Expression>& rules, bool keyed,
                                       bool descending) {
    std::vector<std::string> texts;
    std::vector<RandomRow> left;
    for (const RandomRow& row : rows) {
        std::string reason;
        for (std::size_t i = 0; i < rules.size() && reason.empty(); ++i) {
            if (value_of(rules[i], row) == Truth::kTrue) reason = fmt::format("R{}", i);
        }
        if (reason.empty()) {
            left.push_back(row);
        } else {
            texts.push_back(row_text(row, reason));
        }
    }
    std::stable_sort(left.begin(), left.end(), [&](const RandomRow& x, const RandomRow& y) {
        if (const int order = compare_nulls_last(x.c, y.c, descending)) return order < 0;
        if (const int order = compare_nulls_last(x.a, y.a, false)) return order < 0;
        if (const int order = compare_nulls_last(x.b, y.b, false)) return order < 0;
        return compare_nulls_last(x.c, y.c, false) < 0;
    });
    std::vector<std::optional<std::string>> seen;
    for (const RandomRow& row : left) {
        const bool again = keyed && std::find(seen.begin(), seen.end(), row.b) != seen.end();
        seen.push_back(row.b);
        texts.push_back(row_text(row, again ? "DUPLICATE" : "ok"));
    }
    std::sort(texts.begin(), texts.end());
    return texts;
}

TEST(RowRules, AgreeWithABruteForceEvaluatorOnRandomRowsAndRules) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    TestDatabase database;
    const Schema schema = random_schema();
    for (int round = 0; round < 150; ++round) {
        SCOPED_TRACE(fmt::format("seed {} round {}", seed, round));
        std::vector<RandomRow> rows(1 + random() % 40);
        for (RandomRow& row : rows) row = random_row(random);
        std::vector<Expression> conditions;
        RowRules rules;
        for (std::size_t i = random() % 4; i > 0; --i) {
            conditions.push_back(random_expression(random, 3));
            rules.reject.push_back(
                rule(fmt::format("R{}", rules.reject.size()), to_sql(conditions.back())));
        }
        const bool keyed = conditions.empty() || random() % 2 == 0;
        const bool descending = random() % 2 == 0;
        if (keyed) rules.key = {"b"};
        if (keyed) rules.duplicates = keep(descending ? "c desc" : "c");
        const auto expected = by_definition(rows, conditions, keyed, descending);
        for (int order = 0; order < 2; ++order) {
            const auto compiled = compile_rows(values_sql(rows), schema, rules, stamp());
            ASSERT_TRUE(compiled) << compiled.error().to_string();
            const auto result = database.query(
                "SELECT concat_ws('|', coalesce(a::VARCHAR, '~'), coalesce(b, '~'), "
                "coalesce(CASE WHEN c = 0 THEN '0' ELSE c::VARCHAR END, '~'), "
                "coalesce(_reject_reason, 'ok')) FROM (" +
                compiled->sql + ")");
            ASSERT_TRUE(result) << result.error().to_string();
            std::vector<std::string> actual;
            for (const TextRow& row : *result) actual.push_back(*row.at(0));
            std::sort(actual.begin(), actual.end());
            ASSERT_EQ(actual.size(), rows.size()) << "accepted + rejected = input";
            ASSERT_EQ(actual, expected) << compiled->sql;
            std::shuffle(rows.begin(), rows.end(), random);
        }
    }
}

}  // namespace
}  // namespace ingot::quality

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "engine/sql_parameters_internal.hpp"
#include "engine/test_support_internal.hpp"

namespace ingot::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::must;
using ::testing::StartsWith;

TEST(SqlParameters, DottedNamesBecomeBindable) {
    const auto rewritten =
        rewrite_parameters("SELECT $window.start, $params.a.b, $x, $1 WHERE t < $window.start");
    EXPECT_EQ(rewritten.text,
              "SELECT $window__start, $params__a__b, $x, $1 WHERE t < $window__start");
    EXPECT_THAT(rewritten.parameters, ElementsAre("window.start", "params.a.b", "x"));
}

TEST(SqlParameters, QuotedTextAndCommentsStay) {
    const std::string sql =
        "SELECT '$a.b', '''$a.b', \"$a.b\", E'\\'$a.b', $$ $a.b $$, $t$ $a.b $$ $t$, a$b.c "
        "-- $a.b\n/* $a.b /* $c.d */ $e.f */, 'unclosed $a.b";
    EXPECT_EQ(rewrite_parameters(sql).text, sql);
    EXPECT_TRUE(rewrite_parameters(sql).parameters.empty());
}

TEST(SqlParameters, OffsetsLeadBackToTheOriginal) {
    const std::string sql = "SELECT $a.b.c, x";
    const auto rewritten = rewrite_parameters(sql);
    EXPECT_EQ(rewritten.original_offset(rewritten.text.find('x')), sql.find('x'));
    EXPECT_EQ(rewritten.original_offset(0), 0U);
}

class SqlFactsTest : public ::testing::Test {
protected:
    std::vector<std::string> tables(const std::string& sql) {
        std::vector<std::string> names;
        for (const auto& table : must(facts_.parse(sql)).tables) {
            names.push_back(table.name);
        }
        return names;
    }
    std::string lineage(const std::string& sql, const std::vector<std::string>& macros = {}) {
        const auto parsed = must(facts_.parse(sql));
        const auto bound = facts_.bind(
            parsed, schemas_,
            {{"window.start", TypeId::kTimestamp}, {"params.n", TypeId::kInteger}}, macros);
        if (!bound) {
            return "ERROR " + bound.error().to_string();
        }
        std::string text;
        for (const auto& column : *bound) {
            text += column.column.name + " " + column.column.type.to_string() + ":";
            for (const auto& [table, source] : column.sources) {
                text += " " + table + "." + source;
            }
            text += "\n";
        }
        return text;
    }

    std::unique_ptr<Engine> engine_ = testing::open_engine();
    sql::SqlFacts& facts_ = engine_->sql_facts();
    std::map<std::string, Schema> schemas_{
        {"silver.events",
         {{{"id", TypeId::kLong},
           {"user_id", TypeId::kLong},
           {"seen", TypeId::kTimestamp},
           {"place", DataType::structure({{"city", TypeId::kString}, {"zip", TypeId::kLong}})},
           {"tags", DataType::array(TypeId::kString)}}}},
        {"silver.users", {{{"id", TypeId::kLong}, {"login", TypeId::kString}}}}};
};

TEST_F(SqlFactsTest, TablesAreFoundAndCtesAreNot) {
    EXPECT_THAT(
        tables("WITH a AS (SELECT * FROM bronze.raw), silver AS (SELECT * FROM a) SELECT * FROM "
               "silver JOIN gold.x USING (id) WHERE id IN (SELECT id FROM \"Weird\".\"Na me\") "
               "UNION ALL SELECT (SELECT max(b) FROM c) FROM gold.x, (SELECT * FROM d) s, "
               "LATERAL (SELECT * FROM e) l"),
        ElementsAre("bronze.raw", "gold.x", "Weird.Na me", "c", "d", "e"));
}

TEST_F(SqlFactsTest, ACteHidesATableOnlyInItsScope) {
    EXPECT_THAT(tables("SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) JOIN t ON true"),
                ElementsAre("t"));
    EXPECT_THAT(tables("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, s WHERE "
                       "n < 5) SELECT * FROM r"),
                ElementsAre("s"));
    EXPECT_THAT(tables("WITH t AS (SELECT * FROM t) SELECT * FROM t"), ElementsAre("t"));
}

TEST_F(SqlFactsTest, PositionsAreThoseOfTheText) {
    const auto parsed =
        must(facts_.parse("SELECT $window.start,\n  x\nFROM silver.events e\nJOIN b ON e.i = b.i"));
    ASSERT_EQ(parsed.tables.size(), 2U);
    EXPECT_EQ(parsed.tables[0].position.line, 3);
    EXPECT_EQ(parsed.tables[0].position.column, 6);
    EXPECT_EQ(parsed.tables[1].position.line, 4);
    EXPECT_EQ(parsed.tables[1].position.column, 6);
}

TEST_F(SqlFactsTest, FunctionsOfEveryKindAreNamed) {
    EXPECT_THAT(must(facts_.parse("SELECT Lower(a) || 'x', count(*), row_number() OVER (ORDER BY "
                                  "abs(b)) FROM read_parquet('x') WHERE a + 1 > 2"))
                    .functions,
                ::testing::UnorderedElementsAre("lower", "count_star", "row_number", "abs",
                                                "read_parquet"));
}

TEST_F(SqlFactsTest, SyntaxErrorsSayWhere) {
    const auto error = [&](const char* sql) {
        const auto parsed = facts_.parse(sql);
        return parsed ? "" : parsed.error().to_string();
    };
    EXPECT_THAT(error("SELECT $a.b,\n  FORM x y z"), StartsWith("2:"));
    EXPECT_THAT(error("SELECT 1; SELECT 2"), HasSubstr("one SELECT"));
    EXPECT_THAT(error("CREATE TABLE t (i INTEGER)"), HasSubstr("one SELECT"));
    EXPECT_THAT(error(""), HasSubstr("one SELECT"));
}

TEST_F(SqlFactsTest, ColumnsAreTracedThroughJoinsAndExpressions) {
    EXPECT_EQ(lineage("SELECT u.login AS who, e.place.city AS city, e.id + u.id AS both, 1 AS one, "
                      "$params.n AS n, e.seen >= $window.start AS late FROM silver.events e JOIN "
                      "silver.users u ON e.user_id = u.id"),
              "who string: silver.users.login\n"
              "city string: silver.events.place\n"
              "both long: silver.events.id silver.users.id\n"
              "one integer:\n"
              "n integer:\n"
              "late boolean: silver.events.seen\n");
}

TEST_F(SqlFactsTest, ColumnsAreTracedThroughCtesUnionsStarsWindowsAndAggregates) {
    EXPECT_EQ(lineage("WITH a AS (SELECT user_id, count(*) AS n, max(seen) AS last FROM "
                      "silver.events GROUP BY user_id), b AS MATERIALIZED (SELECT * FROM a) "
                      "SELECT *, rank() OVER (PARTITION BY user_id ORDER BY last) AS r FROM b"),
              "user_id long: silver.events.user_id\n"
              "n long:\n"
              "last timestamp: silver.events.seen\n"
              "r long: silver.events.seen silver.events.user_id\n");
    EXPECT_EQ(lineage("SELECT id FROM silver.events UNION ALL SELECT id FROM silver.users"),
              "id long: silver.events.id silver.users.id\n");
    EXPECT_EQ(lineage("SELECT unnest(tags) AS tag FROM silver.events"),
              "tag string: silver.events.tags\n");
    EXPECT_EQ(lineage("SELECT login, (SELECT max(e.seen) FROM silver.events e WHERE e.user_id = "
                      "u.id) AS last FROM silver.users u"),
              "login string: silver.users.login\nlast timestamp: silver.events.seen\n");
    EXPECT_EQ(lineage("SELECT login FROM silver.users WHERE id IN (SELECT user_id FROM "
                      "silver.events)"),
              "login string: silver.users.login\n");
}

TEST_F(SqlFactsTest, LineageSeesThroughMacros) {
    EXPECT_EQ(lineage("SELECT shout(login) AS l FROM silver.users",
                      {"CREATE MACRO shout(x) AS upper(x) || '!'"}),
              "l string: silver.users.login\n");
    EXPECT_THAT(lineage("SELECT shout(login) AS l FROM silver.users"), HasSubstr("shout"));
}

TEST_F(SqlFactsTest, BindingErrorsSayWhereAndWhatIsNear) {
    EXPECT_THAT(lineage("SELECT id,\n  logn FROM silver.users"),
                ::testing::AllOf(StartsWith("ERROR 2:3: "), HasSubstr("login")));
    EXPECT_THAT(
        lineage("SELECT $window.start,\n id FROM silver.usrs"),
        ::testing::AllOf(StartsWith("ERROR 2:10: "), HasSubstr("did you mean 'silver.users'?")));
}

TEST_F(SqlFactsTest, ADeepStatementIsParsedManyTimesInAMoment) {
    const std::string sql =
        "WITH a AS (SELECT user_id, count(*) AS n FROM silver.events WHERE seen >= $window.start "
        "GROUP BY 1) SELECT u.login, a.n FROM a JOIN silver.users u ON u.id = a.user_id";
    const auto parsed = must(facts_.parse(sql));
    for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(must(facts_.parse(sql)).tables.size(), 2U);
        ASSERT_EQ(
            must(facts_.bind(parsed, schemas_, {{"window.start", TypeId::kTimestamp}}, {})).size(),
            2U);
    }
}

}  // namespace
}  // namespace ingot::engine

#include "quality/check_plan.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "quality/test_database.hpp"
#include "quality/test_expressions.hpp"

namespace ingot::quality {
namespace {

using project::Check;
using project::CheckScope;
using project::OnFail;
using project::Value;
using testing::ElementsAre;
using testing::HasSubstr;

Field column(std::string name, DataType type) {
    return Field{std::move(name), std::move(type), true, {}};
}

Check check(std::string name, project::CheckBody body) {
    Check result;
    result.name = std::move(name);
    result.body = std::move(body);
    result.place = {"models/silver/aqi.sql", 9, 5};
    return result;
}

Value text(std::string value) {
    return Value(std::move(value));
}

Value whole(std::int64_t value) {
    return Value(value);
}

/// A table `staged` with what checks are tried on.
class ChecksTest : public testing::Test {
protected:
    ChecksTest() {
        database.execute(
            "CREATE TABLE staged AS SELECT * FROM (VALUES "
            "(1, 'a', 10, 0.5::DOUBLE, DATE '2015-01-01', ['x']), (2, 'b', -1, 'nan', DATE "
            "'2015-01-02', "
            "[]), "
            "(2, NULL, 1000, 1.5, NULL, NULL), (NULL, 'c', NULL, NULL, DATE '2015-01-03', ['x', "
            "'y'])) "
            "t(id, site, aqi, score, day, tags)");
        target.table = {"silver", "aqi"};
        target.schema = {{column("id", TypeId::kInteger), column("site", TypeId::kString),
                          column("aqi", TypeId::kInteger), column("score", TypeId::kDouble),
                          column("day", TypeId::kDate),
                          column("tags", DataType::array(TypeId::kString))}};
        target.rows = "staged";
        target.all = "staged";
        facts.now = *parse_timestamp("2015-01-03T06:00:00Z");
    }

    std::vector<ScanOutcome> run(const CheckPlan& plan) {
        std::vector<ScanOutcome> outcomes;
        for (const CheckScan& scan : plan.scans) {
            Parameters bound;
            for (const std::string& name : scan.parameters)
                bound.emplace(name, parameters.at(name));
            outcomes.push_back(database.one_row(scan.sql, bound));
        }
        return outcomes;
    }

    /// Plans, runs and evaluates.
    std::vector<CheckResult> results(const std::vector<Check>& checks,
                                     const std::vector<RowCondition>& conditions = {},
                                     const PlanOptions& options = {}) {
        const Result<CheckPlan> plan = plan_checks(target, checks, conditions, options);
        if (!plan) {
            ADD_FAILURE() << plan.error().to_string();
            return {};
        }
        std::vector<CheckResult> all = evaluate(*plan, run(*plan), facts);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!all[i].failing_rows || plan->checks[i].sample_sql.empty()) continue;
            const auto samples = database.query(plan->checks[i].sample_sql);
            EXPECT_TRUE(samples) << samples.error().to_string();
            if (!samples) continue;
            for (const TextRow& row : *samples) all[i].samples.push_back(*row.at(0));
            EXPECT_EQ(*all[i].failing_rows > 0, !all[i].samples.empty()) << all[i].message;
        }
        return all;
    }

    CheckResult result(project::CheckBody body) {
        const std::vector<CheckResult> all = results({check("it", std::move(body))});
        return all.empty() ? CheckResult{} : all.front();
    }

    std::string refusal(project::CheckBody body) {
        const Result<CheckPlan> plan =
            plan_checks(target, std::vector{check("it", std::move(body))}, {});
        return plan ? "accepted" : plan.error().message;
    }

    TestDatabase database;
    CheckTarget target;
    CheckFacts facts;
    Parameters parameters;
};

TEST_F(ChecksTest, NotNullCountsRowsAndColumns) {
    const CheckResult one = result(project::NotNullCheck{{"site"}});
    EXPECT_EQ(one.status, CheckStatus::kFailed);
    EXPECT_EQ(one.failing_rows, 1);
    EXPECT_EQ(one.message, "silver.aqi: it: 1 of 4 rows have no value in site");
    EXPECT_THAT(one.samples, ElementsAre(R"({"site":null})"));
    const CheckResult two = result(project::NotNullCheck{{"id", "site"}});
    EXPECT_EQ(two.failing_rows, 2);
    EXPECT_EQ(two.message, "silver.aqi: it: 2 of 4 rows have no value in id, site (id 1, site 1)");
}

TEST_F(ChecksTest, AcceptedLetsNullsPassAndIgnoresNullsInItsList) {
    EXPECT_EQ(result(project::AcceptedCheck{"site", {text("a"), text("b"), text("c")}}).status,
              CheckStatus::kPassed);
    const CheckResult failed =
        result(project::AcceptedCheck{"site", {text("a"), Value(), text("b")}});
    EXPECT_EQ(failed.failing_rows, 1);
    EXPECT_THAT(failed.samples, ElementsAre(R"({"site":"c"})"));
    EXPECT_EQ(result(project::AcceptedCheck{"site", {Value()}}).failing_rows, 3);
    EXPECT_THAT(refusal(project::AcceptedCheck{"tags", {text("a")}}),
                HasSubstr("does not fit the type"));
}

TEST_F(ChecksTest, RangeIncludesBothEndsAndRefusesNaN) {
    EXPECT_EQ(result(project::RangeCheck{"aqi", whole(-1), whole(1000)}).status,
              CheckStatus::kPassed);
    const CheckResult failed = result(project::RangeCheck{"aqi", whole(0), whole(999)});
    EXPECT_EQ(failed.failing_rows, 2);
    EXPECT_EQ(failed.message, "silver.aqi: it: 2 of 4 rows hold a value in aqi outside 0 to 999");
    EXPECT_EQ(result(project::RangeCheck{"aqi", whole(11), std::nullopt}).failing_rows, 2);
    EXPECT_EQ(result(project::RangeCheck{"score", whole(0), std::nullopt}).failing_rows, 1);
    EXPECT_EQ(result(project::RangeCheck{"day", text("2015-01-02"), std::nullopt}).failing_rows, 1);
    EXPECT_THAT(refusal(project::RangeCheck{"aqi", std::nullopt, std::nullopt}),
                HasSubstr("min or a max"));
}

TEST_F(ChecksTest, LengthIsOfTextsAndLists) {
    EXPECT_EQ(result(project::LengthCheck{"site", 1, 1}).status, CheckStatus::kPassed);
    EXPECT_EQ(result(project::LengthCheck{"tags", 1, 1}).failing_rows, 2);
    EXPECT_THAT(refusal(project::LengthCheck{"aqi", 1, 1}),
                HasSubstr("column 'aqi' is of type integer"));
}

TEST_F(ChecksTest, LengthIsOfBinariesAndMapsToo) {
    database.execute(
        "CREATE TABLE other AS SELECT 'abc'::BLOB AS b, MAP{'x': 1, 'y': 2} AS m, 'é€' AS t");
    target.rows = "other";
    target.schema = {{column("b", TypeId::kBinary),
                      column("m", DataType::map(TypeId::kString, TypeId::kInteger)),
                      column("t", TypeId::kString)}};
    EXPECT_EQ(result(project::LengthCheck{"b", 3, 3}).status, CheckStatus::kPassed);
    EXPECT_EQ(result(project::LengthCheck{"b", 4, {}}).failing_rows, 1);
    EXPECT_EQ(result(project::LengthCheck{"m", 2, 2}).status, CheckStatus::kPassed);
    EXPECT_EQ(result(project::LengthCheck{"m", {}, 1}).failing_rows, 1);
    EXPECT_EQ(result(project::LengthCheck{"t", 2, 2}).status, CheckStatus::kPassed);
}

TEST_F(ChecksTest, RegexMatchesTheWholeValue) {
    EXPECT_EQ(result(project::RegexCheck{"site", "[a-c]"}).status, CheckStatus::kPassed);
    EXPECT_EQ(result(project::RegexCheck{"site", "a|b"}).failing_rows, 1);
    EXPECT_EQ(result(project::RegexCheck{"site", "["}).status, CheckStatus::kError);
    EXPECT_THAT(refusal(project::RegexCheck{"aqi", "1"}), HasSubstr("matches strings"));
}

TEST_F(ChecksTest, NullShareIsAShareOfTheRows) {
    EXPECT_EQ(result(project::NullShareCheck{"site", 0.25}).status, CheckStatus::kPassed);
    const CheckResult failed = result(project::NullShareCheck{"site", 0.2});
    EXPECT_EQ(failed.status, CheckStatus::kFailed);
    EXPECT_EQ(failed.message,
              "silver.aqi: it: 25% of 4 rows have no value in site, 20% is allowed");
}

TEST_F(ChecksTest, UniqueNamesTheValuesThatAreShared) {
    const CheckResult failed = result(project::UniqueCheck{{"id"}});
    EXPECT_EQ(failed.failing_rows, 2);
    EXPECT_EQ(failed.message, "silver.aqi: it: 2 rows share 1 value of id");
    EXPECT_THAT(failed.samples, ElementsAre(R"({"id":2,"_rows":2})"));
    EXPECT_EQ(result(project::UniqueCheck{{"id", "site"}}).status, CheckStatus::kPassed);
}

TEST_F(ChecksTest, RelationshipsFindsValuesWithoutCounterpart) {
    database.execute("CREATE SCHEMA silver");
    database.execute("CREATE TABLE silver.sites AS SELECT unnest(['a', 'b', NULL]) AS id");
    const CheckResult failed =
        result(project::RelationshipsCheck{{"site"}, {"silver", "sites"}, {"id"}});
    EXPECT_EQ(failed.failing_rows, 1);
    EXPECT_THAT(failed.samples, ElementsAre(R"({"site":"c"})"));
    EXPECT_EQ(failed.message,
              "silver.aqi: it: 1 row holds a value in site that is missing in silver.sites(id)");
    EXPECT_EQ(result(project::RelationshipsCheck{{"site"}, {"silver", "absent"}, {"id"}}).status,
              CheckStatus::kError);
}

TEST_F(ChecksTest, RowCountComparesWithThePreviousVersion) {
    EXPECT_EQ(result(project::RowCountCheck{4, 4, {}, {}}).status, CheckStatus::kPassed);
    EXPECT_EQ(result(project::RowCountCheck{5, {}, {}, {}}).message,
              "silver.aqi: it: 4 rows, expected >= 5");
    EXPECT_EQ(result(project::RowCountCheck{{}, {}, 0.9, {}}).status, CheckStatus::kSkipped);
    facts.previous_row_count = 40;
    EXPECT_EQ(result(project::RowCountCheck{{}, {}, 0.9, {}}).status, CheckStatus::kPassed);
    facts.previous_row_count = 41;
    const CheckResult dropped = result(project::RowCountCheck{{}, {}, 0.9, {}});
    EXPECT_EQ(dropped.status, CheckStatus::kFailed);
    EXPECT_EQ(dropped.message, "silver.aqi: it: 4 rows, expected >= 4.1 after 41 before");
    facts.previous_row_count = 1;
    EXPECT_EQ(result(project::RowCountCheck{{}, {}, {}, 2.0}).status, CheckStatus::kFailed);
    EXPECT_EQ(result(project::RowCountCheck{{}, {}, {}, 3.0}).status, CheckStatus::kPassed);
    facts.previous_row_count = 0;
    EXPECT_EQ(result(project::RowCountCheck{{}, {}, {}, 2.0}).status, CheckStatus::kSkipped);
}

TEST_F(ChecksTest, FreshnessComparesTheNewestValueWithTheRun) {
    const CheckResult fresh = result(project::FreshnessCheck{"day", std::chrono::hours(6)});
    EXPECT_EQ(fresh.status, CheckStatus::kPassed);
    EXPECT_EQ(fresh.measured, 6 * 3600.0);
    facts.now = *parse_timestamp("2015-01-03T06:00:00.000001Z");
    const CheckResult stale = result(project::FreshnessCheck{"day", std::chrono::hours(6)});
    EXPECT_EQ(stale.status, CheckStatus::kFailed);
    EXPECT_THAT(stale.message, HasSubstr("the newest day is 2015-01-03T00:00:00Z, at most 6h"));
    database.execute("DELETE FROM staged");
    EXPECT_THAT(result(project::FreshnessCheck{"day", std::chrono::hours(6)}).message,
                HasSubstr("no row has a value in day"));
    EXPECT_THAT(refusal(project::FreshnessCheck{"site", {}}), HasSubstr("of a date or timestamp"));
}

TEST_F(ChecksTest, ExpressionsHoldFailOrAreUnknown) {
    EXPECT_EQ(result(project::SqlCheck{"count(*) = 4 and max(aqi) <= 1000"}).status,
              CheckStatus::kPassed);
    EXPECT_EQ(result(project::SqlCheck{"count(*) > 4"}).message,
              "silver.aqi: it: 'count(*) > 4' is false");
    const CheckResult unknown = result(project::SqlCheck{"sum(aqi) filter (where false) > 0"});
    EXPECT_EQ(unknown.status, CheckStatus::kFailed);
    EXPECT_THAT(unknown.message, HasSubstr("is null, so nothing shows that it holds"));
}

TEST_F(ChecksTest, ExpressionsSeeThePreviousRowCount) {
    const project::SqlCheck body{"count(*) > 0.1 * $previous.row_count"};
    parameters["previous__row_count"] = Scalar::null(TypeId::kLong);
    EXPECT_EQ(result(body).status, CheckStatus::kSkipped);
    facts.previous_row_count = 39;
    parameters["previous__row_count"] = Scalar::integer(TypeId::kLong, 39);
    EXPECT_EQ(result(body).status, CheckStatus::kPassed);
    parameters["previous__row_count"] = Scalar::integer(TypeId::kLong, 40);
    EXPECT_EQ(result(body).status, CheckStatus::kFailed);
}

TEST_F(ChecksTest, EachRowOfAQueryIsAFailure) {
    const CheckResult failed =
        result(project::QueryCheck{"SELECT id, aqi FROM staged WHERE aqi > 5 -- big\n;"});
    EXPECT_EQ(failed.failing_rows, 2);
    EXPECT_THAT(failed.samples, ElementsAre(R"({"id":1,"aqi":10})", R"({"id":2,"aqi":1000})"));
    EXPECT_EQ(result(project::QueryCheck{"SELECT 1 WHERE false"}).status, CheckStatus::kPassed);
}

TEST_F(ChecksTest, AnomaliesAreSilentUntilHistoryIsLongEnough) {
    project::AnomalyCheck body;
    body.min_history = 3;
    facts.history["it"] = {4, 5};
    EXPECT_EQ(result(body).status, CheckStatus::kSkipped);
    facts.history["it"] = {4, 5, 4, 3};
    EXPECT_EQ(result(body).status, CheckStatus::kPassed);
    facts.history["it"] = {400, 410, 390, 405};
    const CheckResult odd = result(body);
    EXPECT_EQ(odd.status, CheckStatus::kFailed);
    EXPECT_THAT(odd.message, HasSubstr("'count(*)': 4 is outside"));
    body.metric = "max(aqi) filter (where false)";
    EXPECT_EQ(result(body).status, CheckStatus::kFailed);
}

TEST_F(ChecksTest, WhereLimitsTheRowsThatAreLookedAt) {
    const auto limited = [](project::CheckBody body, const char* where) {
        Check it = check("it", std::move(body));
        it.where = where;
        return it;
    };
    const auto all = results({
        limited(project::NotNullCheck{{"site"}}, "aqi < 500 or aqi is null"),
        limited(project::UniqueCheck{{"id"}}, "site is not null"),
        limited(project::RowCountCheck{2, 2, {}, {}}, "day >= date '2015-01-02'"),
        limited(project::SqlCheck{"max(aqi) = 10"}, "site = 'a'"),
        limited(project::NullShareCheck{"aqi", 0.5}, "site >= 'b'"),
        limited(project::FreshnessCheck{"day", std::chrono::hours(30)}, "id = 2"),
    });
    ASSERT_EQ(all.size(), 6U);
    for (std::size_t i = 0; i < 5; ++i)
        EXPECT_EQ(all[i].status, CheckStatus::kPassed) << all[i].message;
    EXPECT_EQ(all[5].measured, 30 * 3600.0);
    Check query = limited(project::QueryCheck{"SELECT 1"}, "true");
    EXPECT_FALSE(plan_checks(target, std::vector{query}, {}));
}

TEST_F(ChecksTest, OneScanDecidesAllThatOnePassCan) {
    std::vector<Check> checks = {
        check("a", project::NotNullCheck{{"site", "id"}}),
        check("b", project::AcceptedCheck{"site", {text("a")}}),
        check("c", project::RangeCheck{"aqi", whole(0), whole(5)}),
        check("d", project::RegexCheck{"site", ".*"}),
        check("e", project::RowCountCheck{1, {}, {}, {}}),
        check("f", project::SqlCheck{"count(*) > 0"}),
        check("g", project::FreshnessCheck{"day", std::chrono::hours(1)}),
        check("h", project::AnomalyCheck{}),
        check("i", project::UniqueCheck{{"id"}}),
        check("j", project::NullShareCheck{"site", 1}),
    };
    RowCondition warn;
    warn.name = "ODD";
    warn.kind = "warn";
    warn.bad_when = "aqi % 2 = 1";
    warn.on_fail = OnFail::kWarn;
    warn.meaning = "are ODD";
    auto plan = plan_checks(target, checks, std::vector{warn});
    ASSERT_TRUE(plan) << plan.error().to_string();
    ASSERT_EQ(plan->scans.size(), 2U);
    EXPECT_EQ(plan->scans[0].checks.size(), 10U);
    EXPECT_EQ(plan->scans[1].checks, std::vector<std::size_t>{8});
    const std::vector<CheckResult> together = evaluate(*plan, run(*plan), facts);
    PlanOptions isolate;
    isolate.isolate = true;
    plan = plan_checks(target, checks, std::vector{warn}, isolate);
    ASSERT_EQ(plan->scans.size(), 11U);
    const std::vector<CheckResult> apart = evaluate(*plan, run(*plan), facts);
    ASSERT_EQ(together.size(), apart.size());
    for (std::size_t i = 0; i < apart.size(); ++i) EXPECT_EQ(together[i].message, apart[i].message);
    target.all = "(SELECT * FROM staged)";
    checks[0].scope = CheckScope::kTable;
    EXPECT_EQ(plan_checks(target, checks, {})->scans.size(), 3U);
}

TEST_F(ChecksTest, IsolationTellsWhichCheckCannotRun) {
    const std::vector<Check> checks = {check("good", project::NotNullCheck{{"aqi"}}),
                                       check("bad", project::SqlCheck{"max(site)::int > 0"})};
    const auto shared = results(checks);
    EXPECT_EQ(shared[0].status, CheckStatus::kError);
    EXPECT_EQ(shared[1].status, CheckStatus::kError);
    PlanOptions options;
    options.isolate = true;
    const auto apart = results(checks, {}, options);
    EXPECT_EQ(apart[0].status, CheckStatus::kFailed);
    EXPECT_EQ(apart[1].status, CheckStatus::kError);
    EXPECT_TRUE(apart[1].blocks());
    EXPECT_THAT(apart[1].message, HasSubstr("could not run"));
}

TEST_F(ChecksTest, WarningsDoNotBlock) {
    Check it = check("it", project::NotNullCheck{{"site"}});
    it.on_fail = OnFail::kWarn;
    const auto all = results({it});
    EXPECT_EQ(all[0].status, CheckStatus::kWarned);
    EXPECT_FALSE(all[0].blocks());
    EXPECT_EQ(blocking_problem(all), "");
}

TEST_F(ChecksTest, AnEmptyTablePassesRowChecks) {
    database.execute("DELETE FROM staged");
    for (const CheckResult& it : results({check("a", project::NotNullCheck{{"site"}}),
                                          check("b", project::UniqueCheck{{"id"}}),
                                          check("c", project::NullShareCheck{"site", 0})})) {
        EXPECT_EQ(it.status, CheckStatus::kPassed) << it.message;
    }
}

TEST_F(ChecksTest, SamplesShowTheKeyAndStayFew) {
    database.execute("INSERT INTO staged SELECT i, NULL, 1, 1, NULL, NULL FROM range(100) r(i)");
    PlanOptions options;
    options.sample_columns = {"id"};
    options.sample_rows = 3;
    const auto all = results({check("a", project::NotNullCheck{{"site"}})}, {}, options);
    EXPECT_EQ(all[0].failing_rows, 101);
    ASSERT_EQ(all[0].samples.size(), 3U);
    EXPECT_THAT(all[0].samples[0], HasSubstr("\"id\":"));
}

TEST_F(ChecksTest, SamplesOfLongRowsAreCut) {
    database.execute("INSERT INTO staged VALUES (7, repeat('x', 300000), 1, 1, NULL, NULL)");
    const auto all = results({check("a", project::LengthCheck{"site", 0, 10}),
                              check("b", project::QueryCheck{"SELECT * FROM staged WHERE id = 7"}),
                              check("c", project::UniqueCheck{{"aqi"}})});
    EXPECT_EQ(all[0].samples.at(0).size(), 2000U);
    EXPECT_EQ(all[1].samples.at(0).size(), 2000U);
    EXPECT_EQ(all[2].status, CheckStatus::kPassed);
}

TEST_F(ChecksTest, ErrorsNameThePlaceAndTheNearestColumn) {
    EXPECT_EQ(
        refusal(project::NotNullCheck{{"sit"}}),
        "models/silver/aqi.sql:9:5: check it: there is no column 'sit': did you mean 'site'?");
    EXPECT_THAT(refusal(project::UniqueCheck{{}}), HasSubstr("names no column"));
    EXPECT_THAT(refusal(project::SqlCheck{"count(*) > 0) or (true"}), HasSubstr("closes nothing"));
    EXPECT_THAT(refusal(project::RelationshipsCheck{{"id", "site"}, {"a", "b"}, {"id"}}),
                HasSubstr("2 columns cannot refer to 1 columns"));
}

TEST_F(ChecksTest, AModelsOwnPromisesAreChecked) {
    project::Model model;
    model.name = {"silver", "aqi"};
    model.kind = project::ModelKind::kIncremental;
    model.time = "day";
    model.window = project::WindowSpec{{CalendarStep::Unit::kDay, 1}, "UTC"};
    model.key = {"id"};
    model.warn = {{"ODD_AQI", "aqi < 0", {}}};
    const Interval run_range{*parse_timestamp("2015-01-01"), *parse_timestamp("2015-01-02")};
    const Result<ImpliedChecks> implied = implied_checks(model, target.schema, {&run_range, 1});
    ASSERT_TRUE(implied) << implied.error().to_string();
    const Result<CheckPlan> plan = plan_checks(target, implied->checks, implied->conditions);
    ASSERT_TRUE(plan);
    const std::vector<CheckResult> all = evaluate(*plan, run(*plan), facts);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(
        all[0].message,
        "silver.aqi: key_not_null(id): 1 of 4 rows have no value in id (A row without its key "
        "cannot be found again.)");
    EXPECT_EQ(all[1].name, "key_unique(id)");
    EXPECT_EQ(all[1].failing_rows, 2);
    EXPECT_EQ(all[2].message, "silver.aqi: ODD_AQI: 1 of 4 rows are ODD_AQI");
    EXPECT_EQ(all[2].status, CheckStatus::kWarned);
    EXPECT_EQ(all[3].kind, "window");
    EXPECT_EQ(all[3].failing_rows, 3);
    EXPECT_THAT(all[3].message, HasSubstr("3 of 4 rows lie outside the run's window"));
    EXPECT_TRUE(all[3].blocks());
}

TEST_F(ChecksTest, ResolvedDuplicatesNeedNoUniqueCheck) {
    project::Model model;
    model.key = {"id"};
    model.duplicates.mode = project::Duplicates::Mode::kKeep;
    EXPECT_EQ(implied_checks(model, target.schema, {})->checks.size(), 1U);
    model.duplicates.mode = project::Duplicates::Mode::kError;
    EXPECT_EQ(implied_checks(model, target.schema, {})->checks.size(), 2U);
    model.kind = project::ModelKind::kMerge;
    EXPECT_EQ(implied_checks(model, target.schema, {})->checks.size(), 2U);
    model.order_by = {"day"};
    EXPECT_EQ(implied_checks(model, target.schema, {})->checks.size(), 1U);
    model.kind = project::ModelKind::kScd2;
    model.order_by.clear();
    EXPECT_EQ(implied_checks(model, target.schema, {})->checks.size(), 2U);
    model.time = "day";
    EXPECT_EQ(implied_checks(model, target.schema, {})->checks.size(), 1U);
}

TEST_F(ChecksTest, WhatAModelSaysOfItsKeyIsNotCheckedTwice) {
    project::Model model;
    model.key = {"id", "day"};
    const auto implied = [&] {
        std::string names;
        const ImpliedChecks made = *implied_checks(model, target.schema, {});
        for (const Check& it : made.checks) names += it.name + " ";
        return names;
    };
    EXPECT_EQ(implied(), "key_not_null(id, day) key_unique(id, day) ");
    model.checks = {check("a", project::NotNullCheck{{"day"}}),
                    check("b", project::UniqueCheck{{"day", "id"}})};
    EXPECT_EQ(implied(), "key_not_null(id, day) ");
    model.checks.push_back(check("c", project::NotNullCheck{{"id"}}));
    EXPECT_EQ(implied(), "");
    model.checks[1].where = "id > 0";
    EXPECT_EQ(implied(), "key_unique(id, day) ");
    model.checks[2].on_fail = OnFail::kWarn;
    EXPECT_EQ(implied(), "key_not_null(id, day) key_unique(id, day) ");
}

TEST_F(ChecksTest, ASourceTablePromisesItsRows) {
    project::SourceTable source;
    source.min_rows = 5;
    source.warn = {{"NEGATIVE", "aqi < 0", {}}};
    const Result<ImpliedChecks> implied = implied_checks(source);
    ASSERT_TRUE(implied);
    const auto all = results(implied->checks, implied->conditions);
    EXPECT_EQ(all[0].message, "silver.aqi: min_rows: 4 rows, expected >= 5");
    EXPECT_EQ(all[1].status, CheckStatus::kWarned);
}

/// Counts by definition what the generated scans count.
TEST_F(ChecksTest, AgreeWithABruteForceEvaluatorOnRandomRows) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    target.schema = random_schema();
    target.rows = target.all = "random_rows";
    for (int round = 0; round < 60; ++round) {
        SCOPED_TRACE(fmt::format("seed {} round {}", seed, round));
        std::vector<RandomRow> rows(1 + random() % 40);
        for (RandomRow& row : rows) row = random_row(random);
        database.execute("CREATE OR REPLACE TABLE random_rows AS " + values_sql(rows));
        const Expression where = random_expression(random, 2);
        const Expression bad = random_expression(random, 2);
        const bool limited = random() % 2 == 0;
        std::vector<Check> checks = {
            check("not_null", project::NotNullCheck{{"a", "c"}}),
            check("accepted", project::AcceptedCheck{"b", {text("x"), Value(), text("it's")}}),
            check("range", project::RangeCheck{"c", whole(-1), Value(2.5)}),
            check("unique", project::UniqueCheck{{"a", "b"}}),
        };
        for (Check& it : checks) {
            if (limited) it.where = to_sql(where);
        }
        RowCondition condition;
        condition.bad_when = to_sql(bad);
        std::vector<std::int64_t> expected(5);
        std::vector<RandomRow> seen;
        for (const RandomRow& row : rows) {
            if (value_of(bad, row) == Truth::kTrue) ++expected[4];
            if (limited && value_of(where, row) != Truth::kTrue) continue;
            if (!row.a || !row.c) ++expected[0];
            if (row.b && *row.b != "x" && *row.b != "it's") ++expected[1];
            if (row.c && !(*row.c >= -1 && *row.c <= 2.5)) ++expected[2];
            if (row.a && row.b) seen.push_back(row);
        }
        for (const RandomRow& row : seen) {
            const auto same = std::count_if(seen.begin(), seen.end(), [&](const RandomRow& other) {
                return other.a == row.a && other.b == row.b;
            });
            if (same > 1) ++expected[3];
        }
        const auto all = results(checks, {condition});
        ASSERT_EQ(all.size(), 5U);
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(all[i].failing_rows, expected[i])
                << all[i].message << " where " << to_sql(where);
        }
    }
}

}  // namespace
}  // namespace ingot::quality

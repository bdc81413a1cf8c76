// The boundary cases of public contracts data as rules and checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quality/check_plan.hpp"
#include "quality/row_rules.hpp"
#include "quality/test_database.hpp"

namespace ingot::quality {
namespace {

using project::Check;
using project::Rule;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Field column(std::string name, DataType type) {
    return Field{std::move(name), std::move(type), true, {}};
}

class ProcurementRules : public testing::Test {
protected:
    /// Rows of the SELECT that come out, as `shown` renders them, with their reasons.
    std::vector<TextRow> split(const std::string& select, const Schema& schema,
                               std::vector<Rule> reject, const std::string& shown) {
        RowRules rules;
        rules.reject = std::move(reject);
        const auto compiled = compile_rows(select, schema, rules, {"run", Timestamp(), ""});
        if (!compiled) {
            ADD_FAILURE() << compiled.error().to_string();
            return {};
        }
        const auto rows =
            database.query("SELECT " + shown + ", _reject_reason FROM (" + compiled->sql + ")");
        if (!rows) {
            ADD_FAILURE() << rows.error().to_string();
            return {};
        }
        return *rows;
    }

    CheckResult check(const std::string& relation, const Schema& schema, project::CheckBody body) {
        Check it;
        it.name = "it";
        it.body = std::move(body);
        CheckTarget target{{"silver", "marches"}, schema, relation, relation};
        const auto plan = plan_checks(target, std::vector{it}, {});
        if (!plan) {
            ADD_FAILURE() << plan.error().to_string();
            return {};
        }
        std::vector<ScanOutcome> outcomes;
        for (const CheckScan& scan : plan->scans) outcomes.push_back(database.one_row(scan.sql));
        return evaluate(*plan, outcomes, {}).front();
    }

    TestDatabase database;
};

TEST_F(ProcurementRules, C13_TheDayCountsWhateverTheOffset) {
    const auto rows = split(
        "SELECT raw, try_cast(left(raw, 10) AS DATE) AS day FROM (SELECT "
        "unnest(['2022-01-03+01:00', "
        "'2022-01-03', '2022-01-03-04:00', 'nan', NULL]) AS raw)",
        {{column("raw", TypeId::kString), column("day", TypeId::kDate)}},
        {{"NO_DATE", "day is null", {}}}, "day, year(day), month(day)");
    const TextRow good = {"2022-01-03", "2022", "1", std::nullopt};
    const TextRow bad = {std::nullopt, std::nullopt, std::nullopt, "NO_DATE"};
    EXPECT_THAT(rows, UnorderedElementsAre(good, good, good, bad, bad));
}

TEST_F(ProcurementRules, C14_NamesWithApostrophesReachTheQuarantineWhole) {
    const auto rows =
        split("SELECT $$SOLIHA PARIS-HAUTS DE SEINE-VAL D'OISE$$ AS name, NULL::VARCHAR AS siret",
              {{column("name", TypeId::kString), column("siret", TypeId::kString)}},
              {{"BAD_SIRET", "siret is null or name = 'it''s'", {}}}, "_raw");
    EXPECT_THAT(rows, ElementsAre(TextRow{
                          R"({"name":"SOLIHA PARIS-HAUTS DE SEINE-VAL D'OISE","siret":null})",
                          "BAD_SIRET"}));
}

TEST_F(ProcurementRules, C15_ASiretHasFourteenDigits) {
    const auto rows = split(
        "SELECT trim(CAST(id AS VARCHAR), '\"') AS siret FROM (SELECT "
        "unnest(['50242454200020'::JSON, "
        "'\"50242454200020\"'::JSON, '\"327259099\"'::JSON, 'null'::JSON]) AS id)",
        {{column("siret", TypeId::kString)}},
        {{"BAD_SIRET", "not coalesce(regexp_full_match(siret, '[0-9]{14}'), false)", {}}}, "siret");
    EXPECT_THAT(rows, UnorderedElementsAre(TextRow{"50242454200020", std::nullopt},
                                           TextRow{"50242454200020", std::nullopt},
                                           TextRow{"327259099", "BAD_SIRET"},
                                           TextRow{"null", "BAD_SIRET"}));
}

TEST_F(ProcurementRules, C16_ClassesChangeAtTheirBounds) {
    database.execute(
        "CREATE TABLE classes AS SELECT n, amount, CASE WHEN n >= 10 THEN 'gros' WHEN n >= 5 THEN "
        "'regulier' WHEN n >= 2 THEN 'occasionnel' ELSE 'unique' END AS volume, CASE WHEN "
        "coalesce(amount, 0) >= 1000000 THEN '>=1M' WHEN coalesce(amount, 0) >= 100000 THEN "
        "'100K-1M' "
        "WHEN coalesce(amount, 0) >= 10000 THEN '10K-100K' ELSE '<10K' END AS value FROM (VALUES "
        "(10, "
        "1000000.00), (9, 999999.99), (5, 10000.00), (4, 9999.99), (2, NULL), (1, 0)) t(n, "
        "amount)");
    const Schema schema{{column("n", TypeId::kInteger), column("amount", DataType::decimal(12, 2)),
                         column("volume", TypeId::kString), column("value", TypeId::kString)}};
    const auto rows = database.query("SELECT volume, value FROM classes ORDER BY n DESC");
    ASSERT_TRUE(rows);
    EXPECT_THAT(*rows, ElementsAre(TextRow{"gros", ">=1M"}, TextRow{"regulier", "100K-1M"},
                                   TextRow{"regulier", "10K-100K"}, TextRow{"occasionnel", "<10K"},
                                   TextRow{"occasionnel", "<10K"}, TextRow{"unique", "<10K"}));
    project::AcceptedCheck accepted{"volume", {}};
    for (const char* name : {"gros", "regulier", "occasionnel"}) {
        accepted.values.emplace_back(std::string(name));
    }
    EXPECT_EQ(check("classes", schema, accepted).failing_rows, 1);
    accepted.values.emplace_back(std::string("unique"));
    EXPECT_EQ(check("classes", schema, accepted).status, CheckStatus::kPassed);
    // A missing amount counts as 0, and is said.
    project::SourceTable source;
    source.warn = {{"NULL_AMOUNT", "amount is null", {}}};
    const auto warns = implied_checks(source);
    ASSERT_TRUE(warns);
    const auto plan =
        plan_checks({{"gold", "companies"}, schema, "classes", "classes"}, {}, warns->conditions);
    ASSERT_TRUE(plan);
    const std::vector<ScanOutcome> outcomes = {database.one_row(plan->scans[0].sql)};
    const CheckResult flagged = evaluate(*plan, outcomes, {}).front();
    EXPECT_EQ(flagged.status, CheckStatus::kWarned);
    EXPECT_EQ(flagged.failing_rows, 1);
}

TEST_F(ProcurementRules, C18_OnlyActiveEstablishmentsAreKept) {
    const std::string select =
        "SELECT unnest(['A', 'F', '', NULL]) AS state, unnest(['72.20Z', '72.20Z', '72.20Z', "
        "'72.20Z']) AS naf";
    const Schema schema{{column("state", TypeId::kString), column("naf", TypeId::kString)}};
    EXPECT_THAT(
        split(select, schema, {{"NOT_ACTIVE", "state is distinct from 'A'", {}}}, "state"),
        UnorderedElementsAre(TextRow{"A", std::nullopt}, TextRow{"F", "NOT_ACTIVE"},
                             TextRow{"", "NOT_ACTIVE"}, TextRow{std::nullopt, "NOT_ACTIVE"}));
    // Comparing with <> leaves a null in: the condition is null, and null is no match.
    EXPECT_THAT(
        split(select, schema, {{"NOT_ACTIVE", "state <> 'A'", {}}}, "state"),
        UnorderedElementsAre(TextRow{"A", std::nullopt}, TextRow{"F", "NOT_ACTIVE"},
                             TextRow{"", "NOT_ACTIVE"}, TextRow{std::nullopt, std::nullopt}));
}

TEST_F(ProcurementRules, C18_AnUnknownCodeIsFoundAndItsRowKept) {
    database.execute("CREATE SCHEMA silver");
    database.execute("CREATE TABLE silver.naf AS SELECT '72.20Z' AS code");
    database.execute("CREATE TABLE companies AS SELECT unnest(['72.20Z', '99.99X', NULL]) AS naf");
    const CheckResult found =
        check("companies", {{column("naf", TypeId::kString)}},
              project::RelationshipsCheck{{"naf"}, {"silver", "naf"}, {"code"}});
    EXPECT_EQ(found.failing_rows, 1);
}

TEST_F(ProcurementRules, C22_SharesOfAJointContractAddUp) {
    database.execute(
        "CREATE TABLE shares AS SELECT unnest(['a', 'b', 'c']) AS winner, 90000.00 / 3 AS part, "
        "90000.00 "
        "AS amount");
    const Schema schema{{column("winner", TypeId::kString), column("part", TypeId::kDouble),
                         column("amount", DataType::decimal(12, 2))}};
    EXPECT_EQ(
        check("shares", schema, project::SqlCheck{"abs(sum(part) - max(amount)) < 0.005"}).status,
        CheckStatus::kPassed);
    EXPECT_EQ(
        check("shares", schema, project::SqlCheck{"abs(sum(amount) - max(amount)) < 0.005"}).status,
        CheckStatus::kFailed);
}

TEST_F(ProcurementRules, C23_SentinelAmountsAreQuarantinedAndCounted) {
    const auto rows =
        split("SELECT unnest([99999999999.99, 99999999999.98, 0, NULL])::DECIMAL(20, 2) AS amount",
              {{column("amount", DataType::decimal(20, 2))}},
              {{"SENTINEL_AMOUNT", "amount = 99999999999.99", {}}}, "amount");
    EXPECT_THAT(rows, UnorderedElementsAre(TextRow{"99999999999.99", "SENTINEL_AMOUNT"},
                                           TextRow{"99999999999.98", std::nullopt},
                                           TextRow{"0.00", std::nullopt},
                                           TextRow{std::nullopt, std::nullopt}));
}

}  // namespace
}  // namespace ingot::quality

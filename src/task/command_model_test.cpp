// Models whose rows go through a program, with the real engine.
#include "base/log.hpp"
#include "task/model_tests.hpp"
#include "task/project_run_test.hpp"

namespace ingot::task {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CommandModel : public ProjectRun {
protected:
    /// The one model, `gold.t`: front matter without `kind`, and its SELECT.
    void model(const std::string& front_matter, const std::string& select) const {
        write("models/gold/t.sql",
              "/* ---\nkind: command\n" + front_matter + "\n--- */\n" + select + "\n");
    }
    TableReport run(std::optional<Interval> window = std::nullopt) {
        RunOptions options;
        options.select = "gold.t";
        options.window = window;
        return ProjectRun::run(options).tables.at(0);
    }
    std::vector<std::string> leftovers() const {
        std::vector<std::string> names;
        if (!fs::exists(root() / ".ingot/spill")) return names;
        for (const auto& entry : fs::directory_iterator(root() / ".ingot/spill"))
            names.push_back(entry.path().filename());
        return names;
    }
};

TEST_F(CommandModel, WhatTheProgramWritesIsTheTable) {
    model(
        "command: [sh, -c, 'cat >/dev/null; echo \"{{\\\"id\\\":1}}\"; echo "
        "\"{{\\\"id\\\":2}}\"']\n"
        "columns: {id: bigint}",
        "SELECT 1 AS x");
    const TableReport report = run();
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(ask("SELECT id::varchar FROM gold.t ORDER BY id"), ElementsAre("1", "2"));
    EXPECT_THAT(leftovers(), IsEmpty());
    EXPECT_EQ(run().status, TableStatus::kUpToDate);
}

TEST_F(CommandModel, RowsOfEveryTypeGoThroughAProgramAsArrow) {
    model(
        "command: [cat]\nemits: arrow\n"
        "columns: {id: bigint, price: \"decimal(10,2)\", moment: timestamptz, tags: "
        "\"varchar[]\",\n"
        "  who: \"struct(name varchar, age integer)\", counts: \"map(varchar, bigint)\"}",
        "SELECT range AS id, 1.25::decimal(10,2) AS price, TIMESTAMPTZ '2020-01-01 00:00:00Z' AS "
        "moment, ['a', NULL] AS tags, {'name': 'ann', 'age': 3} AS who, MAP {'k': range} AS counts "
        "FROM range(300000)");
    const TableReport report = run();
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(
        ask("SELECT concat_ws('|', count(*), sum(id), sum(price), min(moment) = max(moment), "
            "any_value(tags)::varchar, any_value(who)::varchar, sum(counts['k'])) FROM "
            "gold.t"),
        ElementsAre("300000|44999850000|375000.00|true|[a, NULL]|"
                    "{'name': ann, 'age': 3}|44999850000"));
}

TEST_F(CommandModel, AProgramMayCloseItsInputEarly) {
    model(
        "command: [sh, -c, 'head -c 10 >/dev/null; echo \"{{\\\"id\\\":1}}\"']\n"
        "columns: {id: bigint}",
        "SELECT range AS x FROM range(5000000)");
    const TableReport report = run();
    EXPECT_EQ(report.status, TableStatus::kPublished) << text_of(report);
}

TEST_F(CommandModel, AProgramThatFailsSaysWhyAndLeavesTheTableAsItWas) {
    const char* columns = "columns: {id: bigint}";
    model(std::string("command: [sh, -c, 'echo \"{{\\\"id\\\":1}}\"']\n") + columns,
          "SELECT 1 AS x");
    ASSERT_EQ(run().status, TableStatus::kPublished);
    model(std::string("command: [sh, -c, 'echo \"{{\\\"id\\\":2}}\"; echo no model file >&2; exit "
                      "3']\n") +
              columns,
          "SELECT 1 AS x");
    const TableReport report = run();
    EXPECT_EQ(report.status, TableStatus::kFailed);
    EXPECT_THAT(text_of(report), HasSubstr("exit code 3:\nno model file"));
    EXPECT_THAT(text_of(report), HasSubstr("gold.t: sh -c "));
    EXPECT_THAT(ask("SELECT id::varchar FROM gold.t"), ElementsAre("1"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST_F(CommandModel, WhatTheProgramSaysIsLoggedToItsLastWord) {
    model(
        "command: [sh, -c, 'echo one >&2; printf two >&2; echo \"{{\\\"id\\\":1}}\"']\ncolumns: "
        "{id: bigint}",
        "SELECT 1 AS x");
    set_log_level(LogLevel::kInfo);
    testing::internal::CaptureStderr();
    const TableReport report = run();
    const std::string said = testing::internal::GetCapturedStderr();
    set_log_level(LogLevel::kWarning);
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(said, HasSubstr("gold.t: one\n"));
    EXPECT_THAT(said, HasSubstr("gold.t: two\n"));
}

TEST_F(CommandModel, TheTimeLimitEndsTheProgramAndItsChildren) {
    model("command: [sh, -c, 'sleep 60 & wait']\ntimeout: 1s\ncolumns: {id: bigint}",
          "SELECT range AS x FROM range(1000000)");
    const TableReport report = run();
    EXPECT_EQ(report.status, TableStatus::kFailed);
    EXPECT_THAT(text_of(report), HasSubstr("ended after its time limit"));
}

TEST_F(CommandModel, OutputThatIsNotAsDeclaredIsAnErrorWithItsLine) {
    model("command: [printf, '{{\"id\":1}}\\n{{\"id\":\"x\"}}\\n']\ncolumns: {id: bigint}",
          "SELECT 1 AS x");
    EXPECT_THAT(text_of(run()), HasSubstr("the output of printf"));
    EXPECT_THAT(text_of(run()), HasSubstr("line 2"));
    model("command: [printf, '{{\"id\":1,\"extra\":2}}\\n']\ncolumns: {id: bigint}",
          "SELECT 1 AS x");
    EXPECT_THAT(text_of(run()), HasSubstr("extra"));
    model("command: [echo, hello]\nemits: arrow\ncolumns: {id: bigint}", "SELECT 1 AS x");
    EXPECT_THAT(text_of(run()), HasSubstr("the output of echo hello: no Arrow stream"));
    model("command: [cat]\nemits: arrow\ncolumns: {id: bigint}", "SELECT 1 AS x");
    EXPECT_THAT(text_of(run()), HasSubstr("the stream has no column 'id'; its columns are: x"));
    EXPECT_THAT(ask("SELECT 1 FROM gold.t"), ElementsAre(HasSubstr("gold.t")));
}

TEST_F(CommandModel, TheErrorOfTheSelectIsThatOfTheModel) {
    model("command: [cat]\nemits: arrow\ncolumns: {x: bigint}",
          "SELECT (CASE WHEN range = 9999 THEN 'a' ELSE '1' END)::bigint AS x FROM range(10000)");
    const TableReport report = run();
    EXPECT_EQ(report.status, TableStatus::kFailed);
    EXPECT_THAT(text_of(report), HasSubstr("Could not convert string 'a'"));
}

TEST_F(CommandModel, RulesAndChecksHoldForWhatTheProgramWrites) {
    model(
        "command: [cat]\nemits: arrow\ncolumns: {x: bigint}\n"
        "reject: [{reason: ODD, when: x % 2 = 1}]\nchecks: [{sql: 'count(*) = 5', name: five}]",
        "SELECT range AS x FROM range(10)");
    const TableReport report = run();
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_EQ(report.rows_rejected, 5);
    EXPECT_THAT(ask("SELECT DISTINCT _reason FROM quarantine.gold_t"), ElementsAre("ODD"));
    EXPECT_EQ(report.checks.size(), 1U);
}

TEST_F(CommandModel, WithTimeTheRowsOfTheWindowAreReplaced) {
    const char* front =
        "command: [sh, -c, 'cat >/dev/null; echo \"{{\\\"moment\\\":\\\"{window.start}\\\"}}\"']\n"
        "time: moment\nwindow: hour\ncolumns: {moment: timestamptz}";
    model(front, "SELECT $window.start AS moment");
    TableReport report = run(Interval{hour(0), hour(1)});
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    report = run(Interval{hour(5), hour(6)});
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_EQ(run(Interval{hour(5), hour(6)}).status, TableStatus::kUpToDate);
    EXPECT_THAT(ask("SELECT strftime(moment AT TIME ZONE 'UTC', '%H') FROM gold.t ORDER BY moment"),
                ElementsAre("00", "05"));
}

TEST_F(CommandModel, RowsOutsideTheWindowAreRefused) {
    model(
        "command: [sh, -c, 'cat >/dev/null; echo "
        "\"{{\\\"moment\\\":\\\"2015-01-01T09:00:00Z\\\"}}\"']\n"
        "time: moment\nwindow: hour\ncolumns: {moment: timestamptz}",
        "SELECT $window.start AS moment");
    const TableReport report = run(Interval{hour(0), hour(1)});
    EXPECT_EQ(report.status, TableStatus::kFailed) << "no later run would replace them";
    EXPECT_THAT(text_of(report), HasSubstr("lie outside the run's window: the program"));
    EXPECT_EQ(run(Interval{hour(9), hour(10)}).status, TableStatus::kPublished);
}

TEST_F(CommandModel, AnotherScriptMakesTheTableStale) {
    write("score.sh", "cat >/dev/null; echo '{\"id\":1}'\n");
    model("command: [sh, score.sh]\ncolumns: {id: bigint}", "SELECT 1 AS x");
    ASSERT_EQ(run().status, TableStatus::kPublished);
    EXPECT_EQ(run().status, TableStatus::kUpToDate);
    write("score.sh", "cat >/dev/null; echo '{\"id\":2}'\n");
    EXPECT_EQ(run().status, TableStatus::kPublished);
    EXPECT_THAT(ask("SELECT id::varchar FROM gold.t"), ElementsAre("2"));
}

TEST_F(CommandModel, UnitTestsRunTheProgramOnGivenRows) {
    write("models/silver/n.sql", "/* ---\nkind: table\n--- */\nSELECT 1::bigint AS x\n");
    model(
        "command: [cat]\nemits: arrow\ncolumns: {x: bigint}\ntests:\n"
        "  - {name: passes, given: {silver.n: [{x: 7}]}, expect: [{x: 7}]}\n"
        "  - {name: fails, given: {silver.n: [{x: 7}]}, expect: [{x: 8}]}",
        "SELECT x FROM silver.n");
    const Workspace workspace = open();
    const auto results = run_model_tests({workspace.project->find_model({"gold", "t"})},
                                         *workspace.project, engine(), clock_, {});
    ASSERT_EQ(results.size(), 2U);
    EXPECT_TRUE(results[0].passed) << results[0].differences.at(0);
    EXPECT_FALSE(results[1].passed);
    EXPECT_THAT(results[1].differences, testing::Contains(HasSubstr("unexpected: {x: 7}")));
}

}  // namespace
}  // namespace ingot::task

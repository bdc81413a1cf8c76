// Models of kind scd2 and merge, from a project to their tables.
#include "task/model_tests.hpp"
#include "task/project_run_test.hpp"

namespace ingot::task {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KeyedModels : public ProjectRun {
protected:
    /// bronze.customers: all customers as they are now.
    void customers(const std::string& rows) const {
        write("sources/customers.yml",
              "table: bronze.customers\nload: snapshot\nfrom: {files: in/customers.csv}\n"
              "format: csv\ncolumns: {id: bigint, name: varchar}\n"
              "checks: [{row_count: {min: 1}}]\n");
        write("in/customers.csv", "id,name\n" + rows);
    }
    void history_of_customers(const std::string& more = "") const {
        write("models/silver/customers.sql", "/* ---\nkind: scd2\nkey: [id]\n" + more +
                                                 "--- */\nSELECT id, name FROM bronze.customers");
    }
    std::vector<std::string> versions() {
        return ask(
            "SELECT id, name, date_diff('hour', TIMESTAMPTZ '2015-01-01 00:00:00+00', valid_from) "
            "|| '..' || coalesce(date_diff('hour', TIMESTAMPTZ '2015-01-01 00:00:00+00', "
            "valid_to)::VARCHAR, '') FROM silver.customers ORDER BY ALL");
    }
    TableReport run_at(int hours, const RunOptions& options = {}) {
        clock_.set(hour(hours));
        return run_table("silver.customers", options);
    }

    /// bronze.changes: an hour file says what became of customers, at which hour.
    void changes(int file_hour, const std::string& lines) const {
        write("sources/changes.yml",
              "table: bronze.changes\nload: window\nwindow: hour\n"
              "from: {files: \"in/{window.start:%-H}.csv\"}\nmissing: {allow: 50%}\n"
              "format: csv\ncolumns: {id: bigint, name: varchar, since: timestamptz}\n");
        std::string text = "id,name,since\n";
        for (std::size_t begin = 0; begin < lines.size();) {
            const std::size_t end = lines.find('\n', begin);
            text += lines.substr(begin, end - begin) + ":00:00Z\n";
            begin = end + 1;
        }
        write(fmt::format("in/{}.csv", file_hour), text);
    }
    void history_of_changes(const std::string& kind = "scd2\ntime: since") const {
        write("models/silver/customers.sql",
              "/* ---\nkind: " + kind +
                  "\nkey: [id]\n--- */\nSELECT id, name, since FROM bronze.changes\n"
                  "WHERE _window >= $window.start AND _window < $window.end");
    }
    static RunOptions window(int from, int to) {
        RunOptions options;
        options.window = Interval{hour(from), hour(to)};
        return options;
    }
};

TEST_F(KeyedModels, AColumnThatTheSelectNoLongerGivesStaysAsNulls) {
    customers("1,ann\n2,bob\n");
    const auto model = [&](const std::string& column) {
        write("models/silver/customers.sql",
              "/* ---\nkind: merge\nkey: [id]\non_schema_change: add\non_code_change: forward\n"
              "--- */\nSELECT id, name" +
                  column + " FROM bronze.customers -- all of them");
    };
    model(", 'x' AS \"a\"\"b\"");
    ASSERT_EQ(run_table("silver.customers").status, TableStatus::kPublished);
    model("");
    customers("1,zoe\n");
    const TableReport report = run_table("silver.customers");
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(ask("SELECT id, name, \"a\"\"b\" FROM silver.customers ORDER BY ALL"),
                ElementsAre("1 zoe null", "2 bob x"));
}

TEST_F(KeyedModels, ARejectedRowEndsNoVersionWhateverItsKeyIsCalled) {
    write("models/silver/customers.sql",
          "/* ---\nkind: scd2\nkey: ['a\"b/~c']\ndeletes: close\n"
          "reject: [{reason: BAD, when: name = 'bad'}]\n--- */\n"
          "SELECT id AS \"a\"\"b/~c\", name FROM bronze.customers");
    customers("1,ann\n2,bob\n3,cid\n");
    ASSERT_EQ(run_at(1).status, TableStatus::kPublished);
    customers("1,bad\n3,cid\n");
    const TableReport report = run_at(2);
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(ask("SELECT name FROM silver.customers WHERE valid_to IS NULL ORDER BY ALL"),
                ElementsAre("ann", "cid"));
}

TEST_F(KeyedModels, ColumnsOfAHistoryAreFoundWithoutCase) {
    changes(0, "1,a,2015-01-01 00\n1,b,2015-01-01 02\n");
    clock_.set(hour(1));
    history_of_changes("scd2\ntime: Since\norder_by: [SINCE, ID]");
    const TableReport report = run_table("silver.customers");
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(versions(), ElementsAre("1 a 0..2", "1 b 2.."));
    EXPECT_THAT(ask("SELECT DISTINCT typeof(_seen_again) FROM silver.customers"),
                ElementsAre("STRUCT(_at TIMESTAMP WITH TIME ZONE)[]"))
        << "time and key are not repeated in it";
}

TEST_F(KeyedModels, AHistoryByComparisonKeepsEachStateThatARunSaw) {
    customers("1,ann\n2,bob\n");
    history_of_customers();
    TableReport report = run_at(1);
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    customers("1,ann\n2,rob\n3,cy\n");
    report = run_at(5);
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(versions(), ElementsAre("1 ann 1..", "2 bob 1..5", "2 rob 5..", "3 cy 5.."));
    EXPECT_EQ(run_at(6).status, TableStatus::kUpToDate);
    customers("2,rob\n3,cy\n");
    run_at(7);
    EXPECT_THAT(versions(), ElementsAre("1 ann 1..", "2 bob 1..5", "2 rob 5..", "3 cy 5.."))
        << "deletes: ignore";
}

TEST_F(KeyedModels, ADeletedKeyEndsAndARejectedOneDoesNot) {
    customers("1,ann\n2,bob\n3,cy\n");
    history_of_customers("deletes: close\nreject: [{reason: NO_NAME, when: \"name is null\"}]\n");
    run_at(1);
    customers("1,\n3,cy\n");
    const TableReport report = run_at(5);
    EXPECT_EQ(report.rows_rejected, 1) << text_of(report);
    EXPECT_THAT(versions(), ElementsAre("1 ann 1..", "2 bob 1..5", "3 cy 1.."));
}

TEST_F(KeyedModels, AHistoryIsNotDroppedByARunInFull) {
    customers("1,ann\n");
    history_of_customers();
    run_at(1);
    customers("1,ada\n");
    RunOptions full;
    full.full = true;
    const TableReport report = run_at(5, full);
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(versions(), ElementsAre("1 ada 5..", "1 ann 1..5"));
}

TEST_F(KeyedModels, ATableOfAnotherKindBecomesAHistoryOnlyInFull) {
    customers("1,ann\n");
    write("models/silver/customers.sql",
          "/* --- kind: table --- */ SELECT id, name FROM bronze.customers");
    run_at(1);
    history_of_customers();
    EXPECT_THAT(text_of(run_at(2)), HasSubstr("run it with --full"));
    RunOptions full;
    full.full = true;
    EXPECT_EQ(run_at(3, full).status, TableStatus::kPublished);
    EXPECT_THAT(versions(), ElementsAre("1 ann 3.."));
}

TEST_F(KeyedModels, TenTimesFewerKeysAreABrokenInputHoweverManyVersionsThereAre) {
    std::string many;
    for (int i = 0; i < 30; ++i) many += fmt::format("{},a\n", i);
    customers(many);
    history_of_customers("deletes: close\n");
    run_at(1);
    for (int i = 0; i < 3; ++i) {
        std::string renamed;
        for (int id = 0; id < 30; ++id) renamed += fmt::format("{},{}\n", id, i);
        customers(renamed);
        ASSERT_EQ(run_at(2 + i).status, TableStatus::kPublished);
    }
    std::string few;
    for (int i = 0; i < 12; ++i) few += fmt::format("{},a\n", i);
    customers(few);
    ASSERT_EQ(run_at(8).status, TableStatus::kPublished) << "of 30 keys, though of 120 versions";
    customers("1,a\n");
    EXPECT_THAT(text_of(run_at(9)), HasSubstr("ten times fewer"));
}

TEST_F(KeyedModels, AHistoryByTimeIsTheSameInWhateverOrderWindowsRun) {
    changes(0, "1,ann,2015-01-01 00\n2,bob,2015-01-01 00\n");
    changes(1, "1,ann,2015-01-01 01\n");
    changes(2, "1,ada,2015-01-01 02\n2,rob,2015-01-01 00\n");
    changes(3, "1,ada,2015-01-01 03\n");
    history_of_changes();
    ASSERT_EQ(run_at(9, window(0, 4)).status, TableStatus::kPublished);
    const std::vector<std::string> at_once = versions();
    EXPECT_THAT(at_once, ElementsAre("1 ada 2..", "1 ann 0..2", "2 rob 0.."));
    for (const std::vector<int>& order : {std::vector{3, 1, 2, 0}, std::vector{1, 3, 0, 2}}) {
        TearDown();
        SetUp();
        changes(0, "1,ann,2015-01-01 00\n2,bob,2015-01-01 00\n");
        changes(1, "1,ann,2015-01-01 01\n");
        changes(2, "1,ada,2015-01-01 02\n2,rob,2015-01-01 00\n");
        changes(3, "1,ada,2015-01-01 03\n");
        history_of_changes();
        for (const int hour : order) {
            const TableReport report = run_at(9, window(hour, hour + 1));
            ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
        }
        EXPECT_EQ(versions(), at_once);
    }
}

TEST_F(KeyedModels, ALateFileIsInsertedIntoTheHistory) {
    changes(0, "1,ann,2015-01-01 00\n");
    changes(2, "1,ann,2015-01-01 02\n");
    history_of_changes();
    run_at(9, window(0, 3));
    EXPECT_THAT(versions(), ElementsAre("1 ann 0.."));
    changes(1, "1,ada,2015-01-01 01\n");
    const TableReport report = run_at(9, window(0, 3));
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(versions(), ElementsAre("1 ada 1..2", "1 ann 0..1", "1 ann 2.."));
}

TEST_F(KeyedModels, AMergeThatIsBuiltAnewHasOneRowPerKey) {
    changes(0, "1,ann,2015-01-01 00\n");
    changes(1, "1,ada,2015-01-01 01\n");
    history_of_changes("merge\norder_by: since");
    run_at(9, window(0, 2));
    RunOptions full;
    full.full = true;
    full.select = "silver.customers";
    const TableReport report = run(full).tables.at(0);
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(ask("SELECT id, name FROM silver.customers"), ElementsAre("1 ada"));
}

TEST_F(KeyedModels, LosersOfNewestAreCountedAndInNoTable) {
    changes(0, "1,ann,2015-01-01 00\n1,ada,2015-01-01 01\n2,bob,2015-01-01 00\n");
    write("models/silver/customers.sql",
          "/* ---\nkind: table\nkey: [id]\nduplicates: {keep: since desc, others: drop}\n--- */\n"
          "SELECT id, name, since FROM bronze.changes");
    const TableReport report = run_at(9, window(0, 1));
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_EQ(report.rows_selected, 3);
    EXPECT_EQ(report.rows_published, 2);
    EXPECT_EQ(report.rows_rejected, 0);
    EXPECT_EQ(report.rows_dropped, 1);
    EXPECT_THAT(ask("SELECT id, name FROM silver.customers ORDER BY id"),
                ElementsAre("1 ada", "2 bob"));
    EXPECT_THAT(ask("SELECT * FROM quarantine.silver_customers"),
                ElementsAre(HasSubstr("quarantine")));
}

TEST_F(KeyedModels, AUnitTestOfAHistorySeesItsVersions) {
    customers("1,ann\n");
    history_of_customers(
        "tests:\n"
        "  - name: a new name ends the old one\n"
        "    run_time: 2020-01-02\n"
        "    given: {bronze.customers: [{id: 1, name: ada}]}\n"
        "    existing: [{id: 1, name: ann, valid_from: 2020-01-01}]\n"
        "    expect:\n"
        "      - {id: 1, name: ann, valid_from: 2020-01-01, valid_to: 2020-01-02}\n"
        "      - {id: 1, name: ada, valid_from: 2020-01-02, valid_to: null}\n");
    const Workspace workspace = open();
    const std::vector<ModelTestResult> results =
        run_model_tests({workspace.project->find_model({"silver", "customers"})},
                        *workspace.project, engine(), clock_, {});
    ASSERT_EQ(results.size(), 1u);
    EXPECT_THAT(results[0].differences, IsEmpty());
}

TEST_F(KeyedModels, NamesAndTypesOfAHistoryAreChecked) {
    customers("1,ann\n");
    write("models/silver/customers.sql",
          "/* ---\nkind: scd2\nkey: [id]\n--- */\nSELECT id, name AS valid_to FROM "
          "bronze.customers");
    EXPECT_THAT(
        text_of(run_at(1)),
        HasSubstr("models/silver/customers.sql:1:1: the SELECT returns a column 'valid_to'"));
    history_of_customers("time: name\n");
    EXPECT_THAT(text_of(run_at(1)), HasSubstr("'time' is a date or a timestamp"));
}

}  // namespace
}  // namespace ingot::task

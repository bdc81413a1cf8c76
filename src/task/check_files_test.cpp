// The files of checks/, in runs and by themselves.
#include "task/check_files.hpp"

#include <thread>

#include "task/check_tables.hpp"
#include "task/project_run_test.hpp"

namespace ingot::task {
namespace {

using quality::CheckStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// bronze.orders and bronze.customers, each a snapshot of a file.
class CheckFiles : public ProjectRun {
protected:
    void SetUp() override {
        ProjectRun::SetUp();
        write("sources/customers.yml",
              "table: bronze.customers\nload: snapshot\nfrom: {files: in/customers.csv}\n"
              "format: csv\ncolumns: {id: bigint}\n");
        write("sources/orders.yml",
              "table: bronze.orders\nload: snapshot\nfrom: {files: in/orders.csv}\n"
              "format: csv\ncolumns: {id: bigint, customer: bigint}\n");
        write("models/silver/bought.sql", "SELECT customer FROM bronze.orders");
        write("checks/known_customers.sql",
              "/* ---\ntags: [nightly]\n--- */\nSELECT customer FROM silver.bought\n"
              "WHERE customer NOT IN (SELECT id FROM bronze.customers)");
        write("in/customers.csv", "id\n1\n2\n");
        write("in/orders.csv", "id,customer\n10,1\n11,7\n");
    }
    /// `checks.known_customers failed`
    static std::vector<std::string> outcomes(const std::vector<quality::CheckResult>& results) {
        std::vector<std::string> texts;
        for (const quality::CheckResult& result : results) {
            texts.push_back(result.table.text() + " " +
                            std::string(quality::check_status_name(result.status)));
        }
        return texts;
    }
    std::vector<std::string> kept() {
        return ask("SELECT \"table\", \"check\", status FROM ingot.check_results ORDER BY ALL");
    }
    static RunOptions selecting(const std::string& select, const std::string& exclude = "") {
        RunOptions options;
        options.select = select;
        options.exclude = exclude;
        return options;
    }
};

TEST_F(CheckFiles, RowsThatACheckReturnsMakeTheRunRedAfterTheTablesArePublished) {
    const RunReport report = run();
    EXPECT_FALSE(report.ok());
    EXPECT_THAT(outcomes(report.checks), ElementsAre("checks.known_customers failed"));
    EXPECT_THAT(report.checks[0].samples, ElementsAre("{\"customer\":7}"));
    EXPECT_EQ(report.checks[0].place.to_string(), "checks/known_customers.sql:4:1");
    EXPECT_THAT(ask("SELECT count(*) FROM bronze.orders"), ElementsAre("2"));
    EXPECT_THAT(kept(), ElementsAre("checks.known_customers known_customers failed"));
}

TEST_F(CheckFiles, ACheckThatOnlyWarnsLeavesTheRunGreen) {
    write("checks/known_customers.sql", "/* --- on_fail: warn --- */ SELECT 1 FROM bronze.orders");
    const RunReport report = run();
    EXPECT_TRUE(report.ok());
    EXPECT_THAT(outcomes(report.checks), ElementsAre("checks.known_customers warned"));
}

TEST_F(CheckFiles, EveryRunChecksAndKeepsWhatIsNew) {
    EXPECT_FALSE(run().ok());
    EXPECT_FALSE(run().ok()) << "a red check stays red, although nothing is left to do";
    EXPECT_EQ(kept().size(), 1u) << "nothing was published since, and it came out the same";
    write("in/customers.csv", "id\n1\n2\n7\n");
    clock_.advance(std::chrono::seconds(1));
    EXPECT_TRUE(run().ok());
    EXPECT_THAT(kept(), ElementsAre("checks.known_customers known_customers failed",
                                    "checks.known_customers known_customers passed"));
    EXPECT_TRUE(run().ok());
    EXPECT_EQ(kept().size(), 2u);
}

TEST_F(CheckFiles, ACheckGoesWithTheTablesThatItReads) {
    run();
    const auto checked = [&](const RunOptions& options) {
        return outcomes(run(options).checks).size();
    };
    EXPECT_EQ(checked(selecting("bronze.customers")), 1u);
    EXPECT_EQ(checked(selecting("bronze.orders")), 1u) << "through a view";
    EXPECT_EQ(checked(selecting("bronze.orders", "checks.*")), 0u);
    EXPECT_EQ(checked(selecting("bronze.orders", "bronze.customers")), 0u);
    EXPECT_EQ(checked(selecting("tag:nightly")), 1u);
    EXPECT_TRUE(run(selecting("checks.known_customers")).tables.empty());
    EXPECT_EQ(run(selecting("+known_customers")).tables.size(), 2u);
}

TEST_F(CheckFiles, ACheckOfAFailedOrUnbuiltTableIsSkippedAndSaysWhy) {
    RunReport report = run(selecting("bronze.orders"));
    EXPECT_THAT(outcomes(report.checks), ElementsAre("checks.known_customers skipped"));
    EXPECT_EQ(report.checks[0].message, "bronze.customers has not been built yet");
    EXPECT_TRUE(report.ok());
    write("in/customers.csv", "id\n");
    report = run();
    EXPECT_THAT(outcomes(report.checks), ElementsAre("checks.known_customers skipped"));
    EXPECT_EQ(report.checks[0].message, "bronze.customers failed");
}

TEST_F(CheckFiles, ACheckThatCannotRunIsRedWithItsReason) {
    write("checks/known_customers.sql", "SELECT custmer FROM bronze.orders");
    const RunReport report = run();
    EXPECT_FALSE(report.ok());
    EXPECT_THAT(outcomes(report.checks), ElementsAre("checks.known_customers error"));
    EXPECT_THAT(report.checks[0].message, HasSubstr("custmer"));
}

TEST_F(CheckFiles, ATableThatCannotBeReadIsAnErrorOfItsChecksAlone) {
    write("checks/has_orders.sql", "SELECT 1 FROM bronze.orders HAVING count(*) = 0");
    run();
    write("lake/bronze/customers/_delta_log/00000000000000000000.json", "no JSON\n");
    const RunReport report = run(selecting("bronze.orders"));
    EXPECT_FALSE(report.ok());
    EXPECT_THAT(outcomes(report.checks),
                ElementsAre("checks.has_orders passed", "checks.known_customers error"));
    EXPECT_THAT(report.checks[1].message, HasSubstr("00000000000000000000.json"));
}

TEST_F(CheckFiles, AnInterruptedCheckLosesNoResultOfTheTables) {
    write("sources/orders.yml",
          "table: bronze.orders\nload: snapshot\nfrom: {files: in/orders.csv}\n"
          "format: csv\ncolumns: {id: bigint, customer: bigint}\nchecks: [unique: [id]]\n");
    write("checks/known_customers.sql",
          "SELECT count(*) FROM bronze.orders, range(1000000000000) HAVING count(*) = 0");
    const Workspace workspace = open();
    std::stop_source stop;
    std::jthread later;
    RunProgress progress;
    progress.finished = [&](const TableReport&) {
        if (later.joinable()) return;
        later = std::jthread([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            stop.request_stop();
        });
    };
    const Result<RunReport> report =
        run_tables(workspace, selecting("bronze.orders"), progress, stop.get_token());
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
    EXPECT_THAT(kept(), ElementsAre("bronze.orders unique(id) passed"));
}

TEST_F(CheckFiles, TheyRunByThemselvesToo) {
    run();
    const Workspace workspace = open();
    const CheckedTables checked = must(check_tables(workspace, {}, {}));
    EXPECT_THAT(outcomes(checked.across), ElementsAre("checks.known_customers failed"));
    EXPECT_EQ(kept().size(), 1u) << "writes nothing";
    EXPECT_THAT(must(check_tables(workspace, selecting("checks.*"), {})).tables, IsEmpty());
}

TEST_F(CheckFiles, ValuesOfTheRunAreBoundAndWindowsAreRefused) {
    write("project.yml",
          "name: test\nlake: ./lake\nparams: {least: {type: integer, default: 11}}\n");
    write("checks/known_customers.sql",
          "SELECT id FROM bronze.orders WHERE id < $params.least AND $run.time IS NOT NULL");
    EXPECT_THAT(run().checks[0].samples, ElementsAre("{\"id\":10}"));
    write("checks/known_customers.sql", "SELECT id FROM bronze.orders WHERE $window.start > now()");
    EXPECT_THROW(
        {
            try {
                open();
            } catch (const std::exception& error) {
                EXPECT_THAT(error.what(), HasSubstr("checks/known_customers.sql:1:36: "
                                                    "$window.start is not known here"));
                throw;
            }
        },
        std::runtime_error);
}

}  // namespace
}  // namespace ingot::task

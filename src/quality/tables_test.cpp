#include "quality/tables.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quality/test_database.hpp"

namespace ingot::quality {
namespace {

using testing::ElementsAre;

TEST(QualityTables, ResultsBecomeRows) {
    CheckResult failed;
    failed.table = {"silver", "aqi"};
    failed.name = "not_null(site)";
    failed.kind = "not_null";
    failed.status = CheckStatus::kFailed;
    failed.measured = 3;
    failed.failing_rows = 3;
    failed.expected = "0 rows";
    failed.samples = {R"({"site":null})", R"({"site":null})"};
    failed.message = "silver.aqi: not_null(site): 3 of 10 rows have no value in site";
    failed.place = {"models/silver/aqi.sql", 9, 5};
    CheckResult skipped;
    skipped.table = {"silver", "aqi"};
    skipped.status = CheckStatus::kSkipped;
    skipped.on_fail = project::OnFail::kWarn;
    skipped.scope = project::CheckScope::kTable;
    ResultStamp stamp{
        "run-1", *parse_timestamp("2026-01-02"), parse_timestamp("2015-01-01").value(), {}};
    const ColumnBatch batch = check_results_batch(std::vector{failed, skipped}, stamp);
    ASSERT_EQ(batch.rows, 2);
    const auto text = [&](const char* name, std::int64_t row) {
        return std::string(batch.column(name)->text(row));
    };
    EXPECT_EQ(text("run_id", 1), "run-1");
    EXPECT_EQ(text("table", 0), "silver.aqi");
    EXPECT_EQ(text("check", 0), "not_null(site)");
    EXPECT_EQ(text("status", 0), "failed");
    EXPECT_EQ(text("status", 1), "skipped");
    EXPECT_EQ(text("scope", 1), "table");
    EXPECT_EQ(text("on_fail", 1), "warn");
    EXPECT_EQ(text("message", 0), failed.message);
    EXPECT_EQ(batch.column("measured")->value<double>(0), 3);
    EXPECT_TRUE(batch.column("measured")->is_null(1));
    EXPECT_TRUE(batch.column("failing_rows")->is_null(1));
    EXPECT_EQ(batch.column("line")->value<std::int64_t>(0), 9);
    EXPECT_TRUE(batch.column("line")->is_null(1));
    EXPECT_TRUE(batch.column("file")->is_null(1));
    const auto samples = batch.column("samples")->list_range(0);
    EXPECT_EQ(samples.second - samples.first, 2);
    EXPECT_EQ(batch.column("samples")->list_range(1).second, 2);
    EXPECT_EQ(batch.column("window_start")->value<std::int64_t>(0), stamp.window_start->micros());
    EXPECT_TRUE(batch.column("window_end")->is_null(0));
    EXPECT_EQ(batch.column("checked_at")->value<std::int64_t>(1), stamp.checked_at.micros());
}

TEST(QualityTables, RejectedRecordsBecomeRows) {
    const std::vector<RejectedRecord> records = {
        {"NOT_JSON", "2015-01-01-0.json.gz", 17, "{\"id\":", *parse_timestamp("2015-01-01")},
        {"LATE", "", {}, "", {}}};
    const ColumnBatch batch = quarantine_batch(records, "run-1", *parse_timestamp("2026-01-02"));
    ASSERT_EQ(batch.rows, 2);
    EXPECT_EQ(batch.schema, quarantine_schema());
    EXPECT_EQ(batch.column("_reason")->text(0), "NOT_JSON");
    EXPECT_EQ(batch.column("_line")->value<std::int64_t>(0), 17);
    EXPECT_EQ(batch.column("_raw")->text(0), "{\"id\":");
    EXPECT_EQ(batch.column("_run_id")->text(1), "run-1");
    EXPECT_TRUE(batch.column("_line")->is_null(1));
    EXPECT_TRUE(batch.column("_file")->is_null(1));
    EXPECT_TRUE(batch.column("_window_start")->is_null(1));
}

TEST(QualityTables, HistoryIsWhatWasPublishedNewestFirst) {
    TestDatabase database;
    std::string columns;
    for (const Field& field : check_results_schema().fields) {
        columns +=
            (columns.empty() ? "" : ", ") + ("\"" + field.name + "\" ") + sql_type_name(field.type);
    }
    database.execute("CREATE TABLE results (" + columns + ")");
    int hour = 0;
    for (const char* status : {"passed", "failed", "skipped", "warned", "error", "passed"}) {
        database.execute(
            fmt::format("INSERT INTO results (run_id, \"table\", \"check\", status, measured, "
                        "checked_at) VALUES ('r', "
                        "'silver.aqi', 'it''s odd', '{}', {}, TIMESTAMPTZ '2015-01-01 0{}:00:00Z')",
                        status, hour, hour));
        ++hour;
    }
    const auto history = database.query(history_sql("results", {"silver", "aqi"}, "it's odd", 3));
    ASSERT_TRUE(history) << history.error().to_string();
    EXPECT_THAT(*history, ElementsAre(TextRow{"5.0"}, TextRow{"3.0"}, TextRow{"2.0"}));
    EXPECT_TRUE(
        database.query(history_sql("results", {"silver", "other"}, "it's odd", 3))->empty());
}

}  // namespace
}  // namespace ingot::quality

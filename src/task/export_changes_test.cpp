#include "task/export_changes.hpp"

#include <random>

#include "delta/overlay.hpp"
#include "task/project_run_test.hpp"

namespace ingot::task {
namespace {

/// silver.t: a few keys, written hour by hour and again.
class ExportChanges : public ProjectRun {
protected:
    void model(const std::string& kind) const {
        write("sources/t.yml",
              "table: bronze.t\nload: window\nwindow: hour\n"
              "from: {files: \"in/{window.start:%-H}.csv\"}\n"
              "format: csv\ncolumns: {id: bigint, n: bigint, seen: timestamptz}\n");
        write("models/silver/t.sql", "/* ---\n" + kind +
                                         "--- */\nSELECT id, n, seen FROM bronze.t\n"
                                         "WHERE seen >= $window.start AND seen < $window.end");
    }
    void load(int at_hour, const std::vector<std::pair<int, int>>& rows) {
        std::string text = "id,n,seen\n";
        for (const auto& [id, n] : rows) {
            text += fmt::format("{},{},2015-01-01 {:02}:{:02}:00Z\n", id, n, at_hour, id % 60);
        }
        write(fmt::format("in/{}.csv", at_hour), text);
        clock_.set(hour(23));
        RunOptions options;
        options.window = Interval{hour(at_hour), hour(at_hour + 1)};
        options.full = true;
        const TableReport report = run_table("silver.t", options);
        ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    }
    delta::SnapshotPtr at(const Workspace& workspace, std::optional<std::int64_t> version) {
        delta::SnapshotRequest request;
        if (version) request.version = delta::TableVersion(*version);
        return must(
            delta::open_snapshot(workspace.lake.location(*project::TableName::parse("silver.t")),
                                 workspace.engine.parquet(), request));
    }
    static delta::SnapshotPtr only(const delta::SnapshotPtr& now, std::vector<delta::Add> files) {
        return must(
            delta::overlay(now->location(), now, {true, {}, std::move(files), std::nullopt}));
    }
    /// What the query counts, over the tables x.then, x.now, x.fresh and x.covering.
    std::int64_t count(const Workspace& workspace, const delta::SnapshotPtr& then,
                       const delta::SnapshotPtr& now, const TableChanges& changes,
                       const std::string& rows) {
        Pins pins(workspace);
        const auto session = must(pins.open_session({{"x.then", then},
                                                     {"x.now", now},
                                                     {"x.fresh", only(now, changes.fresh)},
                                                     {"x.covering", only(now, changes.covering)}}));
        const ColumnBatch batch =
            must(session->query_all({"SELECT count(*) FROM (" + rows + ")", {}}));
        return scalar_at(batch.columns[0], 0).as_integer();
    }
    /// Of each two versions.
    void check_all() {
        const Workspace workspace = open();
        const std::int64_t last = at(workspace, {})->version().value();
        for (std::int64_t a = 0; a <= last; ++a) {
            for (std::int64_t b = a; b <= last; ++b) {
                SCOPED_TRACE(fmt::format("since version {} up to {}", a, b));
                const auto then = at(workspace, a);
                const auto now = at(workspace, b);
                const auto changes = must(changes_since(*now, delta::TableVersion(a)));
                ASSERT_TRUE(changes);
                EXPECT_EQ(count(workspace, then, now, *changes,
                                "SELECT * FROM x.now EXCEPT SELECT * FROM x.then EXCEPT SELECT * "
                                "FROM x.covering"),
                          0);
                EXPECT_EQ(count(workspace, then, now, *changes,
                                "SELECT * FROM x.covering EXCEPT SELECT * FROM x.now"),
                          0);
                if (changes->changed_rows_at) continue;
                ++grown_;
                EXPECT_EQ(count(workspace, then, now, *changes,
                                "SELECT * FROM x.now EXCEPT ALL (SELECT * FROM x.then UNION ALL "
                                "SELECT * FROM x.fresh)"),
                          0);
                EXPECT_EQ(count(workspace, then, now, *changes,
                                "(SELECT * FROM x.then UNION ALL SELECT * FROM x.fresh) EXCEPT ALL "
                                "SELECT * FROM x.now"),
                          0);
            }
        }
    }
    int grown_ = 0;  ///< Pairs of versions of which the later only has more rows.
};

TEST_F(ExportChanges, HoldEveryNewRowOfATableThatIsMergedByKey) {
    model("kind: merge\nkey: [id]\ntime: seen\norder_by: [seen, n]\n");
    std::mt19937 random(7);
    for (int step = 0; step < 7; ++step) {
        std::vector<std::pair<int, int>> rows;
        for (int i = 0; i < 4; ++i) rows.emplace_back(static_cast<int>(random() % 12), step);
        std::sort(rows.begin(), rows.end());
        rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
        load(step, rows);
    }
    check_all();
    EXPECT_GE(grown_, 7);
}

TEST_F(ExportChanges, HoldEveryNewRowOfATableWhoseWindowsAreReplaced) {
    model("kind: incremental\ntime: seen\n");
    for (const int at_hour : {3, 1, 2}) load(at_hour, {{at_hour * 10, 0}, {at_hour * 10 + 1, 0}});
    load(1, {{10, 1}, {12, 1}});
    load(4, {{40, 0}});
    check_all();
    const Workspace workspace = open();
    const auto grown = must(changes_since(*at(workspace, 2), delta::TableVersion(0)));
    EXPECT_FALSE(grown->changed_rows_at) << "hours were added";
    const auto replaced = must(changes_since(*at(workspace, {}), delta::TableVersion(1)));
    ASSERT_TRUE(replaced->changed_rows_at);
    EXPECT_EQ(replaced->changed_rows_at->value(), 3) << "an hour was replaced";
}

TEST_F(ExportChanges, AreUnknownWhenTheLogWasCleanedUp) {
    model("kind: incremental\ntime: seen\n");
    for (const int at_hour : {1, 2, 3}) load(at_hour, {{at_hour, 0}});
    const Workspace workspace = open();
    const auto now = at(workspace, {});
    std::filesystem::remove(
        root() / fmt::format("lake/silver/t/_delta_log/{:020}.json", now->version().value() - 1));
    EXPECT_FALSE(must(changes_since(*now, delta::TableVersion(0))));
    EXPECT_TRUE(must(changes_since(*now, delta::TableVersion(now->version().value() - 1))));
}

}  // namespace
}  // namespace ingot::task

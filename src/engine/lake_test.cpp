#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.hpp"
#include "delta/commit.hpp"
#include "delta/snapshot.hpp"
#include "delta/tombstones.hpp"
#include "engine/engine.hpp"
#include "engine/test_support_internal.hpp"

namespace ingot::engine {
namespace {

using ::testing::HasSubstr;
using testing::must;
using testing::run;
using testing::target_of;

class MapLookup final : public TableLookup {
public:
    Result<std::optional<Relation>> find(std::string_view layer, std::string_view name,
                                         std::optional<delta::TableVersion> version) override {
        ++lookups;
        auto key = std::string(layer) + "." + std::string(name);
        if (version) {
            key += "@" + std::to_string(version->value());
        }
        const auto found = relations.find(key);
        return found == relations.end() ? std::optional<Relation>() : found->second;
    }
    std::vector<std::string> names() override {
        std::vector<std::string> result;
        for (const auto& [name, relation] : relations) {
            result.push_back(name);
        }
        return result;
    }
    std::map<std::string, Relation> relations;
    int lookups = 0;
};

class LakeTest : public ::testing::Test {
protected:
    delta::TableLocation location() const { return {store_, "silver/events"}; }

    static Schema events() {
        return {{{"id", TypeId::kLong},
                 {"name", TypeId::kString},
                 {"seen", TypeId::kTimestamp},
                 {"place", DataType::structure({{"x", TypeId::kInteger}})},
                 {"day", TypeId::kDate}}};
    }

    /// Ten days of ten rows: one file a day.
    delta::SnapshotPtr commit_days(int first, int count, delta::SnapshotPtr base) {
        auto actions =
            base ? std::vector<delta::Action>()
                 : must(delta::create_table_actions({events(), {"day"}, {}, ""}, system_clock()));
        auto target = target_of(store_, events(), {"day"});
        target.location = location();
        const auto session = must(engine_->session(nullptr));
        auto written = must(session->write(
            {"SELECT range AS id, 'n' || range AS name, TIMESTAMPTZ '2015-01-01 00:00:00Z' + "
             "INTERVAL 1 "
             "HOUR * range AS seen, {'x': range % 7} AS place, DATE '2015-01-01' + (range // "
             "10)::INTEGER AS day FROM range($first * 10, ($first + $count) * 10)",
             {{"first", Scalar::integer(TypeId::kLong, first)},
              {"count", Scalar::integer(TypeId::kLong, count)}}},
            target));
        for (auto& add : written.files) {
            actions.emplace_back(std::move(add));
        }
        delta::CommitRequest request;
        request.location = location();
        request.base = std::move(base);
        request.actions = std::move(actions);
        request.operation = "WRITE";
        auto outcome = must(delta::commit(request, engine_->parquet(), system_clock()));
        return std::get<delta::Committed>(outcome).snapshot;
    }

    std::unique_ptr<Session> open(delta::SnapshotPtr snapshot) {
        lookup_->relations["silver.events"] = std::move(snapshot);
        return must(engine_->session(lookup_));
    }

    testing::TemporaryFolder folder_;
    std::shared_ptr<storage::ObjectStore> store_ = must(storage::open_store(folder_.path()));
    std::unique_ptr<Engine> engine_ = testing::open_engine();
    std::shared_ptr<MapLookup> lookup_ = std::make_shared<MapLookup>();
};

TEST_F(LakeTest, APinnedTableIsReadByName) {
    const auto session = open(commit_days(0, 10, nullptr));
    EXPECT_EQ(run(*session,
                  "SELECT count(*), sum(id), min(seen), max(day), count(DISTINCT day) FROM "
                  "silver.events"),
              "100|4950|2015-01-01T00:00:00Z|2015-01-10|10\n");
    EXPECT_EQ(run(*session, "SELECT id, name, place.x, day FROM silver.events WHERE id = 42"),
              "42|n42|0|2015-01-05\n");
    EXPECT_EQ(run(*session,
                  "SELECT e.id FROM silver.events e JOIN (VALUES (7), (93)) v(k) ON e.id "
                  "= v.k ORDER BY ALL"),
              "7\n93\n");
    EXPECT_EQ(lookup_->lookups, 1) << "a session looks a name up once";
}

TEST_F(LakeTest, FiltersReadOnlyTheFilesThatMayMatch) {
    const auto session = open(commit_days(0, 10, nullptr));
    const auto files = [&](const std::string& condition) {
        return run(*session,
                   "SELECT count(DISTINCT filename) FROM silver.events WHERE " + condition);
    };
    EXPECT_EQ(files("true"), "10\n");
    // A file that is gone shows whether it was opened.
    for (const auto& info : must(store_->list("silver/events/day=2015-01-05"))) {
        must(store_->remove(info.path));
    }
    EXPECT_EQ(run(*session, "SELECT count(*) FROM silver.events"), "100\n") << "from the log";
    EXPECT_THAT(run(*session, "SELECT sum(id) FROM silver.events"), HasSubstr("ERROR"));
    const auto sum = [&](const std::string& condition) {
        return run(*session, "SELECT count(id) FROM silver.events WHERE " + condition);
    };
    EXPECT_EQ(sum("day = DATE '2015-01-01'"), "10\n");
    EXPECT_EQ(sum("day IN ('2015-01-01', '2015-01-10')"), "20\n");
    EXPECT_EQ(sum("id < 40"), "40\n");
    EXPECT_EQ(sum("id >= 50 AND name >= 'n'"), "50\n");
    EXPECT_EQ(sum("seen >= TIMESTAMPTZ '2015-01-03T02:00:00Z'"), "50\n");
    EXPECT_EQ(sum("id BETWEEN 10 AND 12 OR id > 97"), "5\n");
    EXPECT_EQ(sum("day IS NULL"), "0\n");
    EXPECT_EQ(sum("dayofmonth(day) + 1 = 2"), "10\n");
    EXPECT_EQ(sum("strftime(day, '%d') IN ('01', '10') AND id > 5"), "14\n");
    EXPECT_EQ(sum("id IN (1, 2, 99)"), "3\n");
    EXPECT_EQ(run(*session,
                  "SELECT count(e.id) FROM silver.events e JOIN (SELECT unnest([5, 6]) "
                  "AS k) v ON e.id = v.k"),
              "2\n");
}

TEST_F(LakeTest, OlderVersionsAreReached) {
    const auto first = commit_days(0, 1, nullptr);
    const auto second = commit_days(1, 2, first);
    lookup_->relations["silver.events@0"] = first;
    const auto session = open(second);
    EXPECT_EQ(run(*session, "SELECT count(id) FROM silver.events"), "30\n");
    EXPECT_EQ(run(*session, "SELECT count(id) FROM silver.events AT (VERSION => 0)"), "10\n");
    EXPECT_THAT(run(*session, "SELECT * FROM silver.events AT (VERSION => 9)"), HasSubstr("ERROR"));
    EXPECT_THAT(run(*session, "SELECT * FROM silver.events AT (TIMESTAMP => now())"),
                HasSubstr("AT (VERSION => n)"));
}

TEST_F(LakeTest, EveryFieldOfAFileSurvivesItsCheckpoint) {
    const auto actions =
        must(delta::create_table_actions({events(), {"day"}, {}, ""}, system_clock()));
    delta::Add add;
    add.path = "a%20b.parquet";
    add.partition_values = {{"day", std::nullopt}};
    add.size = 7;
    add.modification_time = 8;
    add.stats = R"({"numRecords":3})";
    add.tags = {{"tag", "value"}};
    add.base_row_id = 5;
    add.default_row_commit_version = 6;
    add.clustering_provider = "liquid";
    delta::Remove remove;
    remove.path = "gone.parquet";
    remove.deletion_timestamp = system_clock().now().millis();
    remove.tags = {{"tag", "of a tombstone"}};
    std::vector<delta::Action> all = actions;
    all.emplace_back(add);
    all.emplace_back(remove);
    auto& parquet = engine_->parquet();
    const auto outcome = must(delta::commit(
        {location(), nullptr, {}, std::move(all), "WRITE", {}, {}}, parquet, system_clock()));
    must(delta::write_checkpoint(*std::get<delta::Committed>(outcome).snapshot, parquet,
                                 system_clock()));
    must(store_->remove("silver/events/_delta_log/00000000000000000000.json"));

    const auto table = must(delta::open_snapshot(location(), parquet));
    ASSERT_EQ(table->files().live_count(), 1U);
    const delta::Add read = table->files().add(table->files().all().front());
    EXPECT_EQ(read.path, add.path);
    EXPECT_EQ(read.partition_values, add.partition_values);
    EXPECT_EQ(read.size, add.size);
    EXPECT_EQ(read.modification_time, add.modification_time);
    EXPECT_EQ(read.stats, add.stats);
    EXPECT_EQ(read.tags, add.tags);
    EXPECT_EQ(read.base_row_id, add.base_row_id);
    EXPECT_EQ(read.default_row_commit_version, add.default_row_commit_version);
    EXPECT_EQ(read.clustering_provider, add.clustering_provider);
    const auto tombstones = must(delta::read_tombstones(*table, parquet));
    ASSERT_EQ(tombstones.size(), 1U);
    EXPECT_EQ(tombstones.front().tags, remove.tags);
}

TEST_F(LakeTest, ViewsExpand) {
    lookup_->relations["gold.daily"] =
        std::string("SELECT day, count(*) AS n FROM silver.events GROUP BY day");
    lookup_->relations["gold.top"] = std::string("SELECT max(n) AS n FROM gold.daily");
    const auto session = open(commit_days(0, 3, nullptr));
    EXPECT_EQ(run(*session, "SELECT * FROM gold.daily ORDER BY day LIMIT 1"), "2015-01-01|10\n");
    EXPECT_EQ(run(*session, "SELECT n FROM gold.top"), "10\n");
}

TEST_F(LakeTest, AnUnknownTableNamesTheNearest) {
    const auto session = open(commit_days(0, 1, nullptr));
    const auto result = session->query_all({"SELECT * FROM silver.evnts", {}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(result.error().message,
              "no table is called silver.evnts; did you mean 'silver.events'?");
}

TEST_F(LakeTest, TheLakeIsReadOnlyForSql) {
    const auto session = open(commit_days(0, 1, nullptr));
    for (const auto* sql :
         {"INSERT INTO silver.events SELECT * FROM silver.events", "DELETE FROM silver.events",
          "DROP TABLE silver.events", "CREATE TABLE silver.x AS SELECT 1 AS a"}) {
        EXPECT_FALSE(session->execute({sql, {}})) << sql;
    }
}

TEST_F(LakeTest, TablesAreListed) {
    const auto session = open(commit_days(0, 1, nullptr));
    EXPECT_EQ(run(*session,
                  "SELECT table_schema, table_name FROM information_schema.tables WHERE "
                  "table_catalog = 'lake'"),
              "silver|events\n");
}

TEST_F(LakeTest, SessionsSourcesAndTemporaryTablesAreBesideTheLake) {
    const auto session = open(commit_days(0, 1, nullptr));
    must(session->execute({"CREATE TABLE small AS SELECT 3 AS k", {}}));
    EXPECT_EQ(run(*session, "SELECT e.name FROM silver.events e JOIN small ON e.id = k"), "n3\n");
}

TEST_F(LakeTest, RowPositionsAreGiven) {
    const auto session = open(commit_days(0, 2, nullptr));
    EXPECT_EQ(run(*session,
                  "SELECT file_row_number, filename LIKE '%/day=2015-01-02/%' FROM "
                  "silver.events WHERE id = 17"),
              "7|true\n");
}

TEST_F(LakeTest, TablesArePathsForTheTableFunctions) {
    commit_days(1, 2, commit_days(0, 1, nullptr));
    const auto session = must(engine_->session(nullptr));
    const auto path = "'" + folder_.path() + "/silver/events'";
    EXPECT_EQ(run(*session, "SELECT count(id) FROM delta_scan(" + path + ")"), "30\n");
    EXPECT_EQ(run(*session, "SELECT count(id) FROM delta_scan(" + path + ", version => 0)"),
              "10\n");
    EXPECT_EQ(run(*session, "SELECT version, operation FROM delta_history(" + path + ")"),
              "1|WRITE\n0|WRITE\n");
    EXPECT_EQ(run(*session,
                  "SELECT count(*), sum(num_records), min(partition_values['day']) FROM "
                  "delta_files(" +
                      path + ")"),
              "3|30|2015-01-01\n");
    EXPECT_THAT(run(*session, "SELECT * FROM delta_scan('" + folder_.path() + "/nothing')"),
                HasSubstr("ERROR"));
}

/// Tables that other programs wrote, each with the rows that a reader must find.
class GoldenTables : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTables, RowsAreThoseThatTheWriterExpects) {
    const std::filesystem::path archive = std::filesystem::path(INGOT_SHARED_DATA) /
                                          "delta-golden/kernel" / (GetParam() + ".tar.zst");
    if (!std::filesystem::exists(archive)) {
        GTEST_SKIP() << "the golden tables are not at " << INGOT_SHARED_DATA;
    }
    const testing::TemporaryFolder folder;
    const auto command = "tar --zstd -xf '" + archive.string() + "' -C '" + folder.path() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const auto root = folder.path() + "/" + GetParam();
    if (!std::filesystem::exists(root + "/expected")) {
        GTEST_SKIP() << "a table without expected rows";
    }
    const auto engine = testing::open_engine();
    const auto snapshot =
        must(delta::open_snapshot({must(storage::open_store(root)), "delta"}, engine->parquet()));
    const auto lookup = std::make_shared<MapLookup>();
    lookup->relations["golden.t"] = snapshot;
    const auto session = must(engine->session(lookup));
    std::string columns;
    for (const auto& field : snapshot->schema().fields) {
        columns += (columns.empty() ? "" : ", ") + std::string("CAST(\"") + field.name + "\" AS " +
                   sql_type_name(field.type) + ") AS \"" + field.name + "\"";
    }
    const auto expected = "SELECT " + columns + " FROM read_parquet('" + root +
                          "/expected/**/*.parquet', hive_partitioning = false)";
    const auto compared =
        run(*session, "SELECT (SELECT count(*) FROM (" + expected +
                          ")) = (SELECT count(*) FROM golden.t), (SELECT count(*) FROM (SELECT * "
                          "FROM golden.t EXCEPT ALL " +
                          expected + ")), (SELECT count(*) FROM (" + expected +
                          " EXCEPT ALL SELECT * FROM golden.t))");
    EXPECT_EQ(compared, "true|0|0\n");
}

std::vector<std::string> golden_names() {
    std::vector<std::string> names;
    std::error_code absent;
    const auto folder = std::filesystem::path(INGOT_SHARED_DATA) / "delta-golden/kernel";
    for (const auto& entry : std::filesystem::directory_iterator(folder, absent)) {
        auto name = entry.path().filename().string();
        names.push_back(name.substr(0, name.find(".tar.zst")));
    }
    std::sort(names.begin(), names.end());
    if (names.empty()) {
        names.emplace_back("absent");
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(Kernel, GoldenTables, ::testing::ValuesIn(golden_names()),
                         [](const auto& parameter) {
                             auto name = parameter.param;
                             for (auto& character : name) {
                                 character =
                                     std::isalnum(static_cast<unsigned char>(character)) != 0
                                         ? character
                                         : '_';
                             }
                             return name;
                         });

}  // namespace
}  // namespace ingot::engine

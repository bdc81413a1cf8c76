#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "engine/engine.hpp"
#include "engine/test_support_internal.hpp"
#include "storage/faulty_store.hpp"

namespace ingot::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::must;
using testing::run;
using testing::target_of;

class TableWriterTest : public ::testing::Test {
protected:
    std::vector<std::string> objects() const {
        std::vector<std::string> paths;
        for (const auto& info : must(store_->list(""))) {
            paths.push_back(info.path);
        }
        return paths;
    }
    WriteResult write(const std::string& sql, const WriteTarget& target) {
        return must(session_->write({sql, {}}, target));
    }
    Error write_error(const std::string& sql, const WriteTarget& target) {
        auto result = session_->write({sql, {}}, target);
        EXPECT_FALSE(result);
        EXPECT_THAT(objects(), ElementsAre()) << "files are left";
        return result ? Error{ErrorCode::kInternal, "no error", {}} : std::move(result).error();
    }
    std::string glob() const { return "'" + folder_.path() + "/t/**/*.parquet'"; }

    testing::TemporaryFolder folder_;
    std::shared_ptr<storage::ObjectStore> store_ = must(storage::open_store(folder_.path()));
    std::unique_ptr<Engine> engine_ = testing::open_engine();
    std::unique_ptr<Session> session_ = must(engine_->session(nullptr));
};

TEST_F(TableWriterTest, RowsBecomeAFileWithStatistics) {
    const Schema schema{
        {{"id", TypeId::kLong},
         {"name", TypeId::kString},
         {"seen", TypeId::kTimestamp},
         {"price", DataType::decimal(10, 2)},
         {"ratio", TypeId::kDouble},
         {"ok", TypeId::kBoolean},
         {"day", TypeId::kDate},
         {"local", TypeId::kTimestampNtz},
         {"place", DataType::structure(
                       {{"x", TypeId::kInteger}, {"tags", DataType::array(TypeId::kString)}})}}};
    const auto result = write(
        "SELECT range::INTEGER AS ID, CASE WHEN range < 3 THEN NULL ELSE 'n' || range END AS name, "
        "TIMESTAMPTZ '2015-01-01 00:00:00.123456Z' + to_seconds(range) AS seen, "
        "range + 0.25 AS price, range / 4 AS ratio, range % 2 = 0 AS ok, "
        "DATE '2015-01-01' + range::INTEGER AS day, TIMESTAMP '2015-01-01 01:02:03.9999' AS local, "
        "{'x': range, 'tags': ['a']} AS place FROM range(9)",
        target_of(store_, schema));
    EXPECT_EQ(result.rows, 9);
    ASSERT_EQ(result.files.size(), 1U);
    const auto& add = result.files[0];
    EXPECT_THAT(add.path, ::testing::MatchesRegex("w1-[0-9a-f-]{36}\\.parquet"));
    EXPECT_EQ(add.size, static_cast<std::int64_t>(must(store_->head("t/" + add.path)).size));
    EXPECT_EQ(static_cast<std::int64_t>(result.bytes), add.size);
    EXPECT_TRUE(add.data_change);
    EXPECT_GT(add.modification_time, 1'600'000'000'000);
    EXPECT_EQ(
        add.stats,
        R"({"numRecords":9,"minValues":{"id":0,"name":"n3","seen":"2015-01-01T00:00:00.123Z",)"
        R"("price":0.25,"ratio":0,"day":"2015-01-01","local":"2015-01-01T01:02:03.999",)"
        R"("place":{"x":0}},"maxValues":{"id":8,"name":"n8","seen":"2015-01-01T00:00:08.123Z",)"
        R"("price":8.25,"ratio":2,"day":"2015-01-09","local":"2015-01-01T01:02:03.999",)"
        R"("place":{"x":8}},"nullCount":{"id":0,"name":3,"seen":0,"price":0,"ratio":0,"ok":0,)"
        R"("day":0,"local":0,"place":{"x":0}},"tightBounds":true})");
    EXPECT_EQ(run(*session_,
                  "SELECT typeof(id), typeof(seen), typeof(local), count(*), sum(price) "
                  "FROM read_parquet(" +
                      glob() + ") GROUP BY ALL"),
              "BIGINT|TIMESTAMP WITH TIME ZONE|TIMESTAMP|9|38.25\n");
}

TEST_F(TableWriterTest, TextBoundsAreCutAsDeltaDoes) {
    const Schema schema{{{"a", TypeId::kString}, {"b", TypeId::kString}, {"c", TypeId::kString}}};
    const auto result =
        write("SELECT repeat('x', 40) AS a, repeat('é', 40) AS b, 'q\"\\' || chr(10) AS c",
              target_of(store_, schema));
    std::string e32;
    for (int i = 0; i < 32; ++i) {
        e32 += "é";
    }
    const auto x32 = std::string(32, 'x');
    EXPECT_EQ(result.files.at(0).stats,
              R"({"numRecords":1,"minValues":{"a":")" + x32 + R"(","b":")" + e32 +
                  R"(","c":"q\"\\\u000a"},"maxValues":{"a":")" + x32 + "\x7F" + R"(","b":")" + e32 +
                  "\xF4\x8F\xBF\xBF" + R"(","c":"q\"\\\u000a"},"nullCount":{"a":0,"b":0,"c":0},)" +
                  R"("tightBounds":true})");
}

TEST_F(TableWriterTest, NotANumberHasNoBounds) {
    const Schema schema{{{"a", TypeId::kDouble}, {"b", TypeId::kFloat}, {"c", TypeId::kDouble}}};
    const auto result =
        write("SELECT * FROM (VALUES (1.0, 0.1, 'inf'::DOUBLE), ('nan'::DOUBLE, 2, 1)) t(a, b, c)",
              target_of(store_, schema));
    EXPECT_EQ(result.files.at(0).stats,
              R"({"numRecords":2,"minValues":{"b":0.10000000149011612,"c":1},"maxValues":{"b":2},)"
              R"("nullCount":{"a":0,"b":0,"c":0},"tightBounds":true})");
}

TEST_F(TableWriterTest, OnlyTheFirstLeavesHaveStatistics) {
    const Schema schema{{{"s", DataType::structure({{"x", TypeId::kLong}, {"y", TypeId::kLong}})},
                         {"b", TypeId::kLong}}};
    auto target = target_of(store_, schema);
    target.stats_columns = 1;
    const auto sql = "SELECT {'x': 1, 'y': 2} AS s, 3 AS b";
    EXPECT_EQ(write(sql, target).files.at(0).stats,
              R"({"numRecords":1,"minValues":{"s":{"x":1}},"maxValues":{"s":{"x":1}},)"
              R"("nullCount":{"s":{"x":0}},"tightBounds":true})");
    target.stats_columns = -1;
    EXPECT_THAT(*write(sql, target).files.at(0).stats, HasSubstr(R"("b":3)"));
}

TEST_F(TableWriterTest, NoRowsMakeNoFile) {
    const Schema schema{{{"id", TypeId::kLong}, {"p", TypeId::kString}}};
    EXPECT_TRUE(
        write("SELECT 1 AS id, 'x' AS p WHERE false", target_of(store_, schema)).files.empty());
    EXPECT_TRUE(write("SELECT 1 AS id, 'x' AS p WHERE false", target_of(store_, schema, {"p"}))
                    .files.empty());
    EXPECT_THAT(objects(), ElementsAre());
}

TEST_F(TableWriterTest, PartitionsAreFoldersAndTypedValues) {
    const Schema schema{{{"id", TypeId::kLong},
                         {"day", TypeId::kDate},
                         {"who", TypeId::kString},
                         {"seen", TypeId::kTimestamp}}};
    auto result = write(
        "SELECT range AS id, DATE '2015-01-01' + (range % 2)::INTEGER AS day, "
        "CASE range % 3 WHEN 0 THEN NULL WHEN 1 THEN 'a/b c%é' ELSE 'plain' END AS who, "
        "TIMESTAMPTZ '2015-01-01 00:00:00.5Z' AS seen FROM range(60)",
        target_of(store_, schema, {"day", "who", "seen"}));
    EXPECT_EQ(result.rows, 60);
    ASSERT_EQ(result.files.size(), 6U);
    std::set<std::string> texts;
    for (const auto& add : result.files) {
        const auto& values = add.partition_values;
        texts.insert(values.at("day").value() + "|" + values.at("who").value_or("<null>") + "|" +
                     values.at("seen").value());
        if (values.at("who") == "a/b c%é" && values.at("day") == "2015-01-02") {
            EXPECT_THAT(add.path, ::testing::StartsWith(
                                      "day=2015-01-02/who=a%252Fb%20c%2525%25C3%25A9/seen="));
        }
        EXPECT_THAT(*add.stats, HasSubstr(R"({"numRecords":10,"minValues":{"id":)"));
    }
    EXPECT_EQ(texts.size(), 6U);
    EXPECT_TRUE(texts.contains("2015-01-01|<null>|2015-01-01T00:00:00.500000Z")) << *texts.begin();
    EXPECT_EQ(run(*session_, "SELECT count(*), sum(id) FROM read_parquet(" + glob() +
                                 ", hive_partitioning = false)"),
              "60|1770\n");
}

TEST_F(TableWriterTest, LargeWritesRollOverFiles) {
    const Schema schema{{{"id", TypeId::kLong}, {"text", TypeId::kString}}};
    auto target = target_of(store_, schema);
    target.target_file_bytes = 4U << 20;
    const auto result =
        write("SELECT range AS id, md5(range::VARCHAR) AS text FROM range(2000000)", target);
    EXPECT_EQ(result.rows, 2000000);
    EXPECT_GT(result.files.size(), 3U);
    EXPECT_EQ(run(*session_, "SELECT count(*), sum(id) FROM read_parquet(" + glob() + ")"),
              "2000000|1999999000000\n");
}

TEST_F(TableWriterTest, ManyPartitionsAreWrittenOneAfterTheOther) {
    const Schema schema{{{"id", TypeId::kLong}, {"p", TypeId::kInteger}, {"t", TypeId::kString}}};
    const auto result = write(
        "SELECT range AS id, (hash(range) % 300)::INTEGER AS p, 'text ' || range AS t FROM "
        "range(200000)",
        target_of(store_, schema, {"p"}));
    EXPECT_EQ(result.rows, 200000);
    EXPECT_EQ(result.files.size(), 300U);
    EXPECT_EQ(run(*session_,
                  "SELECT count(*), sum(id), count(DISTINCT p) FILTER (p = hash(id) % 300) FROM "
                  "read_parquet(" +
                      glob() + ", hive_partitioning = true)"),
              "200000|19999900000|300\n");
}

TEST_F(TableWriterTest, TenThousandPartitionsFitInLittleMemory) {
    const Schema schema{{{"id", TypeId::kLong}, {"p", TypeId::kInteger}, {"t", TypeId::kString}}};
    auto engine = testing::open_engine({.memory_bytes = 200ULL << 20, .spill_dir = folder_.path()});
    auto session = must(engine->session(nullptr));
    constexpr std::int64_t kPartitions = 10'000;
    constexpr std::int64_t kRows = 200'000;
    // Neighbours belong to different partitions: every chunk touches many of them.
    const auto result = must(session->write(
        {"SELECT range AS id, (range * 7919 % 10000)::INTEGER AS p, 'text ' || range AS t FROM "
         "range(200000)",
         {}},
        target_of(store_, schema, {"p"})));
    EXPECT_EQ(result.rows, kRows);
    ASSERT_EQ(result.files.size(), static_cast<std::size_t>(kPartitions));
    std::set<std::int64_t> partitions;
    for (const auto& add : result.files) {
        const auto p = std::stoll(add.partition_values.at("p").value());
        partitions.insert(p);
        ASSERT_THAT(*add.stats, ::testing::StartsWith(R"({"numRecords":20,"minValues":{"id":)"));
        // Rows of a partition are a cycle of the generator apart: the least id is below one cycle.
        const auto least = std::stoll(add.stats->substr(add.stats->find("\"id\":") + 5));
        EXPECT_LT(least, kPartitions);
        EXPECT_EQ(least * 7919 % kPartitions, p);
        EXPECT_THAT(*add.stats, HasSubstr(R"("maxValues":{"id":)" +
                                          std::to_string(least + kRows - kPartitions) + ","));
    }
    EXPECT_EQ(partitions.size(), static_cast<std::size_t>(kPartitions));
    EXPECT_EQ(objects().size(), static_cast<std::size_t>(kPartitions));
}

TEST_F(TableWriterTest, AStoreThatFailsWhileManyPartitionsAreWrittenIsTheError) {
    const Schema schema{{{"id", TypeId::kLong}, {"p", TypeId::kInteger}}};
    const auto target = target_of(store_, schema, {"p"});
    // A file where the folder of a partition should be.
    must(store_->put("t/p=700", "in the way"));
    const auto result = session_->write(
        {"SELECT range AS id, (range % 1000)::INTEGER AS p FROM range(20000)", {}}, target);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kIo) << result.error().to_string();
    EXPECT_THAT(objects(), ElementsAre("t/p=700"));
}

TEST_F(TableWriterTest, ColumnMappingUsesPhysicalNamesAndIds) {
    Field member{"inner name", TypeId::kInteger, true, {}};
    member.metadata = {{"delta.columnMapping.physicalName", "\"col-m\""},
                       {"delta.columnMapping.id", "5"}};
    const Schema schema{{{"my column", DataType::structure({member})}, {"part", TypeId::kString}}};
    auto target = target_of(store_, schema, {"part"});
    target.columns[0].physical_name = "col-a";
    target.columns[0].field_id = 4;
    target.columns[1].physical_name = "col-p";
    target.columns[1].field_id = 6;
    const auto result = write("SELECT {'inner name': 7} AS \"my column\", 'x' AS part", target);
    ASSERT_EQ(result.files.size(), 1U);
    EXPECT_EQ(result.files[0].partition_values.at("col-p"), "x");
    EXPECT_THAT(*result.files[0].stats, HasSubstr(R"("minValues":{"col-a":{"col-m":7}})"));
    EXPECT_EQ(run(*session_, "SELECT name, field_id FROM parquet_schema(" + glob() +
                                 ") WHERE name LIKE 'col%'"),
              "col-a|4\ncol-m|5\n");
}

TEST_F(TableWriterTest, WhatCannotBeWrittenNamesTheColumn) {
    const Schema schema{{{"id", TypeId::kInteger, false, {}}, {"n", TypeId::kInteger}}};
    const auto target = target_of(store_, schema);
    EXPECT_THAT(write_error("SELECT NULL::INTEGER AS id, 1 AS n", target).message,
                HasSubstr("column id of"));
    const auto cast = write_error("SELECT 1 AS id, 'abc' AS n", target);
    EXPECT_EQ(cast.code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(cast.message, HasSubstr("column n cannot be written as integer"));
    EXPECT_THAT(cast.message, HasSubstr("abc"));
    EXPECT_THAT(write_error("SELECT 1 AS id, 2 AS n, 3 AS extra", target).message,
                HasSubstr("extra"));
    EXPECT_THAT(write_error("SELECT 2 AS n", target).message, HasSubstr("no column id"));
    EXPECT_EQ(write_error("SELECT 1 AS id FROM nowhere", target).code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(write_error("CREATE TABLE x (i INTEGER)", target).code, ErrorCode::kInvalidArgument);
}

TEST_F(TableWriterTest, NestedNullsAreFoundToo) {
    const Schema schema{{{"s", DataType::structure({{"x", TypeId::kLong, false, {}}})},
                         {"l", DataType::array(TypeId::kLong, false)},
                         {"m", DataType::map(TypeId::kString, TypeId::kLong, false)}}};
    const auto target = target_of(store_, schema);
    const auto rows = [](const std::string& s, const std::string& l, const std::string& m) {
        return "SELECT " + s + " AS s, " + l + " AS l, " + m + " AS m";
    };
    const std::string s = "{'x': 1}";
    const std::string l = "[1, 2]";
    const std::string m = "MAP {'k': 1}";
    EXPECT_THAT(write_error(rows("{'x': NULL::BIGINT}", l, m), target).message, HasSubstr("s.x"));
    EXPECT_THAT(write_error(rows(s, "[1, NULL]", m), target).message, HasSubstr("l.element"));
    EXPECT_THAT(write_error(rows(s, l, "MAP {'k': NULL::BIGINT}"), target).message,
                HasSubstr("m.entry.value"));
    EXPECT_EQ(write(rows(s, l, m) + " UNION ALL " + rows("NULL", "NULL", "NULL"), target).rows, 2);
}

TEST_F(TableWriterTest, AnErrorLateInTheRowsLeavesNoFile) {
    const Schema schema{{{"id", TypeId::kLong}, {"t", TypeId::kString}}};
    auto target = target_of(store_, schema);
    target.target_file_bytes = 1U << 20;
    EXPECT_THAT(write_error("SELECT range AS id, CASE WHEN range = 1999999 THEN error('late') ELSE "
                            "md5(range::VARCHAR) END AS t FROM range(2000000)",
                            target)
                    .message,
                HasSubstr("late"));
}

TEST_F(TableWriterTest, AFileWhoseEndIsUnclearIsRemoved) {
    const auto faulty = std::make_shared<storage::FaultyStore>(store_);
    faulty->add_rule(
        {.operation = storage::StoreOperation::kFinish, .fault = storage::Fault::kLoseReply});
    const Schema schema{{{"id", TypeId::kLong}}};
    const auto result =
        session_->write({"SELECT range AS id FROM range(10)", {}}, target_of(faulty, schema));
    ASSERT_FALSE(result);
    EXPECT_EQ(faulty->injected().size(), 1U);
    EXPECT_THAT(objects(), ElementsAre());
}

TEST_F(TableWriterTest, ACancelledWriteLeavesNoFile) {
    const Schema schema{{{"id", TypeId::kLong}, {"t", TypeId::kString}}};
    auto target = target_of(store_, schema);
    target.target_file_bytes = 1U << 20;
    std::stop_source stop;
    std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        stop.request_stop();
    });
    const auto result =
        session_->write({"SELECT range AS id, md5(range::VARCHAR) AS t FROM range(1000000000)", {}},
                        target, stop.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
    EXPECT_THAT(objects(), ElementsAre());
}

TEST_F(TableWriterTest, ParametersReachTheSelect) {
    const Schema schema{{{"id", TypeId::kLong}}};
    const auto result = must(session_->write({"SELECT $from + range AS id FROM range(3)",
                                              {{"from", Scalar::integer(TypeId::kLong, 40)}}},
                                             target_of(store_, schema)));
    EXPECT_THAT(*result.files.at(0).stats, HasSubstr(R"("minValues":{"id":40})"));
}

TEST_F(TableWriterTest, ASplitSendsEveryRowToOneSide) {
    const Schema accepted{{{"id", TypeId::kLong, false, {}}}};
    const Schema rejected{
        {{"id", TypeId::kString}, {"_reject_reason", TypeId::kString}, {"raw", TypeId::kString}}};
    auto good = target_of(store_, accepted);
    auto bad = target_of(store_, rejected);
    bad.location.path = "q";
    const auto result = must(session_->write_split(
        {"SELECT range AS id, 'r' || range AS raw, CASE WHEN range % 10 = 0 THEN 'ten' WHEN range "
         "% 77 = 0 THEN 'seventy' END AS _reject_reason FROM range(100000)",
         {}},
        good, bad));
    EXPECT_EQ(result.accepted.rows + result.rejected.rows, 100000);
    EXPECT_THAT(result.reasons, ElementsAre(std::pair("seventy", 1169), std::pair("ten", 10000)));
    EXPECT_EQ(result.rejected.rows, 11169);
    EXPECT_EQ(run(*session_,
                  "SELECT count(*), count(*) FILTER (id % 10 = 0 OR id % 77 = 0) FROM "
                  "read_parquet(" +
                      glob() + ")"),
              "88831|0\n");
    EXPECT_EQ(run(*session_, "SELECT count(*), min(raw) FROM read_parquet('" + folder_.path() +
                                 "/q/*.parquet') WHERE _reject_reason = 'ten'"),
              "10000|r0\n");
}

TEST_F(TableWriterTest, ASplitWithoutRejectsMakesNoFileForThem) {
    const Schema schema{{{"id", TypeId::kLong}}};
    auto bad = target_of(store_, schema);
    bad.location.path = "q";
    const auto result = must(session_->write_split(
        {"SELECT 1 AS id, NULL::VARCHAR AS _reject_reason", {}}, target_of(store_, schema), bad));
    EXPECT_EQ(result.accepted.rows, 1);
    EXPECT_EQ(result.rejected.rows, 0);
    EXPECT_TRUE(result.rejected.files.empty());
    EXPECT_TRUE(result.reasons.empty());
}

}  // namespace
}  // namespace ingot::engine

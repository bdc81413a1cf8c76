#include "engine/engine.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "engine/test_support_internal.hpp"

namespace ingot::engine {
namespace {

using ::testing::HasSubstr;
using testing::ListSource;
using testing::must;
using testing::open_engine;
using testing::run;

class EngineTest : public ::testing::Test {
protected:
    std::unique_ptr<Engine> engine_ = open_engine();
    std::unique_ptr<Session> session_ = must(engine_->session(nullptr));
};

TEST_F(EngineTest, VersionNamesTheLibrary) {
    EXPECT_EQ(engine_->version(), "DuckDB v1.5.6 (069cc9f9b5)");
}

TEST_F(EngineTest, ValuesOfEveryTypeArriveUnchanged) {
    EXPECT_EQ(run(*session_,
                  "SELECT true, 1::TINYINT, -2::SMALLINT, 3::INTEGER, 4::BIGINT, 1.5::FLOAT, "
                  "2.25::DOUBLE, 12.34::DECIMAL(9,2), 'a''b', DATE '2024-02-29', "
                  "TIMESTAMPTZ '2024-01-01T00:00:00Z', TIMESTAMP '2024-01-01 00:00:01'"),
              "true|1|-2|3|4|1.5|2.25|12.34|a'b|2024-02-29|2024-01-01T00:00:00Z|"
              "2024-01-01T00:00:01\n");
}

TEST_F(EngineTest, NestedValuesAndNullsArrive) {
    EXPECT_EQ(run(*session_,
                  "SELECT * FROM (VALUES ([1, NULL, 3], {'a': 1, 'b': 'x'}, MAP {'k': 1}), "
                  "(NULL, NULL, NULL), ([], {'a': NULL, 'b': 'y'}, MAP {})) t(l, s, m)"),
              "[1, null, 3]|{a: 1, b: x}|[{key: k, value: 1}]\nnull|null|null\n"
              "[]|{a: null, b: y}|[]\n");
}

TEST_F(EngineTest, TypesWithoutCounterpartWiden) {
    EXPECT_EQ(run(*session_,
                  "SELECT 255::UTINYINT, 18446744073709551615::UBIGINT, "
                  "sum(x), INTERVAL 1 DAY, '00000000-0000-0000-0000-000000000001'::UUID "
                  "FROM (VALUES (1::BIGINT), (2)) t(x)"),
              "255|18446744073709551615|3|1 day|00000000-0000-0000-0000-000000000001\n");
}

TEST_F(EngineTest, ManyRowsStreamInBatches) {
    auto result =
        must(session_->query({"SELECT range AS id, 'r' || range AS name FROM "
                              "range(100000) ORDER BY id",
                              {}}));
    ASSERT_EQ(result->schema().fields.size(), 2U);
    EXPECT_EQ(result->schema().fields[1].name, "name");
    std::int64_t expected = 0;
    while (auto batch = must(result->next())) {
        for (std::int64_t row = 0; row < batch->rows; ++row, ++expected) {
            ASSERT_EQ(batch->columns[0].value<std::int64_t>(row), expected);
            ASSERT_EQ(batch->columns[1].text(row), "r" + std::to_string(expected));
        }
    }
    EXPECT_EQ(expected, 100000);
}

TEST_F(EngineTest, ParametersAreTypedValues) {
    EXPECT_EQ(run(*session_, "SELECT typeof($t), $t >= TIMESTAMPTZ '2015-01-01', $s, $d + 1",
                  {{"t", Scalar::integer(TypeId::kTimestamp, 1'500'000'000'000'000)},
                   {"s", Scalar::text("'; DROP TABLE x; --")},
                   {"d", Scalar::decimal(DataType::decimal(5, 2), 150)},
                   {"unused", Scalar::text("fine")}}),
              "TIMESTAMP WITH TIME ZONE|true|'; DROP TABLE x; --|2.50\n");
}

TEST_F(EngineTest, AMissingParameterIsNamed) {
    EXPECT_THAT(run(*session_, "SELECT $window__start"), HasSubstr("$window__start has no value"));
}

TEST_F(EngineTest, TimeZoneIsUtc) {
    EXPECT_EQ(run(*session_, "SELECT TIMESTAMP '2024-07-01 12:00:00'::TIMESTAMPTZ"),
              "2024-07-01T12:00:00Z\n");
}

TEST_F(EngineTest, DescribeGivesColumnsWithoutRunning) {
    const auto schema =
        must(session_->describe({"SELECT 1 AS a, 'x' AS b, error('never run') AS c, $p AS d",
                                 {{"p", Scalar::integer(TypeId::kDate, 0)}}}));
    ASSERT_EQ(schema.fields.size(), 4U);
    EXPECT_EQ(schema.fields[0].type, DataType(TypeId::kInteger));
    EXPECT_EQ(schema.fields[3].type, DataType(TypeId::kDate));
}

TEST_F(EngineTest, ErrorsHaveCodes) {
    const auto code = [&](const char* sql) { return session_->execute({sql, {}}).error().code; };
    EXPECT_EQ(code("SELEC 1"), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code("SELECT 'x'::INTEGER"), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code("SELECT 1; SELECT 2"), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code("SELECT * FROM read_parquet('/absent/file.parquet')"), ErrorCode::kIo);
}

TEST_F(EngineTest, MacrosAndTablesOfASessionAreItsOwn) {
    must(session_->execute({"CREATE MACRO twice(x) AS 2 * x", {}}));
    must(session_->execute({"CREATE TABLE t AS SELECT 21 AS x", {}}));
    EXPECT_EQ(run(*session_, "SELECT twice(x) FROM t"), "42\n");
    const auto other = must(engine_->session(nullptr));
    EXPECT_THAT(run(*other, "SELECT twice(1)"), HasSubstr("ERROR"));
    EXPECT_THAT(run(*other, "SELECT * FROM t"), HasSubstr("ERROR"));
}

TEST_F(EngineTest, AStopRequestCancelsQuickly) {
    std::stop_source stop;
    std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        stop.request_stop();
    });
    const auto start = std::chrono::steady_clock::now();
    const auto result = session_->query_all(
        {"SELECT sum(sqrt(a.range * b.range)) FROM range(1000000) a, range(1000000) b", {}},
        stop.get_token());
    const auto took = std::chrono::steady_clock::now() - start;
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
    EXPECT_LT(took, std::chrono::seconds(5));
    EXPECT_EQ(run(*session_, "SELECT 1"), "1\n") << "the session lives on";
}

TEST_F(EngineTest, AStopRequestedBeforeTheStartCancels) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(session_->execute({"SELECT 1", {}}, stop.get_token()).error().code,
              ErrorCode::kCancelled);
}

TEST(EngineMemory, RunningOutSaysWhatToRaise) {
    const auto engine = open_engine({.memory_bytes = 64U << 20, .threads = 2, .spill_dir = ""});
    const auto session = must(engine->session(nullptr));
    const auto result =
        session->query_all({"SELECT max(len(l)) FROM (SELECT list(range) AS l FROM range(50000000) "
                            "GROUP BY range % 7)",
                            {}});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("engine.memory"));
}

TEST(EngineMemory, SortsSpillIntoTheGivenFolder) {
    const testing::TemporaryFolder folder;
    const auto engine = open_engine(
        {.memory_bytes = 100U << 20, .threads = 2, .spill_dir = folder.path() + "/spill/deep"});
    const auto session = must(engine->session(nullptr));
    EXPECT_EQ(run(*session,
                  "SELECT count(*) FROM (SELECT v, row_number() OVER (ORDER BY k) r FROM "
                  "(SELECT hash(range) AS k, 'payload-payload-payload-' || range AS v "
                  "FROM range(2000000))) WHERE r > 1"),
              "1999999\n");
}

Schema people() {
    return {{{"id", TypeId::kLong},
             {"name", TypeId::kString},
             {"tags", DataType::array(TypeId::kString)},
             {"spot", DataType::structure({{"x", TypeId::kInteger}, {"ok", TypeId::kBoolean}})},
             {"price", DataType::decimal(10, 2)}}};
}

ColumnBatch people_batch(std::int64_t first, std::int64_t count) {
    BatchBuilder builder(people());
    for (auto id = first; id < first + count; ++id) {
        builder.column(0).append_integer(id);
        if (id % 10 == 3) {
            builder.column(1).append_null();
        } else {
            builder.column(1).append_text("a name that is not short " + std::to_string(id));
        }
        for (std::int64_t k = 0; k < id % 3; ++k) {
            builder.column(2).child(0).append_text("tag" + std::to_string(k));
        }
        builder.column(2).append_list();
        builder.column(3).child(0).append_integer(id % 100);
        builder.column(3).child(1).append_boolean(id % 2 == 0);
        builder.column(3).append_struct();
        builder.column(4).append_decimal(id * 100 + 25);
    }
    return builder.finish();
}

std::vector<ColumnBatch> people_batches(int count, std::int64_t rows) {
    std::vector<ColumnBatch> batches;
    for (int i = 0; i < count; ++i) {
        batches.push_back(people_batch(i * rows, rows));
    }
    return batches;
}

TEST_F(EngineTest, ASourceIsATable) {
    ListSource source(people(), people_batches(20, 3000));  // batches longer than a vector
    must(session_->add_source("people", source));
    EXPECT_EQ(run(*session_,
                  "SELECT count(*), sum(id), count(name), sum(len(tags)), sum(spot.x), "
                  "count(*) FILTER (spot.ok), sum(price) FROM people"),
              "60000|1799970000|54000|60000|2970000|30000|1799985000.00\n");
    source.rewind();
    EXPECT_EQ(run(*session_,
                  "SELECT id, name, tags, spot, price FROM \"people\" WHERE id IN (5, "
                  "2999, 59993) ORDER BY id"),
              "5|a name that is not short 5|[tag0, tag1]|{x: 5, ok: false}|5.25\n"
              "2999|a name that is not short 2999|[tag0, tag1]|{x: 99, ok: false}|2999.25\n"
              "59993|null|[tag0, tag1]|{x: 93, ok: false}|59993.25\n");
    must(session_->remove_source("people"));
    EXPECT_THAT(run(*session_, "SELECT * FROM people"), HasSubstr("ERROR"));
}

TEST_F(EngineTest, RowsOfASourceOutliveItsBatches) {
    ListSource source(people(), people_batches(10, 2048));
    must(session_->add_source("people", source));
    must(session_->execute({"CREATE TABLE kept AS SELECT * FROM people", {}}));
    EXPECT_EQ(run(*session_, "SELECT count(*), max(name) FROM kept"),
              "20480|a name that is not short 9999\n");
}

TEST_F(EngineTest, ASourceStreamsPastAShortListThatItIsJoinedWith) {
    ListSource source(people(), people_batches(1, 10));
    must(session_->add_source("people", source));
    const auto plan = must(session_->query_all(
        {"EXPLAIN (FORMAT json) SELECT * FROM people JOIN (VALUES ('a'), ('b'), ('c')) AS w(name) "
         "ON split_part(people.name, '!', 1) = w.name",
         {}}));
    const std::string text(plan.columns[1].text(0));
    // Of a join's children the first streams; the second is kept in memory.
    EXPECT_LT(text.find("BATCH_SCAN"), text.find("COLUMN_DATA_SCAN")) << text;
    EXPECT_NE(text.find("COLUMN_DATA_SCAN"), std::string::npos) << text;
}

TEST_F(EngineTest, AReadersErrorComesBackWhole) {
    ListSource source(people(), people_batches(5, 100));
    source.fail_at(2, Error{ErrorCode::kCorruptData,
                            "line 7 is cut \"off\"",
                            {"while reading a.json.gz", "in the hour 3"}});
    must(session_->add_source("people", source));
    const auto result = session_->query_all({"SELECT count(name) FROM people", {}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCorruptData);
    EXPECT_EQ(result.error().message, "line 7 is cut \"off\"");
    EXPECT_THAT(result.error().context,
                ::testing::ElementsAre("while reading a.json.gz", "in the hour 3"));
}

}  // namespace
}  // namespace ingot::engine

#include "postgres/connection.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "postgres/copy_encoder.hpp"
#include "postgres/sql_text.hpp"

namespace ingot::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// The script's exit code and what it printed.
std::pair<int, std::string> postgres_script(const std::string& arguments) {
    const std::string command = std::string(INGOT_POSTGRES_SCRIPT) + " " + arguments;
    std::FILE* out = ::popen(command.c_str(), "r");
    std::string text;
    std::array<char, 256> piece{};
    while (out != nullptr && std::fgets(piece.data(), piece.size(), out) != nullptr) {
        text += piece.data();
    }
    return {out == nullptr ? -1 : WEXITSTATUS(::pclose(out)), text};
}

/// A real server for all tests.
class ConnectionTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = std::filesystem::temp_directory_path() /
                  ("ingot_postgres_" + std::to_string(::getpid()));
        start();
    }
    static void TearDownTestSuite() {
        postgres_script("stop " + folder_.string());
        std::filesystem::remove_all(folder_);
    }
    static void start() {
        const auto [code, text] = postgres_script("start " + folder_.string());
        skip_ = code == 77;
        if (skip_) return;
        ASSERT_EQ(code, 0) << text;
        std::istringstream words(text);
        words >> options_.host >> options_.port >> pid_;
        options_.database = "ingot";
        options_.user = "ingot";
    }
    void SetUp() override {
        if (skip_) GTEST_SKIP() << "PostgreSQL cannot be installed here";
    }

    static std::unique_ptr<Connection> connected(std::stop_token stop = {}) {
        auto connection = Connection::open(options_, std::move(stop));
        EXPECT_TRUE(connection) << connection.error().to_string();
        return connection ? *std::move(connection) : nullptr;
    }
    static std::string value(Connection& connection, const std::string& sql) {
        const auto rows = connection.query(sql);
        if (!rows) return rows.error().to_string();
        if (rows->rows.size() != 1) return "rows: " + std::to_string(rows->rows.size());
        return rows->rows[0][0].value_or("NULL");
    }

    static inline std::filesystem::path folder_;
    static inline ConnectOptions options_;
    static inline pid_t pid_ = 0;
    static inline bool skip_ = false;
};

TEST_F(ConnectionTest, AQueryReturnsTextsAndNulls) {
    const auto connection = connected();
    const auto found = connection->query("select $1::bigint + 1 as n, null as none, $2 as text",
                                         {{"41"}, {"it's"}});
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_THAT(found->columns, ElementsAre("n", "none", "text"));
    EXPECT_THAT(found->rows, ElementsAre(ElementsAre(Value("42"), std::nullopt, Value("it's"))));
    EXPECT_EQ(value(*connection, "show timezone"), "UTC");
}

TEST_F(ConnectionTest, AnErrorHasTheServersMessageItsStateAndItsMeaning) {
    const auto connection = connected();
    const Status done = connection->execute("create table twice (a int); create table twice ()");
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("relation \"twice\" already exists"));
    EXPECT_THAT(done.error().message, HasSubstr("SQLSTATE 42P07"));
    EXPECT_EQ(connection->sql_state(), "42P07");
    EXPECT_EQ(connection->query("select * from nowhere").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(value(*connection, "select 1"), "1") << "the connection goes on";
}

TEST_F(ConnectionTest, ATransactionThatIsNotCommittedLeavesNothing) {
    const auto connection = connected();
    {
        const auto transaction = Transaction::begin(*connection);
        ASSERT_TRUE(connection->execute("create table undone (a int)"));
    }
    EXPECT_EQ(value(*connection, "select to_regclass('undone')"), "NULL");
    auto transaction = Transaction::begin(*connection);
    ASSERT_TRUE(connection->execute("create table kept (a int)"));
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(value(*connection, "select to_regclass('kept')"), "kept");
}

TEST_F(ConnectionTest, ACommitAfterAnErrorIsNoCommit) {
    const auto connection = connected();
    auto transaction = Transaction::begin(*connection);
    EXPECT_FALSE(connection->execute("select 1/0"));
    EXPECT_FALSE(transaction->commit());
}

TEST_F(ConnectionTest, EveryTypeArrivesAsItIs) {
    const auto connection = connected();
    Schema schema{{{"b", TypeId::kBoolean},
                   {"s", TypeId::kShort},
                   {"i", TypeId::kInteger},
                   {"l", TypeId::kLong},
                   {"f", TypeId::kFloat},
                   {"d", TypeId::kDouble},
                   {"n", DataType::decimal(38, 5)},
                   {"t", TypeId::kString},
                   {"x", TypeId::kBinary},
                   {"day", TypeId::kDate},
                   {"at", TypeId::kTimestamp},
                   {"civil", TypeId::kTimestampNtz},
                   {"j", TypeId::kString}}};
    std::string columns;
    std::vector<WireColumn> wire;
    for (const Field& field : schema.fields) {
        const std::string type = field.name == "j" ? "jsonb" : column_type(field.type);
        columns += (columns.empty() ? "" : ", ") + field.name + " " + type;
        wire.push_back({field.name, *wire_type(field.type, type)});
    }
    ASSERT_TRUE(connection->execute("create table every (" + columns + ")"));
    BatchBuilder rows(schema);
    const Int128 large = static_cast<Int128>(1'234'567'890'123'456'789) * 1'000'000'000'000'000 + 7;
    rows.column(0).append_boolean(true);
    rows.column(1).append_integer(-32768);
    rows.column(2).append_integer(2147483647);
    rows.column(3).append_integer(-9'223'372'036'854'775'807);
    rows.column(4).append_double(0.5);
    rows.column(5).append_double(-1e300);
    rows.column(6).append_decimal(-large);
    rows.column(7).append_text("Zoë\t\\N\n'\"");
    rows.column(8).append_text(std::string_view("\0\377", 2));
    rows.column(9).append_integer(-1);
    rows.column(10).append_integer(1'420'124'408'250'001);
    rows.column(11).append_integer(0);
    rows.column(12).append_text("{\"a\": [1]}");
    for (std::size_t i = 0; i < schema.fields.size(); ++i) rows.column(i).append_null();
    std::string bytes;
    CopyEncoder::begin(bytes);
    ASSERT_TRUE(CopyEncoder(wire).append(rows.finish(), bytes));
    CopyEncoder::end(bytes);
    bool given = false;
    const auto copied = connection->copy_in(
        "copy every from stdin (format binary)", [&]() -> Result<std::string_view> {
            return std::exchange(given, true) ? std::string_view() : std::string_view(bytes);
        });
    ASSERT_TRUE(copied) << copied.error().to_string();
    EXPECT_EQ(*copied, 2);
    const auto found = connection->query("select * from every where t is not null");
    EXPECT_THAT(found->rows,
                ElementsAre(ElementsAre(
                    Value("t"), Value("-32768"), Value("2147483647"), Value("-9223372036854775807"),
                    Value("0.5"), Value("-1e+300"), Value("-12345678901234567890000000000.00007"),
                    Value("Zoë\t\\N\n'\""), Value("\\x00ff"), Value("1969-12-31"),
                    Value("2015-01-01 15:00:08.250001+00"), Value("1970-01-01 00:00:00"),
                    Value("{\"a\": [1]}"))));
    EXPECT_EQ(value(*connection, "select count(*) from every where every is null"), "1");
}

TEST_F(ConnectionTest, DecimalsOfAllScalesArriveAsTheyAre) {
    const auto connection = connected();
    for (const int scale : {0, 1, 2, 3, 4, 5, 6, 7, 8, 18}) {
        const DataType type = DataType::decimal(18, scale);
        BatchBuilder rows(Schema{{{"n", type}}});
        const std::vector<std::int64_t> values = {0,
                                                  1,
                                                  -1,
                                                  10,
                                                  9999,
                                                  10000,
                                                  12345,
                                                  -99999999,
                                                  100000000,
                                                  -10203,
                                                  500000,
                                                  1000001,
                                                  123456789012345678};
        for (const std::int64_t value : values) rows.column(0).append_decimal(value);
        std::string bytes;
        CopyEncoder::begin(bytes);
        ASSERT_TRUE(CopyEncoder({{"n", WireType::kNumeric}}).append(rows.finish(), bytes));
        CopyEncoder::end(bytes);
        ASSERT_TRUE(
            connection->execute("drop table if exists numbers; create table numbers "
                                "(n numeric)"));
        bool given = false;
        const auto copied = connection->copy_in(
            "copy numbers from stdin (format binary)", [&]() -> Result<std::string_view> {
                return std::exchange(given, true) ? std::string_view() : std::string_view(bytes);
            });
        ASSERT_TRUE(copied) << copied.error().to_string();
        const auto found = connection->query("select n, (n * 10::numeric ^ " +
                                             std::to_string(scale) + ")::bigint from numbers");
        ASSERT_TRUE(found);
        for (std::size_t i = 0; i < values.size(); ++i) {
            EXPECT_EQ(found->rows[i][1], std::to_string(values[i])) << *found->rows[i][0];
        }
    }
}

TEST_F(ConnectionTest, RowsThatCannotBeReadAreNoCopy) {
    const auto connection = connected();
    ASSERT_TRUE(connection->execute("create table half (a text)"));
    int calls = 0;
    const auto copied =
        connection->copy_in("copy half from stdin", [&]() -> Result<std::string_view> {
            if (++calls == 1) return std::string_view("one\n");
            return make_error(ErrorCode::kCorruptData, "the file is damaged");
        });
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().message, "the file is damaged");
    EXPECT_EQ(value(*connection, "select count(*) from half"), "0");
}

TEST_F(ConnectionTest, TheServersReasonEndsACopyOfManyRows) {
    const auto connection = connected();
    ASSERT_TRUE(connection->execute("create table small (a smallint)"));
    const std::string rows(1 << 20, '7');  // one value of a million digits, again and again
    int calls = 0;
    const auto copied =
        connection->copy_in("copy small from stdin", [&]() -> Result<std::string_view> {
            return ++calls > 50 ? std::string_view() : std::string_view(rows.data(), rows.size());
        });
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code, ErrorCode::kInvalidArgument) << copied.error().to_string();
    const auto line =
        connection->copy_in("copy small from stdin", [&]() -> Result<std::string_view> {
            return ++calls > 200 ? std::string_view() : std::string_view("x\n");
        });
    ASSERT_FALSE(line);
    EXPECT_THAT(line.error().message, HasSubstr("COPY small, line 1, column a"));
    EXPECT_EQ(value(*connection, "select 1"), "1");
}

TEST_F(ConnectionTest, AStopCancelsTheStatementAtOnce) {
    std::stop_source source;
    const auto connection = connected(source.get_token());
    std::jthread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        source.request_stop();
    });
    const auto started = std::chrono::steady_clock::now();
    const Status done = connection->execute("select pg_sleep(60)");
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kCancelled);
    const auto other = connected();
    EXPECT_EQ(value(*other,
                    "select count(*) from pg_stat_activity where query like 'select pg_sl%' "
                    "and state = 'active'"),
              "0");
}

TEST_F(ConnectionTest, AStopEndsACopyAndNothingIsThere) {
    std::stop_source source;
    const auto connection = connected(source.get_token());
    ASSERT_TRUE(connection->execute("create table endless (a text)"));
    int calls = 0;
    const auto copied =
        connection->copy_in("copy endless from stdin", [&]() -> Result<std::string_view> {
            if (++calls == 1000) source.request_stop();
            return std::string_view("one more\n");
        });
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(value(*connected(), "select count(*) from endless"), "0");
}

TEST_F(ConnectionTest, WhoMayNotComeInIsToldOnceAndWithoutThePassword) {
    ConnectOptions wrong = options_;
    wrong.database = "nowhere";
    wrong.password = "hunter22";
    const auto refused = Connection::open(wrong, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNotFound) << refused.error().to_string();
    EXPECT_THAT(refused.error().message, HasSubstr("database \"nowhere\" does not exist"));
    EXPECT_THAT(refused.error().message, HasSubstr("SQLSTATE 3D000"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("hunter22")));
    EXPECT_THAT(refused.error().message, Not(HasSubstr(".c:")));
    wrong.database = "ingot";
    wrong.sslmode = "require";
    EXPECT_THAT(Connection::open(wrong, {}).error().message, HasSubstr("SSL"));
    wrong.port = "1";
    wrong.sslmode = "";
    EXPECT_EQ(Connection::open(wrong, {}).error().code, ErrorCode::kIo);
}

TEST_F(ConnectionTest, AKilledServerIsAConnectionThatWasLostAndACommitThatIsUnknown) {
    const auto connection = connected();
    auto transaction = Transaction::begin(*connection);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(connection->execute("create table gone (a int)"));
    ASSERT_EQ(::kill(pid_, SIGKILL), 0);
    // The backend notices that its parent is gone when it waits for the next statement.
    Status done;
    for (int i = 0; i < 100 && done; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        done = connection->execute("select 1");
    }
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kIo) << done.error().to_string();
    const Status committed = transaction->commit();
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().code, ErrorCode::kCommitUnknown);
    start();
    EXPECT_EQ(value(*connected(), "select to_regclass('gone')"), "NULL");
}

}  // namespace
}  // namespace ingot::postgres

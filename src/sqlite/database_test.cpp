#include "sqlite/database.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace ingot::sqlite {
namespace {

constexpr std::int32_t kOurs = 4711;
constexpr std::array<const char*, 2> kBoth = {"CREATE TABLE t (a)", "ALTER TABLE t ADD b"};

class DatabaseTest : public ::testing::Test {
protected:
    DatabaseTest() {
        std::string name = std::filesystem::temp_directory_path() / "ingot_sqlite_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        path_ = folder_ + "/made/here/file.db";
    }
    ~DatabaseTest() override { std::filesystem::remove_all(folder_); }

    std::unique_ptr<Database> open(bool read_only = false) const {
        auto opened =
            Database::open({path_, std::chrono::milliseconds(50), read_only, "ledger", "; sorry"});
        EXPECT_TRUE(opened) << opened.error().to_string();
        return *std::move(opened);
    }
    Status bring_to(std::size_t version) const {
        return bring_up_to_date(*open(), {kOurs, std::span(kBoth).first(version), "by hand"});
    }

    std::string folder_;
    std::string path_;
};

TEST_F(DatabaseTest, AnOlderFileIsBroughtUpWithWhatIsInIt) {
    ASSERT_TRUE(bring_to(1));
    ASSERT_TRUE(open()->execute("INSERT INTO t VALUES (7)"));
    ASSERT_TRUE(bring_to(2));
    ASSERT_TRUE(bring_to(2));
    EXPECT_EQ(*open()->number_of("SELECT a FROM t WHERE b IS NULL"), 7);
    EXPECT_EQ(*open()->number_of("PRAGMA user_version"), 2);
}

TEST_F(DatabaseTest, AMigrationThatFailsLeavesTheFileAsItWas) {
    ASSERT_TRUE(bring_to(1));
    constexpr std::array<const char*, 3> wrong = {kBoth[0], kBoth[1], "ALTER TABLE none ADD c"};
    EXPECT_FALSE(bring_up_to_date(*open(), {kOurs, wrong, ""}));
    EXPECT_EQ(*open()->number_of("PRAGMA user_version"), 1);
    EXPECT_FALSE(open()->execute("SELECT b FROM t"));
}

TEST_F(DatabaseTest, AFileOfANewerVersionIsRefusedByName) {
    ASSERT_TRUE(bring_to(2));
    const Status opened = bring_to(1);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(opened.error().message.find("newer version of Ingot (format 2"), std::string::npos);
}

TEST_F(DatabaseTest, AnotherProgramsFileIsNotTouched) {
    ASSERT_TRUE(open()->execute("CREATE TABLE theirs (a)"));
    const auto before = std::filesystem::last_write_time(path_);
    const Status opened = bring_to(2);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("another program"), std::string::npos);
    EXPECT_EQ(std::filesystem::last_write_time(path_), before);
}

TEST_F(DatabaseTest, ADamagedFileIsNamedWithWhatToDo) {
    std::filesystem::create_directories(folder_ + "/made/here");
    std::ofstream(path_) << std::string(5000, 'x');
    const Status opened = bring_to(2);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruptData);
    EXPECT_NE(opened.error().message.find("move it away"), std::string::npos);
    EXPECT_NE(opened.error().message.find("; sorry"), std::string::npos);
}

TEST_F(DatabaseTest, AFileThatAnotherHoldsIsATimeoutThatSaysSo) {
    ASSERT_TRUE(bring_to(2));
    const auto other = open();
    const auto mine = open();
    {
        const auto held = Transaction::begin(*other);
        ASSERT_TRUE(held);
        const Status written = mine->execute("INSERT INTO t VALUES (1, 2)");
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, ErrorCode::kTimeout);
        EXPECT_NE(written.error().message.find("the ledger"), std::string::npos);
    }
    EXPECT_TRUE(mine->execute("INSERT INTO t VALUES (1, 2)"));
}

TEST_F(DatabaseTest, AReaderSeesWhatIsCommittedAndWritesNothing) {
    ASSERT_TRUE(bring_to(2));
    const auto reader = open(true);
    const auto writer = open();
    auto transaction = Transaction::begin(*writer);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1, 2)"));
    EXPECT_EQ(*reader->number_of("SELECT count(*) FROM t"), 0);
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(*reader->number_of("SELECT count(*) FROM t"), 1);
    EXPECT_FALSE(reader->execute("DELETE FROM t"));
}

}  // namespace
}  // namespace ingot::sqlite

#include "keeper/record.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace ingot::keeper {
namespace {

namespace fs = std::filesystem;

class RecordFile : public testing::Test {
protected:
    RecordFile() { fs::create_directories(folder_); }
    ~RecordFile() override { fs::remove_all(folder_); }
    std::string path() const { return (folder_ / "a.1.log.process").string(); }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }

private:
    fs::path folder_ = fs::temp_directory_path() / fmt::format("ingot-record-{}", ::getpid());
};

Record by(pid_t pid) {
    return {{"b", pid, 5}, std::nullopt};
}

TEST_F(RecordFile, TheFirstHasItAndTheSecondChangesNothing) {
    EXPECT_FALSE(*read_record(path()));
    EXPECT_TRUE(*claim_record(path(), by(1)));
    EXPECT_FALSE(*claim_record(path(), by(2)));
    EXPECT_EQ((*read_record(path()))->keeper, by(1).keeper);
    EXPECT_EQ(files(), 1U) << "nothing is left beside it";
}

TEST_F(RecordFile, HowItCameOutReplacesWhoKeepsIt) {
    Record record = by(1);
    ASSERT_TRUE(*claim_record(path(), record));
    record.end = End{{ExitStatus::Kind::kSignalled, 9}, "last \xff words", R"({"rows":7})"};
    ASSERT_TRUE(replace_record(path(), record));
    const std::optional<Record> read = *read_record(path());
    ASSERT_TRUE(read && read->end && *read->end);
    EXPECT_EQ((*read->end)->exit.to_string(), "killed by signal 9 (Killed)");
    EXPECT_EQ((*read->end)->last, "last \xef\xbf\xbd words");
    EXPECT_EQ((*read->end)->values, R"({"rows":7})");
    EXPECT_EQ(files(), 1U);
}

TEST_F(RecordFile, AnErrorKeepsItsCode) {
    Record record = by(1);
    record.end = make_error(ErrorCode::kNotFound, "cannot run x");
    const Result<Record> read = parse_record(record_to_json(record));
    ASSERT_TRUE(read && read->end && !*read->end);
    EXPECT_EQ(read->end->error().code, ErrorCode::kNotFound);
    EXPECT_EQ(read->end->error().message, "cannot run x");
}

TEST_F(RecordFile, WhatIsDamagedIsNamed) {
    for (const char* text : {"", "{", "[]", R"({"format":2})", R"({"format":1,"boot":"b"})",
                             R"({"format":1,"given_up":true,"end":{"kind":9}})",
                             R"({"format":1,"given_up":true,"end":{"error":99,"message":""}})"}) {
        const Result<Record> read = parse_record(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, ErrorCode::kCorruptData) << text;
    }
}

TEST_F(RecordFile, AFolderThatIsGoneIsAnError) {
    const std::string nowhere = path() + "/nowhere/record";
    EXPECT_EQ(claim_record(nowhere, by(1)).error().code, ErrorCode::kIo);
    EXPECT_EQ(replace_record(nowhere, by(1)).error().code, ErrorCode::kIo);
}

TEST(Order, AnyBytesStayAsTheyAre) {
    Order order{.arguments = {"sh", "-c", "\xff\x01"}, .log = "l", .record = "r", .values = "v"};
    order.environment = {{"A", "\xfe"}, {"B", std::nullopt}};
    order.secrets = {"s\xfd"};
    const Result<Order> read = parse_order(order_to_bytes(order));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->arguments, order.arguments);
    EXPECT_EQ(read->environment, order.environment);
    EXPECT_EQ(read->secrets, order.secrets);
    EXPECT_EQ(read->grace, order.grace);
}

TEST(Order, OneThatIsCutIsRefused) {
    const std::string bytes =
        order_to_bytes({.arguments = {"true"}, .log = "l", .record = "r", .values = "v"});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(parse_order(std::string_view(bytes).substr(0, size))) << size;
    }
}

}  // namespace
}  // namespace ingot::keeper

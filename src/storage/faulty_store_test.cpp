#include "storage/faulty_store.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::storage {
namespace {

using ::testing::HasSubstr;
using Op = StoreOperation;

class FaultyStoreTest : public ::testing::Test {
protected:
    static std::shared_ptr<ObjectStore> fresh_inner() {
        static std::atomic<int> counter = 0;
        return *open_store(fmt::format("memory://faulty-{}", ++counter));
    }

    std::shared_ptr<ObjectStore> inner_ = fresh_inner();
    ManualClock clock_{Timestamp::from_micros(0)};
    FaultyStore store_{inner_, clock_};
};

TEST_F(FaultyStoreTest, FailsTheNthMatchingCallAndNoOther) {
    store_.add_rule({.operation = Op::kPut, .path_glob = "log/*", .nth = 2});
    EXPECT_TRUE(store_.put("log/0", "x"));
    EXPECT_TRUE(store_.put("data/0", "x"));
    EXPECT_EQ(store_.put("log/1", "x").error().code, ErrorCode::kIo);
    EXPECT_TRUE(store_.put("log/2", "x"));
    EXPECT_EQ(inner_->head("log/1").error().code, ErrorCode::kNotFound);
    ASSERT_EQ(store_.injected().size(), 1U);
    EXPECT_EQ(store_.injected()[0].path, "log/1");
    EXPECT_EQ(store_.calls(Op::kPut), 4U);
}

TEST_F(FaultyStoreTest, FailsAsLongAsTheRuleSays) {
    store_.add_rule(
        {.operation = Op::kRead, .times = 2, .code = ErrorCode::kTimeout, .message = "no answer"});
    ASSERT_TRUE(store_.put("a", "x"));
    EXPECT_EQ(store_.read("a").error().code, ErrorCode::kTimeout);
    EXPECT_THAT(store_.read("a").error().message, HasSubstr("no answer"));
    EXPECT_TRUE(store_.read("a"));
}

TEST_F(FaultyStoreTest, EveryOperationCanFail) {
    ASSERT_TRUE(store_.put("a", "x"));
    auto writer = store_.create("b");
    ASSERT_TRUE(writer);
    auto other_writer = store_.create("c");
    ASSERT_TRUE(other_writer);
    store_.add_rule({.times = UINT64_MAX});
    EXPECT_FALSE(store_.list(""));
    EXPECT_FALSE(store_.head("a"));
    EXPECT_FALSE(store_.read("a"));
    EXPECT_FALSE(store_.read_range("a", 0, 1));
    EXPECT_FALSE(store_.put("a", "y"));
    EXPECT_FALSE(store_.put_if_absent("d", "y"));
    EXPECT_FALSE(store_.create("d"));
    EXPECT_FALSE((*writer)->append("y"));
    EXPECT_FALSE((*other_writer)->finish());
    EXPECT_FALSE(store_.remove("a"));
    EXPECT_EQ(store_.injected().size(), 10U);
    store_.heal();
    EXPECT_EQ(*store_.read("a"), "x");
    EXPECT_EQ(store_.list("")->size(), 1U);
}

TEST_F(FaultyStoreTest, ALostReplyOfACommitIsUnknownAlthoughItWasWritten) {
    store_.add_rule({.operation = Op::kPutIfAbsent, .fault = Fault::kLoseReply});
    EXPECT_EQ(store_.put_if_absent("log/0", "x").error().code, ErrorCode::kCommitUnknown);
    EXPECT_EQ(*inner_->read("log/0"), "x");
    EXPECT_EQ(*store_.put_if_absent("log/0", "y"), PutOutcome::kExists);
}

TEST_F(FaultyStoreTest, OtherLostRepliesAreErrorsAlthoughTheWorkWasDone) {
    store_.add_rule({.fault = Fault::kLoseReply});
    EXPECT_EQ(store_.put("a", "x").error().code, ErrorCode::kIo);
    EXPECT_EQ(*inner_->read("a"), "x");
    store_.add_rule({.operation = Op::kRemove, .fault = Fault::kLoseReply});
    EXPECT_FALSE(store_.remove("a"));
    EXPECT_FALSE(inner_->read("a"));
    store_.add_rule({.operation = Op::kFinish, .fault = Fault::kLoseReply});
    auto writer = store_.create("b");
    ASSERT_TRUE((*writer)->append("y"));
    EXPECT_FALSE((*writer)->finish());
    EXPECT_EQ(*inner_->read("b"), "y");
}

TEST_F(FaultyStoreTest, ATornWriterIsDeadAndShowsNothing) {
    store_.add_rule({.operation = Op::kAppend, .nth = 2, .fault = Fault::kTear});
    auto writer = store_.create("a");
    ASSERT_TRUE((*writer)->append("first"));
    EXPECT_FALSE((*writer)->append("second"));
    EXPECT_THAT((*writer)->append("third").error().message, HasSubstr("has failed before"));
    EXPECT_FALSE((*writer)->finish());
    EXPECT_EQ(inner_->head("a").error().code, ErrorCode::kNotFound);
}

TEST_F(FaultyStoreTest, ADelayTakesTheClocksTimeAndThenWorks) {
    store_.add_rule(
        {.operation = Op::kPut, .fault = Fault::kDelay, .delay = std::chrono::seconds(30)});
    EXPECT_TRUE(store_.put("a", "x"));
    EXPECT_EQ(clock_.steady(), std::chrono::seconds(30));
}

TEST_F(FaultyStoreTest, HasNoLocalPathEvenOverAFolder) {
    FaultyStore over_folder(*open_store("/tmp"));
    EXPECT_EQ(over_folder.local_path("a"), std::nullopt);
}

/// What 200 writes came to, one character for each.
std::string fates(std::uint64_t seed, std::shared_ptr<ObjectStore> inner) {
    FaultyStore store(std::move(inner));
    store.set_random({.seed = seed, .probability = 0.3});
    std::string result;
    for (int i = 0; i < 200; ++i) {
        const auto outcome = store.put_if_absent(std::to_string(i), "x");
        const bool unknown = !outcome && outcome.error().code == ErrorCode::kCommitUnknown;
        result += outcome ? '.' : unknown ? 'u' : 'f';
    }
    return result;
}

TEST_F(FaultyStoreTest, OneSeedGivesOneSequenceOfFaults) {
    const std::string first = fates(7, fresh_inner());
    EXPECT_EQ(first, fates(7, fresh_inner()));
    EXPECT_NE(first, fates(8, fresh_inner()));
    EXPECT_GT(std::count(first.begin(), first.end(), 'u'), 5);
    EXPECT_GT(std::count(first.begin(), first.end(), 'f'), 5);
    EXPECT_GT(std::count(first.begin(), first.end(), '.'), 100);
}

TEST_F(FaultyStoreTest, AnUnknownCommitByChanceIsSometimesWrittenAndSometimesNot) {
    const auto inner = fresh_inner();
    const std::string result = fates(7, inner);
    int written = 0;
    int absent = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const bool exists = inner->head(std::to_string(i)).has_value();
        if (result[i] == '.') {
            EXPECT_TRUE(exists);
        }
        if (result[i] == 'f') {
            EXPECT_FALSE(exists);
        }
        if (result[i] == 'u') ++(exists ? written : absent);
    }
    EXPECT_GT(written, 0);
    EXPECT_GT(absent, 0);
}

}  // namespace
}  // namespace ingot::storage

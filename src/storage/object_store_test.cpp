// The conformance suite: what every store must do, run over all of them.
#include "storage/object_store.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <thread>
#include <unistd.h>

#include "storage/faulty_store.hpp"

namespace ingot::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string unique_name() {
    static std::atomic<int> counter = 0;
    return fmt::format("ingot-store-{}-{}", ::getpid(), ++counter);
}

std::string fresh_folder() {
    return (std::filesystem::temp_directory_path() / unique_name()).string();
}

std::shared_ptr<ObjectStore> opened(const std::string& uri) {
    auto store = open_store(uri);
    EXPECT_TRUE(store) << uri;
    return *store;
}

struct StoreKind {
    std::string name;
    std::function<std::string()> fresh_uri;
    bool faulty = false;
};

class AnyStore : public ::testing::TestWithParam<StoreKind> {
protected:
    void SetUp() override {
        uri_ = GetParam().fresh_uri();
        store_ = opened(uri_);
        if (GetParam().faulty) store_ = std::make_shared<FaultyStore>(store_);
    }
    void TearDown() override {
        std::filesystem::remove_all(uri_.starts_with("file://") ? uri_.substr(7) : uri_);
    }

    std::vector<std::string> paths(std::string_view prefix, std::string_view start_after = {}) {
        std::vector<std::string> result;
        const auto found = store_->list(prefix, start_after);
        EXPECT_TRUE(found) << found.error().to_string();
        for (const ObjectInfo& info : *found) result.push_back(info.path);
        return result;
    }
    void put(std::string_view path, std::string_view bytes = "x") {
        const Status done = store_->put(path, bytes);
        ASSERT_TRUE(done) << done.error().to_string();
    }

    std::string uri_;
    std::shared_ptr<ObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(
    Stores, AnyStore,
    ::testing::Values(StoreKind{"Local", fresh_folder},
                      StoreKind{"FileUri", [] { return "file://" + fresh_folder(); }},
                      StoreKind{"Memory", [] { return "memory://" + unique_name(); }},
                      StoreKind{"MemoryFolder",
                                [] { return "memory://" + unique_name() + "/lake/bronze"; }},
                      StoreKind{"FaultyWithoutFaults", fresh_folder, true}),
    [](const auto& kind) { return kind.param.name; });

TEST_P(AnyStore, ReadsBackWhatWasPut) {
    const std::string bytes("a\0b\xff\n", 5);
    put("folder/object", bytes);
    EXPECT_EQ(*store_->read("folder/object"), bytes);
    const auto info = store_->head("folder/object");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->path, "folder/object");
    EXPECT_EQ(info->size, 5U);
    EXPECT_LT(system_clock().now() - info->modified, std::chrono::minutes(1));
    EXPECT_EQ(store_->uri(), uri_);
}

TEST_P(AnyStore, PutReplacesTheWholeObject) {
    put("a", "something long");
    const std::string etag = store_->head("a")->etag;
    put("a", "short");
    EXPECT_EQ(*store_->read("a"), "short");
    EXPECT_NE(store_->head("a")->etag, etag);
}

TEST_P(AnyStore, HoldsAnEmptyObject) {
    put("empty", "");
    EXPECT_EQ(*store_->read("empty"), "");
    EXPECT_EQ(store_->head("empty")->size, 0U);
    EXPECT_EQ(*store_->read_range("empty", 0, 10), "");
}

TEST_P(AnyStore, AnAbsentObjectIsNotFound) {
    put("folder/object");
    for (const char* path : {"absent", "folder/absent", "folder", "folder/object/deeper"}) {
        EXPECT_EQ(store_->read(path).error().code, ErrorCode::kNotFound) << path;
        EXPECT_EQ(store_->read_range(path, 0, 1).error().code, ErrorCode::kNotFound) << path;
        EXPECT_EQ(store_->head(path).error().code, ErrorCode::kNotFound) << path;
    }
    EXPECT_THAT(store_->read("absent").error().message, HasSubstr("absent"));
}

TEST_P(AnyStore, RangesEndWithTheObject) {
    put("a", "0123456789");
    EXPECT_EQ(*store_->read_range("a", 0, 3), "012");
    EXPECT_EQ(*store_->read_range("a", 7, 100), "789");
    EXPECT_EQ(*store_->read_range("a", 7, UINT64_MAX), "789");
    EXPECT_EQ(*store_->read_range("a", 10, 1), "");
    EXPECT_EQ(*store_->read_range("a", UINT64_MAX, UINT64_MAX), "");
    EXPECT_EQ(*store_->read_range("a", 3, 0), "");
}

TEST_P(AnyStore, ListsByPrefixSortedByBytes) {
    for (const char* path : {"b", "a/2", "a/10", "a-1", "a/b/c", "a.x", "ab", "B", "\xc3\xa9"}) {
        put(path);
    }
    EXPECT_THAT(paths(""),
                ElementsAre("B", "a-1", "a.x", "a/10", "a/2", "a/b/c", "ab", "b", "\xc3\xa9"));
    EXPECT_THAT(paths("a"), ElementsAre("a-1", "a.x", "a/10", "a/2", "a/b/c", "ab"));
    EXPECT_THAT(paths("a/"), ElementsAre("a/10", "a/2", "a/b/c"));
    EXPECT_THAT(paths("a/1"), ElementsAre("a/10"));
    EXPECT_THAT(paths("a/b"), ElementsAre("a/b/c"));
    EXPECT_THAT(paths("a/b/c"), ElementsAre("a/b/c"));
    EXPECT_THAT(paths("a/b/c/"), IsEmpty());
    EXPECT_THAT(paths("absent/"), IsEmpty());
    EXPECT_THAT(paths("", "a/10"), ElementsAre("a/2", "a/b/c", "ab", "b", "\xc3\xa9"));
    EXPECT_THAT(paths("a", "a/b"), ElementsAre("a/b/c", "ab"));
    EXPECT_THAT(paths("a", "a/b/c"), ElementsAre("ab"));
    EXPECT_THAT(paths("a", "a/b0"), ElementsAre("ab"));
    EXPECT_THAT(paths("b", "a"), ElementsAre("b"));
    EXPECT_THAT(paths("a", "z"), IsEmpty());
}

TEST_P(AnyStore, ListAgreesWithAModelForRandomNames) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto random_path = [&] {
        std::string path;
        for (std::size_t part = random() % 4 + 1; part > 0; --part) {
            // Folders and files of one name cannot stand side by side in a file system.
            if (!path.empty()) path.back() = 'D';
            if (!path.empty()) path += '/';
            for (std::size_t i = random() % 2 + 1; i > 0; --i) path += "-.0a"[random() % 4];
            path += 'F';
        }
        return path;
    };
    std::set<std::string> model;
    for (int i = 0; i < 60; ++i) {
        std::string path = random_path();
        put(path);
        model.insert(std::move(path));
    }
    for (int i = 0; i < 200; ++i) {
        std::string prefix = random_path();
        prefix.resize(random() % (prefix.size() + 1));
        std::string after = random() % 2 == 0 ? "" : random_path();
        after.resize(random() % (after.size() + 1));
        std::vector<std::string> expected;
        for (const std::string& path : model) {
            if (path.starts_with(prefix) && path > after) expected.push_back(path);
        }
        ASSERT_EQ(paths(prefix, after), expected) << prefix << " after " << after;
    }
}

TEST_P(AnyStore, AStoreNeverWrittenListsNothing) {
    EXPECT_THAT(paths(""), IsEmpty());
}

TEST_P(AnyStore, PutIfAbsentKeepsTheFirst) {
    EXPECT_EQ(*store_->put_if_absent("log/0.json", "first"), PutOutcome::kCreated);
    EXPECT_EQ(*store_->put_if_absent("log/0.json", "second"), PutOutcome::kExists);
    EXPECT_EQ(*store_->read("log/0.json"), "first");
    EXPECT_THAT(paths("log/"), ElementsAre("log/0.json"));
}

TEST_P(AnyStore, OfRacingPutsIfAbsentExactlyOneWins) {
    constexpr int kRounds = 20;
    constexpr int kThreads = 8;
    std::vector<std::atomic<int>> wins(kRounds);
    std::vector<std::atomic<int>> winner(kRounds);
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.emplace_back([&, thread] {
                for (int round = 0; round < kRounds; ++round) {
                    const auto outcome = store_->put_if_absent(fmt::format("log/{}.json", round),
                                                               std::to_string(thread));
                    ASSERT_TRUE(outcome) << outcome.error().to_string();
                    if (*outcome != PutOutcome::kCreated) continue;
                    ++wins[static_cast<std::size_t>(round)];
                    winner[static_cast<std::size_t>(round)] = thread;
                }
            });
        }
    }
    for (int round = 0; round < kRounds; ++round) {
        EXPECT_EQ(wins[static_cast<std::size_t>(round)], 1) << round;
        EXPECT_EQ(*store_->read(fmt::format("log/{}.json", round)),
                  std::to_string(winner[static_cast<std::size_t>(round)]));
    }
}

TEST_P(AnyStore, AWriterShowsNothingBeforeItFinishes) {
    auto writer = store_->create("data/part-0");
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->append("one "));
    ASSERT_TRUE((*writer)->append(std::string(300'000, 'x')));
    ASSERT_TRUE((*writer)->append(" two"));
    EXPECT_THAT(paths(""), IsEmpty());
    EXPECT_EQ(store_->read("data/part-0").error().code, ErrorCode::kNotFound);
    ASSERT_TRUE((*writer)->finish());
    EXPECT_EQ(*store_->read("data/part-0"), "one " + std::string(300'000, 'x') + " two");
    writer->reset();
    EXPECT_THAT(paths(""), ElementsAre("data/part-0"));
}

TEST_P(AnyStore, AWriterThatIsDestroyedLeavesNothing) {
    put("data/part-0", "old");
    {
        auto writer = store_->create("data/part-0");
        ASSERT_TRUE(writer);
        ASSERT_TRUE((*writer)->append("new"));
    }
    EXPECT_EQ(*store_->read("data/part-0"), "old");
    EXPECT_EQ(*store_->remove_abandoned("", Timestamp::from_micros(INT64_MAX)), 0U);
}

TEST_P(AnyStore, RemoveTakesAwayAndIgnoresTheAbsent) {
    put("a/b");
    EXPECT_TRUE(store_->remove("a/b"));
    EXPECT_TRUE(store_->remove("a/b"));
    EXPECT_TRUE(store_->remove("never/was"));
    EXPECT_TRUE(store_->remove("a/b/c"));
    EXPECT_EQ(store_->head("a/b").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(*store_->put_if_absent("a/b", "again"), PutOutcome::kCreated);
}

TEST_P(AnyStore, RefusesPathsThatLeaveTheRootOrAreMalformed) {
    for (const std::string& path :
         {std::string("../a"), std::string("a/../../b"), std::string("/etc/passwd"),
          std::string(""), std::string("a//b"), std::string("a/"), std::string("."),
          std::string("a/./b"), std::string(".."), std::string("a\0b", 3),
          std::string("a/.ingot-tmp-1")}) {
        EXPECT_EQ(store_->put(path, "x").error().code, ErrorCode::kInvalidArgument) << path;
        EXPECT_EQ(store_->put_if_absent(path, "x").error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(store_->create(path).error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(store_->read(path).error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(store_->head(path).error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(store_->remove(path).error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(store_->local_path(path), std::nullopt);
    }
    EXPECT_EQ(store_->list("../").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(store_->list("a/../../").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(store_->list("/").error().code, ErrorCode::kInvalidArgument);
}

TEST_P(AnyStore, NamesAreKeptByteForByte) {
    for (const char* path : {"a b", "date=2015-01-01/x", "per%20cent", "..a", "a..", "~", "x\\y"}) {
        put(path, path);
    }
    for (const std::string& path : paths("")) EXPECT_EQ(*store_->read(path), path);
    EXPECT_EQ(paths("").size(), 7U);
}

TEST(OpenStore, StoresOfOneMemoryNameShareTheirObjects) {
    const std::string name = "memory://" + unique_name();
    ASSERT_TRUE(opened(name)->put("lake/a", "x"));
    EXPECT_EQ(*opened(name)->read("lake/a"), "x");
    EXPECT_EQ(*opened(name + "/lake")->read("a"), "x");
    EXPECT_EQ(opened(name + "x")->read("lake/a").error().code, ErrorCode::kNotFound);
}

TEST(OpenStore, NamesTheSchemeThatItDoesNotKnow) {
    const auto store = open_store("s3://bucket/prefix");
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(store.error().message, HasSubstr("'s3'"));
}

TEST(OpenStore, ReadsFileUris) {
    const std::string folder = fresh_folder();
    ASSERT_TRUE(opened("file://" + folder + "/with%20blank")->put("a", "x"));
    EXPECT_TRUE(std::filesystem::exists(folder + "/with blank/a"));
    EXPECT_EQ(*opened("file:" + folder + "/with blank")->read("a"), "x");
    EXPECT_EQ(*opened("file://localhost" + folder + "/with%20blank/")->read("a"), "x");
    std::filesystem::remove_all(folder);
    for (const char* uri : {"file://host/folder", "file:///a%2", "file:///a%zz", "", "memory://",
                            "memory://a/../b"}) {
        EXPECT_EQ(open_store(uri).error().code, ErrorCode::kInvalidArgument) << uri;
    }
}

TEST(OpenStore, RefusesAFileAsRoot) {
    const std::string path = fresh_folder();
    std::ofstream(path) << "x";
    const auto store = open_store(path);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(store.error().message, HasSubstr("is a file"));
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace ingot::storage

#include "publish/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "storage/object_store.hpp"

namespace ingot::publish {
namespace {

using testing::HasSubstr;

Timestamp hour(int h) {
    return Timestamp::from_micros(1'420'070'400'000'000 + h * 3'600'000'000LL);
}
Interval hours(int from, int to) {
    return Interval{hour(from), hour(to)};
}

ProgressEntry done(int from, int to, std::int64_t input_version = 1,
                   const std::string& code = "c1") {
    return {hours(from, to),
            WindowState::kDone,
            code,
            {{"bronze.events", {delta::TableVersion(input_version), hour(0)}}},
            std::nullopt};
}

TEST(Progress, EqualNeighboursBecomeOneEntry) {
    Progress progress;
    progress.record(done(0, 1));
    progress.record(done(2, 3));
    EXPECT_EQ(progress.entries().size(), 2U);
    progress.record(done(1, 2));
    ASSERT_EQ(progress.entries().size(), 1U);
    EXPECT_EQ(progress.entries().front().interval, hours(0, 3));
}

TEST(Progress, RecordingReplacesWhatWasKnownOfThatRangeOnly) {
    Progress progress;
    progress.record(done(0, 10));
    ProgressEntry missing = done(4, 5);
    missing.state = WindowState::kMissing;
    missing.missing_since = hour(20);
    progress.record(missing);
    EXPECT_EQ(progress.entries().size(), 3U);
    EXPECT_EQ(progress.in_state(WindowState::kMissing), IntervalSet({hours(4, 5)}));
    EXPECT_EQ(progress.in_state(WindowState::kDone), IntervalSet({hours(0, 4), hours(5, 10)}));
}

TEST(Progress, RestampingMergesEverythingThatIsNotStale) {
    Progress progress;
    for (int h = 0; h < 100; ++h) progress.record(done(h, h + 1, h + 1));
    EXPECT_EQ(progress.entries().size(), 100U);
    progress.restamp(IntervalSet({hours(40, 41)}), "c1",
                     {{"bronze.events", {delta::TableVersion(200), hour(1)}}});
    ASSERT_EQ(progress.entries().size(), 3U);
    EXPECT_EQ(progress.entries()[1].inputs.at("bronze.events").version, delta::TableVersion(41));
    EXPECT_EQ(progress.entries()[2].inputs.at("bronze.events").version, delta::TableVersion(200));
}

TEST(Progress, RestampingLeavesOtherCodeAlone) {
    Progress progress;
    progress.record(done(0, 1, 1, "old"));
    progress.restamp({}, "new", {{"bronze.events", {delta::TableVersion(9), hour(1)}}});
    EXPECT_EQ(progress.entries().front().inputs.at("bronze.events").version,
              delta::TableVersion(1));
}

TEST(Progress, SizeDoesNotGrowWithTheYears) {
    Progress progress;
    std::size_t first = 0;
    for (int h = 0; h < 30'000; ++h) {
        const InputVersions inputs{{"bronze.events", {delta::TableVersion(h), hour(h)}}};
        ProgressEntry entry = done(h, h + 1);
        entry.inputs = inputs;
        progress.restamp({}, "c1", inputs);
        progress.record(entry);
        if (h == 0) first = progress.to_json().size();
    }
    EXPECT_LT(progress.to_json().size(), first + 16);
}

TEST(Progress, JsonRoundTrips) {
    Progress progress;
    progress.record(done(0, 2, 3));
    ProgressEntry missing{hours(2, 3), WindowState::kMissing, "c1", {}, hour(5)};
    progress.record(missing);
    progress.record_whole({"w", {{"a.b", {delta::TableVersion(7), hour(1)}}}});
    progress.add_page({"inputs-x.json", 12, 1});
    const Result<Progress> back = Progress::from_json(progress.to_json());
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, progress);
}

TEST(Progress, DamagedFilesAreRefusedWithTheReason) {
    const auto message = [](std::string_view json) {
        const Result<Progress> read = Progress::from_json(json);
        EXPECT_FALSE(read) << json;
        return read ? std::string() : read.error().message;
    };
    EXPECT_THAT(message("{"), HasSubstr("parse error"));
    EXPECT_THAT(message(R"({"format":1})"), HasSubstr("windows"));
    EXPECT_THAT(message(R"({"format":2,"windows":[]})"), HasSubstr("use a newer Ingot"));
    EXPECT_THAT(
        message(
            R"({"format":1,"windows":[{"start":"2015-01-01","end":"2015-01-01","state":"done","code":"","inputs":{}}]})"),
        HasSubstr("is empty"));
    EXPECT_THAT(
        message(
            R"({"format":1,"windows":[{"start":"2015-01-01","end":"2015-01-02","state":"well","code":"","inputs":{}}]})"),
        HasSubstr("unknown window state 'well'"));
}

class IdentityPages : public testing::Test {
protected:
    delta::TableLocation location{
        *storage::open_store(
            "memory://identity-pages-" +
            std::string(testing::UnitTest::GetInstance()->current_test_info()->name())),
        "bronze/events"};
};

TEST_F(IdentityPages, NewestLoadOfAKeyWins) {
    Progress progress;
    ASSERT_TRUE(
        append_identities(location, progress, {{"a", {{"a.gz", 1, "", std::nullopt, ""}}}}));
    ASSERT_TRUE(
        append_identities(location, progress, {{"a", {{"a.gz", 2, "", std::nullopt, ""}}}}));
    const Result<Identities> all = load_identities(location, progress);
    ASSERT_TRUE(all) << all.error().to_string();
    EXPECT_EQ(all->at("a").front().size, 2U);
}

TEST_F(IdentityPages, TheirNumberStaysSmallAndNothingIsLost) {
    Progress progress;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        ASSERT_TRUE(append_identities(
            location, progress, {{fmt::format("{:04}", i % 600), {{"f", i, "e", hour(1), "s"}}}}));
    }
    EXPECT_LT(progress.pages().size(), 32U);
    const Result<std::vector<storage::ObjectInfo>> pages = location.store->list("");
    ASSERT_TRUE(pages);
    // Every page was in force once: what is merged at once is written once.
    EXPECT_EQ(pages->size(), 1000U);
    const Result<Identities> all = load_identities(location, progress);
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 600U);
    for (std::uint64_t i = 0; i < 600; ++i) {
        EXPECT_EQ(all->at(fmt::format("{:04}", i)).front().size, i < 400 ? i + 600 : i);
    }
}

TEST_F(IdentityPages, ProgressFilesAreNeverOverwritten) {
    Progress first;
    first.record(done(0, 1));
    EXPECT_EQ(*write_progress(location, 0, first), 1);
    EXPECT_EQ(*write_progress(location, 0, Progress()),
              2);  // 1 was left by a writer that did not commit.
    const Result<std::string> kept =
        location.store->read(location.object("_ingot/progress/00000000000000000001.json"));
    ASSERT_TRUE(kept);
    EXPECT_EQ(*Progress::from_json(*kept), first);
}

/// Random records against a map from hour to entry.
TEST(Progress, AgreesWithAMapOfHours) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Progress progress;
    std::map<int, std::int64_t> expected;
    for (int step = 0; step < 500; ++step) {
        const int from = static_cast<int>(random() % 50);
        const int to = from + 1 + static_cast<int>(random() % 5);
        const std::int64_t version = static_cast<std::int64_t>(random() % 3);
        if (random() % 4 == 0) {
            progress.forget(hours(from, to));
            for (int h = from; h < to; ++h) expected.erase(h);
        } else {
            progress.record(done(from, to, version));
            for (int h = from; h < to; ++h) expected[h] = version;
        }
    }
    std::map<int, std::int64_t> actual;
    for (const ProgressEntry& entry : progress.entries()) {
        for (int h = 0; h < 60; ++h) {
            if (entry.interval.contains(hour(h)))
                actual[h] = entry.inputs.at("bronze.events").version.value();
        }
    }
    EXPECT_EQ(actual, expected);
}

}  // namespace
}  // namespace ingot::publish

#include "delta/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delta/commit.hpp"
#include "delta/log_writer_for_test.hpp"

namespace ingot::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Snapshot, NewestProtocolMetadataAndFilesWin) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("a"), add("b")});
    log.write(1, {remove("a"), add("c"), R"({"txn":{"appId":"x","version":4}})"});
    log.write(2, {metadata("id long, name string", {}),
                  R"({"txn":{"appId":"x","version":5,"lastUpdated":1}})"});
    const auto table = log.open();
    EXPECT_EQ(table->version(), TableVersion(2));
    EXPECT_THAT(live_paths(*table), UnorderedElementsAre("b", "c"));
    EXPECT_EQ(table->schema().fields.size(), 2U);
    EXPECT_EQ(table->txn("x"), 5);
    EXPECT_EQ(table->txn("y"), std::nullopt);
}

TEST(Snapshot, UnknownActionsAndFieldsAreIgnored) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), R"({"brandNew":{"x":[1,{"y":null}]}})",
                  R"({"add":{"path":"a","partitionValues":{},"size":1,"modificationTime":2,)"
                  R"("dataChange":true,"future":{"deep":[1,2]},"stats":null,"tags":null}})"});
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("a"));
}

TEST(Snapshot, EscapesInPathsAreOneFile) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("/x/with%20space/p@%23h"), add("q%2Fr"),
                  add("plain")});
    log.write(1, {remove("file:///x/with%20space/p@#h")});
    EXPECT_THAT(live_paths(*log.open()), UnorderedElementsAre("q%2Fr", "plain"));
}

TEST(Snapshot, AFileIsKeyedByPathAndDeletionVector) {
    TestLog log;
    const std::string dv1 = R"("deletionVector":{"storageType":"i","pathOrInlineDv":"one",)"
                            R"("sizeInBytes":4,"cardinality":1})";
    const std::string dv2 = R"("deletionVector":{"storageType":"i","pathOrInlineDv":"two",)"
                            R"("sizeInBytes":4,"cardinality":2})";
    log.write(0, {kProtocol, metadata("id long", {}), add("a")});
    log.write(1, {remove("a"), add("a", dv1)});
    log.write(2, {remove("a", dv1), add("a", dv2)});
    const auto table = log.open();
    ASSERT_EQ(table->files().live_count(), 1U);
    EXPECT_EQ(table->files().deletion_vector(table->files().all()[0])->path_or_inline_dv, "two");
}

TEST(Snapshot, VersionsAreReachedByNumberAndByTime) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("a")});
    log.write(1, {add("b")});
    EXPECT_THAT(live_paths(*log.open(0)), ElementsAre("a"));
    const auto newest = log.open();
    const auto by_time =
        open_snapshot(log.location, log.parquet, {std::nullopt, newest->timestamp(), nullptr});
    ASSERT_TRUE(by_time) << by_time.error().to_string();
    EXPECT_EQ((*by_time)->version(), TableVersion(1));
    const auto too_early = open_snapshot(log.location, log.parquet,
                                         {std::nullopt, Timestamp::from_micros(0), nullptr});
    ASSERT_FALSE(too_early);
    EXPECT_EQ(too_early.error().code, ErrorCode::kNotFound);
    const auto too_new = open_snapshot(log.location, log.parquet, {TableVersion(7), {}, nullptr});
    ASSERT_FALSE(too_new);
    EXPECT_EQ(too_new.error().code, ErrorCode::kNotFound);
}

TEST(Snapshot, InCommitTimestampsDecideTimeTravel) {
    TestLog log;
    const std::string protocol = R"({"protocol":{"minReaderVersion":1,"minWriterVersion":7,)"
                                 R"("writerFeatures":["inCommitTimestamp"]}})";
    const auto info = [](int at) {
        return fmt::format(R"({{"commitInfo":{{"inCommitTimestamp":{},"operation":"WRITE"}}}})",
                           at);
    };
    log.write(0, {info(1000), protocol,
                  metadata("id long", {}, R"("delta.enableInCommitTimestamps":"true")")});
    log.write(1, {info(2000), add("a")});
    log.write(2, {info(3000), add("b")});
    EXPECT_EQ(log.open()->timestamp(), Timestamp::from_millis(3000));
    const auto at = open_snapshot(log.location, log.parquet,
                                  {std::nullopt, Timestamp::from_millis(2999), nullptr});
    ASSERT_TRUE(at) << at.error().to_string();
    EXPECT_EQ((*at)->version(), TableVersion(1));
    const auto history = read_history(log.location, 2);
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 2U);
    EXPECT_EQ((*history)[0].timestamp, Timestamp::from_millis(3000));
    EXPECT_EQ((*history)[1].info->operation, "WRITE");
}

TEST(Snapshot, AKnownSnapshotIsRefreshedWithTheCommitsSince) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("a"), add("b")});
    SnapshotPtr known = log.open();
    log.write(1, {remove("a"), add("c")});
    log.write(2, {remove("c"), add("d"), R"({"txn":{"appId":"x","version":1}})"});
    const auto refreshed = open_snapshot(log.location, log.parquet, {{}, {}, known});
    ASSERT_TRUE(refreshed) << refreshed.error().to_string();
    EXPECT_EQ((*refreshed)->version(), TableVersion(2));
    EXPECT_THAT(live_paths(**refreshed), UnorderedElementsAre("b", "d"));
    EXPECT_EQ((*refreshed)->txn("x"), 1);
    EXPECT_THAT(live_paths(*known), UnorderedElementsAre("a", "b"));
    const auto same = open_snapshot(log.location, log.parquet, {{}, {}, *refreshed});
    ASSERT_TRUE(same);
    EXPECT_EQ(*same, *refreshed);
}

TEST(Snapshot, AnotherTableAtTheSamePlaceIsNotTakenForARefresh) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("a")});
    const SnapshotPtr known = log.open();
    ASSERT_TRUE(log.location.store->remove(log.location.object("_delta_log/" + version_name(0))));
    log.write(0, {kProtocol, metadata("id long", {}), add("quite another")});
    const auto fresh = open_snapshot(log.location, log.parquet, {{}, {}, known});
    ASSERT_TRUE(fresh);
    EXPECT_THAT(live_paths(**fresh), ElementsAre("quite another"));
}

TEST(Snapshot, AGapInTheLogIsNamed) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {})});
    log.write(2, {add("a")});
    const auto result = open_snapshot(log.location, log.parquet);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCorruptData);
    EXPECT_THAT(result.error().message, HasSubstr("version 1 is missing"));
}

std::string compaction_name(int first, int last) {
    return fmt::format("{:020}.{:020}.compacted.json", first, last);
}

void write_compaction(const TestLog& log, int first, int last,
                      const std::vector<std::string>& lines) {
    ASSERT_TRUE(
        log.location.store->put(log.location.object("_delta_log/" + compaction_name(first, last)),
                                fmt::format("{}\n", fmt::join(lines, "\n"))));
}

TEST(Snapshot, ACompactionIsReadWhereItsCommitsAreGone) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("a"), add("b")});
    write_compaction(log, 1, 3, {remove("a"), add("d"), R"({"txn":{"appId":"x","version":3}})"});
    log.write(4, {remove("b"), add("e")});
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("d", "e"));
    EXPECT_EQ(log.open()->version(), TableVersion(4));
    EXPECT_EQ(log.open()->txn("x"), 3);
    EXPECT_THAT(live_paths(*log.open(3)), ElementsAre("b", "d"));
    const auto inside = open_snapshot(log.location, log.parquet, {TableVersion(2), {}, nullptr});
    ASSERT_FALSE(inside);
    EXPECT_EQ(inside.error().code, ErrorCode::kNotFound);
}

TEST(Snapshot, ACompactionAtTheEndOfTheLogIsItsNewestVersion) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("a")});
    const SnapshotPtr known = log.open();
    write_compaction(log, 1, 3, {add("d")});
    EXPECT_EQ(log.open()->version(), TableVersion(3));
    EXPECT_EQ(*latest_version(log.location), TableVersion(3));
    const auto refreshed = open_snapshot(log.location, log.parquet, {{}, {}, known});
    ASSERT_TRUE(refreshed);
    EXPECT_THAT(live_paths(**refreshed), ElementsAre("a", "d"));
}

TEST(Snapshot, ACompactionIsNoReasonToSkipWhatItsCommitsSay) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("a")});
    log.write(1, {add("b")});
    log.write(2, {remove("b"), add("c")});
    write_compaction(log, 0, 1, {"damaged"});
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("a", "c"));
}

TEST(Snapshot, OnlyCompactionsAreATableToo) {
    TestLog log;
    write_compaction(log, 0, 2, {kProtocol, metadata("id long", {}), add("a")});
    EXPECT_TRUE(*table_exists(log.location));
    EXPECT_EQ(log.open()->version(), TableVersion(2));
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("a"));
}

TEST(Snapshot, NoLogIsNotFound) {
    TestLog log;
    const auto result = open_snapshot(log.location, log.parquet);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(*table_exists(log.location));
    EXPECT_FALSE(latest_version(log.location));
}

TEST(Snapshot, UnknownFeaturesAreRefusedByName) {
    TestLog log;
    log.write(0, {R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,)"
                  R"("readerFeatures":["warpDrive"],"writerFeatures":["warpDrive"]}})",
                  metadata("id long", {})});
    const auto result = open_snapshot(log.location, log.parquet);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(result.error().message, HasSubstr("warpDrive"));
}

TEST(Snapshot, BrokenLinesNameFileAndLine) {
    const std::string deep(5000, '[');
    for (const std::string& bad :
         {std::string("{\"add\":{\"path\":\"x\",\"si"), std::string("garbage"), std::string("[]"),
          std::string("{\"add\":{\"path\":1}}"), std::string("{\"add\":{}}"),
          std::string("{\"add\":{\"path\":\"x\",\"size\":99999999999999999999999}}"),
          std::string("{\"txn\":{\"appId\":\"a\",\"version\":\"b\"}}"),
          std::string("{\"remove\":7}"), std::string("{\"x\":") + deep,
          std::string("{\"commitInfo\":{}} trailing"), std::string("\xff\xfe\x00{", 4)}) {
        TestLog log;
        log.write(0, {kProtocol, metadata("id long", {}), bad, add("a")});
        const auto result = open_snapshot(log.location, log.parquet);
        ASSERT_FALSE(result) << bad.substr(0, 80);
        EXPECT_EQ(result.error().code, ErrorCode::kCorruptData) << bad.substr(0, 80);
        EXPECT_THAT(result.error().message, HasSubstr("00000000000000000000.json, line 3"));
    }
}

TEST(Snapshot, ADamagedHintIsIgnored) {
    for (const char* hint : {"", "{", "garbage", "{\"version\":7}", "{\"version\":-1}",
                             "{\"version\":\"x\"}", "{\"version\":0,\"checksum\":\"0123\"}"}) {
        TestLog log;
        log.write(0, {kProtocol, metadata("id long", {}), add("a")});
        log.write(1, {add("b")});
        ASSERT_TRUE(
            log.location.store->put(log.location.object("_delta_log/_last_checkpoint"), hint));
        EXPECT_EQ(log.open()->version(), TableVersion(1)) << hint;
    }
}

TEST(Snapshot, PartitionValuesAreTyped) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long, day date", {"day"}),
                  R"({"add":{"path":"a","partitionValues":{"day":"2015-01-02"},"size":1,)"
                  R"("modificationTime":2,"dataChange":true}})",
                  R"({"add":{"path":"b","partitionValues":{"day":""},"size":1,)"
                  R"("modificationTime":2,"dataChange":true}})"});
    const auto table = log.open();
    const auto& files = table->files();
    EXPECT_EQ(files.partition_value(files.all()[0], 0).is_null() +
                  files.partition_value(files.all()[1], 0).is_null(),
              1);
    const auto day = Scalar::integer(TypeId::kDate, 16437);
    EXPECT_THAT(selected(*table, Predicate::compare({"day"}, Predicate::Op::kEq, day)),
                ElementsAre("a"));
    EXPECT_THAT(selected(*table, Predicate::is_null({"DAY"})), ElementsAre("b"));
}

TEST(Snapshot, APartitionValueOfAnotherTypeIsCorrupt) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long, day date", {"day"}),
                  R"({"add":{"path":"a","partitionValues":{"day":"tuesday"},"size":1,)"
                  R"("modificationTime":2,"dataChange":true}})"});
    const auto result = open_snapshot(log.location, log.parquet);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCorruptData);
    EXPECT_THAT(result.error().to_string(), HasSubstr("tuesday"));
}

TEST(Snapshot, LongRefreshesKeepFewSegmentsAndAllFiles) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {})});
    SnapshotPtr table = log.open();
    for (int version = 1; version <= 200; ++version) {
        std::vector<std::string> lines{add(fmt::format("f{}", version))};
        if (version > 10) lines.push_back(remove(fmt::format("f{}", version - 10)));
        log.write(version, lines);
        table = *open_snapshot(log.location, log.parquet, {{}, {}, table});
    }
    EXPECT_EQ(table->files().live_count(), 10U);
    EXPECT_EQ(live_paths(*table), live_paths(*log.open()));
}

}  // namespace
}  // namespace ingot::delta

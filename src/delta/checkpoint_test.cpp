// Checkpoints as other writers lay them out, through a ParquetIo in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delta/action_json_internal.hpp"
#include "delta/checkpoint_schema_internal.hpp"
#include "delta/commit.hpp"
#include "delta/damaged_checkpoints.hpp"
#include "delta/log_writer_for_test.hpp"
#include "delta/tombstones.hpp"

namespace ingot::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// Rows of a checkpoint: one append per row, the other columns null.
class Rows {
public:
    explicit Rows(Schema schema) : batch_(std::move(schema)) {}

    Rows& protocol(std::int64_t reader = 1, std::int64_t writer = 2,
                   const std::vector<std::string>& features = {}) {
        return row("protocol", [&](ColumnBuilder& c) {
            c.child(0).append_integer(reader);
            c.child(1).append_integer(writer);
            for (const std::size_t i : {2U, 3U}) {
                for (const auto& name : features) c.child(i).child(0).append_text(name);
                c.child(i).append_list();
            }
        });
    }
    Rows& metadata(const Schema& schema) {
        return row("metaData", [&](ColumnBuilder& c) {
            c.child(0).append_text("id");
            c.child(1).append_null();
            c.child(2).append_null();
            c.child(3).child(0).append_text("parquet");
            c.child(3).child(1).append_list();
            c.child(3).append_struct();
            c.child(4).append_text(schema_to_json(schema));
            c.child(5).append_list();
            c.child(6).append_list();
            c.child(7).append_null();
        });
    }
    Rows& sidecar(const std::string& path) {
        return row("sidecar", [&](ColumnBuilder& c) {
            c.child(0).append_text(path);
            c.child(1).append_integer(1);
            c.child(2).append_integer(1);
        });
    }
    /// `fill_more` appends to the members behind clusteringProvider.
    Rows& add(const std::string& path, const std::optional<std::string>& stats = std::nullopt,
              const std::function<void(ColumnBuilder&)>& fill_more = {}) {
        return row("add", [&](ColumnBuilder& c) {
            c.child(0).append_text(path);
            c.child(1).append_list();
            c.child(2).append_integer(10);
            c.child(3).append_integer(5);
            c.child(4).append_boolean(false);
            stats ? c.child(5).append_text(*stats) : c.child(5).append_null();
            for (std::size_t i = 6; i <= 10; ++i) c.child(i).append_null();
            if (fill_more) fill_more(c);
        });
    }
    ColumnBatch finish() { return batch_.finish(); }

private:
    Rows& row(std::string_view name, const std::function<void(ColumnBuilder&)>& fill) {
        for (std::size_t i = 0; i < batch_.column_count(); ++i) {
            if (batch_.schema().fields[i].name == name) {
                fill(batch_.column(i));
                batch_.column(i).append_struct();
            } else {
                batch_.column(i).append_null();
            }
        }
        return *this;
    }

    BatchBuilder batch_;
};

Schema schema_with_sidecars() {
    Schema schema = checkpoint_schema();
    schema.fields.push_back(checkpoint_column("sidecar"));
    return schema;
}

std::string log_name(const TestLog& log, const std::string& name) {
    return log.location.object("_delta_log/" + name);
}

const std::string kOne = "00000000000000000001";

TEST(Checkpoint, CommitsAfterItWin) {
    TestLog log;
    ASSERT_TRUE(log.parquet.put(*log.location.store, log_name(log, kOne + ".checkpoint.parquet"),
                                Rows(checkpoint_schema())
                                    .protocol()
                                    .metadata(schema_of("id long"))
                                    .add("a")
                                    .add("b")
                                    .finish()));
    log.write(2, {remove("a"), add("c")});
    EXPECT_THAT(live_paths(*log.open()), UnorderedElementsAre("b", "c"));
    EXPECT_THAT(live_paths(*log.open(1)), UnorderedElementsAre("a", "b"));
    const auto too_old = open_snapshot(log.location, log.parquet, {TableVersion(0), {}, nullptr});
    ASSERT_FALSE(too_old);
    EXPECT_EQ(too_old.error().code, ErrorCode::kNotFound);
}

TEST(Checkpoint, AllPartsOfAMultiPartOneAreRead) {
    TestLog log;
    auto& store = *log.location.store;
    ASSERT_TRUE(log.parquet.put(
        store, log_name(log, kOne + ".checkpoint.0000000001.0000000002.parquet"),
        Rows(checkpoint_schema()).protocol().metadata(schema_of("id long")).add("a").finish()));
    ASSERT_TRUE(log.parquet.put(store,
                                log_name(log, kOne + ".checkpoint.0000000002.0000000002.parquet"),
                                Rows(checkpoint_schema()).add("b").finish()));
    EXPECT_THAT(live_paths(*log.open()), UnorderedElementsAre("a", "b"));
}

TEST(Checkpoint, SidecarsOfBothKindsOfV2AreRead) {
    for (const bool json : {false, true}) {
        TestLog log;
        auto& store = *log.location.store;
        ASSERT_TRUE(log.parquet.put(store, log_name(log, "_sidecars/s1.parquet"),
                                    Rows({{checkpoint_column("add")}}).add("a").finish()));
        ASSERT_TRUE(log.parquet.put(store, log_name(log, "_sidecars/s2.parquet"),
                                    Rows({{checkpoint_column("add")}}).add("b").finish()));
        const std::string name = kOne + ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.";
        if (json) {
            ASSERT_TRUE(store.put(
                log_name(log, name + "json"),
                fmt::format(
                    "{}\n{}\n{}\n{}\n{}\n", R"({"checkpointMetadata":{"version":1}})",
                    R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,)"
                    R"("readerFeatures":["v2Checkpoint"],"writerFeatures":["v2Checkpoint"]}})",
                    metadata("id long", {}),
                    R"({"sidecar":{"path":"s1.parquet","sizeInBytes":1,"modificationTime":1}})",
                    R"({"sidecar":{"path":"s2.parquet","sizeInBytes":1,"modificationTime":1}})")));
        } else {
            ASSERT_TRUE(log.parquet.put(store, log_name(log, name + "parquet"),
                                        Rows(schema_with_sidecars())
                                            .protocol(3, 7, {"v2Checkpoint"})
                                            .metadata(schema_of("id long"))
                                            .sidecar("s1.parquet")
                                            .sidecar("s2.parquet")
                                            .finish()));
        }
        EXPECT_THAT(live_paths(*log.open()), UnorderedElementsAre("a", "b"));
        ASSERT_TRUE(store.remove(log_name(log, "_sidecars/s2.parquet")));
        const auto result = open_snapshot(log.location, log.parquet);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::kCorruptData);
        EXPECT_THAT(result.error().to_string(), HasSubstr("s2.parquet"));
    }
}

TEST(Checkpoint, StructStatisticsAreUsedWhereJsonIsMissing) {
    TestLog log;
    const DataType values = DataType::structure({{"x", TypeId::kLong}, {"t", TypeId::kTimestamp}});
    Field column = checkpoint_column("add");
    auto members = column.type.fields();
    members.push_back({"stats_parsed", DataType::structure({{"numRecords", TypeId::kLong},
                                                            {"minValues", values},
                                                            {"maxValues", values}})});
    column.type = DataType::structure(members);
    Schema schema = checkpoint_schema();
    for (Field& field : schema.fields) {
        if (field.name == "add") field = column;
    }
    const auto fill = [](std::int64_t low, std::int64_t high) {
        return [=](ColumnBuilder& add_column) {
            ColumnBuilder& parsed = add_column.child(11);
            parsed.child(0).append_integer(7);
            for (const auto& [child, value] : {std::pair(1U, low), std::pair(2U, high)}) {
                parsed.child(child).child(0).append_integer(value);
                parsed.child(child).child(1).append_integer(value * 1'000'000);
                parsed.child(child).append_struct();
            }
            parsed.append_struct();
        };
    };
    ASSERT_TRUE(log.parquet.put(*log.location.store, log_name(log, kOne + ".checkpoint.parquet"),
                                Rows(schema)
                                    .protocol()
                                    .metadata(schema_of("x long, t timestamptz"))
                                    .add("a", std::nullopt, fill(1, 5))
                                    .add("b", std::nullopt, fill(6, 9))
                                    .finish()));
    const auto table = log.open();
    EXPECT_EQ(table->files().live_rows(table->files().all()), 14);
    EXPECT_THAT(selected(*table, Predicate::compare({"x"}, Predicate::Op::kGt,
                                                    Scalar::integer(TypeId::kLong, 5))),
                ElementsAre("b"));
    EXPECT_THAT(
        selected(*table, Predicate::compare({"t"}, Predicate::Op::kLt,
                                            Scalar::integer(TypeId::kTimestamp, 5'000'000))),
        ElementsAre("a"));
}

/// Versions 0 to 4, `f<n>` added by each, checkpoints of 1 and 3.
void write_five_versions(TestLog& log) {
    log.write(0, {kProtocol, metadata("id long", {}), add("f0")});
    for (int i = 1; i < 5; ++i) log.write(i, {add(fmt::format("f{}", i))});
    ManualClock clock(Timestamp::from_millis(1'000));
    for (const int version : {1, 3}) {
        ASSERT_TRUE(write_checkpoint(*log.open(version), log.parquet, clock));
    }
}

const std::string kThree = "00000000000000000003";

void damage(const TestLog& log, const std::string& version) {
    ASSERT_TRUE(log.location.store->put(log_name(log, version + ".checkpoint.parquet"), "PAR1"));
}

void forget(const TestLog& log, const std::vector<int>& versions) {
    for (const int version : versions) {
        ASSERT_TRUE(log.location.store->remove(log_name(log, version_name(version))));
    }
}

TEST(DamagedCheckpoint, TheOneBeforeItAndTheCommitsTakeItsPlace) {
    TestLog log;
    write_five_versions(log);
    forget(log, {0, 1});
    damage(log, kThree);
    testing::internal::CaptureStderr();
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("f0", "f1", "f2", "f3", "f4"));
    EXPECT_THAT(live_paths(*log.open(3)), ElementsAre("f0", "f1", "f2", "f3"));
    const std::string warning = testing::internal::GetCapturedStderr();
    EXPECT_THAT(warning, HasSubstr(kThree + ".checkpoint.parquet can't be read"));
    EXPECT_THAT(warning, HasSubstr("from the checkpoint of version 1"));
    EXPECT_THAT(warning, HasSubstr("fsck"));
    EXPECT_EQ(warning.find("can't be read"), warning.rfind("can't be read")) << "said once";
}

TEST(DamagedCheckpoint, TheCommitsAloneTakeItsPlace) {
    TestLog log;
    write_five_versions(log);
    damage(log, kOne);
    damage(log, kThree);
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("f0", "f1", "f2", "f3", "f4"));
    EXPECT_THAT(read_tombstones(*log.open(), log.parquet).value(), testing::IsEmpty());
}

TEST(DamagedCheckpoint, AnotherOneOfTheSameVersionTakesItsPlace) {
    TestLog log;
    write_five_versions(log);
    forget(log, {0, 1, 2, 3});
    const std::string name =
        log_name(log, kThree + ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json");
    for (const std::string& bytes :
         {std::string("{\"checkpointMeta"), std::string(),
          std::string("{\"checkpointMetadata\":{\"version\":3}}\n") + kProtocol + "\n"}) {
        ASSERT_TRUE(log.location.store->put(name, bytes));
        EXPECT_THAT(live_paths(*log.open()), ElementsAre("f0", "f1", "f2", "f3", "f4")) << bytes;
    }
}

TEST(DamagedCheckpoint, IsAnErrorThatNamesItWhenNothingElseReaches) {
    TestLog log;
    write_five_versions(log);
    forget(log, {0, 1, 2});
    damage(log, kOne);
    damage(log, kThree);
    const auto result = open_snapshot(log.location, log.parquet);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCorruptData);
    EXPECT_THAT(result.error().to_string(), HasSubstr(kThree + ".checkpoint.parquet"));
    EXPECT_THAT(result.error().to_string(), HasSubstr("from a copy"));
}

TEST(DamagedCheckpoint, AnOlderVersionIsNeverTakenForTheNewest) {
    TestLog log;
    write_five_versions(log);
    forget(log, {3, 4});  // What the checkpoint holds lies nowhere else.
    damage(log, kThree);
    const auto result = open_snapshot(log.location, log.parquet);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCorruptData);
}

TEST(DamagedCheckpoint, WorkGoesOnAndTheNextOneIsWritten) {
    TestLog log;
    write_five_versions(log);
    damage(log, kThree);
    ManualClock clock(Timestamp::from_millis(1'000));
    ASSERT_TRUE(write_checkpoint(*log.open(), log.parquet, clock));
    forget(log, {0, 1, 2, 3, 4});
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("f0", "f1", "f2", "f3", "f4"));
}

TEST(DamagedCheckpoint, IsFoundAndReplaced) {
    TestLog log;
    write_five_versions(log);
    EXPECT_THAT(find_damaged_checkpoints(log.location, log.parquet).value(), testing::IsEmpty());
    damage(log, kOne);
    damage(log, kThree);
    const auto damaged = find_damaged_checkpoints(log.location, log.parquet);
    ASSERT_TRUE(damaged) << damaged.error().to_string();
    ASSERT_EQ(damaged->size(), 2U);
    EXPECT_EQ(damaged->front().version, TableVersion(3));
    EXPECT_THAT(damaged->front().files,
                ElementsAre("_delta_log/" + kThree + ".checkpoint.parquet"));
    ManualClock clock(Timestamp::from_millis(1'000));
    const auto newest = log.open();
    EXPECT_EQ(replace_damaged_checkpoints(*newest, *damaged, log.parquet, clock).value(), 2);
    EXPECT_THAT(find_damaged_checkpoints(log.location, log.parquet).value(), testing::IsEmpty());
    forget(log, {0, 1, 2, 3});
    EXPECT_EQ(live_paths(*log.open()), live_paths(*newest));
}

TEST(DamagedCheckpoint, OfTheNewestVersionIsWrittenAnew) {
    TestLog log;
    write_five_versions(log);
    forget(log, {4});
    damage(log, kThree);
    const auto damaged = find_damaged_checkpoints(log.location, log.parquet);
    ASSERT_TRUE(damaged);
    ManualClock clock(Timestamp::from_millis(1'000));
    EXPECT_EQ(replace_damaged_checkpoints(*log.open(), *damaged, log.parquet, clock).value(), 0);
    forget(log, {0, 1, 2, 3});
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("f0", "f1", "f2", "f3"));
}

TEST(Checkpoint, EveryFieldOfTheProtocolSurvivesACheckpoint) {
    const std::vector<std::string> lines{
        R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],)"
        R"("writerFeatures":["deletionVectors","domainMetadata"]}})",
        R"({"metaData":{"id":"m","name":"n","description":"d","format":{"provider":"parquet","options":{"o":"1"}},)"
        R"("schemaString":)" +
            json::quoted(schema_to_json(schema_of("id long, p text"))) +
            R"(,"partitionColumns":["p"],"configuration":{"delta.appendOnly":"false","own.key":"v"},"createdTime":17}})",
        R"({"txn":{"appId":"x","version":1,"lastUpdated":2}})",
        R"({"domainMetadata":{"domain":"d","configuration":"{}","removed":false}})",
        R"({"add":{"path":"a%20b","partitionValues":{"p":null},"size":1,"modificationTime":2,"dataChange":false,)"
        R"("stats":"{\"numRecords\":3}","tags":{"t":"v"},"deletionVector":{"storageType":"u","pathOrInlineDv":"ab",)"
        R"("offset":1,"sizeInBytes":36,"cardinality":2},"baseRowId":5,"defaultRowCommitVersion":6,"clusteringProvider":"liquid"}})",
        R"({"remove":{"path":"c","deletionTimestamp":999,"dataChange":false,"extendedFileMetadata":true,)"
        R"("partitionValues":{"p":"q"},"size":1,"tags":{"t":"v"},"baseRowId":5,"defaultRowCommitVersion":6}})"};
    TestLog log;
    log.write(0, lines);
    ManualClock clock(Timestamp::from_millis(1'000));
    ASSERT_TRUE(write_checkpoint(*log.open(), log.parquet, clock));
    log.write(1, {R"({"txn":{"appId":"y","version":1}})"});
    ASSERT_TRUE(write_checkpoint(*log.open(), log.parquet, clock));  // Of a checkpoint.
    forget(log, {0, 1});

    const SnapshotPtr table = log.open();
    ASSERT_EQ(table->files().live_count(), 1U);
    const auto tombstones = read_tombstones(*table, log.parquet);
    ASSERT_TRUE(tombstones);
    ASSERT_EQ(tombstones->size(), 1U);
    const std::vector<Action> read{table->protocol(),
                                   table->metadata(),
                                   table->txns().at("x"),
                                   DomainMetadata{"d", table->domain("d").value_or("gone"), false},
                                   table->files().add(table->files().all().front()),
                                   tombstones->front()};
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string line;
        append_action_line(line, read[i]);
        const auto before = parse_actions(LogText("before", lines[i]));
        ASSERT_TRUE(before) << before.error().to_string();
        std::string expected;
        append_action_line(expected, before->front());
        // A checkpoint says nothing about what its commits changed.
        for (std::string* text : {&line, &expected}) {
            const auto at = text->find("\"dataChange\":true");
            if (at != std::string::npos) text->replace(at, 17, "\"dataChange\":false");
        }
        EXPECT_EQ(line, expected);
    }
}

TEST(Checkpoint, AStaleHintStillFindsTheNewest) {
    TestLog log;
    for (int i = 0; i < 4; ++i) {
        log.write(i, i == 0 ? std::vector<std::string>{kProtocol, metadata("id long", {})}
                            : std::vector<std::string>{add(fmt::format("f{}", i))});
    }
    ManualClock clock(Timestamp::from_millis(1'000));
    for (const int version : {3, 1}) {  // The hint ends at the older one.
        ASSERT_TRUE(write_checkpoint(*log.open(version), log.parquet, clock));
    }
    ASSERT_TRUE(log.location.store->remove(log_name(log, version_name(2))));
    EXPECT_THAT(live_paths(*log.open()), ElementsAre("f1", "f2", "f3"));
    EXPECT_EQ(*latest_version(log.location), TableVersion(3));
}

TEST(Checkpoint, TombstonesStayUntilTheirFilesMayGo) {
    TestLog log;
    log.write(0, {kProtocol, metadata("id long", {}), add("old"), add("young"), add("back")});
    const auto removed = [](const std::string& path, std::int64_t at) {
        return fmt::format(
            R"({{"remove":{{"path":"{}","deletionTimestamp":{},"dataChange":true}}}})", path, at);
    };
    const std::int64_t week = 7 * 86'400'000;
    log.write(1, {removed("old", 1'000), removed("young", 2 * week), removed("back", 2 * week)});
    log.write(2, {add("back")});
    ManualClock clock(Timestamp::from_millis(2 * week + 1'000));
    ASSERT_TRUE(write_checkpoint(*log.open(), log.parquet, clock));
    log.write(3, {add("later")});
    // The second checkpoint takes them from the first.
    ASSERT_TRUE(write_checkpoint(*log.open(), log.parquet, clock));
    const auto reader = log.parquet.read(*log.location.store,
                                         log_name(log, "00000000000000000003.checkpoint.parquet"),
                                         {{checkpoint_column("remove")}});
    ASSERT_TRUE(reader);
    std::vector<std::string> tombstones;
    while (auto batch = *(*reader)->next()) {
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            if (!batch->columns[0].is_null(row)) {
                tombstones.emplace_back(batch->columns[0].children[0].text(row));
            }
        }
    }
    EXPECT_THAT(tombstones, ElementsAre("young"));
}

}  // namespace
}  // namespace ingot::delta

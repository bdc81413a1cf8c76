#include "delta/commit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delta/log_writer_for_test.hpp"
#include "storage/faulty_store.hpp"

namespace ingot::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const Timestamp kStart = Timestamp::from_millis(1'700'000'000'000);

Add add_action(const std::string& path, PartitionValues values = {}) {
    Add result;
    result.path = path;
    result.partition_values = std::move(values);
    result.size = 10;
    result.modification_time = 5;
    result.stats = R"({"numRecords":3})";
    return result;
}

struct Writer {
    TestLog log;
    ManualClock clock{kStart};

    Result<CommitOutcome> try_commit(const SnapshotPtr& base, std::vector<Action> actions,
                                     ReadSet reads = {}) {
        CommitRequest request;
        request.location = log.location;
        request.base = base;
        request.reads = std::move(reads);
        request.actions = std::move(actions);
        request.operation = "WRITE";
        return commit(request, log.parquet, clock);
    }

    SnapshotPtr must_commit(const SnapshotPtr& base, std::vector<Action> actions,
                            ReadSet reads = {}) {
        auto outcome = try_commit(base, std::move(actions), std::move(reads));
        EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().to_string());
        if (!outcome) return nullptr;
        const auto* committed = std::get_if<Committed>(&*outcome);
        EXPECT_NE(committed, nullptr);
        if (committed == nullptr) return nullptr;
        EXPECT_THAT(committed->warnings, IsEmpty());
        return committed->snapshot;
    }

    Conflict must_conflict(const SnapshotPtr& base, std::vector<Action> actions,
                           ReadSet reads = {}) {
        auto outcome = try_commit(base, std::move(actions), std::move(reads));
        EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().to_string());
        if (!outcome || !std::holds_alternative<Conflict>(*outcome)) {
            ADD_FAILURE() << "no conflict";
            return {};
        }
        return std::get<Conflict>(*outcome);
    }

    SnapshotPtr create(const std::string& columns = "id long",
                       const std::vector<std::string>& partitions = {},
                       const std::map<std::string, std::string>& properties = {}) {
        auto actions =
            create_table_actions({schema_of(columns), partitions, properties, ""}, clock);
        EXPECT_TRUE(actions) << (actions ? "" : actions.error().to_string());
        return must_commit(nullptr, *std::move(actions));
    }
};

Remove remove_of(const Snapshot& table, const std::string& path, bool data_change = true) {
    for (const FileOrdinal file : table.files().all()) {
        if (table.files().path(file) == path) return table.files().remove(file, 9, data_change);
    }
    ADD_FAILURE() << path;
    return {};
}

Predicate equals(const std::string& column, std::string value) {
    return Predicate::compare({column}, Predicate::Op::kEq, Scalar::text(std::move(value)));
}

TEST(Commit, CreatesAppendsAndRemoves) {
    Writer w;
    auto table = w.create();
    EXPECT_EQ(table->version(), TableVersion(0));
    EXPECT_EQ(table->protocol().min_reader_version, 1);
    table = w.must_commit(table, {add_action("a"), add_action("b")});
    table = w.must_commit(table, {remove_of(*table, "a"), add_action("c")});
    EXPECT_EQ(table->version(), TableVersion(2));
    EXPECT_THAT(live_paths(*table), UnorderedElementsAre("b", "c"));
    EXPECT_EQ(live_paths(*w.log.open()), live_paths(*table));
    EXPECT_EQ(table->files().live_rows(table->files().all()), 6);
    const auto history = read_history(w.log.location, 10);
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 3U);
    EXPECT_EQ((*history)[0].info->read_version, 1);
    EXPECT_THAT((*history)[0].info->engine_info.value_or(""), HasSubstr("Ingot"));
    EXPECT_EQ((*history)[1].info->is_blind_append, true);
}

TEST(Commit, ASecondCreatorIsToldThatTheTableIsThere) {
    Writer w;
    w.create();
    auto actions = create_table_actions({schema_of("id long"), {}, {}, ""}, w.clock);
    EXPECT_EQ(w.must_conflict(nullptr, *actions).kind, ConflictKind::kTableCreated);
}

TEST(Commit, BlindAppendsNeverConflict) {
    Writer w;
    const auto base = w.create();
    w.must_commit(base, {add_action("a")});
    w.must_commit(base, {add_action("b")});
    const auto table = w.must_commit(base, {add_action("c")});
    EXPECT_EQ(table->version(), TableVersion(3));
    EXPECT_THAT(live_paths(*table), UnorderedElementsAre("a", "b", "c"));
}

TEST(Commit, AnAppendConflictsWithWhoReadItsPartition) {
    Writer w;
    const auto base = w.create("id long, day string", {"day"});
    w.must_commit(base, {add_action("mon", {{"day", "mon"}})});
    ReadSet tuesday{false, {equals("day", "tue")}, {}, {}};
    w.must_commit(base, {add_action("x", {{"day", "tue"}})}, tuesday);
    ReadSet monday{false, {equals("day", "mon")}, {}, {}};
    const auto conflict = w.must_conflict(base, {add_action("y", {{"day", "mon"}})}, monday);
    EXPECT_EQ(conflict.kind, ConflictKind::kConcurrentAppend);
    EXPECT_THAT(conflict.detail, HasSubstr("mon"));
    EXPECT_EQ(w.must_conflict(base, {add_action("z", {{"day", "sun"}})}, {true, {}, {}, {}}).kind,
              ConflictKind::kConcurrentAppend);
}

TEST(Commit, RemovingWhatWasReadConflicts) {
    Writer w;
    auto base = w.create("id long, day string", {"day"});
    base = w.must_commit(
        base, {add_action("mon", {{"day", "mon"}}), add_action("tue", {{"day", "tue"}})});
    w.must_commit(base, {remove_of(*base, "mon")});
    EXPECT_EQ(w.must_conflict(base, {add_action("x", {{"day", "sun"}})},
                              {false, {equals("day", "mon")}, {}, {}})
                  .kind,
              ConflictKind::kConcurrentDeleteRead);
    EXPECT_EQ(w.must_conflict(base, {remove_of(*base, "mon")}).kind,
              ConflictKind::kConcurrentDeleteDelete);
    w.must_commit(base, {remove_of(*base, "tue")}, {false, {equals("day", "tue")}, {}, {}});
}

TEST(Commit, ARearrangementConflictsOnlyWithWhoRemovesTheSameFiles) {
    Writer w;
    auto base = w.create();
    base = w.must_commit(base, {add_action("a"), add_action("b")});
    auto merged = add_action("ab");
    merged.data_change = false;
    w.must_commit(base, {remove_of(*base, "a", false), remove_of(*base, "b", false), merged});
    w.must_commit(base, {add_action("c")}, {true, {}, {}, {}});
    EXPECT_EQ(w.must_conflict(base, {remove_of(*base, "b")}).kind,
              ConflictKind::kConcurrentDeleteDelete);
}

TEST(Commit, TwoWritersOfOneApplicationConflict) {
    Writer w;
    const auto base = w.create();
    w.must_commit(base, {add_action("a"), Txn{"ingot.progress", 1, {}}});
    EXPECT_EQ(w.must_conflict(base, {add_action("b"), Txn{"ingot.progress", 1, {}}}).kind,
              ConflictKind::kConcurrentTransaction);
    EXPECT_EQ(w.must_conflict(base, {add_action("b")}, {false, {}, {"ingot.progress"}, {}}).kind,
              ConflictKind::kConcurrentTransaction);
    w.must_commit(base, {add_action("b"), Txn{"other", 1, {}}});
}

TEST(Commit, ATxnNeverGoesBack) {
    Writer w;
    auto table = w.create();
    table = w.must_commit(table, {Txn{"x", 5, {}}});
    const auto result = w.try_commit(table, {Txn{"x", 4, {}}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
}

TEST(Commit, SchemaChangesConflictWithEverybody) {
    Writer w;
    const auto base = w.create();
    const auto evolved = evolve_schema(*base, schema_of("id long, name string"));
    ASSERT_TRUE(evolved);
    ASSERT_TRUE(*evolved);
    w.must_commit(base, {**evolved});
    EXPECT_EQ(w.must_conflict(base, {add_action("a")}).kind, ConflictKind::kMetadataChanged);
}

TEST(Commit, SchemaEvolutionAddsAndWidens) {
    Writer w;
    const auto base = w.create("a short, s struct(x long)");
    EXPECT_FALSE(*evolve_schema(*base, schema_of("A short")));
    const auto evolved = evolve_schema(*base, schema_of("a int, s struct(y string), b date"));
    ASSERT_TRUE(evolved) << evolved.error().to_string();
    const auto schema = schema_from_json((**evolved).schema_string);
    ASSERT_TRUE(schema);
    EXPECT_EQ(DataType::structure(schema->fields).to_string(),
              "struct<a:integer,s:struct<x:long,y:string>,b:date>");
    const auto refused = evolve_schema(*base, schema_of("a string, s struct(x date)"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("'a'"));
    EXPECT_THAT(refused.error().message, HasSubstr("'s.x'"));
}

TEST(Commit, ATimestampWithoutZoneBringsItsFeature) {
    Writer w;
    const auto base = w.create("id long");
    EXPECT_EQ(w.log.open()->protocol().min_reader_version, 1);
    const auto evolved = evolve_schema(*base, schema_of("id long, at timestamp"));
    ASSERT_TRUE(*evolved);
    const auto table = w.must_commit(base, {**evolved});
    EXPECT_EQ(table->protocol().min_reader_version, 3);
    EXPECT_THAT(*table->protocol().reader_features, ElementsAre("timestampNtz"));
    EXPECT_THAT(*table->protocol().writer_features,
                UnorderedElementsAre("appendOnly", "invariants", "timestampNtz"));
}

TEST(Commit, BadRequestsAreRefusedByName) {
    Writer w;
    auto table = w.create("id long, day string", {"day"}, {{"delta.appendOnly", "true"}});
    table = w.must_commit(table, {add_action("a", {{"day", "mon"}})});
    const auto message = [&](std::vector<Action> actions) {
        const auto result = w.try_commit(table, std::move(actions));
        return result ? std::string("no error") : result.error().message;
    };
    EXPECT_THAT(message({remove_of(*table, "a")}), HasSubstr("appendOnly"));
    EXPECT_THAT(message({add_action("b")}), HasSubstr("'day'"));
    EXPECT_THAT(message({add_action("b", {{"day", "x"}}), add_action("b", {{"day", "x"}})}),
                HasSubstr("added twice"));
    EXPECT_THAT(message({CommitInfo{}}), HasSubstr("commitInfo"));
    EXPECT_THAT(message({DomainMetadata{"d", "{}", false}}), HasSubstr("domainMetadata"));
    EXPECT_EQ(w.log.open()->version(), TableVersion(1));
}

TEST(Commit, ConstraintsAndGeneratedColumnsAreNotWrittenPast) {
    for (const auto& [configuration, name] : std::map<std::string, std::string>{
             {R"("delta.constraints.positive":"id > 0")", "checkConstraints"}}) {
        TestLog log;
        log.write(0, {R"({"protocol":{"minReaderVersion":1,"minWriterVersion":3}})",
                      metadata("id long", {}, configuration)});
        ManualClock clock(kStart);
        CommitRequest request;
        request.location = log.location;
        request.base = log.open();
        request.actions = {add_action("a")};
        const auto result = commit(request, log.parquet, clock);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::kUnsupported);
        EXPECT_THAT(result.error().message, HasSubstr(name));
    }
}

TEST(Commit, ALostReplyIsSettledByReadingTheLog) {
    Writer w;
    const auto inner = w.log.location.store;
    const auto faulty = std::make_shared<storage::FaultyStore>(inner);
    w.log.location.store = faulty;
    const auto base = w.create();
    faulty->add_rule({.operation = storage::StoreOperation::kPutIfAbsent,
                      .path_glob = "*.json",
                      .fault = storage::Fault::kLoseReply});
    const auto table = w.must_commit(base, {add_action("a")});
    EXPECT_EQ(table->version(), TableVersion(1));
    EXPECT_EQ(faulty->injected().size(), 1U);
    EXPECT_THAT(live_paths(*w.log.open()), ElementsAre("a"));
}

TEST(Commit, AnOutcomeThatCannotBeLearnedIsSaidSo) {
    Writer w;
    const auto inner = w.log.location.store;
    const auto faulty = std::make_shared<storage::FaultyStore>(inner);
    w.log.location.store = faulty;
    const auto base = w.create();
    faulty->add_rule({.operation = storage::StoreOperation::kPutIfAbsent,
                      .path_glob = "*.json",
                      .times = 100,
                      .fault = storage::Fault::kLoseReply});
    faulty->add_rule({.operation = storage::StoreOperation::kRead, .times = 100});
    const auto result = w.try_commit(base, {add_action("a")});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCommitUnknown);
}

TEST(Commit, APlainFailureChangesNothing) {
    Writer w;
    const auto inner = w.log.location.store;
    const auto faulty = std::make_shared<storage::FaultyStore>(inner);
    w.log.location.store = faulty;
    const auto base = w.create();
    faulty->add_rule({.operation = storage::StoreOperation::kPutIfAbsent, .path_glob = "*.json"});
    const auto result = w.try_commit(base, {add_action("a")});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kIo);
    EXPECT_EQ(w.log.open()->version(), TableVersion(0));
}

TEST(Commit, LosingTooOftenEndsAsConflictError) {
    Writer w;
    const auto base = w.create();
    w.must_commit(base, {add_action("a")});
    CommitRequest request;
    request.location = w.log.location;
    request.base = base;
    request.actions = {add_action("b")};
    request.attempts = 1;
    const auto result = commit(request, w.log.parquet, w.clock);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCommitConflict);
}

TEST(Commit, EveryTenthVersionIsACheckpointThatReplacesItsCommits) {
    Writer w;
    auto table = w.create("id long, day string", {"day"});
    for (int i = 1; i <= 10; ++i) {
        table = w.must_commit(
            table, {add_action(fmt::format("f{}", i), {{"day", "d"}}), Txn{"app", i, {}}});
    }
    for (int version = 0; version < 10; ++version) {
        ASSERT_TRUE(w.log.location.store->remove(
            w.log.location.object("_delta_log/" + version_name(version))));
    }
    const auto reopened = w.log.open();
    EXPECT_EQ(reopened->version(), TableVersion(10));
    EXPECT_EQ(live_paths(*reopened), live_paths(*table));
    EXPECT_EQ(reopened->txn("app"), 10);
    EXPECT_EQ(reopened->schema(), table->schema());
    EXPECT_EQ(reopened->files().live_rows(reopened->files().all()), 30);
    EXPECT_EQ(reopened->files().partition_value(reopened->files().all()[0], 0), Scalar::text("d"));
    table = w.must_commit(reopened, {add_action("last", {{"day", "e"}})});
    EXPECT_EQ(*latest_version(w.log.location), TableVersion(11));
}

TEST(Commit, AFailedCheckpointIsAWarning) {
    Writer w;
    const auto faulty = std::make_shared<storage::FaultyStore>(w.log.location.store);
    w.log.location.store = faulty;
    auto table = w.create("id long", {}, {{"delta.checkpointInterval", "1"}});
    faulty->add_rule({.operation = storage::StoreOperation::kPut, .path_glob = "*checkpoint*"});
    auto outcome = w.try_commit(table, {add_action("a")});
    ASSERT_TRUE(outcome);
    const auto& committed = std::get<Committed>(*outcome);
    ASSERT_EQ(committed.warnings.size(), 1U);
    EXPECT_THAT(committed.warnings[0], HasSubstr("checkpoint"));
    EXPECT_THAT(live_paths(*w.log.open()), ElementsAre("a"));
}

TEST(Commit, TheVersionChecksumCountsFilesAndBytes) {
    Writer w;
    auto table = w.create();
    table = w.must_commit(table, {add_action("a"), add_action("b"), Txn{"x", 1, {}}});
    const auto text =
        w.log.location.store->read(w.log.location.object("_delta_log/00000000000000000001.crc"));
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr(R"("tableSizeBytes":20,"numFiles":2)"));
    EXPECT_THAT(*text, HasSubstr("{\"txnId\":\""));
    EXPECT_THAT(*text, HasSubstr(R"("setTransactions":[{"appId":"x","version":1}])"));
    EXPECT_TRUE(json::members_of(*text));
}

std::vector<std::string> log_listing(const TestLog& log) {
    std::vector<std::string> names;
    const auto listing = log.location.store->list(log.location.object("_delta_log/0"));
    if (!listing) return names;
    for (const auto& object : *listing) {
        const std::string name = object.path.substr(object.path.rfind('/') + 1);
        if (!name.ends_with(".crc")) names.push_back(name.substr(18));
    }
    return names;
}

TEST(Commit, CleanupKeepsTheCheckpointThatOldVersionsNeed) {
    Writer w;
    w.clock.set(system_clock().now());
    auto table = w.create(
        "id long", {},
        {{"delta.checkpointInterval", "2"}, {"delta.logRetentionDuration", "interval 1 days"}});
    for (int i = 1; i <= 5; ++i) table = w.must_commit(table, {add_action(fmt::format("f{}", i))});
    EXPECT_THAT(log_listing(w.log),
                ElementsAre("00.json", "01.json", "02.checkpoint.parquet", "02.json", "03.json",
                            "04.checkpoint.parquet", "04.json", "05.json"));
    // Ten days later all of it has expired, but the newest checkpoint at or before the cutoff and
    // what follows stay.
    w.clock.advance(std::chrono::hours(240));
    table = w.must_commit(table, {add_action("f6")});
    EXPECT_THAT(log_listing(w.log), ElementsAre("06.checkpoint.parquet", "06.json"));
    EXPECT_EQ(live_paths(*w.log.open()), live_paths(*table));
    EXPECT_THAT(live_paths(*table), testing::SizeIs(6));
}

/// Parquet files that a full disk or a lost cache left torn, unnoticed.
class TornParquetIo final : public ParquetIo {
public:
    Result<std::unique_ptr<BatchReader>> read(const storage::ObjectStore& store,
                                              std::string_view path,
                                              const Schema& wanted) override {
        return whole_.read(store, path, wanted);
    }
    Result<Schema> schema(const storage::ObjectStore& store, std::string_view path) override {
        return whole_.schema(store, path);
    }
    Result<std::uint64_t> write(storage::ObjectStore& store, std::string_view path,
                                const Schema& schema, BatchReader& rows) override {
        INGOT_TRY_ASSIGN(const std::uint64_t size, whole_.write(store, path, schema, rows));
        INGOT_TRY(store.put(path, "PAR1"));
        return size;
    }

private:
    FakeParquetIo whole_;
};

TEST(Commit, CleanupRemovesNothingThatADamagedCheckpointWasToReplace) {
    Writer w;
    w.clock.set(system_clock().now());
    auto table = w.create(
        "id long", {},
        {{"delta.checkpointInterval", "2"}, {"delta.logRetentionDuration", "interval 1 days"}});
    table = w.must_commit(table, {add_action("a")});
    w.clock.advance(std::chrono::hours(240));
    TornParquetIo torn;
    const auto outcome =
        commit({w.log.location, table, {}, {add_action("b")}, "WRITE", {}, {}}, torn, w.clock);
    ASSERT_TRUE(outcome) << outcome.error().to_string();
    const auto& warnings = std::get<Committed>(*outcome).warnings;
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_THAT(warnings[0], HasSubstr("cleaning the log failed"));
    EXPECT_THAT(log_listing(w.log),
                ElementsAre("00.json", "01.json", "02.checkpoint.parquet", "02.json"));
    EXPECT_THAT(live_paths(*w.log.open()), ElementsAre("a", "b"));
}

TEST(Commit, CleanupStopsWhereTheTableSaysSo) {
    Writer w;
    w.clock.set(system_clock().now());
    auto table =
        w.create("id long", {},
                 {{"delta.checkpointInterval", "1"}, {"delta.enableExpiredLogCleanup", "false"}});
    w.clock.advance(std::chrono::hours(24 * 365));
    table = w.must_commit(table, {add_action("a")});
    EXPECT_THAT(log_listing(w.log), ElementsAre("00.json", "01.checkpoint.parquet", "01.json"));
}

}  // namespace
}  // namespace ingot::delta

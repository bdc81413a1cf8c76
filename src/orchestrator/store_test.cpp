// What every store keeps to, and what is special about the one in SQLite.
#include "orchestrator/store.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sstream>

#include "orchestrator/machine.hpp"
#include "orchestrator/sqlite_store.hpp"
#include "sqlite/database.hpp"

namespace ingot::orchestrator {
namespace {

constexpr Timestamp kStart = Timestamp::from_micros(1'500'000'000'000'000);

class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "ingot_store_XXXXXX");
        path_ = ::mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const char* name = "deep/state.db") const { return path_ + "/" + name; }

private:
    std::string path_;
};

/// A kind of store, in a folder that lives as long as the test.
struct StoreKind {
    const char* name;
    std::function<Result<std::unique_ptr<Store>>(const Folder&)> open;
};

RunSpec spec_of(const std::string& pipeline) {
    RunSpec spec;
    PlannedTask first{"a", "a"};
    PlannedTask second{"b[eu]", "b"};
    second.item = 0;
    second.after = {TaskIndex(0)};
    second.pool = "pg";
    second.retry = {3, std::chrono::seconds(7), 1.5};
    second.timeout = std::chrono::minutes(4);
    second.left_checks = {"all_cleaned", "same"};
    spec.plan = {pipeline, "", 2, 5, {first, second}};
    spec.window = Interval{kStart, kStart + std::chrono::hours(1)};
    spec.lake = "/lake";
    spec.params = R"({"x":"é"})";
    return spec;
}

class StoreTest : public ::testing::TestWithParam<StoreKind> {
protected:
    StoreTest() : store_(*GetParam().open(folder_)) {}

    /// Steps a machine and stores what came of it.
    Status give(const std::string& run, Change change, Fence fence = kFirstFence) {
        INGOT_TRY_ASSIGN(const Actions actions,
                         machine_.step({RunId(run), now_, std::move(change)}));
        now_ = now_ + Duration(1);
        return store_->append({{{head_of(*machine_.find(RunId(run))), fence}}, actions.events});
    }
    Status queue(const std::string& run, const std::string& pipeline = "hourly") {
        return give(run, RunQueued{std::make_shared<const RunSpec>(spec_of(pipeline))});
    }

    Folder folder_;
    std::unique_ptr<Store> store_;
    Machine machine_{{1, {}}};
    Timestamp now_ = kStart;
};

std::vector<std::string> ids(const Result<std::vector<RunHead>>& heads) {
    std::vector<std::string> texts;
    for (const RunHead& head : *heads) texts.push_back(head.id.value());
    return texts;
}
using Ids = std::vector<std::string>;

TEST_P(StoreTest, GivesBackTheRunAndItsEventsInTheirOrder) {
    ASSERT_TRUE(queue("r1"));
    ASSERT_TRUE(give("r1", TaskEnded{TaskIndex(0), 1, {TaskOutcome::Kind::kFailed, "a\n\"b\""}}));
    auto stored = store_->load(RunId("r1"));
    ASSERT_TRUE(stored) << stored.error().to_string();
    EXPECT_EQ(*stored->spec, spec_of("hourly"));
    Machine rebuilt({1, {}});
    for (const Event& event : stored->events) ASSERT_TRUE(rebuilt.replay(event));
    EXPECT_EQ(*rebuilt.find(RunId("r1")), *machine_.find(RunId("r1")));
    EXPECT_EQ(stored->head, head_of(*rebuilt.find(RunId("r1"))));
}

TEST_P(StoreTest, KeepsItAfterBeingOpenedAnew) {
    ASSERT_TRUE(queue("r1"));
    store_.reset();
    store_ = *GetParam().open(folder_);
    EXPECT_TRUE(store_->load(RunId("r1")));
}

TEST_P(StoreTest, ListsNewestFirstByPipelineStateAndPage) {
    ASSERT_TRUE(queue("r1"));
    ASSERT_TRUE(queue("r2", "daily"));
    ASSERT_TRUE(queue("r3"));
    ASSERT_TRUE(give("r1", RunCancelled{"x"}));
    ASSERT_TRUE(give("r1", TaskEnded{TaskIndex(0), 1, {}}));
    EXPECT_EQ(ids(store_->list({})), (Ids{"r3", "r2", "r1"}));
    EXPECT_EQ(ids(store_->list({.pipeline = "hourly"})), (Ids{"r3", "r1"}));
    EXPECT_EQ(ids(store_->list({.unfinished = true})), (Ids{"r3", "r2"}));
    EXPECT_EQ(ids(store_->list({.before = RunId("r3"), .at_most = 1})), (Ids{"r2"}));
    EXPECT_EQ(ids(store_->list({.id_prefix = "r2"})), (Ids{"r2"}));
    EXPECT_EQ(ids(store_->list({.id_prefix = "%"})), Ids{});
}

TEST_P(StoreTest, ListsSayWhatWasNotedLast) {
    ASSERT_TRUE(queue("r1"));
    EXPECT_EQ(store_->list({})->front().note, "");
    ASSERT_TRUE(give("r1", RunNoted{"at first"}));
    ASSERT_TRUE(give("r1", RunNoted{"then"}));
    EXPECT_EQ(store_->list({})->front().note, "then");
    EXPECT_EQ(store_->load(RunId("r1"))->head, head_of(*machine_.find(RunId("r1"))));
    ASSERT_TRUE(give("r1", RunNoted{""}));
    EXPECT_EQ(store_->list({})->front().note, "");
}

TEST_P(StoreTest, AnUnknownRunIsNotFound) {
    EXPECT_EQ(store_->load(RunId("r9")).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(store_->take_over(RunId("r9")).error().code, ErrorCode::kNotFound);
}

TEST_P(StoreTest, ARunIsQueuedOnce) {
    ASSERT_TRUE(queue("r1"));
    Machine other({1, {}});
    auto actions =
        other.step({RunId("r1"), kStart, RunQueued{std::make_shared<const RunSpec>(spec_of("x"))}});
    const Status again =
        store_->append({{{head_of(*other.find(RunId("r1"))), kFirstFence}}, actions->events});
    EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(store_->load(RunId("r1"))->spec->plan.pipeline, "hourly");
}

TEST_P(StoreTest, WhoeverLostARunWritesNothingOfIt) {
    ASSERT_TRUE(queue("r1"));
    const auto fence = store_->take_over(RunId("r1"));
    ASSERT_TRUE(fence);
    EXPECT_GT(*fence, kFirstFence);
    const std::size_t before = store_->load(RunId("r1"))->events.size();
    const Status late = give("r1", RunCancelled{"late"});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::kCommitConflict);
    EXPECT_EQ(store_->load(RunId("r1"))->events.size(), before);
    EXPECT_TRUE(give("r1", TaskEnded{TaskIndex(0), 1, {}}, *fence));
}

TEST_P(StoreTest, RunsAreTakenOverTogetherOrNotAtAll) {
    ASSERT_TRUE(queue("r1"));
    ASSERT_TRUE(queue("r2"));
    const auto none = store_->take_over({RunId("r1"), RunId("r9")});
    EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(give("r1", RunNoted{"it is whose it was"}));
    const auto fences = store_->take_over({RunId("r2"), RunId("r1"), RunId("r2")});
    ASSERT_TRUE(fences);
    EXPECT_EQ(*fences,
              (std::vector<Fence>{Fence(kFirstFence.value() + 1), Fence(kFirstFence.value() + 1),
                                  Fence(kFirstFence.value() + 2)}));
    EXPECT_EQ(give("r1", RunCancelled{"late"}).error().code, ErrorCode::kCommitConflict);
}

TEST_P(StoreTest, ABatchIsAllOrNothing) {
    ASSERT_TRUE(queue("r1"));
    ASSERT_TRUE(store_->take_over(RunId("r1")));
    ASSERT_TRUE(machine_.step(
        {RunId("r2"), now_, RunQueued{std::make_shared<const RunSpec>(spec_of("daily"))}}));
    const Batch batch{{{head_of(*machine_.find(RunId("r2"))), kFirstFence},
                       {head_of(*machine_.find(RunId("r1"))), kFirstFence}},
                      {{RunId("r2"), now_, RunQueued{machine_.find(RunId("r2"))->spec}}}};
    EXPECT_FALSE(store_->append(batch));
    EXPECT_EQ(ids(store_->list({})), (Ids{"r1"}));
}

TEST_P(StoreTest, RecordsChangeWithTheEventsOfTheirBatch) {
    ASSERT_TRUE(store_->append({{}, {}, {{"trigger", "a", "1"}, {"trigger", "b", "2"}}}));
    ASSERT_TRUE(store_->append({{}, {}, {{"trigger", "a", "3"}, {"trigger", "b", {}}}}));
    using Records = std::map<std::string, std::string>;
    EXPECT_EQ(*store_->records("trigger"), (Records{{"a", "3"}}));
    EXPECT_EQ(*store_->records("backfill"), Records());
    ASSERT_TRUE(queue("r1"));
    ASSERT_TRUE(store_->take_over(RunId("r1")));
    const Batch lost{
        {{head_of(*machine_.find(RunId("r1"))), kFirstFence}}, {}, {{"trigger", "a", "4"}}};
    ASSERT_FALSE(store_->append(lost));
    EXPECT_EQ(*store_->records("trigger"), (Records{{"a", "3"}}));
}

TEST_P(StoreTest, AServerThatWasReplacedWritesNothing) {
    const auto first = store_->take_over_server();
    ASSERT_TRUE(first);
    ASSERT_TRUE(store_->append({{}, {}, {{"trigger", "a", "1"}}, *first}));
    const auto second = store_->take_over_server();
    ASSERT_TRUE(second);
    const Status late = store_->append({{}, {}, {{"trigger", "a", "2"}}, *first});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::kCommitConflict);
    EXPECT_TRUE(store_->append({{}, {}, {{"trigger", "a", "3"}}, *second}));
    EXPECT_EQ(store_->records("trigger")->at("a"), "3");
}

TEST_P(StoreTest, ListsRunsByWhyTheyAreThereTheirWindowAndState) {
    RunSpec spec = spec_of("hourly");
    ASSERT_TRUE(give("r1", RunQueued{std::make_shared<const RunSpec>(spec)}));
    spec.window = Interval{kStart + std::chrono::hours(1), kStart + std::chrono::hours(2)};
    const RunOrigin origin{RunOrigin::Cause::kBackfill, "a person", "abc123", "b7"};
    ASSERT_TRUE(give("r2", RunQueued{std::make_shared<const RunSpec>(spec), origin}));
    ASSERT_TRUE(give("r2", RunCancelled{"no"}));
    EXPECT_EQ(ids(store_->list({.backfill = "b7"})), Ids{"r2"});
    EXPECT_EQ(ids(store_->list({.window = spec.window})), Ids{"r2"});
    EXPECT_EQ(ids(store_->list({.state = RunState::kRunning})), Ids{"r1"});
    EXPECT_EQ(store_->list({.backfill = "b7"})->front().origin, origin);
    EXPECT_EQ(store_->load(RunId("r2"))->head.origin, origin);
}

TEST_P(StoreTest, ACopyIsMadeWhileItIsOpenAndReplacesNothing) {
    ASSERT_TRUE(queue("r1"));
    const std::string copy = folder_.file("copy.db");
    ASSERT_TRUE(store_->back_up(copy));
    ASSERT_TRUE(queue("r2"));
    EXPECT_EQ(ids((*open_sqlite_store({copy}))->list({})), Ids{"r1"});
    EXPECT_EQ(store_->back_up(copy).error().code, ErrorCode::kAlreadyExists);
}

Result<std::unique_ptr<Store>> open_in(const Folder& folder) {
    return open_sqlite_store({folder.file(), std::chrono::milliseconds(50)});
}

INSTANTIATE_TEST_SUITE_P(All, StoreTest, ::testing::Values(StoreKind{"Sqlite", open_in}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(SqliteStore, ADamagedFileIsNamedWithWhatToDo) {
    const Folder folder;
    std::ofstream(folder.file("state.db")) << std::string(5000, 'x');
    const auto opened = open_sqlite_store({folder.file("state.db")});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruptData);
    EXPECT_NE(opened.error().message.find("only the history of runs is lost"), std::string::npos);
}

/// Stores as each released format had them: tests/data/stores.
TEST(SqliteStore, EveryReleasedFormatIsBroughtUpToDate) {
    int formats = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(INGOT_SOURCE_DIR "/tests/data/stores")) {
        SCOPED_TRACE(entry.path().string());
        ++formats;
        const Folder folder;
        std::stringstream sql;
        sql << std::ifstream(entry.path()).rdbuf();
        {
            auto database = sqlite::Database::open({.path = folder.file()});
            ASSERT_TRUE(database && (*database)->execute(sql.str()));
            for (const char* note : {"at first", "then"}) {
                ASSERT_TRUE((*database)->execute(
                    fmt::format("INSERT INTO events SELECT run, max(seq) + 1, max(at), 'run_noted',"
                                " '{{\"note\":\"{}\"}}' FROM events GROUP BY run",
                                note)));
            }
        }
        const auto store = open_in(folder);
        ASSERT_TRUE(store) << store.error().to_string();
        const auto heads = (*store)->list({});
        ASSERT_TRUE(heads) << heads.error().to_string();
        ASSERT_EQ(heads->size(), 1U);
        EXPECT_EQ(heads->front().state, RunState::kFailed);
        EXPECT_EQ(heads->front().origin.cause, RunOrigin::Cause::kManual);
        EXPECT_EQ(heads->front().note, "then");
        const auto run = (*store)->load(heads->front().id);
        ASSERT_TRUE(run) << run.error().to_string();
        Machine machine({1, {}});
        for (const Event& event : run->events) ASSERT_TRUE(machine.replay(event));
        EXPECT_EQ(machine.find(run->head.id)->tasks[2].attempts.size(), 3U);
        EXPECT_EQ(machine.find(run->head.id)->tasks[3].state, TaskState::kUpstreamFailed);
    }
    EXPECT_GE(formats, 1);
}

}  // namespace
}  // namespace ingot::orchestrator

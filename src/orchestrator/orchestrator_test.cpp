#include "orchestrator/orchestrator.hpp"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

#include "orchestrator/sqlite_store.hpp"

namespace ingot::orchestrator {
namespace {

/// Does what the test says, and remembers what it was asked for.
class Scripted final : public TaskRunner {
public:
    TaskOutcome run(const Attempt& attempt, std::stop_token stop) override {
        asked.lock()->push_back(fmt::format("{} {}", attempt.planned().name, attempt.number));
        return script ? script(attempt, std::move(stop)) : TaskOutcome{};
    }
    std::function<TaskOutcome(const Attempt&, std::stop_token)> script;
    Guarded<std::vector<std::string>> asked;
};

/// A store that fails from the n-th append on.
class FailingStore final : public Store {
public:
    FailingStore(Store& store, int good) : store_(store), good_(good) {}
    Status append(const Batch& batch) override {
        if (good_-- > 0) return store_.append(batch);
        return make_error(ErrorCode::kIo, "the disk is full");
    }
    Result<Fence> take_over(const RunId& run) override { return store_.take_over(run); }
    Result<Fence> take_over_server() override { return store_.take_over_server(); }
    Result<std::map<std::string, std::string>> records(std::string_view kind) override {
        return store_.records(kind);
    }
    Status back_up(const std::string& path) override { return store_.back_up(path); }
    Result<std::vector<RunHead>> list(const RunFilter& filter) override {
        return store_.list(filter);
    }
    Result<StoredRun> load(const RunId& run) override { return store_.load(run); }

private:
    Store& store_;
    int good_;
};

class OrchestratorTest : public ::testing::Test {
protected:
    OrchestratorTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "ingot_orchestrator_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        store_ = *open_sqlite_store({path_ + "/state.db"});
        folder_.emplace(path_ + "/state.db");
    }
    ~OrchestratorTest() override { std::filesystem::remove_all(path_); }

    Orchestrator orchestrator(Store& store, int workers = 2) {
        return Orchestrator({store, runner_, *folder_, system_clock()}, {workers, {}});
    }
    /// As another process would: a store is for one thread.
    std::unique_ptr<Store> open_elsewhere() const {
        return *open_sqlite_store({path_ + "/state.db"});
    }
    /// a, b after a, c after b.
    static RunSpec chain() {
        RunSpec spec;
        spec.plan.pipeline = "p";
        for (std::uint32_t i = 0; i < 3; ++i) {
            PlannedTask task{std::string(1, static_cast<char>('a' + i)), ""};
            if (i > 0) task.after.emplace_back(i - 1);
            spec.plan.tasks.push_back(std::move(task));
        }
        return spec;
    }
    RunStatus stored(const RunId& id) {
        Machine machine({2, {}});
        const StoredRun run = *store_->load(id);
        for (const Event& event : run.events) EXPECT_TRUE(machine.replay(event));
        return *machine.find(id);
    }

    std::string path_;
    std::unique_ptr<Store> store_;
    std::optional<RunFolder> folder_;
    Scripted runner_;
    const RunId id_{"r1"};
};

using Asked = std::vector<std::string>;

TEST_F(OrchestratorTest, CarriesOutARunAndKeepsItsRecord) {
    Orchestrator orchestrator = this->orchestrator(*store_);
    ASSERT_TRUE(orchestrator.submit(id_, chain()));
    ASSERT_TRUE(orchestrator.work({}));
    EXPECT_EQ(*runner_.asked.lock(), (Asked{"a 1", "b 1", "c 1"}));
    EXPECT_EQ(stored(id_), *orchestrator.machine().find(id_));
    EXPECT_EQ(stored(id_).state, RunState::kSuccess);
}

TEST_F(OrchestratorTest, AnExceptionIsTheFailureOfItsTask) {
    runner_.script = [](const Attempt&, std::stop_token) -> TaskOutcome {
        throw std::runtime_error("out of luck");
    };
    Orchestrator orchestrator = this->orchestrator(*store_);
    ASSERT_TRUE(orchestrator.submit(id_, chain()));
    ASSERT_TRUE(orchestrator.work({}));
    EXPECT_EQ(stored(id_).state, RunState::kFailed);
    EXPECT_EQ(stored(id_).tasks[0].attempts[0].message, "unexpected: out of luck");
}

TEST_F(OrchestratorTest, AStopCancelsTheRunAndWaitsForWhatRuns) {
    std::stop_source stop;
    runner_.script = [&](const Attempt&, const std::stop_token& asked) -> TaskOutcome {
        stop.request_stop();
        while (!asked.stop_requested()) std::this_thread::yield();
        return {TaskOutcome::Kind::kStopped};
    };
    Orchestrator orchestrator = this->orchestrator(*store_);
    ASSERT_TRUE(orchestrator.submit(id_, chain()));
    ASSERT_TRUE(orchestrator.work(stop.get_token()));
    EXPECT_EQ(stored(id_).state, RunState::kCancelled);
    EXPECT_EQ(*runner_.asked.lock(), Asked{"a 1"});
}

TEST_F(OrchestratorTest, ATimeLimitStopsTheAttempt) {
    RunSpec spec = chain();
    spec.plan.tasks[0].timeout = std::chrono::milliseconds(20);
    runner_.script = [&](const Attempt&, const std::stop_token& asked) -> TaskOutcome {
        while (!asked.stop_requested()) std::this_thread::yield();
        return {TaskOutcome::Kind::kStopped};
    };
    Orchestrator orchestrator = this->orchestrator(*store_);
    ASSERT_TRUE(orchestrator.submit(id_, std::move(spec)));
    ASSERT_TRUE(orchestrator.work({}));
    EXPECT_EQ(stored(id_).tasks[0].attempts[0].state, AttemptStatus::State::kTimedOut);
    EXPECT_EQ(stored(id_).tasks[1].state, TaskState::kUpstreamFailed);
}

TEST_F(OrchestratorTest, NothingStartsThatIsNotRecordedAndAnotherGoesOnWithIt) {
    for (int good = 0; good < 4; ++good) {
        const RunId id(fmt::format("run-{}", good));
        runner_.asked.lock()->clear();
        FailingStore failing(*store_, good);
        {
            Orchestrator orchestrator = this->orchestrator(failing);
            Status done = orchestrator.submit(id, chain());
            if (done) done = orchestrator.work({});
            ASSERT_FALSE(done);
            EXPECT_EQ(done.error().code, ErrorCode::kIo);
        }
        EXPECT_EQ(runner_.asked.lock()->size(), static_cast<std::size_t>(good));
        if (good == 0) continue;
        EXPECT_FALSE(has_ended(stored(id).state));
        Orchestrator next = this->orchestrator(*store_);
        ASSERT_TRUE(next.adopt(*store_->load(id), *store_->take_over(id)));
        ASSERT_TRUE(next.work({}));
        EXPECT_EQ(stored(id).state, RunState::kSuccess);
        EXPECT_EQ(runner_.asked.lock()->size(), 4U) << "only the lost attempt is made again";
    }
}

TEST_F(OrchestratorTest, WhoLostItsRunStops) {
    runner_.script = [&](const Attempt& attempt, const std::stop_token&) -> TaskOutcome {
        if (attempt.planned().name == "b") {
            EXPECT_TRUE(open_elsewhere()->take_over(id_));
        }
        return {};
    };
    Orchestrator orchestrator = this->orchestrator(*store_);
    ASSERT_TRUE(orchestrator.submit(id_, chain()));
    const Status done = orchestrator.work({});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kCommitConflict);
    EXPECT_EQ(*runner_.asked.lock(), (Asked{"a 1", "b 1"}));
    EXPECT_EQ(stored(id_).tasks[1].state, TaskState::kRunning);
}

TEST_F(OrchestratorTest, ARunThatWasLeftCanBeEnded) {
    FailingStore failing(*store_, 2);
    {
        Orchestrator orchestrator = this->orchestrator(failing);
        ASSERT_TRUE(orchestrator.submit(id_, chain()));
        ASSERT_FALSE(orchestrator.work({}));
    }
    Orchestrator next = this->orchestrator(*store_);
    ASSERT_TRUE(next.retire(*store_->load(id_), *store_->take_over(id_), "another took its place"));
    ASSERT_TRUE(next.work({}));
    EXPECT_EQ(stored(id_).state, RunState::kCancelled);
    EXPECT_EQ(stored(id_).tasks[0].state, TaskState::kSuccess);
}

}  // namespace
}  // namespace ingot::orchestrator

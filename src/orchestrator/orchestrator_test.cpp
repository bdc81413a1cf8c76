#include "orchestrator/orchestrator.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <limits>
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
    Result<bool> goes_on(const Attempt& attempt) override {
        return outlives && attempt.number == 1;
    }
    std::function<TaskOutcome(const Attempt&, std::stop_token)> script;
    bool outlives = false;  ///< What it was asked for goes on without its process.
    Guarded<std::vector<std::string>> asked;
};

/// A store that fails from the n-th append on, so many times.
class FailingStore final : public Store {
public:
    FailingStore(Store& store, int good, int bad = std::numeric_limits<int>::max())
        : store_(store), good_(good), bad_(bad) {}
    Status append(const Batch& batch) override {
        if (good_-- > 0 || bad_-- <= 0) return store_.append(batch);
        return make_error(ErrorCode::kIo, "the disk is full");
    }
    Result<std::vector<Fence>> take_over(const std::vector<RunId>& runs) override {
        return store_.take_over(runs);
    }
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
    int bad_;
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
        return Orchestrator({store, runner_, *folder_, system_clock()}, {.limits = {workers, {}}});
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
    FileLock lock(const RunId& id) const {
        return std::get<FileLock>(*folder_->lock_run(id, "a test"));
    }
    RunStatus stored(const RunId& id) { return status_in(*store_, id); }
    RunStatus stored_elsewhere(const RunId& id) { return status_in(*open_elsewhere(), id); }
    static RunStatus status_in(Store& store, const RunId& id) {
        Machine machine({2, {}});
        const StoredRun run = *store.load(id);
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
        ASSERT_TRUE(next.adopt(*store_->load(id), *store_->take_over(id), lock(id)));
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

TEST_F(OrchestratorTest, WhatOutlivesItsProcessIsGoneOnWithHoweverManyThereAre) {
    RunSpec spec = chain();
    for (PlannedTask& task : spec.plan.tasks) task.after.clear();
    FailingStore failing(*store_, 1);
    {
        Orchestrator orchestrator({failing, runner_, *folder_, system_clock()},
                                  {.limits = {3, {}}});
        ASSERT_TRUE(orchestrator.submit(id_, spec));
        ASSERT_FALSE(orchestrator.work({}));
    }
    runner_.asked.lock()->clear();
    runner_.outlives = true;
    std::atomic<int> attending = 0;
    runner_.script = [&](const Attempt& attempt, const std::stop_token&) -> TaskOutcome {
        EXPECT_TRUE(attempt.adopted);
        for (++attending; attending < 3;) std::this_thread::yield();
        return {};
    };
    Orchestrator next = this->orchestrator(*store_, 1);
    ASSERT_TRUE(next.adopt(*store_->load(id_), *store_->take_over(id_), lock(id_)));
    ASSERT_TRUE(next.work({}));
    Asked asked = *runner_.asked.lock();
    std::sort(asked.begin(), asked.end());
    EXPECT_EQ(asked, (Asked{"a 1", "b 1", "c 1"})) << "all at once, with one worker";
    EXPECT_EQ(stored(id_).state, RunState::kSuccess);
}

TEST_F(OrchestratorTest, WhoLostItsRunLeavesWhatOutlivesIt) {
    bool left = false;
    runner_.script = [&](const Attempt& attempt, const std::stop_token& stop) -> TaskOutcome {
        if (attempt.planned().name == "b") {
            EXPECT_TRUE(open_elsewhere()->take_over(id_));
            return {};
        }
        while (!stop.stop_requested()) std::this_thread::yield();
        left = attempt.leave.stop_requested();
        return {TaskOutcome::Kind::kStopped};
    };
    RunSpec spec = chain();
    for (PlannedTask& task : spec.plan.tasks) task.after.clear();
    spec.plan.tasks.pop_back();
    Orchestrator orchestrator = this->orchestrator(*store_);
    ASSERT_TRUE(orchestrator.submit(id_, spec));
    ASSERT_FALSE(orchestrator.work({}));
    EXPECT_TRUE(left);
}

TEST_F(OrchestratorTest, ARunThatWasLeftCanBeEnded) {
    FailingStore failing(*store_, 2);
    {
        Orchestrator orchestrator = this->orchestrator(failing);
        ASSERT_TRUE(orchestrator.submit(id_, chain()));
        ASSERT_FALSE(orchestrator.work({}));
    }
    Orchestrator next = this->orchestrator(*store_);
    ASSERT_TRUE(next.retire(*store_->load(id_), *store_->take_over(id_), lock(id_),
                            "another took its place"));
    ASSERT_TRUE(next.work({}));
    EXPECT_EQ(stored(id_).state, RunState::kCancelled);
    EXPECT_EQ(stored(id_).tasks[0].state, TaskState::kSuccess);
}

/// An orchestrator that serves in a thread of its own.
class Serving {
public:
    explicit Serving(Orchestrator& orchestrator)
        : orchestrator_(orchestrator),
          thread_([this](const std::stop_token& stop) { done_ = orchestrator_.serve(stop); }) {}
    Status post(Orchestrator::Input input) { return orchestrator_.post(std::move(input)).get(); }
    Status submit(const RunId& id, RunSpec spec) {
        return post([&](Orchestrator& self) { return self.submit(id, spec); });
    }
    Status stop() {
        thread_.request_stop();
        thread_.join();
        return done_;
    }

private:
    Orchestrator& orchestrator_;
    Status done_;
    std::jthread thread_;
};

class ServeTest : public OrchestratorTest {
protected:
    RunState wait_for_end(const RunId& id) {
        while (true) {
            const RunState state = open_elsewhere()->load(id)->head.state;
            if (has_ended(state)) return state;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
};

TEST_F(ServeTest, CarriesOutWhatIsPostedAndForgetsItWhenItIsOver) {
    Orchestrator orchestrator = this->orchestrator(*store_);
    Serving serving(orchestrator);
    ASSERT_TRUE(serving.submit(id_, chain()));
    EXPECT_EQ(wait_for_end(id_), RunState::kSuccess);
    const auto known =
        orchestrator.ask([&](Orchestrator& self) { return self.machine().find(id_) != nullptr; },
                         std::chrono::seconds(5));
    EXPECT_FALSE(*known);
    EXPECT_TRUE(serving.stop());
    EXPECT_EQ(orchestrator.post([](Orchestrator&) { return Status(); }).get().error().code,
              ErrorCode::kCancelled);
}

TEST_F(ServeTest, AnInputThatIsRefusedSaysWhyAndTheOthersOfItsTurnCount) {
    Orchestrator orchestrator = this->orchestrator(*store_);
    auto refused = orchestrator.post(
        [](Orchestrator& self) { return self.give(RunId("none"), RunCancelled{}); });
    auto taken = orchestrator.post([&](Orchestrator& self) { return self.submit(id_, chain()); });
    Serving serving(orchestrator);
    EXPECT_EQ(refused.get().error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(taken.get());
    EXPECT_EQ(wait_for_end(id_), RunState::kSuccess);
    EXPECT_TRUE(serving.stop());
}

TEST_F(ServeTest, ARunThatIsOverIsBroughtBackToRunTasksAnew) {
    Orchestrator orchestrator = this->orchestrator(*store_);
    Serving serving(orchestrator);
    ASSERT_TRUE(serving.submit(id_, chain()));
    EXPECT_EQ(wait_for_end(id_), RunState::kSuccess);
    ASSERT_TRUE(serving.post([&](Orchestrator& self) {
        return self.give(id_, TasksCleared{{TaskIndex(1), TaskIndex(2)}});
    }));
    EXPECT_EQ(wait_for_end(id_), RunState::kSuccess);
    EXPECT_TRUE(serving.stop());
    EXPECT_EQ(*runner_.asked.lock(), (Asked{"a 1", "b 1", "c 1", "b 2", "c 2"}));
}

TEST_F(ServeTest, ARunThatIsOverAndTakesNothingInIsLetGo) {
    Orchestrator orchestrator = this->orchestrator(*store_);
    Serving serving(orchestrator);
    ASSERT_TRUE(serving.submit(id_, chain()));
    EXPECT_EQ(wait_for_end(id_), RunState::kSuccess);
    const Status refused =
        serving.post([&](Orchestrator& self) { return self.give(id_, RunCancelled{"late"}); });
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(*folder_->is_at_work(id_));
    EXPECT_TRUE(serving.stop());
}

TEST_F(OrchestratorTest, WhatIsRecordedWithoutALoopStartsNothing) {
    {
        Orchestrator orchestrator = this->orchestrator(*store_);
        ASSERT_TRUE(orchestrator.submit(id_, chain()));
        ASSERT_TRUE(orchestrator.work({}));
    }
    runner_.asked.lock()->clear();
    Orchestrator next = this->orchestrator(*store_);
    ASSERT_TRUE(next.record(
        [&](Orchestrator& self) { return self.give(id_, TasksCleared{{TaskIndex(2)}}); }));
    EXPECT_EQ(stored(id_).state, RunState::kQueued);
    EXPECT_EQ(stored(id_).tasks[2].state, TaskState::kWaiting);
    EXPECT_TRUE(runner_.asked.lock()->empty());
}

TEST_F(ServeTest, SeveralRunsAreBroughtBackInOrderOrNoneIs) {
    const std::vector<RunId> ids{RunId("r3"), RunId("r1"), RunId("r2")};
    const std::vector<std::pair<RunId, Change>> cleared{{ids[0], TasksCleared{{TaskIndex(2)}}},
                                                        {ids[1], TasksCleared{{TaskIndex(2)}}},
                                                        {ids[2], TasksCleared{{TaskIndex(2)}}}};
    Orchestrator orchestrator = this->orchestrator(*store_, 1);
    Serving serving(orchestrator);
    for (const RunId& id : ids) ASSERT_TRUE(serving.submit(id, chain()));
    for (const RunId& id : ids) EXPECT_EQ(wait_for_end(id), RunState::kSuccess);
    {
        const FileLock elsewhere = lock(ids[2]);
        const Status refused = serving.post([&](Orchestrator& self) { return self.give(cleared); });
        EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
        EXPECT_NE(refused.error().message.find("r2"), std::string::npos);
        for (const RunId& id : ids) EXPECT_EQ(stored_elsewhere(id).state, RunState::kSuccess);
    }
    runner_.asked.lock()->clear();
    runner_.script = [&](const Attempt& attempt, const std::stop_token&) -> TaskOutcome {
        runner_.asked.lock()->push_back(attempt.run.value());
        return {};
    };
    ASSERT_TRUE(serving.post([&](Orchestrator& self) { return self.give(cleared); }));
    for (const RunId& id : ids) EXPECT_EQ(wait_for_end(id), RunState::kSuccess);
    EXPECT_TRUE(serving.stop());
    EXPECT_EQ(*runner_.asked.lock(), (Asked{"c 2", "r3", "c 2", "r1", "c 2", "r2"}));
}

TEST_F(ServeTest, AStoreThatFailsForAWhileLosesNothingAndStartsNothing) {
    FailingStore failing(*store_, 1, 3);
    Orchestrator orchestrator = this->orchestrator(failing);
    Serving serving(orchestrator);
    ASSERT_TRUE(serving.submit(id_, chain()));
    while (!orchestrator.store_trouble()) std::this_thread::yield();
    EXPECT_EQ(runner_.asked.lock()->size(), 1U);
    EXPECT_EQ(wait_for_end(id_), RunState::kSuccess);
    EXPECT_FALSE(orchestrator.store_trouble());
    EXPECT_EQ(*runner_.asked.lock(), (Asked{"a 1", "b 1", "c 1"}));
    EXPECT_TRUE(serving.stop());
}

TEST_F(ServeTest, AStopLetsWhatRunsComeToItsEndAndStartsNothing) {
    std::stop_source asked_to_stop;
    std::promise<void> running;
    runner_.script = [&](const Attempt&, const std::stop_token&) -> TaskOutcome {
        running.set_value();
        while (!asked_to_stop.stop_requested()) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return {};
    };
    Orchestrator orchestrator = this->orchestrator(*store_);
    Serving serving(orchestrator);
    ASSERT_TRUE(serving.submit(id_, chain()));
    running.get_future().wait();
    asked_to_stop.request_stop();
    EXPECT_TRUE(serving.stop());
    EXPECT_EQ(stored(id_).tasks[0].state, TaskState::kSuccess);
    EXPECT_EQ(stored(id_).tasks[1].attempts.size(), 0U);
    EXPECT_EQ(stored(id_).state, RunState::kRunning);
}

TEST_F(ServeTest, WhatDoesNotEndInTimeIsLeftForTheNextWithoutCountingAsAFailure) {
    std::promise<void> running;
    runner_.script = [&](const Attempt&, const std::stop_token& stop) -> TaskOutcome {
        running.set_value();
        while (!stop.stop_requested()) std::this_thread::yield();
        return {TaskOutcome::Kind::kStopped};
    };
    {
        Orchestrator orchestrator({*store_, runner_, *folder_, system_clock()},
                                  {.limits = {1, {}}, .drain_time = Duration(0)});
        Serving serving(orchestrator);
        ASSERT_TRUE(serving.submit(id_, chain()));
        running.get_future().wait();
        EXPECT_TRUE(serving.stop());
    }
    EXPECT_EQ(stored(id_).tasks[0].state, TaskState::kRunning);
    runner_.script = {};
    Orchestrator next = this->orchestrator(*store_);
    ASSERT_TRUE(next.adopt(*store_->load(id_), *store_->take_over(id_), lock(id_)));
    ASSERT_TRUE(next.work({}));
    EXPECT_EQ(stored(id_).state, RunState::kSuccess);
    EXPECT_EQ(stored(id_).tasks[0].attempts[0].state, AttemptStatus::State::kLost);
    EXPECT_EQ(stored(id_).tasks[0].failures, 0);
}

TEST_F(ServeTest, AServerThatWasReplacedStopsAtItsNextWrite) {
    const Fence mine = *store_->take_over_server();
    Orchestrator orchestrator({*store_, runner_, *folder_, system_clock()},
                              {.limits = {1, {}}, .server = mine});
    Serving serving(orchestrator);
    ASSERT_TRUE(open_elsewhere()->take_over_server());
    EXPECT_EQ(serving.submit(id_, chain()).error().code, ErrorCode::kCommitConflict);
    EXPECT_EQ(serving.stop().error().code, ErrorCode::kCommitConflict);
    EXPECT_TRUE(runner_.asked.lock()->empty());
}

TEST_F(ServeTest, AnInterruptedRunCanBeCancelled) {
    FailingStore failing(*store_, 2);
    {
        Orchestrator orchestrator = this->orchestrator(failing);
        ASSERT_TRUE(orchestrator.submit(id_, chain()));
        ASSERT_FALSE(orchestrator.work({}));
    }
    Orchestrator orchestrator = this->orchestrator(*store_);
    Serving serving(orchestrator);
    ASSERT_TRUE(serving.post(
        [&](Orchestrator& self) { return self.give(id_, RunCancelled{"enough", "a person"}); }));
    EXPECT_EQ(wait_for_end(id_), RunState::kCancelled);
    EXPECT_TRUE(serving.stop());
}

/// Follows each run with another, so many times, and keeps count in the store.
class Follower final : public Policy {
public:
    Status on_event(const Event&, const RunStatus& run, Orchestrator& orchestrator) override {
        if (!has_ended(run.state) || count_ == 3) return {};
        ++count_;
        orchestrator.keep({"count", "n", fmt::format("{}", count_)});
        return orchestrator.submit(RunId(fmt::format("r{}", count_ + 1)), *run.spec);
    }
    Status on_time(Timestamp, Orchestrator&) override { return {}; }
    std::optional<Timestamp> next_time() const override { return {}; }

private:
    int count_ = 0;
};

TEST_F(ServeTest, WhatAPolicyDecidesIsDurableWithWhatLedToIt) {
    Follower follower;
    Orchestrator orchestrator({*store_, runner_, *folder_, system_clock(), {&follower}},
                              {.limits = {1, {}}});
    Serving serving(orchestrator);
    ASSERT_TRUE(serving.submit(id_, chain()));
    while (open_elsewhere()->list({})->size() < 4) std::this_thread::yield();
    EXPECT_EQ(wait_for_end(RunId("r4")), RunState::kSuccess);
    EXPECT_TRUE(serving.stop());
    EXPECT_EQ(store_->records("count")->at("n"), "3");
}

}  // namespace
}  // namespace ingot::orchestrator

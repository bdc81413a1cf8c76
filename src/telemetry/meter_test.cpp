#include "telemetry/meter.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <thread>

#include "orchestrator/sqlite_store.hpp"

namespace ingot::telemetry {
namespace {

namespace orc = ingot::orchestrator;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::Ge;
using testing::Lt;
using testing::Not;

class Scripted final : public orc::TaskRunner {
public:
    orc::TaskOutcome run(const orc::Attempt& attempt, std::stop_token stop) override {
        return script ? script(attempt, std::move(stop)) : orc::TaskOutcome{};
    }
    std::function<orc::TaskOutcome(const orc::Attempt&, std::stop_token)> script;
};

/// A run on a real store, measured.
class MeterTest : public ::testing::Test {
protected:
    MeterTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "ingot_meter_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        store_ = *orc::open_sqlite_store({path_ + "/state.db"});
        folder_.emplace(path_ + "/state.db");
        spec_.plan.pipeline = "p";
    }
    ~MeterTest() override { std::filesystem::remove_all(path_); }

    orc::PlannedTask& task(std::string name, std::string work = "command x") {
        orc::PlannedTask& task = spec_.plan.tasks.emplace_back();
        task.definition = task.name = std::move(name);
        task.work = std::move(work);
        return task;
    }
    void run(orc::RunOrigin::Cause cause = orc::RunOrigin::Cause::kManual) {
        orc::Orchestrator orchestrator({*store_, runner_, *folder_, system_clock(), {&meter_}},
                                       {.limits = limits_},
                                       [this](const orc::Event& event, const orc::RunStatus& run) {
                                           meter_.observe(event, run);
                                       });
        ASSERT_TRUE(orchestrator.submit(orc::RunId("r"), spec_, {.cause = cause}));
        ASSERT_TRUE(orchestrator.work({}));
    }
    std::vector<Measurement> of(Metric metric) const {
        std::vector<Measurement> found;
        for (const Measurement& each : measured_) {
            if (each.metric == metric) found.push_back(each);
        }
        return found;
    }

    std::string path_;
    std::unique_ptr<orc::Store> store_;
    std::optional<orc::RunFolder> folder_;
    Scripted runner_;
    orc::RunSpec spec_;
    orc::Limits limits_{1, {{"pg", 1}}};
    std::optional<Timestamp> due_;
    std::vector<Measurement> measured_;
    Meter meter_{{system_clock(), limits_,
                  [this](const std::vector<Measurement>& all) {
                      measured_.insert(measured_.end(), all.begin(), all.end());
                  },
                  [this](const orc::RunId&) { return due_; }}};
};

TEST_F(MeterTest, AttemptsRetriesAndTheRunAreMeasuredOnceEach) {
    orc::PlannedTask& load = task("load", "ingest bronze.events");
    load.retry = {.retries = 1, .delay = std::chrono::milliseconds(1)};
    runner_.script = [](const orc::Attempt& attempt, const std::stop_token&) -> orc::TaskOutcome {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (attempt.number > 1) return {};
        return {orc::TaskOutcome::Kind::kFailed, "no"};
    };
    run();
    const Measurement about = {.pipeline = "p", .task = "load"};
    const auto ended = [&](std::string state) {
        Measurement one = about;
        one.metric = Metric::kTaskEnded;
        one.operation = "ingest";
        one.state = std::move(state);
        return one;
    };
    EXPECT_THAT(of(Metric::kTaskEnded),
                testing::ElementsAre(ended("up_for_retry"), ended("success")));
    EXPECT_EQ(of(Metric::kTaskStarted).size(), 2u);
    EXPECT_EQ(of(Metric::kTaskCreated).size(), 1u);
    EXPECT_THAT(of(Metric::kTaskDuration),
                testing::Each(Field(&Measurement::value, AllOf(Ge(0.02), Lt(60)))));
    EXPECT_EQ(of(Metric::kRunEnded).size(), 1u);
    EXPECT_EQ(of(Metric::kRunEnded).at(0).state, "success");
    EXPECT_THAT(of(Metric::kRunDuration).at(0).value, AllOf(Ge(0.04), Lt(60)));
    EXPECT_EQ(of(Metric::kFirstTaskStartDelay).size(), 1u);
    EXPECT_TRUE(of(Metric::kScheduleDelay).empty());
}

TEST_F(MeterTest, WaitingForASlotIsQueueTimeAndWaitingForARetryIsNot) {
    limits_.workers = 1;
    task("a").retry = {.retries = 1, .delay = std::chrono::milliseconds(300)};
    task("b");
    runner_.script = [](const orc::Attempt& attempt, const std::stop_token&) -> orc::TaskOutcome {
        if (attempt.planned().name == "b" || attempt.number > 1) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return {orc::TaskOutcome::Kind::kFailed, "no"};
    };
    run();
    const std::vector<Measurement> queued = of(Metric::kTaskQueued);
    ASSERT_EQ(queued.size(), 3u);
    EXPECT_EQ(queued[0].task, "a");
    EXPECT_LT(queued[0].value, 0.04);
    EXPECT_EQ(queued[1].task, "b");  // It waited for the one worker.
    EXPECT_GE(queued[1].value, 0.05);
    EXPECT_EQ(queued[2].task, "a");
    EXPECT_LT(queued[2].value, 0.25);
}

TEST_F(MeterTest, ARunOfASchedulesTickSaysHowLateItIs) {
    task("a");
    due_ = system_clock().now() - std::chrono::seconds(10);
    run(orc::RunOrigin::Cause::kScheduled);
    for (const Metric metric :
         {Metric::kTriggerLag, Metric::kScheduleDelay, Metric::kFirstTaskSchedulingDelay}) {
        ASSERT_EQ(of(metric).size(), 1u);
        EXPECT_THAT(of(metric)[0].value, AllOf(Ge(10), Lt(60)));
    }
    EXPECT_EQ(of(Metric::kTriggerLag)[0].cause, "scheduled");
}

TEST_F(MeterTest, APulseSaysHowThingsStand) {
    task("a").pool = "pg";
    task("b").pool = "pg";
    run();
    // The first pulse is of the first turn, in which the run is queued and its first task starts.
    EXPECT_THAT(measured_, Contains(Field(&Measurement::metric, Metric::kHeartbeat)));
    Measurement open = {.metric = Metric::kPoolOpen, .value = 1, .pool = "default_pool"};
    EXPECT_THAT(measured_, Contains(open));
    open.pool = "pg";
    open.value = 0;  // One of the two is at work.
    Measurement queued = {.metric = Metric::kPoolQueued, .value = 1, .pool = "pg"};
    EXPECT_THAT(measured_, Contains(queued));
    EXPECT_THAT(measured_, Contains(open));
    EXPECT_THAT(of(Metric::kWorkersRunning).at(0).value, 1);
    EXPECT_THAT(of(Metric::kTasksStarving).at(0).value, 1);
}

TEST_F(MeterTest, AnAttemptWhoseProcessEndedIsLostAndNoFailure) {
    task("a");
    const auto queue = [&] {
        orc::Machine machine({1, {}});
        orc::Actions actions =
            *machine.step({orc::RunId("r"), system_clock().now(),
                           orc::RunQueued{std::make_shared<const orc::RunSpec>(spec_)}});
        return std::pair(std::move(machine), std::move(actions));
    };
    auto [machine, actions] = queue();
    const auto observe = [&](const orc::Actions& all) {
        for (const orc::Event& event : all.events) meter_.observe(event, *machine.find(event.run));
    };
    observe(actions);
    observe(*machine.step({orc::RunId("r"), system_clock().now(), orc::RunAdopted{}}));
    EXPECT_EQ(of(Metric::kTaskLost).size(), 1u);
    EXPECT_EQ(of(Metric::kTaskStarted).size(), 2u);
    EXPECT_TRUE(of(Metric::kTaskEnded).empty());
}

}  // namespace
}  // namespace ingot::telemetry

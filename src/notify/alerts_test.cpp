#include "notify/alerts.hpp"

#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <thread>

#include "orchestrator/sqlite_store.hpp"

namespace ingot::notify {
namespace {

namespace orc = ingot::orchestrator;
using std::chrono::milliseconds;

class Scripted final : public orc::TaskRunner {
public:
    orc::TaskOutcome run(const orc::Attempt& attempt, std::stop_token stop) override {
        return script ? script(attempt, std::move(stop)) : orc::TaskOutcome{};
    }
    std::function<orc::TaskOutcome(const orc::Attempt&, std::stop_token)> script;
};

project::Pipeline pipeline_of(std::string name) {
    project::Pipeline pipeline;
    pipeline.name = std::move(name);
    project::PipelineTask task;
    task.name = "load";
    pipeline.tasks.push_back(task);
    return pipeline;
}

/// A server with alerts, on a store that outlives it.
class AlertsTest : public ::testing::Test {
protected:
    AlertsTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "ingot_alerts_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        project_.name = "shop";
        project_.pipelines.push_back(pipeline_of("p"));
    }
    ~AlertsTest() override {
        stop();
        std::filesystem::remove_all(path_);
    }

    void start() {
        store_ = *orc::open_sqlite_store({path_ + "/state.db"});
        folder_.emplace(path_ + "/state.db");
        alerts_.emplace([this](std::vector<Delivery> deliveries) {
            for (Delivery& one : deliveries) delivered_.lock()->push_back(std::move(one));
        });
        const auto project = std::make_shared<const project::Project>(project_);
        ASSERT_TRUE(alerts_->load(*store_, project, system_clock().now()));
        orchestrator_ = std::make_unique<orc::Orchestrator>(
            orc::OrchestratorParts{*store_, runner_, *folder_, system_clock(), {&*alerts_}},
            orc::OrchestratorOptions{.limits = {2, {}}, .drain_time = Duration(0)});
        server_ = std::jthread(
            [this](const std::stop_token& stop) { served_ = orchestrator_->serve(stop); });
    }
    void stop() {
        if (!server_.joinable()) return;
        server_.request_stop();
        server_.join();
        orchestrator_.reset();
        EXPECT_TRUE(served_);
    }
    void submit(const std::string& id, bool tolerated = false) {
        orc::RunSpec spec;
        spec.plan.pipeline = "p";
        orc::PlannedTask task{"load", "load"};
        task.tolerated = tolerated;
        spec.plan.tasks.push_back(task);
        ASSERT_TRUE(
            orchestrator_
                ->post([&](orc::Orchestrator& self) { return self.submit(orc::RunId(id), spec); })
                .get());
    }
    std::vector<Delivery> wait_for(std::size_t count) {
        for (int i = 0; i < 1000 && delivered_.lock()->size() < count; ++i) {
            std::this_thread::sleep_for(milliseconds(5));
        }
        return *delivered_.lock();
    }
    void wait_until_over(const std::string& id) {
        for (int i = 0; i < 1000; ++i) {
            const auto known = orchestrator_->ask(
                [&](orc::Orchestrator& self) {
                    return self.machine().find(orc::RunId(id)) != nullptr;
                },
                std::chrono::seconds(5));
            if (known && !*known) return;
            std::this_thread::sleep_for(milliseconds(5));
        }
        FAIL() << id << " is not over";
    }
    std::size_t stored(std::string_view kind) {
        return (*orc::open_sqlite_store({path_ + "/state.db"}))->records(kind)->size();
    }

    std::string path_;
    project::Project project_;
    Scripted runner_;
    std::unique_ptr<orc::Store> store_;
    std::optional<orc::RunFolder> folder_;
    std::optional<Alerts> alerts_;
    Guarded<std::vector<Delivery>> delivered_;
    std::unique_ptr<orc::Orchestrator> orchestrator_;
    Status served_;
    std::jthread server_;
};

orc::TaskOutcome fail(const orc::Attempt&, const std::stop_token&) {
    return {orc::TaskOutcome::Kind::kFailed, "the file is not there", false};
}

TEST_F(AlertsTest, AFailedRunIsToldOnceAndStoredFirst) {
    project_.notify_on_failure = "team";
    runner_.script = fail;
    start();
    submit("r1");
    const auto told = wait_for(1);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].receiver, "team");
    EXPECT_EQ(told[0].message.event, "run_failed");
    EXPECT_EQ(told[0].message.title, "p failed");
    EXPECT_EQ(told[0].message.text, "load failed, 1 attempt: the file is not there");
    const std::vector<std::pair<std::string, std::string>> facts = {
        {"project", "shop"}, {"pipeline", "p"}, {"run", "r1"}};
    EXPECT_EQ(told[0].message.facts, facts);
    EXPECT_EQ(stored(kDeliveryRecord), 1u);
    stop();
    delivered_.lock()->clear();
    start();
    EXPECT_EQ(wait_for(1).size(), 1u) << "what was not recorded as delivered is delivered again";
    EXPECT_EQ(stored(kDeliveryRecord), 1u);
}

TEST_F(AlertsTest, ThePipelineAndTheTaskSayWhoIsTold) {
    project_.notify_on_failure = "team";
    project_.pipelines[0].notify_on_failure = "oncall";
    project_.pipelines[0].tasks[0].notify_on_failure = "owner";
    runner_.script = fail;
    start();
    submit("r1");
    std::set<std::string> receivers;
    for (const Delivery& one : wait_for(2)) {
        receivers.insert(one.receiver + " " + one.message.event);
    }
    EXPECT_EQ(receivers, (std::set<std::string>{"oncall run_failed", "owner task_failed"}));
}

TEST_F(AlertsTest, NobodyIsToldOfWhatIsWellOrWhereTheEnvironmentSaysSo) {
    project_.notify_on_failure = "team";
    start();
    submit("r1");
    wait_until_over("r1");
    EXPECT_EQ(stored(kDeliveryRecord), 0u);
    stop();
    project_.notify = false;
    runner_.script = fail;
    start();
    submit("r2");
    wait_until_over("r2");
    EXPECT_EQ(stored(kDeliveryRecord), 0u);
}

TEST_F(AlertsTest, ADeadlineIsMissedOnceWhateverRestarts) {
    project_.pipelines[0].deadline =
        project::Deadline{milliseconds(50), project::Deadline::After::kQueued, "oncall", {}};
    std::atomic<bool> go = false;
    runner_.script = [&](const orc::Attempt&, std::stop_token stop) -> orc::TaskOutcome {
        while (!go && !stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
        if (stop.stop_requested()) return {orc::TaskOutcome::Kind::kStopped, "stopped"};
        return {};
    };
    start();
    submit("r1");
    const auto told = wait_for(1);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].message.event, "deadline_missed");
    EXPECT_EQ(told[0].message.title, "p is not done in time");
    EXPECT_EQ(stored(kDeadlineRecord), 1u);
    stop();
    start();
    EXPECT_EQ(stored(kDeliveryRecord), 1u);
    const orc::StoredRun run = *store_->load(orc::RunId("r1"));
    const orc::Fence fence = *store_->take_over(orc::RunId("r1"));
    go = true;
    auto lock = std::make_shared<FileLock>(
        std::get<FileLock>(*folder_->lock_run(orc::RunId("r1"), "a test")));
    ASSERT_TRUE(orchestrator_
                    ->post([&](orc::Orchestrator& self) {
                        return self.adopt(run, fence, std::move(*lock));
                    })
                    .get());
    wait_until_over("r1");
    EXPECT_EQ(stored(kDeliveryRecord), 1u);
    EXPECT_EQ(stored(kDeadlineRecord), 0u);
}

TEST_F(AlertsTest, ATableThatIsTooOldIsToldAndSoIsThatItIsFreshAgain) {
    project::Source source;
    project::SourceTable table;
    table.name = *project::TableName::parse("bronze.events");
    source.tables.push_back(table);
    source.freshness = project::FreshnessPolicy{milliseconds(50), std::nullopt, "oncall", {}};
    project_.sources.push_back(source);
    start();
    ASSERT_EQ(wait_for(1).size(), 1u);
    EXPECT_EQ(wait_for(1)[0].message.title, "bronze.events is too old: warning");
    stop();
    start();
    EXPECT_EQ(stored(kDeliveryRecord), 1u) << "said before the restart";
    EXPECT_EQ(stored(kFreshnessRecord), 1u);
    ASSERT_TRUE(orchestrator_
                    ->post([&](orc::Orchestrator& self) -> Status {
                        const Timestamp soon = system_clock().now() + std::chrono::hours(1);
                        alerts_->loaded(source.tables[0].name, soon, self);
                        return {};
                    })
                    .get());
    // Of the second server: the stored one again, and the new one.
    const auto told = wait_for(3);
    ASSERT_EQ(told.size(), 3u);
    EXPECT_EQ(told[2].message.title, "bronze.events is fresh again");
}

}  // namespace
}  // namespace ingot::notify

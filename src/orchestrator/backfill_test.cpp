#include "orchestrator/backfill.hpp"

#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <thread>

#include "orchestrator/backfills.hpp"
#include "orchestrator/sqlite_store.hpp"

namespace ingot::orchestrator {
namespace {

constexpr Timestamp kStart = Timestamp::from_micros(1'500'000'000'000'000);

Interval hour(int n) {
    return {kStart + std::chrono::hours(n), kStart + std::chrono::hours(n + 1)};
}

std::string text_of(const std::vector<BackfillWindow>& plan) {
    std::string text;
    for (const BackfillWindow& each : plan) {
        const auto hours =
            std::chrono::duration_cast<std::chrono::hours>(each.window.start - kStart);
        text += fmt::format("{}{}{} {}", text.empty() ? "" : ", ", each.runs ? "+" : "-",
                            hours.count(), each.reason);
    }
    return text;
}

TEST(PlanBackfill, DecidesByWhatIsKnownOfEachWindow) {
    const std::vector<Interval> windows = {hour(0), hour(1), hour(2), hour(3), hour(4), hour(5)};
    const std::map<Interval, WindowHistory> history = {{hour(0), {RunState::kSuccess, true}},
                                                       {hour(1), {RunState::kFailed, true}},
                                                       {hour(2), {RunState::kCancelled, false}},
                                                       {hour(3), {RunState::kRunning, false}},
                                                       {hour(4), {std::nullopt, true}}};
    const auto plan = [&](BackfillRedo redo) {
        return text_of(plan_backfill(windows, history, BackfillOrder::kOldestFirst, redo));
    };
    EXPECT_EQ(plan(BackfillRedo::kNone),
              "-0 done, -1 failed, -2 cancelled, -3 in flight, -4 done: the tables have it, "
              "+5 missing");
    EXPECT_EQ(plan(BackfillRedo::kFailed),
              "-0 done, +1 failed, +2 cancelled, -3 in flight, -4 done: the tables have it, "
              "+5 missing");
    EXPECT_EQ(plan(BackfillRedo::kAll),
              "+0 done, +1 failed, +2 cancelled, -3 in flight, +4 done: the tables have it, "
              "+5 missing");
    EXPECT_EQ(text_of(plan_backfill({hour(0), hour(1)}, {}, BackfillOrder::kNewestFirst,
                                    BackfillRedo::kNone)),
              "+1 missing, +0 missing");
}

Backfill backfill_of(int windows, int active_runs) {
    Backfill backfill;
    backfill.id = "b1";
    backfill.pipeline = "p";
    backfill.range = {hour(0).start, hour(windows).start};
    backfill.active_runs = active_runs;
    backfill.created_at = kStart;
    for (int n = 0; n < windows; ++n) backfill.windows.push_back({hour(n), true, "missing"});
    return backfill;
}

TEST(Backfill, IsReadAsItWasWritten) {
    Backfill backfill = backfill_of(2, 3);
    backfill.windows[1] = {hour(1), false, "in flight"};
    backfill.order = BackfillOrder::kNewestFirst;
    backfill.redo = BackfillRedo::kFailed;
    backfill.by = "somebody";
    backfill.problem = "no";
    backfill.ended_at = kStart;
    backfill.params = R"({"x": 1})";
    EXPECT_EQ(*parse_backfill(backfill_to_json(backfill)), backfill);
    EXPECT_EQ(parse_backfill("{}").error().code, ErrorCode::kCorruptData);
    EXPECT_EQ(parse_backfill("").error().code, ErrorCode::kCorruptData);
}

TEST(BackfillProgress, GoesOnFromTheRunsThatThereAre) {
    BackfillProgress progress(backfill_of(5, 2),
                              {{hour(0), RunState::kFailed}, {hour(1), RunState::kRunning}});
    EXPECT_EQ(progress.next(), hour(2));
    progress.queued(hour(2));
    EXPECT_EQ(progress.next(), std::nullopt) << "two at a time";
    progress.ended(hour(1));
    EXPECT_EQ(progress.next(), hour(3));
    progress.set_state(Backfill::State::kPaused);
    EXPECT_EQ(progress.next(), std::nullopt);
    progress.ended(hour(2));
    EXPECT_FALSE(progress.is_over()) << "it may go on";
    progress.set_state(Backfill::State::kCancelled);
    EXPECT_TRUE(progress.is_over());
}

/// Does nothing, and remembers for which windows.
class Noting final : public TaskRunner {
public:
    TaskOutcome run(const Attempt& attempt, std::stop_token) override {
        while (hold) std::this_thread::yield();
        windows.lock()->push_back(*attempt.spec->window);
        return {};
    }
    std::atomic<bool> hold = false;
    Guarded<std::vector<Interval>> windows;
};

class BackfillsTest : public ::testing::Test {
protected:
    BackfillsTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "ingot_backfill_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        folder_.emplace(path_ + "/state.db");
        store_ = open_store();
    }
    ~BackfillsTest() override { std::filesystem::remove_all(path_); }

    std::unique_ptr<Store> open_store() const { return *open_sqlite_store({path_ + "/state.db"}); }
    Backfills backfills() {
        return Backfills([this](const Backfill&, const Interval& window) {
            RunSpec spec;
            spec.plan.pipeline = "p";
            spec.plan.tasks = {PlannedTask{"a", "a"}};
            spec.window = window;
            return Result<PreparedRun>(
                PreparedRun{RunId(fmt::format("r{}", ++made_)), std::move(spec), "code"});
        });
    }
    Backfill stored() { return *parse_backfill(open_store()->records(kBackfillRecord)->at("b1")); }
    /// Serves until the backfill is over, or nothing of it runs and it is paused.
    void serve(Backfills& backfills, const Orchestrator::Input& first,
               const std::function<bool()>& until) {
        Orchestrator orchestrator({*store_, runner_, *folder_, system_clock(), {&backfills}},
                                  {.limits = {4, {}}});
        std::jthread thread(
            [&](const std::stop_token& stop) { EXPECT_TRUE(orchestrator.serve(stop)); });
        EXPECT_TRUE(orchestrator.post(first).get());
        while (!until()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }

    std::string path_;
    std::optional<RunFolder> folder_;
    std::unique_ptr<Store> store_;
    Noting runner_;
    int made_ = 0;
};

TEST_F(BackfillsTest, RunsEachWindowOnceInItsOrderAndIsDone) {
    Backfills backfills = this->backfills();
    serve(
        backfills, [&](Orchestrator& self) { return backfills.begin(backfill_of(5, 1), self); },
        [&] { return stored().ended_at.has_value(); });
    EXPECT_EQ(*runner_.windows.lock(),
              (std::vector<Interval>{hour(0), hour(1), hour(2), hour(3), hour(4)}));
    EXPECT_EQ(stored().state, Backfill::State::kDone);
    EXPECT_EQ(store_->list({.backfill = "b1"})->size(), 5U);
    EXPECT_EQ(store_->list({.backfill = "b1"})->front().origin.cause, RunOrigin::Cause::kBackfill);
}

TEST_F(BackfillsTest, APausedOneGoesOnAfterARestart) {
    {
        Backfills backfills = this->backfills();
        runner_.hold = true;
        serve(
            backfills,
            [&](Orchestrator& self) -> Status {
                INGOT_TRY(backfills.begin(backfill_of(4, 1), self));
                return backfills.set_state("b1", Backfill::State::kPaused, self);
            },
            [&] { return !(runner_.hold = false); });
    }
    EXPECT_EQ(stored().state, Backfill::State::kPaused);
    Backfills backfills = this->backfills();
    ASSERT_TRUE(backfills.load(*store_));
    serve(
        backfills,
        [&](Orchestrator& self) {
            return backfills.set_state("b1", Backfill::State::kRunning, self);
        },
        [&] { return stored().ended_at.has_value(); });
    EXPECT_EQ(*runner_.windows.lock(), (std::vector<Interval>{hour(0), hour(1), hour(2), hour(3)}));
}

TEST_F(BackfillsTest, ASecondOneOfAPipelineIsRefusedAndCancellingEndsTheFirst) {
    Backfills backfills = this->backfills();
    runner_.hold = true;
    serve(
        backfills,
        [&](Orchestrator& self) -> Status {
            INGOT_TRY(backfills.begin(backfill_of(4, 2), self));
            Backfill second = backfill_of(4, 2);
            second.id = "b2";
            EXPECT_EQ(backfills.begin(second, self).error().code, ErrorCode::kAlreadyExists);
            INGOT_TRY(backfills.set_state("b1", Backfill::State::kCancelled, self));
            runner_.hold = false;
            return Status();
        },
        [&] { return stored().ended_at.has_value(); });
    EXPECT_EQ(stored().state, Backfill::State::kCancelled);
    EXPECT_LE(store_->list({.backfill = "b1"})->size(), 2U);
}

}  // namespace
}  // namespace ingot::orchestrator

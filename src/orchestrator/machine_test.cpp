#include "orchestrator/machine.hpp"

#include <gtest/gtest.h>

#include "orchestrator/task_runner.hpp"

namespace ingot::orchestrator {
namespace {

constexpr Timestamp kStart = Timestamp::from_micros(1'000'000'000);
const RunId kRun("r1");

PlannedTask task(std::string name, std::vector<std::uint32_t> after = {},
                 When when = When::kSuccess) {
    PlannedTask planned{name, name};
    for (const std::uint32_t before : after) planned.after.emplace_back(before);
    planned.when = when;
    return planned;
}

std::shared_ptr<const RunSpec> spec_of(std::vector<PlannedTask> tasks) {
    RunSpec spec;
    spec.plan = {"p", "", 1, {}, std::move(tasks)};
    return std::make_shared<const RunSpec>(std::move(spec));
}

/// A machine with one run, and what it said last.
class OneRun {
public:
    explicit OneRun(std::vector<PlannedTask> tasks, Limits limits = {8, {}})
        : machine(std::move(limits)) {
        give(RunQueued{spec_of(std::move(tasks))});
    }
    void give(Change change) {
        auto stepped = machine.step({kRun, now, std::move(change)});
        ASSERT_TRUE(stepped) << stepped.error().to_string();
        last = *std::move(stepped);
    }
    void end(std::uint32_t index, TaskOutcome::Kind kind = TaskOutcome::Kind::kSuccess,
             bool retryable = true) {
        const int attempt = static_cast<int>(status().tasks[index].attempts.size());
        give(TaskEnded{TaskIndex(index), attempt, {kind, "", retryable}});
    }
    const RunStatus& status() const { return *machine.find(kRun); }
    std::string states() const {
        std::string text;
        for (const TaskStatus& each : status().tasks) {
            text += (text.empty() ? "" : " ") + std::string(task_state_name(each.state));
        }
        return text;
    }
    std::string why(std::uint32_t index) const {
        return machine.why_waiting(kRun, TaskIndex(index));
    }

    Timestamp now = kStart;
    Machine machine;
    Actions last;
};

constexpr auto kFailed = TaskOutcome::Kind::kFailed;
constexpr auto kStopped = TaskOutcome::Kind::kStopped;

TEST(Machine, ATaskStartsInTheStepThatEndsTheOneBeforeIt) {
    OneRun run({task("a"), task("b", {0})});
    ASSERT_EQ(run.last.start.size(), 1U);
    EXPECT_EQ(run.why(1), "waits for a (running)");
    run.end(0);
    ASSERT_EQ(run.last.start.size(), 1U);
    EXPECT_EQ(run.last.start[0].task, TaskIndex(1));
    EXPECT_EQ(run.last.events.size(), 2U);
    run.end(1);
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(Machine, AFailureBlocksWhatNeedsSuccessAndLetsTheRestRun) {
    OneRun run({task("load"), task("build", {0}), task("report", {1}, When::kDone),
                task("alarm", {0, 1}, When::kFailed)});
    run.end(0, kFailed);
    EXPECT_EQ(run.states(), "failed upstream_failed running running");
    run.end(2);
    run.end(3);
    EXPECT_EQ(run.status().state, RunState::kFailed)
        << "a last task that ran all the same hides no failure";
    EXPECT_EQ(tasks_that_fail_the_run(run.status()),
              (std::vector<TaskIndex>{TaskIndex(0), TaskIndex(1)}));
}

TEST(Machine, WhatRunsOnFailureIsSkippedWithoutOneAndSoIsWhatComesAfterIt) {
    OneRun run({task("load"), task("alarm", {0}, When::kFailed), task("after", {1})});
    run.end(0);
    EXPECT_EQ(run.states(), "success skipped skipped");
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(Machine, AToleratedFailureCountsAsSuccess) {
    PlannedTask odd = task("odd");
    odd.tolerated = true;
    OneRun run({odd, task("next", {0})});
    run.end(0, kFailed);
    EXPECT_EQ(run.states(), "failed running");
    run.end(1);
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(Machine, AFailedTaskIsTriedAgainAfterItsWaitAndThenNoMore) {
    PlannedTask shaky = task("shaky");
    shaky.retry = {1, std::chrono::seconds(10), 2};
    OneRun run({shaky});
    run.end(0, kFailed);
    EXPECT_EQ(run.states(), "up_for_retry");
    EXPECT_TRUE(run.why(0).starts_with("failed 1 of 2 times; the next attempt is at 1970-"));
    const Timestamp at = *run.machine.next_wake();
    EXPECT_GE(at - kStart, Duration(std::chrono::seconds(10)));
    EXPECT_LE(at - kStart, Duration(std::chrono::milliseconds(12'500)));
    EXPECT_TRUE(run.machine.wake(at - Duration(1)).start.empty());
    const Actions due = run.machine.wake(at);
    ASSERT_EQ(due.start.size(), 1U);
    EXPECT_EQ(due.start[0].attempt, 2);
    run.now = at;
    run.end(0, kFailed);
    EXPECT_EQ(run.status().state, RunState::kFailed);
}

TEST(Machine, WhatCannotComeOutOtherwiseIsNotTriedAgain) {
    PlannedTask wrong = task("wrong");
    wrong.retry = {5, std::chrono::seconds(10), 2};
    OneRun run({wrong});
    run.end(0, kFailed, false);
    EXPECT_EQ(run.states(), "failed");
}

TEST(Machine, AnAttemptIsStoppedOnceWhenItsTimeIsOver) {
    PlannedTask slow = task("slow");
    slow.timeout = std::chrono::minutes(10);
    OneRun run({slow});
    const Timestamp over = kStart + std::chrono::minutes(10);
    EXPECT_EQ(run.machine.next_wake(), over);
    const Actions late = run.machine.wake(over);
    ASSERT_EQ(late.stop.size(), 1U);
    EXPECT_EQ(late.stop[0].reason, "its time limit of 10m is over");
    EXPECT_TRUE(run.machine.wake(over + std::chrono::minutes(1)).stop.empty());
    run.end(0, kStopped);
    EXPECT_EQ(run.states(), "failed");
    EXPECT_EQ(run.status().tasks[0].attempts[0].state, AttemptStatus::State::kTimedOut);
}

TEST(Machine, ATaskThatEndsWellAfterItsTimeHasEndedWell) {
    PlannedTask slow = task("slow");
    slow.timeout = std::chrono::minutes(10);
    OneRun run({slow});
    run.machine.wake(kStart + std::chrono::hours(1));
    run.end(0);
    EXPECT_EQ(run.states(), "success");
}

TEST(Machine, PoolsAndWorkersLimitAndPriorityChooses) {
    std::vector<PlannedTask> tasks = {task("a"), task("b"), task("c"), task("d")};
    tasks[0].pool = tasks[1].pool = tasks[2].pool = "pg";
    tasks[2].priority = 5;
    OneRun run(tasks, {2, {{"pg", 1}}});
    EXPECT_EQ(run.states(), "queued queued running running");
    EXPECT_EQ(run.why(0), "all 1 slots of the pool pg are taken");
    run.end(2);
    EXPECT_EQ(run.states(), "running queued success running");
    run.end(0);
    run.end(3);
    EXPECT_EQ(run.states(), "success running success success");
}

TEST(Machine, RunsOfAPipelineWaitForEachOther) {
    OneRun run({task("a")});
    const RunId second("r2");
    ASSERT_TRUE(run.machine.step({second, kStart, RunQueued{spec_of({task("a")})}}));
    EXPECT_EQ(run.machine.find(second)->state, RunState::kQueued);
    EXPECT_EQ(run.machine.why_waiting(second, TaskIndex(0)),
              "the run waits: p runs at most 1 at a time");
    run.end(0);
    EXPECT_EQ(run.machine.find(second)->state, RunState::kRunning);
}

TEST(Machine, ACancelledRunEndsWhenWhatRunsHasStopped) {
    OneRun run({task("a"), task("b", {0}), task("c", {1}, When::kDone)});
    run.give(RunCancelled{"asked for"});
    ASSERT_EQ(run.last.stop.size(), 1U);
    EXPECT_EQ(run.states(), "running cancelled cancelled");
    EXPECT_EQ(run.status().state, RunState::kRunning);
    run.end(0, kStopped);
    EXPECT_EQ(run.status().state, RunState::kCancelled);
}

TEST(Machine, ClearedTasksRunAgainAndKeepTheirAttempts) {
    OneRun run({task("a"), task("b", {0}), task("c", {1})});
    run.end(0);
    run.end(1, kFailed);
    EXPECT_EQ(run.states(), "success failed upstream_failed");
    run.give(TasksCleared{with_those_after(run.status().spec->plan, {TaskIndex(1)})});
    EXPECT_EQ(run.states(), "success running waiting");
    EXPECT_EQ(run.status().tasks[1].attempts.size(), 2U);
    run.end(1);
    run.end(2);
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(Machine, AFailedTaskWaitsForWhatWasClearedBeforeItInsteadOfItsRetry) {
    PlannedTask second = task("b", {0});
    second.retry = {5, Duration(0), 1};
    OneRun run({task("a"), second});
    run.end(0);
    run.give(TasksCleared{{TaskIndex(0)}});
    EXPECT_EQ(run.states(), "running running");
    run.end(1, kFailed);
    EXPECT_EQ(run.states(), "running waiting");
    run.end(0);
    EXPECT_EQ(run.states(), "success running");
}

TEST(Machine, AnAdoptedRunRepeatsWhatWasLostWithoutCountingItAsAFailure) {
    OneRun run({task("a"), task("b", {0})});
    run.end(0);
    run.give(RunAdopted{});
    EXPECT_EQ(run.states(), "success running");
    EXPECT_EQ(run.status().tasks[1].attempts[0].state, AttemptStatus::State::kLost);
    EXPECT_EQ(run.status().tasks[1].failures, 0);
    ASSERT_EQ(run.last.start.size(), 1U);
    EXPECT_EQ(run.last.start[0].attempt, 2);
}

TEST(Machine, WhatOutlivedItsProcessGoesOnAsTheSameAttemptWithTheSameLimit) {
    PlannedTask slow = task("slow");
    slow.timeout = std::chrono::seconds(10);
    OneRun run({slow, task("lost")});
    run.now = kStart + std::chrono::seconds(8);
    run.give(RunAdopted{{TaskIndex(0)}});
    EXPECT_EQ(run.states(), "running running");
    ASSERT_EQ(run.last.start.size(), 2U);
    EXPECT_EQ(run.last.start[0].task, TaskIndex(0));
    EXPECT_EQ(run.last.start[0].attempt, 1);
    EXPECT_TRUE(run.last.start[0].adopted);
    EXPECT_EQ(run.last.start[1].attempt, 2);
    EXPECT_FALSE(run.last.start[1].adopted);
    const Actions over = run.machine.wake(kStart + std::chrono::seconds(10));
    ASSERT_EQ(over.stop.size(), 1U) << "counted from its real start";
    EXPECT_EQ(over.stop[0].task, TaskIndex(0));
    run.end(0);
    run.end(1);
    EXPECT_EQ(run.status().state, RunState::kSuccess);
    EXPECT_EQ(run.status().tasks[0].attempts.size(), 1U);
}

TEST(Machine, WhatOutlivedItsProcessAndWasToBeStoppedIsStoppedByTheNext) {
    OneRun run({task("a"), task("b")});
    run.give(TaskMarked{TaskIndex(1), TaskMarked::As::kSuccess, "ann"});
    run.give(RunCancelled{"enough"});
    run.give(RunAdopted{{TaskIndex(0), TaskIndex(1)}});
    EXPECT_EQ(run.last.start.size(), 2U);
    EXPECT_EQ(run.last.stop.size(), 2U);
    run.end(0, kStopped);
    run.end(1, kStopped);
    EXPECT_EQ(run.states(), "cancelled success");
}

TEST(Machine, OnlyWhatRunsCanGoOn) {
    OneRun run({task("a"), task("b", {0})});
    for (const std::uint32_t index : {1U, 2U}) {
        const auto stepped = run.machine.step({kRun, run.now, RunAdopted{{TaskIndex(index)}}});
        ASSERT_FALSE(stepped);
        EXPECT_EQ(stepped.error().code, ErrorCode::kInvalidArgument);
    }
}

TEST(Machine, AMarkedTaskThatRunsIsStoppedAndComesOutAsMarkedWhateverItDid) {
    OneRun run({task("a"), task("b", {0})});
    run.give(TaskMarked{TaskIndex(0), TaskMarked::As::kSuccess, "ann"});
    ASSERT_EQ(run.last.stop.size(), 1U);
    EXPECT_EQ(run.last.stop[0].task, TaskIndex(0));
    EXPECT_EQ(run.states(), "running waiting") << "nothing works beside what is being stopped";
    run.end(0, kFailed);
    EXPECT_EQ(run.states(), "success running");
    EXPECT_EQ(run.status().tasks[0].attempts[0].state, AttemptStatus::State::kFailed);
    EXPECT_EQ(run.status().tasks[0].mark->by, "ann");
}

TEST(Machine, TheStateOfARunThatIsOverFollowsAMark) {
    OneRun run({task("a"), task("b", {0}), task("c", {1})});
    run.end(0, kFailed);
    EXPECT_EQ(run.status().state, RunState::kFailed);
    const auto ended = run.status().ended_at;
    run.give(TaskMarked{TaskIndex(0), TaskMarked::As::kSuccess, "ann"});
    EXPECT_EQ(run.states(), "success upstream_failed upstream_failed");
    EXPECT_EQ(run.status().state, RunState::kFailed);
    EXPECT_EQ(those_that_could_not_run(run.status(), TaskIndex(0)),
              (std::vector<TaskIndex>{TaskIndex(1), TaskIndex(2)}));
    run.give(TaskMarked{TaskIndex(1), TaskMarked::As::kSkipped, "ann"});
    run.give(TaskMarked{TaskIndex(2), TaskMarked::As::kSkipped, "ann"});
    EXPECT_EQ(run.status().state, RunState::kSuccess);
    EXPECT_EQ(run.status().ended_at, ended);
    run.give(TasksCleared{{TaskIndex(1)}});
    EXPECT_EQ(run.states(), "success running skipped");
    EXPECT_FALSE(run.status().tasks[1].mark) << "it runs anew";
}

TEST(Machine, AMarkBeforeItsTurnSparesATaskItsWork) {
    OneRun run({task("a"), task("b", {0}), task("c", {1})});
    run.give(TaskMarked{TaskIndex(1), TaskMarked::As::kSuccess, ""});
    EXPECT_EQ(run.states(), "running success running");
    run.end(2);
    run.end(0);
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(Machine, AQueuedRunOfWhichEveryTaskIsMarkedIsOverAndLeavesItsPlace) {
    OneRun run({task("a")});
    const RunId second("r2");
    const RunId third("r3");
    ASSERT_TRUE(run.machine.step({second, kStart, RunQueued{spec_of({task("a")})}}));
    ASSERT_TRUE(run.machine.step({third, kStart, RunQueued{spec_of({task("a")})}}));
    ASSERT_TRUE(run.machine.step(
        {second, kStart, TaskMarked{TaskIndex(0), TaskMarked::As::kSkipped, "ann"}}));
    EXPECT_EQ(run.machine.find(second)->state, RunState::kSuccess);
    run.end(0);
    EXPECT_EQ(run.machine.find(third)->state, RunState::kRunning);
}

TEST(Machine, ATaskThatSaysThereIsNothingToDoIsSkippedAndNotTriedAgain) {
    PlannedTask idle = task("a");
    idle.retry = {5, Duration(0), 1};
    OneRun run({idle, task("b", {0}), task("c", {0}, When::kNoneFailed)});
    run.end(0, TaskOutcome::Kind::kSkipped);
    EXPECT_EQ(run.states(), "skipped skipped running");
    EXPECT_EQ(run.status().tasks[0].attempts[0].state, AttemptStatus::State::kSkipped);
}

TEST(Machine, RulesThatNeedOneRunBeforeTheRestHasEnded) {
    for (const When when : {When::kOneSuccess, When::kOneDone}) {
        OneRun run({task("a"), task("b"), task("c", {0, 1}, when)});
        run.end(1);
        EXPECT_EQ(run.states(), "running success running");
    }
    OneRun failing({task("a"), task("b"), task("c", {0, 1}, When::kOneSuccess),
                    task("d", {0, 1}, When::kOneDone)});
    failing.end(0, kFailed);
    EXPECT_EQ(failing.states(), "failed running waiting running");
    failing.end(1, TaskOutcome::Kind::kSkipped);
    EXPECT_EQ(failing.states(), "failed skipped upstream_failed running");
}

TEST(Machine, AFirstTaskRunsWhateverItsRule) {
    for (std::size_t when = 0; when < project::PipelineTask::kWhenCount; ++when) {
        OneRun run({task("a", {}, static_cast<When>(when))});
        EXPECT_EQ(run.states(), "running") << project::when_name(static_cast<When>(when));
    }
}

/// Asks every 30 seconds for at most ten minutes.
PlannedTask sensor(std::string name, bool skip = false) {
    PlannedTask planned = task(std::move(name));
    planned.sensor = SensorRule{std::chrono::seconds(30), skip};
    planned.timeout = std::chrono::minutes(10);
    return planned;
}

TEST(Machine, ASensorHoldsNoSlotBetweenItsChecksAndKeepsItsAttempt) {
    OneRun run({sensor("s"), task("other"), task("next", {0})}, {1, {}});
    const Timestamp until = kStart + std::chrono::seconds(30);
    run.give(TaskDeferred{TaskIndex(0), 1, until, "there is no file x"});
    EXPECT_EQ(run.states(), "up_for_reschedule running waiting");
    EXPECT_EQ(run.why(0), "there is no file x; the next check is at " + until.to_string());
    run.end(1);
    EXPECT_EQ(run.machine.next_wake(), until);
    const Actions again = run.machine.wake(until);
    ASSERT_EQ(again.start.size(), 1U);
    EXPECT_EQ(again.start[0].attempt, 1);
    run.now = until;
    run.end(0);
    EXPECT_EQ(run.states(), "success success running");
    EXPECT_EQ(run.status().tasks[0].attempts[0].checks, 1);
}

TEST(Machine, ASensorWhoseTimeIsOverFailsAtOnceOrIsSkipped) {
    for (const bool skip : {false, true}) {
        PlannedTask waiting = sensor("s", skip);
        waiting.retry = {5, Duration(0), 1};
        OneRun run({waiting});
        run.now = kStart + std::chrono::minutes(9);
        run.give(TaskDeferred{TaskIndex(0), 1, run.now + std::chrono::hours(1), "no file"});
        EXPECT_EQ(run.machine.next_wake(), kStart + std::chrono::minutes(10));
        run.machine.wake(*run.machine.next_wake());
        EXPECT_EQ(run.states(), skip ? "skipped" : "failed");
        EXPECT_EQ(run.status().tasks[0].attempts[0].message, "not there within 10m: no file");
    }
}

TEST(Machine, ASensorsErrorsCountAsRetriesAndItsTimeGoesOn) {
    PlannedTask waiting = sensor("s");
    waiting.retry = {1, Duration(0), 1};
    OneRun run({waiting});
    run.end(0, kFailed);
    run.machine.wake(run.now);
    EXPECT_EQ(run.states(), "running");
    run.give(TaskDeferred{TaskIndex(0), 2, run.now + Duration(1), "no file"});
    EXPECT_EQ(run.status().tasks[0].failures, 1);
    EXPECT_EQ(run.status().tasks[0].checked_since, kStart);
}

TEST(Machine, ACancelledRunDoesNotWaitForASensor) {
    OneRun run({sensor("s")});
    run.give(TaskDeferred{TaskIndex(0), 1, kStart + std::chrono::hours(9), "no file"});
    run.give(RunCancelled{"enough"});
    EXPECT_EQ(run.status().state, RunState::kCancelled);
    EXPECT_EQ(run.status().tasks[0].attempts[0].state, AttemptStatus::State::kCancelled);
    EXPECT_EQ(run.machine.next_wake(), std::nullopt);
}

TEST(Machine, WhatABranchDoesNotChooseIsSkippedButForWhatComesAfterTheChosen) {
    OneRun run({task("branch"), task("a", {0}), task("b", {0}), task("after_b", {2}),
                task("join", {0, 1, 2}, When::kNoneFailedMinOneSuccess)});
    TaskOutcome outcome;
    outcome.chosen = {"a"};
    run.give(TaskEnded{TaskIndex(0), 1, outcome});
    EXPECT_EQ(run.states(), "success running skipped skipped waiting");
    run.end(1);
    EXPECT_EQ(run.states(), "success success skipped skipped running");
    run.end(4);
    run.give(TasksCleared{{TaskIndex(2), TaskIndex(3)}});
    EXPECT_EQ(run.states(), "success success skipped skipped success")
        << "a task that is cleared is still not chosen";
    run.give(TasksCleared{{TaskIndex(0), TaskIndex(2)}});
    run.end(0);
    EXPECT_EQ(run.states(), "success success running skipped success")
        << "the branch chose anew, and nothing";
}

TEST(Machine, ABranchThatChoosesNothingSkipsAll) {
    OneRun run({task("branch"), task("a", {0}, When::kDone)});
    TaskOutcome outcome;
    outcome.chosen.emplace();
    run.give(TaskEnded{TaskIndex(0), 1, outcome});
    EXPECT_EQ(run.states(), "success skipped");
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(Machine, ATaskLearnsTheValuesOfThoseThatItNames) {
    PlannedTask second = task("b", {0});
    second.values_from = {TaskIndex(0)};
    OneRun run({task("a"), second});
    TaskOutcome outcome;
    outcome.values = R"({"rows":7})";
    run.give(TaskEnded{TaskIndex(0), 1, outcome});
    const Attempt attempt = attempt_of(run.status(), TaskIndex(1), 1);
    EXPECT_EQ(attempt.values.at("a"), R"({"rows":7})");
}

TEST(Machine, ARunThatIsOverLeavesMemoryAndComesBackFromItsEvents) {
    OneRun run({task("a")});
    std::vector<Event> stored = run.last.events;
    EXPECT_EQ(run.machine.forget(kRun).error().code, ErrorCode::kInvalidArgument);
    run.end(0, kFailed);
    stored.insert(stored.end(), run.last.events.begin(), run.last.events.end());
    const RunStatus before = run.status();
    ASSERT_TRUE(run.machine.forget(kRun));
    EXPECT_EQ(run.machine.find(kRun), nullptr);
    EXPECT_EQ(run.machine.forget(kRun).error().code, ErrorCode::kNotFound);
    for (const Event& event : stored) ASSERT_TRUE(run.machine.replay(event));
    EXPECT_EQ(run.status(), before);
    run.give(TasksCleared{{TaskIndex(0)}});
    EXPECT_EQ(run.states(), "running");
}

TEST(Machine, WhatCannotHaveHappenedIsRefusedAndChangesNothing) {
    OneRun run({task("a")});
    const RunStatus before = run.status();
    const auto refused = [&](const RunId& id, Change change) {
        auto stepped = run.machine.step({id, kStart, std::move(change)});
        EXPECT_FALSE(stepped);
        EXPECT_EQ(run.status(), before);
        return stepped ? ErrorCode::kInternal : stepped.error().code;
    };
    EXPECT_EQ(refused(RunId("r9"), RunCancelled{}), ErrorCode::kNotFound);
    EXPECT_EQ(refused(kRun, TaskEnded{TaskIndex(7), 1, {}}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused(kRun, TaskEnded{TaskIndex(0), 2, {}}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused(kRun, TaskStarted{TaskIndex(0), 1}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused(kRun, RunQueued{spec_of({task("a")})}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused(kRun, TasksCleared{{TaskIndex(1)}}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused(kRun, TaskMarked{TaskIndex(1)}), ErrorCode::kInvalidArgument);
}

TEST(RetryWait, GrowsByTheBackoffUpToADayAndIsTheSameEachTime) {
    const RetryRule rule{9, std::chrono::seconds(8), 3};
    EXPECT_EQ(retry_wait(rule, 2, "r#a"), retry_wait(rule, 2, "r#a"));
    EXPECT_NE(retry_wait(rule, 2, "r#a"), retry_wait(rule, 2, "r#b"));
    EXPECT_GE(retry_wait(rule, 2, "r#a"), Duration(std::chrono::seconds(24)));
    EXPECT_LE(retry_wait(rule, 2, "r#a"), Duration(std::chrono::seconds(30)));
    EXPECT_GE(retry_wait(rule, 999, "r#a"), Duration(std::chrono::hours(24)));
    EXPECT_LE(retry_wait(rule, 999, "r#a"), Duration(std::chrono::hours(30)));
    EXPECT_EQ(retry_wait({1, Duration(0), 2}, 1, "r#a"), Duration(0));
}

TEST(RunOrigin, IsKeptAndAbsentInRunsFromBeforeThereWasOne) {
    const auto spec = spec_of({task("a")});
    const RunQueued queued{spec, {RunOrigin::Cause::kTables, "bronze.a", "abc", "b1"}};
    EXPECT_EQ(std::get<RunQueued>(*parse_change("run_queued", change_to_json(queued), spec)),
              queued);
    EXPECT_EQ(std::get<RunQueued>(*parse_change("run_queued", "{}", spec)), RunQueued{spec});
    EXPECT_EQ(parse_change("run_queued", R"({"cause": "whim"})", spec).error().code,
              ErrorCode::kCorruptData);
}

TEST(Machine, RunsOfAQueueOfTheirOwnDoNotCountInTheirPipelines) {
    Machine machine({4, {}});
    const auto queue = [&](const char* id, const char* name) {
        RunSpec spec = *spec_of({task("a")});
        spec.plan.queue = name;
        ASSERT_TRUE(machine.step(
            {RunId(id), kStart, RunQueued{std::make_shared<const RunSpec>(std::move(spec))}}));
    };
    queue("r1", "");
    queue("r2", "");
    queue("b1", "backfill 7");
    queue("b2", "backfill 7");
    EXPECT_EQ(machine.find(RunId("r1"))->state, RunState::kRunning);
    EXPECT_EQ(machine.find(RunId("b1"))->state, RunState::kRunning);
    EXPECT_EQ(machine.find(RunId("b2"))->state, RunState::kQueued);
    EXPECT_EQ(machine.why_waiting(RunId("b2"), TaskIndex(0)),
              "the run waits: backfill 7 runs at most 1 at a time");
}

/// Task 1 has an item for each that task 0 gives, task 2 comes after all of them.
std::vector<PlannedTask> mapped(When last = When::kSuccess) {
    PlannedTask load = task("load", {0});
    load.items = ItemsRule{{TaskIndex(0)}, {"files"}, 3, "{tasks.list.files}", "p.yml:4:9"};
    PlannedTask sum = task("sum", {1}, last);
    sum.values_from = {TaskIndex(1)};
    return {task("list"), load, sum};
}

void give_files(OneRun& run, const std::string& files) {
    const int attempt = static_cast<int>(run.status().tasks[0].attempts.size());
    TaskOutcome outcome;
    outcome.values = R"({"files":)" + files + "}";
    run.give(TaskEnded{TaskIndex(0), attempt, outcome});
}

TEST(MappedTask, BecomesACopyForEachItemWhenTheyAreKnown) {
    OneRun run(mapped());
    EXPECT_EQ(run.why(1), "waits for list (running); its items are {tasks.list.files}");
    give_files(run, R"(["a",{"name":"b","size":0.1}])");
    EXPECT_EQ(run.states(), "success expanded waiting running running");
    EXPECT_EQ(run.status().planned(TaskIndex(4)).name, "load[1]");
    EXPECT_EQ(run.status().planned(TaskIndex(4)).item, 1U);
    const Attempt attempt = attempt_of(run.status(), TaskIndex(4), 1);
    EXPECT_EQ(attempt.planned().name, "load[1]");
    EXPECT_EQ(attempt.item, R"({"name":"b","size":0.1})");
    run.end(3);
    EXPECT_EQ(run.why(2), "waits for load (1 of 2 copies have ended)");
    run.end(4);
    EXPECT_EQ(run.states(), "success success running success success");
}

TEST(MappedTask, WhatComesAfterItUsesTheValuesOfItsCopiesInTheOrderOfTheItems) {
    OneRun run(mapped(When::kDone));
    give_files(run, R"(["a","b","c"])");
    const auto ended = [](TaskOutcome::Kind kind, std::string values) {
        TaskOutcome outcome{kind, "", false};
        outcome.values = std::move(values);
        return outcome;
    };
    run.give(TaskEnded{TaskIndex(5), 1, ended(TaskOutcome::Kind::kSuccess, R"({"rows":3})")});
    run.give(TaskEnded{TaskIndex(4), 1, ended(kFailed, "")});
    run.give(TaskEnded{TaskIndex(3), 1, ended(TaskOutcome::Kind::kSuccess, R"({"rows":1})")});
    EXPECT_EQ(attempt_of(run.status(), TaskIndex(2), 1).values.at("load"),
              R"([{"rows":1},{"rows":3}])");
    EXPECT_EQ(run.status().tasks[1].state, TaskState::kFailed);
    EXPECT_EQ(tasks_that_fail_the_run(run.status()), std::vector{TaskIndex(4)});
}

TEST(MappedTask, AnEmptyListSkipsItAndSaysWhy) {
    OneRun run(mapped());
    give_files(run, "[]");
    EXPECT_EQ(run.states(), "success skipped skipped");
    EXPECT_EQ(run.status().tasks[1].attempts.back().message,
              "there is nothing to do: {tasks.list.files} is an empty list");
}

TEST(MappedTask, WhatIsNoListOfItemsFailsItAtItsPlace) {
    const auto message = [](const std::string& files) {
        OneRun run(mapped());
        give_files(run, files);
        EXPECT_EQ(run.states(), "success failed upstream_failed");
        return run.status().tasks[1].attempts.back().message;
    };
    const std::string where = "p.yml:4:9: the items of load, {tasks.list.files}: ";
    EXPECT_NE(message(R"("a")").find(where + "they are no list but a text: \"a\""),
              std::string::npos)
        << message(R"("a")");
    EXPECT_NE(message(R"(["a",null])").find(where + "number 1 is null"), std::string::npos);
    EXPECT_NE(message("[1,2,3,4]").find("there are 4, at most 3 are taken: raise `max_items`"),
              std::string::npos);
    OneRun run(mapped());
    run.end(0);
    EXPECT_NE(run.status().tasks[1].attempts.back().message.find("list gave no values"),
              std::string::npos);
}

TEST(MappedTask, ACopyOfASensorWhoseTimeIsOverFails) {
    std::vector<PlannedTask> tasks = mapped();
    tasks[1].sensor = SensorRule{std::chrono::seconds(30), false};
    tasks[1].timeout = std::chrono::minutes(10);
    OneRun run(tasks);
    give_files(run, R"(["a","b"])");
    run.give(TaskDeferred{TaskIndex(4), 1, run.now + std::chrono::hours(1), "no file"});
    run.machine.wake(*run.machine.next_wake());
    EXPECT_EQ(run.states(), "success expanded upstream_failed running failed");
    EXPECT_EQ(run.status().tasks[4].attempts[0].message, "not there within 10m: no file");
}

TEST(MappedTask, AClearedCopyRunsAloneAndKeepsItsHistory) {
    OneRun run(mapped());
    give_files(run, R"(["a","b"])");
    run.end(3);
    run.end(4, kFailed, false);
    EXPECT_EQ(run.status().state, RunState::kFailed);
    run.give(TasksCleared{with_those_after(run.status(), {TaskIndex(4)})});
    EXPECT_EQ(run.states(), "success expanded waiting success running");
    EXPECT_EQ(run.status().tasks[4].attempts.size(), 2U);
    run.end(4);
    run.end(2);
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(MappedTask, AClearBeforeItWithdrawsTheCopiesAndStopsThoseAtWork) {
    OneRun run(mapped());
    give_files(run, R"(["a","b","c"])");
    run.end(3);
    run.give(TasksCleared{with_those_after(run.status(), {TaskIndex(0)})});
    EXPECT_EQ(run.states(), "running waiting waiting removed running running");
    EXPECT_EQ(run.last.stop.size(), 2U);
    give_files(run, R"(["d","e"])");
    EXPECT_EQ(run.why(1), "waits until 2 of its former copies have stopped");
    run.end(4, kStopped);
    run.end(5);
    EXPECT_EQ(run.states(), "success expanded waiting running running removed");
    EXPECT_EQ(run.status().tasks[3].item, R"("d")");
    EXPECT_EQ(run.status().tasks[3].attempts.size(), 2U);
    EXPECT_EQ(run.status().tasks[5].attempts.size(), 1U);
    run.give(TasksCleared{{TaskIndex(5)}});
    EXPECT_EQ(run.status().tasks[5].state, TaskState::kRemoved);
    EXPECT_FALSE(run.machine.step({kRun, run.now, TaskMarked{TaskIndex(5)}}));
}

TEST(MappedTask, AMarkOfItIsAMarkOfEachCopy) {
    OneRun run(mapped());
    give_files(run, R"(["a","b"])");
    run.end(3);
    run.give(TaskMarked{TaskIndex(1), TaskMarked::As::kSuccess, "ann"});
    ASSERT_EQ(run.last.stop.size(), 1U);
    EXPECT_EQ(run.status().tasks[3].mark->by, "ann");
    run.end(4, kStopped);
    EXPECT_EQ(run.states(), "success success running success success");
}

TEST(MappedTask, GoesThroughTheValuesOfAMappedTask) {
    std::vector<PlannedTask> tasks = mapped();
    tasks[2].items = ItemsRule{{TaskIndex(1)}, {}, 3, "{tasks.load}", "p.yml:5:9"};
    OneRun run(std::move(tasks));
    give_files(run, R"(["a","b"])");
    for (const std::uint32_t copy : {4U, 3U}) {
        TaskOutcome outcome;
        outcome.values = fmt::format(R"({{"rows":{}}})", copy);
        run.give(TaskEnded{TaskIndex(copy), 1, outcome});
    }
    EXPECT_EQ(run.states(), "success success expanded success success running running");
    EXPECT_EQ(run.status().tasks[5].item, R"({"rows":3})");
    run.end(5);
    run.end(6);
    EXPECT_EQ(run.status().state, RunState::kSuccess);
}

TEST(MappedTask, WithoutItsItemsItEndsAsWhatShouldHaveGivenThem) {
    const auto state = [](TaskOutcome::Kind kind, bool tolerated) {
        std::vector<PlannedTask> tasks = mapped();
        tasks[0].tolerated = tolerated;
        tasks[1].when = When::kDone;
        OneRun run(std::move(tasks));
        run.end(0, kind, false);
        return run.status().tasks[1].state;
    };
    EXPECT_EQ(state(TaskOutcome::Kind::kSkipped, false), TaskState::kSkipped);
    EXPECT_EQ(state(kFailed, false), TaskState::kUpstreamFailed);
    EXPECT_EQ(state(kFailed, true), TaskState::kSkipped);
}

}  // namespace
}  // namespace ingot::orchestrator

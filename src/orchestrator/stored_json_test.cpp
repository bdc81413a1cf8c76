// What is in stores today must be understood for ever: these texts are as versions before this one
// wrote them.
#include <gtest/gtest.h>

#include "orchestrator/task_runner.hpp"

namespace ingot::orchestrator {
namespace {

Change parsed(std::string_view name, std::string_view json) {
    auto change = parse_change(name, json, nullptr);
    EXPECT_TRUE(change) << name << ": " << change.error().to_string();
    return change ? *std::move(change) : Change(RunStarted{});
}

ErrorCode refusal(std::string_view name, std::string_view json) {
    const auto change = parse_change(name, json, nullptr);
    EXPECT_FALSE(change) << name << json;
    return change ? ErrorCode::kInternal : change.error().code;
}

TEST(StoredJson, TheFirstFormOfASpecIsUnderstood) {
    const auto spec = parse_spec(
        R"({"pipeline":"p","active_runs":1,"active_tasks":2,"tasks":[)"
        R"({"name":"a","definition":"a","work":"command x","after":[],"when":0,"tolerated":false,)"
        R"("pool":"","priority":0,"retries":3,"retry_delay_us":7000000,"backoff":1.5},)"
        R"({"name":"b[eu]","definition":"b","work":"check *","item":0,"after":[0],"when":2,)"
        R"("tolerated":true,"pool":"pg","priority":5,"retries":0,"retry_delay_us":0,"backoff":1.0,)"
        R"("timeout_us":60000000}],"window_us":[0,3600000000],"lake":"/lake","environment":"dev",)"
        R"("params":"{}","full":false})");
    ASSERT_TRUE(spec) << spec.error().to_string();
    EXPECT_EQ(spec->plan.tasks[0].retry, (RetryRule{3, std::chrono::seconds(7), 1.5}));
    EXPECT_EQ(spec->plan.tasks[1].when, When::kFailed);
    EXPECT_EQ(spec->plan.tasks[1].timeout, std::chrono::minutes(1));
}

TEST(StoredJson, TheFirstFormOfEachEventIsUnderstood) {
    EXPECT_EQ(parsed("run_started", "{}"), Change(RunStarted{}));
    EXPECT_EQ(parsed("task_started", R"({"task":1,"attempt":2})"),
              Change(TaskStarted{TaskIndex(1), 2}));
    EXPECT_EQ(parsed("task_ended",
                     R"({"task":1,"attempt":2,"outcome":1,"message":"no","retryable":false})"),
              Change(TaskEnded{TaskIndex(1), 2, {TaskOutcome::Kind::kFailed, "no", false}}));
    EXPECT_EQ(parsed("task_ended", R"({"task":0,"attempt":1,"outcome":0})"),
              Change(TaskEnded{TaskIndex(0), 1, {}}));
    EXPECT_EQ(parsed("run_cancelled", R"({"reason":"x"})"), Change(RunCancelled{"x"}));
    EXPECT_EQ(parsed("tasks_cleared", R"({"tasks":[1,2]})"),
              Change(TasksCleared{{TaskIndex(1), TaskIndex(2)}}));
    EXPECT_EQ(parsed("run_adopted", "{}"), Change(RunAdopted{}));
}

TEST(StoredJson, EveryFormOfAnEventComesBackAsItWas) {
    const std::vector<Change> changes = {
        TaskEnded{TaskIndex(3), 1, {TaskOutcome::Kind::kSkipped, "nothing new"}},
        TaskEnded{TaskIndex(3),
                  1,
                  {TaskOutcome::Kind::kSuccess, "", true, std::vector<std::string>{"a", "b"},
                   R"({"rows":18446744073709551615,"share":0.1,"who":"é"})"}},
        TaskDeferred{TaskIndex(1), 2, Timestamp::from_micros(7), "no \"file\""},
        RunAdopted{{TaskIndex(1), TaskIndex(2)}},
        TaskExpanded{TaskIndex(2), {R"("é")", "0.1", R"({"b":1,"a":[null]})"}},
        RunCancelled{"late", "ann"},
        TaskMarked{TaskIndex(2), TaskMarked::As::kSkipped, "ann"},
        TaskMarked{TaskIndex(0), TaskMarked::As::kFailed, ""},
        RunNoted{"see \"ticket\" 7\n"},
        RunNoted{""},
    };
    for (const Change& change : changes) {
        EXPECT_EQ(parsed(change_name(change), change_to_json(change)), change);
    }
}

TEST(StoredJson, WhatALaterVersionWroteIsRefused) {
    EXPECT_EQ(refusal("task_painted", "{}"), ErrorCode::kCorruptData);
    EXPECT_EQ(refusal("task_ended", R"({"task":0,"attempt":1,"outcome":9})"),
              ErrorCode::kCorruptData);
    EXPECT_EQ(refusal("task_marked", R"({"task":0,"as":3})"), ErrorCode::kCorruptData);
    EXPECT_EQ(refusal("task_ended", R"({"task":0,"attempt":1,"outcome":4})"),
              ErrorCode::kCorruptData)
        << "what goes on later has not ended";
    EXPECT_EQ(refusal("task_marked", R"({"as":1})"), ErrorCode::kCorruptData);
}

Attempt some_attempt() {
    RunSpec spec;
    spec.plan.pipeline = "p";
    spec.plan.tasks.push_back({.name = "list", .definition = "list", .work = "command list"});
    spec.plan.tasks.push_back({.name = "load", .definition = "load", .after = {TaskIndex(0)}});
    spec.lake = "/lake";
    spec.params = R"({"who": "é"})";
    spec.window = Interval{Timestamp::from_micros(0), Timestamp::from_micros(5)};
    Attempt attempt{RunId("r"),
                    std::make_shared<const RunSpec>(std::move(spec)),
                    TaskIndex(1),
                    3,
                    Timestamp::from_micros(7),
                    "/runs/r/load.3.log"};
    attempt.checks = 2;
    attempt.values = {{"list", R"({"rows":18446744073709551615})"}, {"none", ""}};
    return attempt;
}

TEST(StoredJson, AnAttemptComesBackAsItWas) {
    Attempt attempt = some_attempt();
    Result<Attempt> read = parse_attempt(attempt_to_json(attempt));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read->spec, *attempt.spec);
    EXPECT_EQ(read->run, attempt.run);
    EXPECT_EQ(read->task, attempt.task);
    EXPECT_EQ(read->number, 3);
    EXPECT_EQ(read->run_time, attempt.run_time);
    EXPECT_EQ(read->log, attempt.log);
    EXPECT_EQ(read->checks, 2);
    EXPECT_EQ(read->values, attempt.values);
    EXPECT_FALSE(read->copy);

    attempt.task = TaskIndex(2);
    attempt.copy = std::make_shared<const PlannedTask>(
        PlannedTask{.name = "load[0]", .definition = "load", .after = {TaskIndex(0)}});
    attempt.item = R"({"a":[1,null]})";
    read = parse_attempt(attempt_to_json(attempt));
    ASSERT_TRUE(read) << read.error().to_string();
    ASSERT_TRUE(read->copy);
    EXPECT_EQ(*read->copy, *attempt.copy);
    EXPECT_EQ(read->item, attempt.item);
}

TEST(StoredJson, AnOutcomeComesBackAsItWas) {
    for (const TaskOutcome& outcome : std::vector<TaskOutcome>{
             {},
             {TaskOutcome::Kind::kFailed, "no \"rows\"", false},
             {TaskOutcome::Kind::kStopped, "ended"},
             {TaskOutcome::Kind::kSuccess, "", true, std::vector<std::string>{"a"}, R"({"r":1})"},
             {TaskOutcome::Kind::kDeferred, "no file", true, {}, "", std::chrono::seconds(9)}}) {
        const Result<TaskOutcome> read = parse_outcome(outcome_to_json(outcome));
        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(*read, outcome);
    }
}

TEST(StoredJson, AttemptsAndOutcomesThatAreNoneAreRefused) {
    const std::string attempt = attempt_to_json(some_attempt());
    const std::string outcome = outcome_to_json({});
    for (std::size_t size = 0; size < attempt.size(); ++size) {
        EXPECT_FALSE(parse_attempt(attempt.substr(0, size))) << size;
    }
    for (std::size_t size = 0; size < outcome.size(); ++size) {
        EXPECT_FALSE(parse_outcome(outcome.substr(0, size))) << size;
    }
    for (const char* text : {R"({"format":2,"outcome":0})", R"({"format":1,"outcome":5})",
                             R"({"format":1,"outcome":-1})", R"({"format":1,"outcome":"0"})",
                             R"({"outcome":0})", "[]", "null", "\xff"}) {
        const Result<TaskOutcome> read = parse_outcome(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, ErrorCode::kCorruptData);
    }
    std::string of_no_task = attempt;
    of_no_task.replace(of_no_task.find(R"("task":1)"), 8, R"("task":9)");
    EXPECT_EQ(parse_attempt(of_no_task).error().code, ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace ingot::orchestrator

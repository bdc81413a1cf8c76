// What is in stores today must be understood for ever: these texts are as versions before this one
// wrote them.
#include <gtest/gtest.h>

#include "orchestrator/event.hpp"

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

}  // namespace
}  // namespace ingot::orchestrator

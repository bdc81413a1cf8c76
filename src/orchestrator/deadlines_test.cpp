#include "orchestrator/deadlines.hpp"

#include <gtest/gtest.h>

namespace ingot::orchestrator {
namespace {

using project::Deadline;
using After = Deadline::After;
using std::chrono::minutes;

Timestamp utc(std::string_view text) {
    return *parse_timestamp(text);
}
Deadline within(Duration time, After after, int runs = 2) {
    return {time, after, "oncall", {}, runs};
}
WatchedRun run(std::string id) {
    return {RunId(std::move(id)), "p", utc("2026-01-01T10:05"), utc("2026-01-01T10:00")};
}
std::string missed(const std::vector<DeadlineMissed>& all) {
    std::string text;
    for (const DeadlineMissed& one : all) {
        text += one.run.value() + " " + one.due.to_string().substr(11, 5) + " ";
    }
    return text;
}

TEST(Deadlines, CountFromWhatTheyAreToldTo) {
    Deadlines deadlines;
    const auto due = [&](Deadline deadline) {
        deadlines.define({{"p", deadline}});
        const auto at = deadlines.due(RunId("a"));
        return at ? at->to_string().substr(11, 5) : "none";
    };
    deadlines.queued(run("a"));
    EXPECT_EQ(due(within(minutes(30), After::kQueued)), "10:35");
    EXPECT_EQ(due(within(minutes(30), After::kScheduled)), "10:30");
    EXPECT_EQ(due(within(minutes(30), After::kStarted)), "none");
    deadlines.started(RunId("a"), utc("2026-01-01T10:20"));
    EXPECT_EQ(due(within(minutes(30), After::kStarted)), "10:50");
    deadlines.define({});
    EXPECT_EQ(deadlines.due(RunId("a")), std::nullopt);
}

TEST(Deadlines, AnAverageNeedsThatManyRuns) {
    Deadlines deadlines;
    deadlines.define({{"p", within(minutes(10), After::kAverage)}});
    deadlines.ran("p", minutes(90));
    deadlines.queued(run("a"));
    deadlines.started(RunId("a"), utc("2026-01-01T10:20"));
    EXPECT_EQ(deadlines.due(RunId("a")), std::nullopt);
    EXPECT_FALSE(deadlines.ended(RunId("a"), utc("2026-01-02")));
    deadlines.ran("p", minutes(20));
    deadlines.ran("p", minutes(40));
    deadlines.queued(run("b"));
    deadlines.started(RunId("b"), utc("2026-01-01T10:20"));
    EXPECT_EQ(deadlines.due(RunId("b")), utc("2026-01-01T11:00"));
}

TEST(Deadlines, AreMissedOnce) {
    Deadlines deadlines;
    deadlines.define({{"p", within(minutes(30), After::kQueued)}});
    deadlines.queued(run("a"));
    deadlines.queued(run("b"));
    EXPECT_EQ(deadlines.next_wake(), utc("2026-01-01T10:35"));
    EXPECT_EQ(missed(deadlines.reach(utc("2026-01-01T10:34"))), "");
    EXPECT_FALSE(deadlines.ended(RunId("b"), utc("2026-01-01T10:34")));
    EXPECT_EQ(missed(deadlines.reach(utc("2026-01-01T10:35"))), "a 10:35 ");
    EXPECT_EQ(missed(deadlines.reach(utc("2026-01-01T10:36"))), "");
    deadlines.started(RunId("a"), utc("2026-01-01T10:37"));
    deadlines.define({{"p", within(minutes(31), After::kQueued)}});
    EXPECT_EQ(missed(deadlines.reach(utc("2026-01-01T12:00"))), "");
    EXPECT_FALSE(deadlines.ended(RunId("a"), utc("2026-01-01T12:00")));
    EXPECT_EQ(deadlines.next_wake(), std::nullopt);
}

TEST(Deadlines, ALateEndIsFoundWithoutAWake) {
    Deadlines deadlines;
    deadlines.define({{"p", within(minutes(30), After::kQueued)}});
    deadlines.queued(run("a"));
    const auto late = deadlines.ended(RunId("a"), utc("2026-01-01T10:36"));
    ASSERT_TRUE(late);
    EXPECT_EQ(late->deadline.notify, "oncall");
    EXPECT_EQ(missed(deadlines.reach(utc("2026-01-01T12:00"))), "");
}

TEST(Deadlines, WhatWasDecidedBeforeARestartIsNotDecidedAgain) {
    Deadlines deadlines;
    deadlines.define({{"p", within(minutes(30), After::kQueued)}});
    WatchedRun known = run("a");
    known.missed = true;
    deadlines.queued(known);
    EXPECT_EQ(deadlines.next_wake(), std::nullopt);
    EXPECT_FALSE(deadlines.ended(RunId("a"), utc("2026-01-01T12:00")));
}

}  // namespace
}  // namespace ingot::orchestrator

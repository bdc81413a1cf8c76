#include "orchestrator/triggers.hpp"

#include <gtest/gtest.h>

namespace ingot::orchestrator {
namespace {

using project::Catchup;
using project::EverySchedule;

Timestamp utc(std::string_view text) {
    return *parse_timestamp(text);
}
TableName table(std::string_view text) {
    return *TableName::parse(text);
}

TriggerDefinition cron(std::string name, std::string_view line,
                       Catchup catchup = Catchup::kLatest) {
    return {std::move(name), project::CronSchedule{{*project::parse_cron(line)}, "UTC", {}},
            project::WindowSpec{{CalendarStep::Unit::kHour, 1}, "UTC"}, catchup};
}
TriggerDefinition on(std::string name, std::string_view expression,
                     Catchup catchup = Catchup::kLatest) {
    return {std::move(name), *project::parse_event_expression(expression), {}, catchup};
}
TriggerDefinition on_files(std::string name) {
    return {std::move(name), project::FileSchedule{}, {}, Catchup::kLatest};
}
TriggerDefinition on_call(std::string name) {
    return {std::move(name), project::WebhookSchedule{}, {}, Catchup::kLatest};
}

/// `p 10:05` per run that is due.
std::string runs(const Decisions& decisions) {
    std::string text;
    for (const DueRun& run : decisions.due) {
        text += (text.empty() ? "" : ", ") + run.pipeline + " " +
                run.scheduled_for.to_string().substr(11, 5);
    }
    return text;
}

/// Triggers and their store.
class Server {
public:
    explicit Server(std::vector<TriggerDefinition> definitions, std::string_view now)
        : definitions_(std::move(definitions)) {
        start(now);
    }

    void start(std::string_view now) {
        triggers_ = Triggers();
        std::vector<KeptTrigger> kept;
        for (const auto& [name, json] : stored_) {
            kept.push_back({name, *parse_trigger_state(json), open_[name]});
        }
        keep(*triggers_.define(definitions_, kept, utc(now)));
    }
    Decisions reload(std::vector<TriggerDefinition> definitions, std::string_view now) {
        definitions_ = std::move(definitions);
        return keep(*triggers_.define(definitions_, {}, utc(now)));
    }
    Decisions step(const TriggerEvent& event, std::string_view now) {
        return keep(*triggers_.step(event, utc(now)));
    }
    std::string at(std::string_view now) { return runs(step(TimeReached{}, now)); }
    std::string changed(std::string_view name, std::int64_t version, std::string_view now,
                        std::string id = "") {
        return runs(step(TableChanged{table(name), version, std::move(id)}, now));
    }
    std::string ended(const std::string& pipeline, std::string_view now) {
        --open_[pipeline];
        return runs(step(TriggeredRunEnded{pipeline}, now));
    }
    std::string files(std::map<std::string, TriggerState::File> files, std::string_view now) {
        return runs(step(FilesSeen{"p", std::move(files)}, now));
    }
    std::string waits(std::string_view now) { return triggers_.waiting_for("p", utc(now)); }
    Triggers& triggers() { return triggers_; }

private:
    Decisions keep(Decisions decisions) {
        for (const std::string& name : decisions.changed) {
            stored_[name] = trigger_state_to_json(*triggers_.state(name));
        }
        for (const std::string& name : decisions.forgotten) stored_.erase(name);
        for (const DueRun& run : decisions.due) ++open_[run.pipeline];
        return decisions;
    }

    std::vector<TriggerDefinition> definitions_;
    Triggers triggers_;
    std::map<std::string, std::string> stored_;
    std::map<std::string, int> open_;
};

TEST(Triggers, ATickIsOneRunWithItsWindow) {
    Server server({cron("p", "5 * * * *")}, "2026-01-01T10:00");
    EXPECT_EQ(server.at("2026-01-01T10:00"), "");
    EXPECT_EQ(server.triggers().next_wake(), utc("2026-01-01T10:05"));
    EXPECT_EQ(server.waits("2026-01-01T10:00"), "next at 2026-01-01T10:05:00Z");
    const Decisions due = server.step(TimeReached{}, "2026-01-01T10:05:00.001");
    ASSERT_EQ(due.due.size(), 1u);
    EXPECT_EQ(due.due[0].cause, RunOrigin::Cause::kScheduled);
    EXPECT_EQ(due.due[0].scheduled_for, utc("2026-01-01T10:05"));
    EXPECT_EQ(due.due[0].window, (Interval{utc("2026-01-01T09"), utc("2026-01-01T10")}));
    EXPECT_EQ(due.changed, std::vector<std::string>{"p"});
    EXPECT_EQ(server.at("2026-01-01T10:05:00.002"), "");
    EXPECT_EQ(server.triggers().next_wake(), utc("2026-01-01T11:05"));
}

TEST(Triggers, AFirstSightMissesNothing) {
    for (const Catchup catchup : {Catchup::kNone, Catchup::kLatest, Catchup::kAll}) {
        Server server({cron("p", "5 * * * *", catchup)}, "2026-01-01T10:30");
        EXPECT_EQ(server.at("2026-01-01T10:30"), "");
    }
}

TEST(Triggers, CatchupSaysWhatBecomesOfTicksWhileTheServerWasDown) {
    const auto after_downtime = [](Catchup catchup) {
        Server server({cron("p", "5 * * * *", catchup)}, "2026-01-01T10:00");
        EXPECT_EQ(server.at("2026-01-01T10:05"), "p 10:05");
        server.ended("p", "2026-01-01T10:06");
        server.start("2026-01-01T13:30");
        const Decisions decisions = server.step(TimeReached{}, "2026-01-01T13:30");
        std::string text = runs(decisions);
        for (const PassedOver& one : decisions.passed_over) {
            text += " passed over until " + one.until.to_string().substr(11, 5);
        }
        EXPECT_EQ(server.at("2026-01-01T13:31"), "");
        return text;
    };
    EXPECT_EQ(after_downtime(Catchup::kAll), "p 11:05, p 12:05, p 13:05");
    EXPECT_EQ(after_downtime(Catchup::kLatest), "p 13:05 passed over until 13:04");
    EXPECT_EQ(after_downtime(Catchup::kNone), " passed over until 13:05");
}

TEST(Triggers, WithoutCatchupATickThatIsALittleLateStillRuns) {
    Server server({cron("p", "5 * * * *", Catchup::kNone)}, "2026-01-01T10:00");
    server.start("2026-01-01T10:05:40");
    EXPECT_EQ(server.at("2026-01-01T10:05:40"), "p 10:05");
}

TEST(Triggers, APauseIsCaughtUpWithWhenItEnds) {
    Server server({cron("p", "5 * * * *", Catchup::kAll)}, "2026-01-01T10:00");
    server.step(Paused{"p"}, "2026-01-01T10:01");
    EXPECT_EQ(server.at("2026-01-01T11:30"), "");
    EXPECT_EQ(server.waits("2026-01-01T11:30"), "it is paused");
    EXPECT_EQ(server.triggers().next_wake(), std::nullopt);
    server.start("2026-01-01T11:31");
    EXPECT_EQ(server.at("2026-01-01T11:31"), "") << "a pause outlives a restart";
    EXPECT_EQ(runs(server.step(Resumed{"p"}, "2026-01-01T12:30")), "p 10:05, p 11:05, p 12:05");
    EXPECT_TRUE(server.step(Resumed{"p"}, "2026-01-01T12:31").changed.empty());
}

TEST(Triggers, AClockThatGoesBackRepeatsNothing) {
    Server server({cron("p", "5 * * * *", Catchup::kAll)}, "2026-01-01T10:00");
    EXPECT_EQ(server.at("2026-01-01T10:05"), "p 10:05");
    EXPECT_EQ(server.at("2026-01-01T12:05"), "p 11:05, p 12:05");
    EXPECT_EQ(server.at("2026-01-01T09:00"), "");
    EXPECT_EQ(server.at("2026-01-01T12:05"), "");
    EXPECT_EQ(server.waits("2026-01-01T09:00"),
              "next at 2026-01-01T13:05:00Z: the clock went back, and ticks up to "
              "2026-01-01T12:05:00Z are dealt with");
    EXPECT_EQ(server.at("2026-01-01T13:05"), "p 13:05");
}

TEST(Triggers, AnOperatorSaysFromWhenTicksCount) {
    Server server({cron("p", "5 * * * *")}, "2026-01-01T10:00");
    EXPECT_EQ(server.at("2099-01-01T00:00"), "p 23:05");
    EXPECT_EQ(server.at("2026-01-01T11:30"), "");
    server.step(TicksSetTo{"p", utc("2026-01-01T11:30")}, "2026-01-01T11:30");
    EXPECT_EQ(server.at("2026-01-01T12:05"), "p 12:05");
}

TEST(Triggers, ManyMissedTicksAreQueuedAsRunsEnd) {
    Server server({cron("p", "5 * * * *", Catchup::kAll)}, "2026-01-01T00:00");
    server.start("2026-01-02T01:00");
    EXPECT_EQ(server.step(TimeReached{}, "2026-01-02T01:00").due.size(), 16u);
    EXPECT_EQ(
        server.waits("2026-01-02T01:00"),
        "16 of its runs are not over: ticks from 2026-01-01T16:05:00Z on wait for one to end");
    EXPECT_EQ(server.triggers().next_wake(), std::nullopt);
    EXPECT_EQ(server.ended("p", "2026-01-02T01:01"), "p 16:05");
    server.start("2026-01-02T01:02");
    EXPECT_EQ(server.at("2026-01-02T01:02"), "") << "open runs are counted after a restart too";
    EXPECT_EQ(server.ended("p", "2026-01-02T01:03"), "p 17:05");
}

TEST(Triggers, AChangedScheduleHasMissedNothing) {
    Server server({cron("p", "@daily", Catchup::kAll)}, "2026-01-01T10:00");
    const Decisions reload =
        server.reload({cron("p", "5 * * * *", Catchup::kAll)}, "2026-01-01T15:30");
    EXPECT_EQ(reload.changed, std::vector<std::string>{"p"});
    EXPECT_EQ(server.at("2026-01-01T15:30"), "");
    EXPECT_EQ(server.at("2026-01-01T16:05"), "p 16:05");
}

TEST(Triggers, AReloadKeepsWhatIsKnownAndForgetsWhatIsGone) {
    Server server({cron("p", "5 * * * *"), cron("q", "5 * * * *")}, "2026-01-01T10:00");
    EXPECT_EQ(server.at("2026-01-01T10:05"), "p 10:05, q 10:05");
    const Decisions reload =
        server.reload({cron("p", "5 * * * *"), cron("r", "5 * * * *")}, "2026-01-01T10:06");
    EXPECT_EQ(reload.forgotten, std::vector<std::string>{"q"});
    EXPECT_EQ(reload.changed, std::vector<std::string>{"r"});
    EXPECT_EQ(server.at("2026-01-01T10:06"), "");
    EXPECT_EQ(server.triggers().state("q"), nullptr);
    EXPECT_EQ(server.at("2026-01-01T11:05"), "p 11:05, r 11:05");
}

TEST(Triggers, AConsumerRunsOnceAllTablesHaveChanged) {
    Server server({on("p", "bronze.a & bronze.b")}, "2026-01-01T10:00");
    EXPECT_EQ(server.waits("2026-01-01T10:00"),
              "bronze.a does not exist yet and bronze.b does not exist yet");
    EXPECT_EQ(server.changed("bronze.a", 0, "2026-01-01T10:01"), "");
    EXPECT_EQ(server.changed("bronze.a", 3, "2026-01-01T10:02"), "");
    const Decisions due = server.step(TableChanged{table("bronze.b"), 7}, "2026-01-01T10:03");
    ASSERT_EQ(due.due.size(), 1u);
    EXPECT_EQ(due.due[0].cause, RunOrigin::Cause::kTables);
    EXPECT_EQ(due.due[0].tables,
              (std::map<TableName, std::int64_t>{{table("bronze.a"), 3}, {table("bronze.b"), 7}}));
    server.ended("p", "2026-01-01T10:04");
    EXPECT_EQ(server.changed("bronze.b", 8, "2026-01-01T10:05"), "");
    EXPECT_EQ(server.waits("2026-01-01T10:05"),
              "bronze.a has not changed since the run of 2026-01-01T10:03:00Z");
    EXPECT_EQ(server.changed("bronze.a", 4, "2026-01-01T10:06"), "p 10:06");
}

TEST(Triggers, ChangesDuringARunCollapseIntoOneAfterIt) {
    Server server({on("p", "bronze.a | bronze.b")}, "2026-01-01T10:00");
    EXPECT_EQ(server.changed("bronze.a", 1, "2026-01-01T10:01"), "p 10:01");
    EXPECT_EQ(server.changed("bronze.a", 2, "2026-01-01T10:02"), "");
    EXPECT_EQ(server.changed("bronze.b", 5, "2026-01-01T10:03"), "");
    server.start("2026-01-01T10:04");
    EXPECT_EQ(server.at("2026-01-01T10:04"), "");
    EXPECT_EQ(server.ended("p", "2026-01-01T10:05"), "p 10:05");
    EXPECT_EQ(server.ended("p", "2026-01-01T10:06"), "");
}

TEST(Triggers, AVersionThatWasGivenBeforeChangesNothing) {
    Server server({on("p", "bronze.a")}, "2026-01-01T10:00");
    EXPECT_EQ(server.changed("bronze.a", 1, "2026-01-01T10:01", "x"), "p 10:01");
    server.ended("p", "2026-01-01T10:02");
    server.start("2026-01-01T10:03");
    EXPECT_EQ(server.changed("bronze.a", 1, "2026-01-01T10:03", "x"), "");
    EXPECT_EQ(server.changed("bronze.a", 0, "2026-01-01T10:04", "x"), "");
    EXPECT_EQ(server.changed("bronze.a", 0, "2026-01-01T10:05", "made anew"), "p 10:05");
}

TEST(Triggers, APauseRemembersChanges) {
    Server server({on("p", "bronze.a")}, "2026-01-01T10:00");
    server.step(Paused{"p"}, "2026-01-01T10:00");
    EXPECT_EQ(server.changed("bronze.a", 1, "2026-01-01T10:01"), "");
    EXPECT_EQ(server.changed("bronze.a", 2, "2026-01-01T10:02"), "");
    server.start("2026-01-01T10:03");
    EXPECT_EQ(runs(server.step(Resumed{"p"}, "2026-01-01T10:04")), "p 10:04");
}

TEST(Triggers, TablesAndTimesMix) {
    Server server({on("p", "(bronze.a & bronze.b) | cron(\"0 6 * * *\")")}, "2026-01-01T00:00");
    EXPECT_EQ(server.at("2026-01-01T00:00"), "");
    EXPECT_EQ(server.changed("bronze.a", 1, "2026-01-01T01:00"), "");
    EXPECT_EQ(server.waits("2026-01-01T01:00"),
              "bronze.b does not exist yet or next at 2026-01-01T06:00:00Z");
    EXPECT_EQ(server.triggers().next_wake(), utc("2026-01-01T06"));
    const Decisions due = server.step(TimeReached{}, "2026-01-01T06:00:00.500");
    ASSERT_EQ(due.due.size(), 1u);
    EXPECT_EQ(due.due[0].tables.size(), 1u) << "what had changed is brought up to date too";
    server.ended("p", "2026-01-01T06:10");
    EXPECT_EQ(server.changed("bronze.b", 1, "2026-01-01T07:00"), "");
    EXPECT_EQ(server.changed("bronze.a", 2, "2026-01-01T08:00"), "p 08:00");
    server.ended("p", "2026-01-01T08:10");
    const Decisions tick = server.step(TimeReached{}, "2026-01-02T06:00:00.500");
    ASSERT_EQ(tick.due.size(), 1u);
    EXPECT_EQ(tick.due[0].cause, RunOrigin::Cause::kScheduled);
    EXPECT_EQ(tick.due[0].scheduled_for, utc("2026-01-02T06"));
}

TEST(Triggers, ATickThatIsNeededWithATableIsRemembered) {
    Server server({on("p", "bronze.a & cron(\"0 6 * * *\")")}, "2026-01-01T00:00");
    EXPECT_EQ(server.at("2026-01-01T06:00"), "");
    server.start("2026-01-01T07:00");
    EXPECT_EQ(server.at("2026-01-01T07:00"), "");
    EXPECT_EQ(server.changed("bronze.a", 1, "2026-01-01T08:00"), "p 08:00");
    server.ended("p", "2026-01-01T08:10");
    EXPECT_EQ(server.changed("bronze.a", 2, "2026-01-01T09:00"), "");
    EXPECT_EQ(server.at("2026-01-02T06:00"), "p 06:00");
}

TEST(Triggers, MissedTicksOfAnExpressionFollowCatchup) {
    const auto after_downtime = [](Catchup catchup) {
        Server server({on("p", "cron(\"0 6 * * *\") | cron(\"0 7 * * *\")", catchup)},
                      "2026-01-01T00:00");
        server.start("2026-01-03T09:00");
        return runs(server.step(TimeReached{}, "2026-01-03T09:00"));
    };
    EXPECT_EQ(after_downtime(Catchup::kNone), "");
    EXPECT_EQ(after_downtime(Catchup::kLatest), "p 07:00");
    EXPECT_EQ(after_downtime(Catchup::kAll), "p 07:00");
}

TEST(Triggers, AFileCountsWhenTwoListingsShowItTheSame) {
    const Timestamp t = utc("2026-01-01T09:00");
    Server server({on_files("p")}, "2026-01-01T10:00");
    EXPECT_EQ(server.waits("2026-01-01T10:00"), "a new file");
    EXPECT_EQ(server.files({{"a", {10, t}}}, "2026-01-01T10:00"), "");
    EXPECT_EQ(server.waits("2026-01-01T10:00"),
              "1 new files, a among them, are looked at once more before they count");
    EXPECT_EQ(server.files({{"a", {20, t}}}, "2026-01-01T10:01"), "") << "it grows";
    const Decisions due =
        server.step(FilesSeen{"p", {{"a", {20, t}}, {"b", {1, t}}}}, "2026-01-01T10:02");
    ASSERT_EQ(due.due.size(), 1u);
    EXPECT_EQ(due.due[0].cause, RunOrigin::Cause::kFiles);
    EXPECT_EQ(due.due[0].files, std::vector<std::string>{"a"});
    server.ended("p", "2026-01-01T10:03");
    EXPECT_EQ(server.files({{"a", {20, t}}, {"b", {1, t}}}, "2026-01-01T10:04"), "p 10:04");
}

TEST(Triggers, AKnownFileStartsNothingUntilItChanges) {
    const Timestamp t = utc("2026-01-01T09:00");
    const Timestamp later = utc("2026-01-01T10:30");
    Server server({on_files("p")}, "2026-01-01T10:00");
    server.files({{"a", {10, t}}}, "2026-01-01T10:00");
    EXPECT_EQ(server.files({{"a", {10, t}}}, "2026-01-01T10:01"), "p 10:01");
    server.ended("p", "2026-01-01T10:02");
    server.start("2026-01-01T10:03");
    EXPECT_EQ(server.files({{"a", {10, t}}}, "2026-01-01T10:03"), "");
    EXPECT_EQ(server.files({{"a", {10, t}}}, "2026-01-01T10:04"), "");
    EXPECT_EQ(server.files({{"a", {10, later}}}, "2026-01-01T10:31"), "");
    EXPECT_EQ(server.files({{"a", {10, later}}}, "2026-01-01T10:32"), "p 10:32");
    server.ended("p", "2026-01-01T10:33");
    EXPECT_EQ(server.step(FilesSeen{"p", {}}, "2026-01-01T10:34").changed.size(), 1u);
    EXPECT_TRUE(server.triggers().state("p")->files.empty());
}

TEST(Triggers, FilesDuringARunOrAPauseComeAfterIt) {
    const Timestamp t = utc("2026-01-01T09:00");
    Server server({on_files("p")}, "2026-01-01T10:00");
    server.files({{"a", {1, t}}}, "2026-01-01T10:00");
    EXPECT_EQ(server.files({{"a", {1, t}}, {"b", {1, t}}}, "2026-01-01T10:01"), "p 10:01");
    EXPECT_EQ(server.files({{"a", {1, t}}, {"b", {1, t}}}, "2026-01-01T10:02"), "");
    server.ended("p", "2026-01-01T10:03");
    server.step(Paused{"p"}, "2026-01-01T10:03");
    EXPECT_EQ(server.files({{"a", {1, t}}, {"b", {1, t}}}, "2026-01-01T10:04"), "");
    server.step(Resumed{"p"}, "2026-01-01T10:05");
    EXPECT_EQ(server.files({{"a", {1, t}}, {"b", {1, t}}}, "2026-01-01T10:06"), "p 10:06");
}

TEST(Triggers, TooManyFilesAreRefusedByNumber) {
    Triggers triggers;
    ASSERT_TRUE(triggers.define({on_files("p")}, {}, utc("2026-01-01")));
    FilesSeen seen{"p", {}};
    for (std::size_t i = 0; i <= kFilesMax; ++i) seen.files["f" + std::to_string(i)] = {};
    EXPECT_EQ(triggers.step(seen, utc("2026-01-01")).error().message,
              "the pattern of pipeline 'p' finds 20001 files, and 20000 at most can be watched: "
              "move away those that are loaded, or use a period");
}

TEST(Triggers, CallsDuringARunCollapseIntoOneAfterIt) {
    Server server({on_call("p")}, "2026-01-01T10:00");
    EXPECT_EQ(server.waits("2026-01-01T10:00"), "a call");
    EXPECT_EQ(runs(server.step(WebhookCalled{"p"}, "2026-01-01T10:01")), "p 10:01");
    EXPECT_EQ(runs(server.step(WebhookCalled{"p"}, "2026-01-01T10:02")), "");
    EXPECT_EQ(runs(server.step(WebhookCalled{"p"}, "2026-01-01T10:03")), "");
    EXPECT_EQ(server.waits("2026-01-01T10:03"),
              "its run is not over: what happens meanwhile starts one run after it");
    server.start("2026-01-01T10:04");
    EXPECT_EQ(server.ended("p", "2026-01-01T10:05"), "p 10:02");
    EXPECT_EQ(server.ended("p", "2026-01-01T10:06"), "");
}

TEST(Triggers, AnEventForNobodyIsAnErrorAndChangesNothing) {
    Triggers triggers;
    ASSERT_TRUE(triggers.define({cron("p", "5 * * * *")}, {}, utc("2026-01-01")));
    EXPECT_EQ(triggers.step(Paused{"q"}, utc("2026-01-01")).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(
        triggers.step(WebhookCalled{"p"}, utc("2026-01-01")).error().message,
        "pipeline 'p' is not started by calls: `schedule: {on: {webhook: true}}` makes it so");
    EXPECT_FALSE(triggers.step(FilesSeen{"p", {}}, utc("2026-01-01")));
    EXPECT_TRUE(triggers.step(TableChanged{table("bronze.x"), 1}, utc("2026-01-01")));
    TriggerDefinition unknown_zone = cron("q", "5 * * * *");
    std::get<project::CronSchedule>(unknown_zone.schedule).timezone = "Mars/Olympus";
    EXPECT_FALSE(triggers.define({unknown_zone}, {}, utc("2026-01-01")));
    EXPECT_NE(triggers.state("p"), nullptr);
}

TEST(TriggerState, IsReadBackAsItWasWritten) {
    TriggerState state;
    state.paused = true;
    state.schedule = "cron in UTC; 5 * * * *";
    state.ticked_to = utc("2026-01-01T10:05");
    state.tables[table("bronze.a")] = {5, 3, "8f0e", utc("2026-01-01T10:01")};
    state.ticked["0 6 * * *"] = utc("2026-01-01T06");
    state.files["in/ü.csv"] = {12, utc("2026-01-01T09")};
    state.called_at = utc("2026-01-01T08");
    state.last_run_at = utc("2026-01-01T07");
    EXPECT_EQ(*parse_trigger_state(trigger_state_to_json(state)), state);
    EXPECT_EQ(*parse_trigger_state(trigger_state_to_json({})), TriggerState());
    for (const char* text : {"", "{}", "[1]", "{\"format\": 2}", "{\"format\": \"1\"}"}) {
        const auto read = parse_trigger_state(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, ErrorCode::kCorruptData);
    }
}

}  // namespace
}  // namespace ingot::orchestrator

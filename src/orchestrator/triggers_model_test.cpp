// Random definitions, events, restarts, failing stores and clocks, against the rules that
// triggers.hpp states, kept as plain facts.
//
// After each step: a run of tables and times begins just when its expression holds, nothing of it
// is open and it is not paused; no limit is exceeded; what was stored is what is known. At the end:
// every tick has one run or was passed over once, and with `all` the windows leave no gap.
// INGOT_SEED=n repeats one case.
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

#include "orchestrator/triggers.hpp"

namespace ingot::orchestrator {
namespace {

using project::Catchup;

constexpr Duration kMinute = std::chrono::minutes(1);

/// What is expected of an expression: a tree, and what changed since the last run.
struct Expression {
    enum class Kind { kTable, kCron, kBoth, kEither };
    Kind kind = Kind::kTable;
    std::string atom;
    std::vector<Expression> parts;

    std::string text() const {
        if (kind == Kind::kTable) return atom;
        if (kind == Kind::kCron) return "cron(\"" + atom + "\")";
        const char* between = kind == Kind::kBoth ? " & " : " | ";
        return "(" + parts[0].text() + between + parts[1].text() + ")";
    }
    bool holds(const std::set<std::string>& news) const {
        if (kind == Kind::kBoth) return parts[0].holds(news) && parts[1].holds(news);
        if (kind == Kind::kEither) return parts[0].holds(news) || parts[1].holds(news);
        return news.contains(atom);
    }
    void atoms(Kind wanted, std::set<std::string>& found) const {
        if (kind == wanted) found.insert(atom);
        for (const Expression& part : parts) part.atoms(wanted, found);
    }
};

/// The facts of one pipeline.
struct Facts {
    TriggerDefinition definition;
    std::optional<Expression> expression;
    Timestamp defined_at;
    bool paused = false;
    int open = 0;
    // Of ticks:
    std::map<Timestamp, int> runs;
    std::vector<Interval> windows;
    std::vector<PassedOver> passed_over;
    // Of expressions:
    std::set<std::string> news;
    std::map<std::string, std::int64_t> versions;
    Timestamp reached;
};

class World {
public:
    explicit World(std::uint64_t seed) : random_(seed) {
        now_ = *parse_timestamp("2026-03-20") + kMinute * pick(0, 20'000);
        for (int i = 0, count = pick(1, 6); i < count; ++i) define("p" + std::to_string(i));
        start();
    }

    void play(int events) {
        for (int i = 0; i < events && !::testing::Test::HasFailure(); ++i) {
            one_event();
            check_all();
        }
        settle();
        check_ticks();
    }

private:
    int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    bool chance(int percent) { return pick(1, 100) <= percent; }
    Facts& any() { return std::next(facts_.begin(), pick(0, int(facts_.size()) - 1))->second; }

    std::string random_cron() {
        static const std::vector<std::string> lines = {
            "*/5 * * * *",   "7 * * * *", "0 */6 * * *",      "30 2 * * *",
            "15 1-3 * *  *", "@daily",    "0 12 * * mon-fri", "*/20 2 * * *"};
        return lines[std::size_t(pick(0, int(lines.size()) - 1))];
    }

    Expression random_expression(int depth) {
        if (depth > 0 && chance(60)) {
            return {chance(50) ? Expression::Kind::kBoth : Expression::Kind::kEither,
                    "",
                    {random_expression(depth - 1), random_expression(depth - 1)}};
        }
        if (chance(20)) return {Expression::Kind::kCron, random_cron(), {}};
        return {Expression::Kind::kTable, "bronze.t" + std::to_string(pick(0, 4)), {}};
    }

    void define(const std::string& name) {
        Facts facts;
        facts.definition.pipeline = name;
        facts.definition.catchup = static_cast<Catchup>(pick(0, 2));
        facts.defined_at = facts.reached = now_;
        if (chance(50)) {
            facts.expression = random_expression(3);
            facts.definition.schedule = *project::parse_event_expression(facts.expression->text());
        } else if (chance(30)) {
            facts.definition.schedule = project::EverySchedule{
                kMinute * pick(5, 700), Timestamp() + kMinute * pick(0, 60), "UTC", {}};
        } else {
            project::CronSchedule schedule{{}, "Europe/Berlin", {}};
            for (int i = 0, lines = pick(1, 2); i < lines; ++i) {
                schedule.crons.push_back(*project::parse_cron(random_cron()));
            }
            const Status added =
                chance(30) ? add_days(schedule.calendar.only, "weekdays") : Status();
            EXPECT_TRUE(added);
            facts.definition.schedule = schedule;
        }
        if (!facts.expression && chance(70)) {
            facts.definition.window = {
                {chance(50) ? CalendarStep::Unit::kHour : CalendarStep::Unit::kDay, 1},
                "Europe/Berlin"};
        }
        facts_[name] = facts;
    }

    std::vector<TriggerDefinition> definitions() const {
        std::vector<TriggerDefinition> all;
        for (const auto& [name, facts] : facts_) all.push_back(facts.definition);
        return all;
    }

    /// As a server that starts does: from the store, then the versions of all tables.
    void start() {
        triggers_ = Triggers();
        std::vector<KeptTrigger> kept;
        for (const auto& [name, json] : stored_) {
            kept.push_back({name, *parse_trigger_state(json), facts_.at(name).open});
        }
        auto defined = triggers_.define(definitions(), kept, now_);
        ASSERT_TRUE(defined);
        EXPECT_TRUE(defined->due.empty());
        keep(*defined);
        for (const auto& [table, version] : tables_)
            give(TableChanged{*TableName::parse(table), version});
        wake();
    }

    void one_event() {
        const int kind = pick(0, 99);
        Facts& facts = any();
        const std::string& name = facts.definition.pipeline;
        if (kind < 35) {
            pass(kMinute * pick(0, 90));
        } else if (kind < 40) {
            pass(kMinute * pick(0, 5000));
        } else if (kind < 43) {
            now_ = now_ - kMinute * pick(0, 3000);
            wake();
        } else if (kind < 60) {
            const std::string table = "bronze.t" + std::to_string(pick(0, 4));
            if (chance(80))
                tables_[table] = tables_.contains(table) ? tables_[table] + pick(1, 3) : 0;
            if (tables_.contains(table)) {
                give(TableChanged{*TableName::parse(table), tables_[table]});
            }
        } else if (kind < 85) {
            if (facts.open > 0) {
                --facts.open;
                give(TriggeredRunEnded{name});
            }
        } else if (kind < 88) {
            give(Paused{name});
        } else if (kind < 93) {
            give(Resumed{name});
        } else if (kind < 97) {
            start();
        } else {
            const auto reloaded = triggers_.define(definitions(), {}, now_);
            ASSERT_TRUE(reloaded);
            EXPECT_TRUE(reloaded->changed.empty()) << "the same again changes nothing";
            keep(*reloaded);
            wake();
        }
    }

    void pass(Duration by) {
        now_ = now_ + by;
        wake();
    }
    void wake() {
        const auto next = triggers_.next_wake();
        if (next && *next <= now_) give(TimeReached{});
    }

    /// One step; sometimes the store fails, and the server starts anew and is told again.
    void give(const TriggerEvent& event) {
        if (chance(3)) {
            ASSERT_TRUE(triggers_.step(event, now_));
            start();
            // The store knows by itself which runs are over; the rest is told anew.
            if (std::holds_alternative<TimeReached>(event) ||
                std::holds_alternative<TriggeredRunEnded>(event)) {
                return;
            }
        }
        if (const auto* paused = std::get_if<Paused>(&event)) {
            facts_.at(paused->pipeline).paused = true;
        }
        if (const auto* resumed = std::get_if<Resumed>(&event)) {
            facts_.at(resumed->pipeline).paused = false;
        }
        const auto decisions = triggers_.step(event, now_);
        ASSERT_TRUE(decisions) << decisions.error().message;
        keep(*decisions);
    }

    void keep(const Decisions& decisions) {
        std::set<std::string> once;
        for (const std::string& name : decisions.changed) {
            EXPECT_TRUE(once.insert(name).second) << name << " is named twice";
            stored_[name] = trigger_state_to_json(*triggers_.state(name));
        }
        EXPECT_TRUE(decisions.forgotten.empty());
        take_in_news();
        for (const DueRun& run : decisions.due) {
            EXPECT_TRUE(once.contains(run.pipeline)) << "a run without a state that knows of it";
            take_run(facts_.at(run.pipeline), run);
        }
        for (const PassedOver& one : decisions.passed_over) {
            EXPECT_TRUE(once.contains(one.pipeline));
            facts_.at(one.pipeline).passed_over.push_back(one);
        }
    }

    void take_run(Facts& facts, const DueRun& run) {
        ++facts.open;
        EXPECT_FALSE(facts.paused) << "a run of a paused pipeline";
        if (!facts.expression) {
            EXPECT_EQ(run.cause, RunOrigin::Cause::kScheduled);
            EXPECT_LE(facts.open, kOpenRunsMax);
            EXPECT_LE(run.scheduled_for, now_);
            ++facts.runs[run.scheduled_for];
            EXPECT_EQ(run.window.has_value(), facts.definition.window.has_value());
            if (run.window) facts.windows.push_back(*run.window);
            return;
        }
        EXPECT_EQ(facts.open, 1);
        EXPECT_TRUE(facts.expression->holds(facts.news)) << facts.expression->text();
        for (const auto& [table, version] : run.tables) {
            EXPECT_TRUE(facts.news.contains(table.text()));
            EXPECT_EQ(version, tables_.at(table.text()));
        }
        facts.news.clear();
    }

    /// What has happened by now, as each expression sees it.
    void take_in_news() {
        for (auto& [name, facts] : facts_) {
            if (!facts.expression) continue;
            std::set<std::string> read;
            facts.expression->atoms(Expression::Kind::kTable, read);
            for (const std::string& table : read) {
                const auto* state = triggers_.state(name);
                const std::int64_t seen = state->tables.at(*TableName::parse(table)).seen;
                if (seen < 0) continue;
                const auto known = facts.versions.find(table);
                if (known == facts.versions.end() || known->second < seen) facts.news.insert(table);
                facts.versions[table] = seen;
            }
            if (facts.paused) continue;
            std::set<std::string> lines;
            facts.expression->atoms(Expression::Kind::kCron, lines);
            Timestamp reached = facts.reached;
            for (const std::string& line : lines) {
                const Ticks ticks = *Ticks::of(*project::parse_cron(line), "UTC");
                for (auto at = ticks.next(facts.reached); at && *at <= now_; at = ticks.next(*at)) {
                    const bool late = now_ - *at > kOnTime;
                    if (facts.definition.catchup != Catchup::kNone || !late)
                        facts.news.insert(line);
                    reached = std::max(reached, *at);
                }
            }
            facts.reached = reached;
        }
    }

    void check_all() {
        for (const auto& [name, facts] : facts_) {
            ASSERT_EQ(trigger_state_to_json(*triggers_.state(name)), stored_.at(name));
            if (facts.expression && !facts.paused && facts.open == 0) {
                ASSERT_FALSE(facts.expression->holds(facts.news))
                    << name << " does not run: " << facts.expression->text();
            }
            const std::string waits = triggers_.waiting_for(name, now_);
            ASSERT_FALSE(waits.empty());
            const auto next = triggers_.next_wake();
            ASSERT_TRUE(!next || *next > now_) << "something is due that was not decided";
        }
    }

    /// All goes on until nothing is left to do.
    void settle() {
        const Timestamp latest = *parse_timestamp("2027-06-01");
        now_ = std::max(now_, latest);
        wake();
        for (auto& [name, facts] : facts_) {
            give(Resumed{name});
            while (facts.open > 0) {
                --facts.open;
                give(TriggeredRunEnded{name});
            }
        }
        wake();
    }

    void check_ticks() {
        for (const auto& [name, facts] : facts_) {
            if (facts.expression) continue;
            SCOPED_TRACE(name + " catchup " +
                         std::to_string(static_cast<int>(facts.definition.catchup)));
            const auto* cron = std::get_if<project::CronSchedule>(&facts.definition.schedule);
            const Ticks ticks =
                cron != nullptr
                    ? *Ticks::of(*cron)
                    : *Ticks::of(std::get<project::EverySchedule>(facts.definition.schedule));
            std::size_t runs = 0;
            for (auto at = ticks.next(facts.defined_at); *at <= now_; at = ticks.next(*at)) {
                const auto run = facts.runs.find(*at);
                int dealt_with = run == facts.runs.end() ? 0 : run->second;
                runs += dealt_with > 0 ? 1 : 0;
                for (const PassedOver& one : facts.passed_over) {
                    dealt_with += one.after < *at && *at <= one.until ? 1 : 0;
                }
                ASSERT_EQ(dealt_with, 1) << at->to_string();
            }
            ASSERT_EQ(runs, facts.runs.size()) << "a run of no tick";
            if (facts.definition.catchup != Catchup::kAll) continue;
            ASSERT_TRUE(facts.passed_over.empty());
            for (std::size_t i = 1; i < facts.windows.size(); ++i) {
                const Interval& before = facts.windows[i - 1];
                const Interval& after = facts.windows[i];
                ASSERT_TRUE(after.start == before.end || after.end == before.end)
                    << before.to_string() << " then " << after.to_string();
            }
        }
    }

    std::mt19937_64 random_;
    Timestamp now_;
    std::map<std::string, Facts> facts_;
    std::map<std::string, std::int64_t> tables_;
    std::map<std::string, std::string> stored_;
    Triggers triggers_;
};

TEST(TriggersModel, NoTickAndNoChangeIsLostOrRunTwice) {
    const char* given = std::getenv("INGOT_SEED");
    const int rounds = given != nullptr ? 1 : 60;
    std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    std::printf("INGOT_SEED=%llu and the %d after it\n", static_cast<unsigned long long>(seed),
                rounds - 1);
    for (int i = 0; i < rounds && !::testing::Test::HasFailure(); ++i, ++seed) {
        SCOPED_TRACE("INGOT_SEED=" + std::to_string(seed));
        World(seed).play(300);
    }
}

}  // namespace
}  // namespace ingot::orchestrator

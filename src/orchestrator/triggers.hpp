#pragma once
// Decides when pipelines run by themselves. Pure: no I/O, no clock, no threads; same definitions
// and events, same decisions. How it is used:
//
//   Triggers triggers;
//   store(triggers.define(definitions, kept from the store, now));
//   loop: wait for an event or for next_wake(), then
//         decisions = triggers.step(event, now)
//         in ONE transaction: queue decisions.due as runs, write state() of decisions.changed
//
// When that transaction fails, what is in memory is ahead of the store: make a new Triggers from
// the store. A run that is decided and a state that says so stand or fall together, so that neither
// a restart nor a crash loses a tick or runs one twice.
//
// The rules
// - A tick gets one run. `catchup` says what becomes of ticks that came while nothing could be
//   decided: the server was down, the pipeline was paused, the clock jumped. `all`: each gets its
//   run; `latest`: the last one does; `none`: only one that is not older than kOnTime. A pipeline
//   that is seen for the first time has missed nothing, nor has one whose schedule was changed.
// - A clock that goes back repeats nothing: ticks count from `ticked_to` on.
// - At most kOpenRunsMax runs of ticks of a pipeline are queued or at work; later ticks wait until
//   one of them ends. `ticked_to` says how far it is.
// - Tables, files and calls: one run at a time. What happens while it is open collapses into one
//   run after it. What happens during a pause is remembered.
// - A table has changed when it has a version that was not there when the pipeline's last run was
//   decided; of a pipeline that has never run, every table that exists has.
// - A file counts when two listings in a row show the same size and time: then it is not being
//   written any more.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "orchestrator/run_plan.hpp"
#include "orchestrator/schedule.hpp"
#include "orchestrator/trigger_state.hpp"

#include "project/pipeline.hpp"

namespace ingot::orchestrator {

inline constexpr Duration kOnTime = std::chrono::minutes(1);
inline constexpr int kOpenRunsMax = 16;

struct TriggerDefinition {
    std::string pipeline;
    project::Schedule schedule;
    std::optional<project::WindowSpec> window;
    project::Catchup catchup = project::Catchup::kLatest;
};
/// Nothing: the pipeline is started by hand.
std::optional<TriggerDefinition> trigger_of(const project::Pipeline& pipeline);

/// What the store has of a pipeline when a server starts.
struct KeptTrigger {
    std::string pipeline;
    TriggerState state;
    int open_runs = 0;  ///< Runs that a trigger decided and that are not over.
};

// What happens. TimeReached is for next_wake().
struct TimeReached {};
/// A table has this version now. Given at each commit, and once for each table at start. One that
/// was given before changes nothing.
struct TableChanged {
    TableName table;
    std::int64_t version = 0;
    std::string table_id = {};  ///< Delta's id of the table; empty: not known.
};
/// All files that the pattern of the pipeline finds now; kFilesMax at most.
struct FilesSeen {
    std::string pipeline;
    std::map<std::string, TriggerState::File> files;
};
struct WebhookCalled {
    std::string pipeline;
};
struct Paused {
    std::string pipeline;
};
struct Resumed {
    std::string pipeline;
};
/// A run that a trigger had decided is over, however it ended.
struct TriggeredRunEnded {
    std::string pipeline;
};
/// An operator says up to when ticks are dealt with: to leave out what was missed, or after a clock
/// that was wrong has been set back.
struct TicksSetTo {
    std::string pipeline;
    Timestamp to;
};
using TriggerEvent = std::variant<TimeReached, TableChanged, FilesSeen, WebhookCalled, Paused,
                                  Resumed, TriggeredRunEnded, TicksSetTo>;

/// A run to queue.
struct DueRun {
    std::string pipeline;
    RunOrigin::Cause cause = RunOrigin::Cause::kScheduled;
    /// The windows that the tick owns. Nothing: the pipeline has no windows, or the run brings
    /// everything that is missing up to date.
    std::optional<Interval> window = {};
    /// The tick; of other causes the moment of the event.
    Timestamp scheduled_for = {};
    std::map<TableName, std::int64_t> tables = {};  ///< That changed, and their versions.
    std::vector<std::string> files = {};            ///< That are new or changed.
    friend bool operator==(const DueRun&, const DueRun&) = default;
};

/// Ticks in (after, until] that get no run, because of `catchup` or as the schedule was changed.
struct PassedOver {
    std::string pipeline;
    Timestamp after;
    Timestamp until;
    friend bool operator==(const PassedOver&, const PassedOver&) = default;
};

struct Decisions {
    std::vector<DueRun> due;             ///< In the order in which they are to be queued.
    std::vector<std::string> changed;    ///< Pipelines whose state is to be written, each once.
    std::vector<std::string> forgotten;  ///< Pipelines whose state is to be deleted.
    std::vector<PassedOver> passed_over;
};

/// Not thread-safe. A step looks only at the pipelines that it is about: O(log n) for those whose
/// tick has come, and those that read a changed table.
class Triggers {
public:
    Triggers();
    ~Triggers();
    Triggers(Triggers&&) noexcept;
    Triggers& operator=(Triggers&&) noexcept;

    /// Takes in what the project says now, at start and at each reload. State that is there stays;
    /// `kept` fills in what is not, at start; pipelines that are gone go. Nothing is due yet: what
    /// was missed comes with the next step, for which next_wake() then is `now` or before. On an
    /// error (a zone is not known) nothing has changed.
    Result<Decisions> define(std::vector<TriggerDefinition> definitions,
                             std::vector<KeptTrigger> kept, Timestamp now);

    /// On an error nothing has changed. kNotFound: there is no such pipeline, or none that this
    /// event is for. kUnsupported: too many files.
    Result<Decisions> step(const TriggerEvent& event, Timestamp now);

    /// When TimeReached is due. Nothing: only an event changes something.
    std::optional<Timestamp> next_wake() const;

    /// Null: it has no trigger.
    const TriggerState* state(const std::string& pipeline) const;
    /// What it waits for, in one sentence; empty when it has no trigger.
    std::string waiting_for(const std::string& pipeline, Timestamp now) const;

private:
    struct Pipeline;

    Pipeline* find(const std::string& name);
    Status check(const TriggerEvent& event) const;
    void reach(Timestamp now, Decisions& decisions);
    void take_table(const TableChanged& changed, Timestamp now, Decisions& decisions);
    void take_own(Pipeline& pipeline, const TriggerEvent& event, Timestamp now,
                  Decisions& decisions);
    void set_timer(Pipeline& pipeline);

    std::unordered_map<std::string, std::unique_ptr<Pipeline>> pipelines_;
    /// Who reads a table. Sorted, so that decisions are in the same order everywhere.
    std::map<TableName, std::set<std::string>> readers_;
    std::set<std::pair<Timestamp, std::string>> timers_;  ///< One per pipeline at most.
};

}  // namespace ingot::orchestrator

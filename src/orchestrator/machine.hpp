#pragma once
// Decides what happens when, for all runs that are not over. It does nothing itself: no I/O, no
// clock, no threads. Same events, same state.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/run_status.hpp"

namespace ingot::orchestrator {

class Slots;

struct Limits {
    int workers = 2;                   ///< Tasks at work at a time, all in all.
    std::map<std::string, int> pools;  ///< Slots by name. A pool that is not here has no limit.
};

/// What to do after a step: first make `events` durable, all or none, then the rest.
struct Actions {
    struct Start {
        RunId run;
        TaskIndex task;
        int attempt = 1;
        bool adopted = false;  ///< It goes on: it outlived the process that began it.
    };
    struct Stop {
        RunId run;
        TaskIndex task;
        std::string reason;  ///< `its time limit of 10m is over`
    };
    std::vector<Event> events;  ///< The one that was given, and those that follow from it.
    std::vector<Start> start;
    std::vector<Stop> stop;  ///< Asked once; the attempt goes on until it has ended.
};

/// Not thread-safe. A step costs O(log n) in unfinished tasks per event that it makes, and an
/// expansion that for each copy; only a clear, a mark and the choice of a branch look at all tasks
/// of their run.
class Machine {
public:
    explicit Machine(Limits limits);
    ~Machine();
    Machine(Machine&&) noexcept;
    Machine& operator=(Machine&&) noexcept;

    /// Takes in what happened and decides what follows. Time never goes back: an event from before
    /// the last one is dated like that one. On an error (kNotFound: no such run; kInvalidArgument:
    /// it cannot have happened) nothing has changed. RunStarted, TaskStarted and TaskExpanded are
    /// decided here and never given.
    Result<Actions> step(Event event);
    /// The same when nothing happened but `now` was reached.
    Actions wake(Timestamp now);
    /// When to wake next if nothing happens before.
    std::optional<Timestamp> next_wake() const;

    /// From now on no run and no task starts: what is at work comes to its end.
    void hold() { held_ = true; }

    /// Takes in a stored event and decides nothing: `wake` does, once all are in.
    Status replay(const Event& event);

    /// Drops a run that is over: memory follows what is unfinished. Whoever wants something of it
    /// later replays it; it counts as the youngest then. kNotFound: unknown. kInvalidArgument: it
    /// is not over.
    Status forget(const RunId& run);

    /// Null: unknown, or forgotten. Points to what the next step may change and `forget` drops.
    const RunStatus* find(const RunId& run) const;
    /// Runs that are not over, in the order in which they were queued.
    std::vector<RunId> unfinished() const;
    /// Why a task has not started, in one sentence; empty when it has.
    std::string why_waiting(const RunId& run, TaskIndex task) const;

private:
    struct Run;
    struct Queue {
        int known = 0;  ///< Runs that share it, ended ones included.
        int active = 0;
        std::set<std::uint64_t> queued;  ///< By order.
    };
    struct Timer {
        Timestamp at;
        std::uint64_t run = 0;  ///< Its order.
        TaskIndex task;
        friend auto operator<=>(const Timer&, const Timer&) = default;
    };

    Status check(const Event& event) const;
    void apply(const Event& event);
    void follow(Timestamp now, Actions& actions);
    void decide(Run& run, Change change, Timestamp now, Actions& actions);
    void go_on(const Run& run, TaskIndex task, Actions& actions) const;
    void stop_running(const Run& run, const std::string& reason, Actions& actions) const;
    void stop_marked(const Run& run, TaskIndex task, Actions& actions) const;
    void stop_withdrawn(const Run& run, const TasksCleared& cleared, Actions& actions) const;
    void pass_timers(Timestamp now, Actions& actions);
    void start_runs(Timestamp now, Actions& actions);
    void expand_tasks(Timestamp now, Actions& actions);
    void start_tasks(Timestamp now, Actions& actions);

    void queue_run(Run& run);
    void start_run(Run& run, Timestamp at);
    void begin_attempt(Run& run, TaskIndex task, Timestamp at);
    void end_attempt(Run& run, const TaskEnded& ended, Timestamp at);
    void defer(Run& run, const TaskDeferred& deferred, Timestamp at);
    void cancel(Run& run, const RunCancelled& cancelled, Timestamp at);
    void mark(Run& run, const TaskMarked& marked, Timestamp at);
    void clear(Run& run, const std::vector<TaskIndex>& tasks, Timestamp at);
    void adopt(Run& run, const RunAdopted& adopted, Timestamp at);
    void expand(Run& run, const TaskExpanded& expanded, Timestamp at);

    void mark_one(Run& run, const TaskMarked& marked, Timestamp at);
    void clear_one(Run& run, TaskIndex task, Timestamp at);
    void withdraw_copies(Run& run, TaskIndex mapped, Timestamp at);
    bool let_go(Run& run, TaskIndex copy, Timestamp at);
    void wait_again(Run& run, TaskIndex task, Timestamp at);
    void settle(Run& run, TaskIndex task, TaskState state, Timestamp at);
    void look_at(Run& run, TaskIndex task, Timestamp at);
    void look_at_all(Run& run, Timestamp at);
    void withdraw(Run& run, TaskIndex task);
    void make_ready(Run& run, TaskIndex task, Timestamp at);
    void end_run_when_done(Run& run, Timestamp at);
    void leave_queue(const Run& run);
    void refresh_startable(const Run& run);
    void set_timer(Run& run, TaskIndex task, Timestamp at);
    void drop_timer(Run& run, TaskIndex task);

    Limits limits_;
    bool held_ = false;
    Timestamp now_;
    std::uint64_t orders_ = 0;
    std::map<std::uint64_t, std::unique_ptr<Run>> runs_;  ///< By the order of their queueing.
    std::map<RunId, std::uint64_t> order_of_;
    std::map<std::string, Queue> queues_;
    std::set<std::string> startable_;  ///< Queues with a queued run and a place for it.
    std::set<Timer> timers_;
    std::set<std::pair<std::uint64_t, TaskIndex>> expandable_;  ///< Tasks whose items are known.
    std::unique_ptr<Slots> slots_;
};

}  // namespace ingot::orchestrator

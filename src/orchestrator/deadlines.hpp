#pragma once
// Which runs are not done by when they must be. Pure: time comes in. That a run misses its deadline
// is decided once, by a wake or by its end, whichever comes first.
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/run_plan.hpp"

namespace ingot::orchestrator {

/// A run that is not over, as far as deadlines go.
struct WatchedRun {
    RunId id;
    std::string pipeline;
    Timestamp queued_at;
    Timestamp scheduled_for;  ///< The end of its window, its tick, or when it was queued.
    std::optional<Timestamp> started_at = {};
    bool missed = false;  ///< Was decided before.
};

struct DeadlineMissed {
    RunId run;
    std::string pipeline;
    Timestamp due;
    project::Deadline deadline;
};

/// Not thread-safe. O(log n) in runs per call; `define` looks at all of them.
class Deadlines {
public:
    /// By pipeline; runs of others have none. Runs that are watched get what holds now.
    void define(std::map<std::string, project::Deadline> deadlines);
    /// How long a successful run took; at start those of before, the oldest first.
    void ran(const std::string& pipeline, Duration took);

    void queued(WatchedRun run);
    void started(const RunId& run, Timestamp at);
    /// No longer watched. What it comes to when it ends late and nobody was woken before.
    std::optional<DeadlineMissed> ended(const RunId& run, Timestamp at);
    /// Those whose time is over, each once.
    std::vector<DeadlineMissed> reach(Timestamp now);
    std::optional<Timestamp> next_wake() const;

    /// Nothing: it has none, or none yet.
    std::optional<Timestamp> due(const RunId& run) const;

private:
    struct Watched {
        WatchedRun run;
        std::optional<Timestamp> due;
    };
    std::optional<Timestamp> due_of(const WatchedRun& run) const;
    void set_due(Watched& watched);
    DeadlineMissed miss(Watched& watched);

    std::map<std::string, project::Deadline> deadlines_;
    std::map<std::string, std::deque<Duration>> took_;
    std::map<RunId, Watched> runs_;
    std::set<std::pair<Timestamp, RunId>> timers_;  ///< Of those that are not missed.
};

}  // namespace ingot::orchestrator

#pragma once
// Running a pipeline for the windows of a range of the past: which of them, in which order, how
// many at a time. Pure.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/run_status.hpp"

namespace ingot::orchestrator {

using BackfillOrder = project::BackfillPolicy::Order;
using BackfillRedo = project::BackfillPolicy::Redo;

/// What is known of one window before a backfill.
struct WindowHistory {
    std::optional<RunState> newest_run = {};  ///< Of the pipeline for exactly this window.
    bool in_tables = false;  ///< All tables that the pipeline fills have it, whoever filled them.
};

/// What a backfill does with one window, and why.
struct BackfillWindow {
    Interval window;
    bool runs = false;
    std::string reason;  ///< `missing`, `failed`, `done`, `in flight`, ...
    friend bool operator==(const BackfillWindow&, const BackfillWindow&) = default;
};

struct Backfill {
    /// kPaused: what runs goes on, nothing else starts. kCancelled: the same for good.
    enum class State : std::uint8_t { kRunning, kPaused, kCancelled, kDone };
    std::string id;
    std::string pipeline;
    Interval range;
    BackfillOrder order = BackfillOrder::kOldestFirst;
    BackfillRedo redo = BackfillRedo::kNone;
    int active_runs = 1;
    std::string by = {};  ///< Who asked for it.
    Timestamp created_at = {};
    std::optional<Timestamp> ended_at = {};
    State state = State::kRunning;
    std::string problem = {};                  ///< Why it was paused by itself.
    std::vector<BackfillWindow> windows = {};  ///< In the order in which they run.
    std::string params = "{}";                 ///< Given for its runs; a JSON object.
    friend bool operator==(const Backfill&, const Backfill&) = default;
};
std::string_view backfill_state_name(Backfill::State state);

/// Decides for each window, oldest first in, in order out. Unfinished runs are never touched.
/// `none`: only what is missing; `failed`: also what failed or was cancelled; `all`: everything.
std::vector<BackfillWindow> plan_backfill(const std::vector<Interval>& windows,
                                          const std::map<Interval, WindowHistory>& history,
                                          BackfillOrder order, BackfillRedo redo);

/// docs/formats/run_store.md
std::string backfill_to_json(const Backfill& backfill);
/// kCorruptData: damaged, or of a newer version.
Result<Backfill> parse_backfill(std::string_view json);

/// How far a backfill is: which of its windows wait, run, and have ended.
class BackfillProgress {
public:
    /// `runs`: what it has queued so far, the newest of each window.
    BackfillProgress(Backfill backfill, const std::map<Interval, RunState>& runs);

    const Backfill& backfill() const { return backfill_; }
    void set_state(Backfill::State state, std::string problem = {});
    void set_ended(Timestamp at) { backfill_.ended_at = at; }

    /// The next window to queue a run for; nothing when none may start now.
    std::optional<Interval> next() const;
    void queued(const Interval& window);
    void ended(const Interval& window);
    /// Nothing of it runs, and nothing will.
    bool is_over() const;
    std::size_t waiting() const { return waiting_.size(); }

private:
    Backfill backfill_;
    std::vector<Interval> waiting_;  ///< The last is the next.
    std::set<Interval> active_;
};

}  // namespace ingot::orchestrator

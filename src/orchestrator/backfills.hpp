#pragma once
#include <functional>
#include <map>
#include <string>

#include "orchestrator/backfill.hpp"
#include "orchestrator/orchestrator.hpp"
#include "orchestrator/policy.hpp"

namespace ingot::orchestrator {

/// The kind of record that a backfill is.
inline constexpr std::string_view kBackfillRecord = "backfill";

/// Queues the runs of backfills, each with a limit of its own beside that of its pipeline.
class Backfills final : public Policy {
public:
    using Prepare = std::function<Result<PreparedRun>(const Backfill&, const Interval&)>;

    explicit Backfills(Prepare prepare) : prepare_(std::move(prepare)) {}

    /// Goes on with those that are not over, before the loop begins.
    Status load(Store& store);
    /// kAlreadyExists: the pipeline has one that is not over.
    Status begin(Backfill backfill, Orchestrator& orchestrator);
    /// `kPaused`, `kRunning` or `kCancelled`; what was queued and has not begun is cancelled then.
    /// kNotFound: it is over, or was never there.
    Status set_state(const std::string& id, Backfill::State state, Orchestrator& orchestrator);
    /// None is left that is not over.
    bool all_over() const { return active_.empty(); }

    Status on_event(const Event& event, const RunStatus& run, Orchestrator& orchestrator) override;
    Status on_time(Timestamp now, Orchestrator& orchestrator) override;
    std::optional<Timestamp> next_time() const override { return go_on_at_; }

private:
    Status go_on(BackfillProgress& progress, Orchestrator& orchestrator);

    Prepare prepare_;
    std::map<std::string, BackfillProgress> active_;  ///< Those that are not over, by id.
    std::optional<Timestamp> go_on_at_;               ///< Set once, for those that were loaded.
};

/// What becomes of its runs that have not begun when a backfill is cancelled.
RunCancelled backfill_was_cancelled();
/// The name of the queue in which its runs are.
std::string queue_of(const Backfill& backfill);
/// The newest run of each window that the backfill has queued.
Result<std::map<Interval, RunHead>> runs_of(const Backfill& backfill, Store& store);

}  // namespace ingot::orchestrator

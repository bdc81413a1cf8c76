#include "orchestrator/backfills.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace ingot::orchestrator {
namespace {

Record record_of(const Backfill& backfill) {
    return {std::string(kBackfillRecord), backfill.id, backfill_to_json(backfill)};
}

bool is_open(Backfill::State state) {
    return state == Backfill::State::kRunning || state == Backfill::State::kPaused;
}

}  // namespace

Status Backfills::load(Store& store) {
    INGOT_TRY_ASSIGN(const auto records, store.records(kBackfillRecord));
    for (const auto& [id, body] : records) {
        INGOT_TRY_ASSIGN_WITH(Backfill backfill, parse_backfill(body), "in the backfill " + id);
        if (backfill.ended_at) continue;
        INGOT_TRY_ASSIGN(const auto runs, runs_of(backfill, store));
        std::map<Interval, RunState> states;
        for (const auto& [window, head] : runs) states.emplace(window, head.state);
        active_.emplace(id, BackfillProgress(std::move(backfill), states));
    }
    if (!active_.empty()) go_on_at_ = Timestamp();
    return {};
}

Status Backfills::begin(Backfill backfill, Orchestrator& orchestrator) {
    for (const auto& [id, other] : active_) {
        if (other.backfill().pipeline != backfill.pipeline) continue;
        return make_error(ErrorCode::kAlreadyExists,
                          "the backfill {} of {} is not over: wait until it is, or cancel it", id,
                          backfill.pipeline);
    }
    const std::string id = backfill.id;
    orchestrator.keep(record_of(backfill));
    BackfillProgress progress(std::move(backfill), {});
    return go_on(active_.emplace(id, std::move(progress)).first->second, orchestrator);
}

Status Backfills::set_state(const std::string& id, Backfill::State state,
                            Orchestrator& orchestrator) {
    const auto found = active_.find(id);
    if (found == active_.end() || !is_open(found->second.backfill().state)) {
        return make_error(ErrorCode::kNotFound, "there is no backfill {} that is not over", id);
    }
    BackfillProgress& progress = found->second;
    progress.set_state(state);
    orchestrator.keep(record_of(progress.backfill()));
    if (state == Backfill::State::kCancelled) {
        for (const RunId& run : orchestrator.machine().unfinished()) {
            const RunStatus& status = *orchestrator.machine().find(run);
            if (status.origin.backfill != id || status.state != RunState::kQueued) continue;
            INGOT_TRY(orchestrator.give(run, backfill_was_cancelled()));
        }
    }
    return go_on(progress, orchestrator);
}

Status Backfills::on_event(const Event&, const RunStatus& run, Orchestrator& orchestrator) {
    if (run.origin.backfill.empty() || !has_ended(run.state) || !run.spec->window) return {};
    const auto found = active_.find(run.origin.backfill);
    if (found == active_.end()) return {};
    found->second.ended(*run.spec->window);
    return go_on(found->second, orchestrator);
}

Status Backfills::on_time(Timestamp, Orchestrator& orchestrator) {
    go_on_at_.reset();
    std::vector<std::string> ids;
    for (const auto& [id, progress] : active_) ids.push_back(id);
    for (const std::string& id : ids) INGOT_TRY(go_on(active_.at(id), orchestrator));
    return {};
}

/// Queues what may start now, and ends what is over: `progress` is gone then.
Status Backfills::go_on(BackfillProgress& progress, Orchestrator& orchestrator) {
    const std::string id = progress.backfill().id;
    while (const std::optional<Interval> window = progress.next()) {
        Result<PreparedRun> prepared = prepare_(progress.backfill(), *window);
        if (!prepared) {
            progress.set_state(Backfill::State::kPaused, prepared.error().to_string());
            orchestrator.keep(record_of(progress.backfill()));
            log_error("the backfill {} is paused: {}", id, prepared.error().to_string());
            return {};
        }
        prepared->spec.plan.queue = queue_of(progress.backfill());
        prepared->spec.plan.active_runs = progress.backfill().active_runs;
        const RunOrigin origin{RunOrigin::Cause::kBackfill, progress.backfill().by, prepared->code,
                               id};
        progress.queued(*window);
        INGOT_TRY(orchestrator.submit(prepared->id, std::move(prepared->spec), origin));
    }
    if (!progress.is_over()) return {};
    if (progress.backfill().state != Backfill::State::kCancelled) {
        progress.set_state(Backfill::State::kDone);
    }
    progress.set_ended(orchestrator.now());
    orchestrator.keep(record_of(progress.backfill()));
    active_.erase(id);
    return {};
}

RunCancelled backfill_was_cancelled() {
    return {"its backfill was cancelled"};
}

std::string queue_of(const Backfill& backfill) {
    return "backfill " + backfill.id;
}

Result<std::map<Interval, RunHead>> runs_of(const Backfill& backfill, Store& store) {
    std::map<Interval, RunHead> runs;
    RunFilter filter{.backfill = backfill.id, .at_most = 1000};
    while (true) {
        INGOT_TRY_ASSIGN(const std::vector<RunHead> page, store.list(filter));
        for (const RunHead& head : page) {
            if (head.window) runs.emplace(*head.window, head);  // The newest comes first.
        }
        if (page.size() < filter.at_most) return runs;
        filter.before = page.back().id;
    }
}

}  // namespace ingot::orchestrator

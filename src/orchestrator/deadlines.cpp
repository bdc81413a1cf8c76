#include "orchestrator/deadlines.hpp"

#include <numeric>

namespace ingot::orchestrator {

using project::Deadline;

void Deadlines::define(std::map<std::string, Deadline> deadlines) {
    deadlines_ = std::move(deadlines);
    for (auto& [id, watched] : runs_) set_due(watched);
}

void Deadlines::ran(const std::string& pipeline, Duration took) {
    const auto deadline = deadlines_.find(pipeline);
    const bool needed =
        deadline != deadlines_.end() && deadline->second.after == Deadline::After::kAverage;
    if (!needed) {
        took_.erase(pipeline);
        return;
    }
    std::deque<Duration>& last = took_[pipeline];
    last.push_back(took);
    while (last.size() > static_cast<std::size_t>(deadline->second.runs)) last.pop_front();
}

void Deadlines::queued(WatchedRun run) {
    const RunId id = run.id;
    Watched& watched = runs_[id];
    if (watched.due) timers_.erase({*watched.due, id});
    watched = {std::move(run), std::nullopt};
    set_due(watched);
}

void Deadlines::started(const RunId& run, Timestamp at) {
    const auto found = runs_.find(run);
    if (found == runs_.end()) return;
    found->second.run.started_at = at;
    set_due(found->second);
}

std::optional<DeadlineMissed> Deadlines::ended(const RunId& run, Timestamp at) {
    const auto found = runs_.find(run);
    if (found == runs_.end()) return std::nullopt;
    std::optional<DeadlineMissed> missed;
    Watched& watched = found->second;
    if (watched.due && *watched.due < at && !watched.run.missed) missed = miss(watched);
    if (watched.due) timers_.erase({*watched.due, run});
    runs_.erase(found);
    return missed;
}

std::vector<DeadlineMissed> Deadlines::reach(Timestamp now) {
    std::vector<DeadlineMissed> missed;
    while (!timers_.empty() && timers_.begin()->first <= now) {
        missed.push_back(miss(runs_.at(timers_.begin()->second)));
    }
    return missed;
}

std::optional<Timestamp> Deadlines::next_wake() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
}

std::optional<Timestamp> Deadlines::due(const RunId& run) const {
    const auto found = runs_.find(run);
    return found == runs_.end() ? std::nullopt : found->second.due;
}

std::optional<Timestamp> Deadlines::due_of(const WatchedRun& run) const {
    const auto found = deadlines_.find(run.pipeline);
    if (found == deadlines_.end()) return std::nullopt;
    const Deadline& deadline = found->second;
    switch (deadline.after) {
        case Deadline::After::kQueued:
            return run.queued_at + deadline.within;
        case Deadline::After::kScheduled:
            return run.scheduled_for + deadline.within;
        case Deadline::After::kStarted:
            if (!run.started_at) return std::nullopt;
            return *run.started_at + deadline.within;
        case Deadline::After::kAverage:
            break;
    }
    const auto took = took_.find(run.pipeline);
    const auto runs = static_cast<std::size_t>(deadline.runs);
    if (!run.started_at || took == took_.end() || took->second.size() < runs) return std::nullopt;
    const Duration all = std::accumulate(took->second.begin(), took->second.end(), Duration(0));
    return *run.started_at + all / deadline.runs + deadline.within;
}

void Deadlines::set_due(Watched& watched) {
    if (watched.due) timers_.erase({*watched.due, watched.run.id});
    watched.due = due_of(watched.run);
    if (watched.due && !watched.run.missed) timers_.emplace(*watched.due, watched.run.id);
}

DeadlineMissed Deadlines::miss(Watched& watched) {
    watched.run.missed = true;
    timers_.erase({*watched.due, watched.run.id});
    return {watched.run.id, watched.run.pipeline, *watched.due,
            deadlines_.at(watched.run.pipeline)};
}

}  // namespace ingot::orchestrator

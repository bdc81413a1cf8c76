#include "orchestrator/orchestrator.hpp"

#include <algorithm>
#include <exception>

#include "base/crash_point.hpp"
#include "base/log.hpp"

namespace ingot::orchestrator {

Status Orchestrator::work(std::stop_token stop) {
    Status done;
    while (done && !fences_.empty()) {
        std::vector<Event> events = wait_for_events(stop);
        if (stop.stop_requested() && !std::exchange(cancelled_, true)) done = cancel_all();
        if (done) done = take(std::move(events));
    }
    // After an error of the store: nothing that still runs could be recorded.
    for (auto& [task, source] : running_) source.request_stop();
    return done;
}

Orchestrator::Orchestrator(OrchestratorParts parts, Limits limits, Observer observer)
    : parts_(parts),
      observer_(std::move(observer)),
      machine_(limits),
      begun_(parts.clock.now()),
      begun_steady_(parts.clock.steady()),
      executor_({"task", static_cast<std::size_t>(limits.workers),
                 static_cast<std::size_t>(limits.workers)}) {}

Status Orchestrator::submit(const RunId& id, RunSpec spec) {
    fences_.insert_or_assign(id, kFirstFence);
    return take({{id, now(), RunQueued{std::make_shared<const RunSpec>(std::move(spec))}}});
}

Status Orchestrator::adopt(const StoredRun& run, Fence fence) {
    INGOT_TRY(replay(run, fence));
    return take({{run.head.id, now(), RunAdopted{}}});
}

Status Orchestrator::retire(const StoredRun& run, Fence fence, const std::string& reason) {
    INGOT_TRY(replay(run, fence));
    const RunStatus& status = *machine_.find(run.head.id);
    const bool was_running =
        std::any_of(status.tasks.begin(), status.tasks.end(),
                    [](const TaskStatus& task) { return task.state == TaskState::kRunning; });
    std::vector<Event> events;
    if (!status.cancelled) events.push_back({run.head.id, now(), RunCancelled{reason}});
    if (was_running) events.push_back({run.head.id, now(), RunAdopted{}});
    return take(std::move(events));
}

Status Orchestrator::replay(const StoredRun& run, Fence fence) {
    for (const Event& event : run.events) {
        INGOT_TRY_WITH(machine_.replay(event), "while reading the stored run");
    }
    fences_.insert_or_assign(run.head.id, fence);
    return {};
}

/// Takes all in, makes what comes of it durable as one, and does it.
Status Orchestrator::take(std::vector<Event> events) {
    Actions all;
    const auto add = [&](Actions actions) {
        const auto move_to = [](auto& from, auto& to) {
            to.insert(to.end(), std::make_move_iterator(from.begin()),
                      std::make_move_iterator(from.end()));
        };
        move_to(actions.events, all.events);
        move_to(actions.start, all.start);
        move_to(actions.stop, all.stop);
    };
    for (Event& event : events) {
        INGOT_TRY_ASSIGN(Actions actions, machine_.step(std::move(event)));
        add(std::move(actions));
    }
    const std::optional<Timestamp> wake = machine_.next_wake();
    if (wake && *wake <= now()) add(machine_.wake(now()));
    return commit(all);
}

Status Orchestrator::commit(const Actions& actions) {
    Batch batch{{}, actions.events};
    std::map<RunId, Fence> touched;
    for (const Event& event : actions.events) touched.emplace(event.run, fences_.at(event.run));
    for (const auto& [run, fence] : touched) {
        batch.runs.push_back({head_of(*machine_.find(run)), fence});
    }
    if (!batch.events.empty()) {
        crash_point("orchestrator.decided");
        INGOT_TRY_WITH(parts_.store.append(batch), "while recording what happened");
        crash_point("orchestrator.recorded");
    }
    for (const Event& event : actions.events) {
        const RunStatus& run = *machine_.find(event.run);
        if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
            running_.erase({event.run, ended->task});
        }
        if (has_ended(run.state)) fences_.erase(event.run);
        if (observer_) observer_(event, run);
    }
    for (const Actions::Start& each : actions.start) INGOT_TRY(start(each));
    for (const Actions::Stop& each : actions.stop) {
        const auto found = running_.find({each.run, each.task});
        if (found != running_.end()) found->second.request_stop();
    }
    return {};
}

Status Orchestrator::start(const Actions::Start& start) {
    const RunStatus& run = *machine_.find(start.run);
    Attempt attempt{start.run, run.spec, start.task, start.attempt, run.queued_at, {}};
    attempt.log = parts_.folder.log(start.run, attempt.planned(), start.attempt);
    std::stop_source& source = running_[{start.run, start.task}];
    source = std::stop_source();
    return executor_.submit([this, attempt, stop = source.get_token()](const std::stop_token&) {
        TaskOutcome outcome = carry_out(attempt, stop);
        {
            auto inbox = inbox_.lock();
            inbox->push_back(
                {attempt.run, now(), TaskEnded{attempt.task, attempt.number, std::move(outcome)}});
        }
        news_.notify_one();
    });
}

/// The root of a thread's work: whatever goes wrong is the attempt's outcome.
TaskOutcome Orchestrator::carry_out(const Attempt& attempt, std::stop_token stop) {
    try {
        return parts_.runner.run(attempt, std::move(stop));
    } catch (const std::exception& e) {
        return {TaskOutcome::Kind::kFailed, fmt::format("unexpected: {}", e.what()), false};
    }
}

/// What happened; nothing when a time has come, or `stop` asks.
std::vector<Event> Orchestrator::wait_for_events(const std::stop_token& stop) {
    auto inbox = inbox_.lock();
    const auto is_news = [&] { return !inbox->empty(); };
    // Asked once, and then no more: what runs needs its time to end.
    const std::stop_token asked = cancelled_ ? std::stop_token() : stop;
    if (const std::optional<Timestamp> wake = machine_.next_wake()) {
        const auto until = std::chrono::steady_clock::now() + (*wake - now());
        news_.wait_until(inbox.mutex_lock(), asked, until, is_news);
    } else {
        news_.wait(inbox.mutex_lock(), asked, is_news);
    }
    return std::exchange(*inbox, {});
}

Status Orchestrator::cancel_all() {
    std::vector<Event> events;
    for (const auto& [run, fence] : fences_) {
        if (machine_.find(run)->cancelled) continue;
        events.push_back({run, now(), RunCancelled{"it was asked to stop"}});
    }
    return take(std::move(events));
}

/// Wall time that never jumps: retries and time limits keep to it whatever is done to the clock.
Timestamp Orchestrator::now() const {
    return begun_ + (parts_.clock.steady() - begun_steady_);
}

}  // namespace ingot::orchestrator

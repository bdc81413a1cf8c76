#include "orchestrator/machine.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "orchestrator/items_internal.hpp"
#include "orchestrator/machine_internal.hpp"

namespace ingot::orchestrator {

namespace {

bool is_running(const RunStatus& run, TaskIndex task, int attempt) {
    return task.value() < run.tasks.size() &&
           run.tasks[task.value()].state == TaskState::kRunning &&
           attempt == static_cast<int>(run.tasks[task.value()].attempts.size());
}

TaskEnded out_of_time(const RunStatus& run, TaskIndex task) {
    const TaskStatus& status = run.tasks[task.value()];
    const Duration limit = *run.planned(task).timeout;
    return {task,
            static_cast<int>(status.attempts.size()),
            {TaskOutcome::Kind::kStopped,
             fmt::format("not there within {}: {}", format_duration(limit), status.waits_for)}};
}

Error impossible(const Event& event, std::string_view why) {
    return make_error(ErrorCode::kInvalidArgument, "{} of run {}: {}", change_name(event.change),
                      event.run.value(), why);
}

}  // namespace

Machine::Machine(Limits limits)
    : limits_(std::move(limits)), slots_(std::make_unique<Slots>(limits_.workers, limits_.pools)) {}
Machine::~Machine() = default;
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;

Result<Actions> Machine::step(Event event) {
    if (std::holds_alternative<RunStarted>(event.change) ||
        std::holds_alternative<TaskStarted>(event.change) ||
        std::holds_alternative<TaskExpanded>(event.change)) {
        return impossible(event, "this is decided here");
    }
    INGOT_TRY(check(event));
    event.at = std::max(event.at, now_);
    Actions actions;
    apply(event);
    const Run& run = *runs_.at(order_of_.at(event.run));
    if (const auto* cancelled = std::get_if<RunCancelled>(&event.change)) {
        stop_running(run, cancelled->reason, actions);
    } else if (const auto* marked = std::get_if<TaskMarked>(&event.change)) {
        stop_marked(run, marked->task, actions);
    } else if (const auto* cleared = std::get_if<TasksCleared>(&event.change)) {
        stop_withdrawn(run, *cleared, actions);
    } else if (const auto* adopted = std::get_if<RunAdopted>(&event.change)) {
        for (const TaskIndex task : adopted->kept) go_on(run, task, actions);
    }
    const Timestamp now = event.at;
    actions.events.push_back(std::move(event));
    follow(now, actions);
    return actions;
}

Actions Machine::wake(Timestamp now) {
    now_ = std::max(now_, now);
    Actions actions;
    follow(now_, actions);
    return actions;
}

std::optional<Timestamp> Machine::next_wake() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->at;
}

Status Machine::replay(const Event& event) {
    INGOT_TRY(check(event));
    apply(event);
    return {};
}

/// What follows from the state and the time; ends because each round starts something.
void Machine::follow(Timestamp now, Actions& actions) {
    pass_timers(now, actions);
    if (held_) return;
    while (!startable_.empty() || !expandable_.empty()) {
        start_runs(now, actions);
        expand_tasks(now, actions);
    }
    start_tasks(now, actions);
}

void Machine::pass_timers(Timestamp now, Actions& actions) {
    while (!timers_.empty() && timers_.begin()->at <= now) {
        const Timer timer = *timers_.begin();
        Run& run = *runs_.at(timer.run);
        drop_timer(run, timer.task);
        const TaskState state = run.at(timer.task).state;
        if (state == TaskState::kUpForReschedule && timer.at == run.sensor_end(timer.task)) {
            decide(run, out_of_time(run.status, timer.task), now, actions);
            continue;
        }
        if (state == TaskState::kUpForRetry || state == TaskState::kUpForReschedule) {
            make_ready(run, timer.task, timer.at);
            continue;
        }
        actions.stop.push_back({run.status.id, timer.task,
                                fmt::format("its time limit of {} is over",
                                            format_duration(*run.plan(timer.task).timeout))});
    }
}

void Machine::start_runs(Timestamp now, Actions& actions) {
    while (!startable_.empty()) {
        Run& run = *runs_.at(*queues_.at(*startable_.begin()).queued.begin());
        decide(run, RunStarted{}, now, actions);
    }
}

void Machine::expand_tasks(Timestamp now, Actions& actions) {
    while (!expandable_.empty()) {
        const auto [order, task] = *expandable_.begin();
        Run& run = *runs_.at(order);
        Result<std::vector<std::string>> items = items_of(run.status, task);
        if (items && !items->empty()) {
            decide(run, TaskExpanded{task, *std::move(items)}, now, actions);
            continue;
        }
        TaskOutcome outcome{TaskOutcome::Kind::kSkipped, "", false};
        if (items) {
            outcome.message = fmt::format("there is nothing to do: {} is an empty list",
                                          run.plan(task).items->text);
        } else {
            outcome.kind = TaskOutcome::Kind::kFailed;
            outcome.message = items.error().to_string();
        }
        decide(run, TaskEnded{task, run.next_attempt(task), std::move(outcome)}, now, actions);
    }
}

void Machine::start_tasks(Timestamp now, Actions& actions) {
    while (const std::optional<Slots::Key> key = slots_->next()) {
        Run& run = *runs_.at(key->run);
        const int attempt = run.next_attempt(key->task);
        decide(run, TaskStarted{key->task, attempt}, now, actions);
        actions.start.push_back({run.status.id, key->task, attempt});
    }
}

void Machine::decide(Run& run, Change change, Timestamp now, Actions& actions) {
    actions.events.push_back({run.status.id, now, std::move(change)});
    apply(actions.events.back());
}

/// What was asked of an attempt while nobody was there to do it is asked again.
void Machine::go_on(const Run& run, TaskIndex task, Actions& actions) const {
    const TaskStatus& status = run.at(task);
    const int attempt = static_cast<int>(status.attempts.size());
    actions.start.push_back({run.status.id, task, attempt, true});
    if (run.status.cancelled) {
        actions.stop.push_back({run.status.id, task, *run.status.cancelled});
    } else if (status.mark) {
        actions.stop.push_back({run.status.id, task, "it is marked by hand"});
    } else if (status.withdrawn) {
        actions.stop.push_back({run.status.id, task, "its task is cleared"});
    }
}

void Machine::stop_running(const Run& run, const std::string& reason, Actions& actions) const {
    for (std::uint32_t i = 0; i < run.status.tasks.size(); ++i) {
        if (run.status.tasks[i].state != TaskState::kRunning) continue;
        actions.stop.push_back({run.status.id, TaskIndex(i), reason});
    }
}

/// The task, or its copies.
void Machine::stop_marked(const Run& run, TaskIndex task, Actions& actions) const {
    const auto stop = [&](TaskIndex index) {
        if (run.at(index).state != TaskState::kRunning) return;
        actions.stop.push_back({run.status.id, index, "it is marked by hand"});
    };
    stop(task);
    const TaskStatus& status = run.at(task);
    for (std::uint32_t i = 0; i < status.items; ++i) stop(status.copies[i]);
}

void Machine::stop_withdrawn(const Run& run, const TasksCleared& cleared, Actions& actions) const {
    for (const TaskIndex task : cleared.tasks) {
        if (run.at(task).leaving == 0) continue;
        for (const TaskIndex copy : run.at(task).copies) {
            if (!run.at(copy).withdrawn) continue;
            actions.stop.push_back({run.status.id, copy, "its task is cleared"});
        }
    }
}

Status Machine::check(const Event& event) const {
    const auto order = order_of_.find(event.run);
    const bool known = order != order_of_.end();
    if (const auto* queued = std::get_if<RunQueued>(&event.change)) {
        if (known) return impossible(event, "it is known already");
        if (!queued->spec || queued->spec->plan.tasks.empty()) {
            return impossible(event, "it has no task");
        }
        return {};
    }
    if (!known) {
        return make_error(ErrorCode::kNotFound, "there is no run {}", event.run.value());
    }
    const Run& run = *runs_.at(order->second);
    const RunStatus& status = run.status;
    const auto is_task = [&](TaskIndex task) { return task.value() < status.tasks.size(); };
    const auto is_removed = [&](TaskIndex task) {
        return run.at(task).state == TaskState::kRemoved || run.at(task).withdrawn;
    };
    const auto is_expandable = [&](TaskIndex task) {
        return expandable_.contains({order->second, task});
    };
    if (std::holds_alternative<RunStarted>(event.change)) {
        if (status.state != RunState::kQueued) return impossible(event, "it is not queued");
    } else if (const auto* started = std::get_if<TaskStarted>(&event.change)) {
        if (!is_task(started->task) || status.state != RunState::kRunning) {
            return impossible(event, "no such task, or the run is not running");
        }
        const TaskStatus& task = run.at(started->task);
        const bool ready = task.state == TaskState::kQueued ||
                           task.state == TaskState::kUpForRetry ||
                           task.state == TaskState::kUpForReschedule;
        if (!ready || started->attempt != run.next_attempt(started->task)) {
            return impossible(event, "the task is not ready for this attempt");
        }
    } else if (const auto* expanded = std::get_if<TaskExpanded>(&event.change)) {
        if (!is_expandable(expanded->task) || expanded->items.empty()) {
            return impossible(event, "the task does not look for its items");
        }
    } else if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
        const bool deferred = ended->outcome.kind == TaskOutcome::Kind::kStopped &&
                              is_task(ended->task) &&
                              run.at(ended->task).state == TaskState::kUpForReschedule;
        const bool has_no_items = is_expandable(ended->task) &&
                                  ended->attempt == run.next_attempt(ended->task) &&
                                  (ended->outcome.kind == TaskOutcome::Kind::kFailed ||
                                   ended->outcome.kind == TaskOutcome::Kind::kSkipped);
        if (!is_running(run.status, ended->task, ended->attempt) && !deferred && !has_no_items) {
            return impossible(event, "this attempt is not running");
        }
        if (ended->outcome.kind == TaskOutcome::Kind::kDeferred) {
            return impossible(event, "it goes on later: it has not ended");
        }
        if (ended->outcome.chosen && run.at(ended->task).copy_of) {
            return impossible(event, "a copy is no branch");
        }
    } else if (const auto* later = std::get_if<TaskDeferred>(&event.change)) {
        if (!is_running(run.status, later->task, later->attempt) || !run.plan(later->task).sensor) {
            return impossible(event, "no such check is running");
        }
    } else if (std::holds_alternative<RunCancelled>(event.change)) {
        if (has_ended(status.state)) return impossible(event, "it is over");
        if (status.cancelled) return impossible(event, "it is being cancelled already");
    } else if (const auto* cleared = std::get_if<TasksCleared>(&event.change)) {
        if (!std::all_of(cleared->tasks.begin(), cleared->tasks.end(), is_task)) {
            return impossible(event, "no such task");
        }
        if (status.cancelled && !has_ended(status.state)) {
            return impossible(event, "it is being cancelled; wait until it is over");
        }
    } else if (const auto* marked = std::get_if<TaskMarked>(&event.change)) {
        if (!is_task(marked->task)) return impossible(event, "no such task");
        if (is_removed(marked->task)) return impossible(event, "its item is there no more");
    } else if (const auto* adopted = std::get_if<RunAdopted>(&event.change)) {
        if (has_ended(status.state)) return impossible(event, "it is over");
        const bool all_run =
            std::all_of(adopted->kept.begin(), adopted->kept.end(), [&](TaskIndex task) {
                return is_task(task) && run.at(task).state == TaskState::kRunning;
            });
        if (!all_run) return impossible(event, "no such task is running");
    }
    return {};
}

void Machine::apply(const Event& event) {
    now_ = std::max(now_, event.at);
    if (const auto* queued = std::get_if<RunQueued>(&event.change)) {
        auto run = std::make_unique<Run>();
        run->order = orders_++;
        run->status.id = event.run;
        run->status.spec = queued->spec;
        run->status.origin = queued->origin;
        run->status.queued_at = event.at;
        order_of_.emplace(event.run, run->order);
        queue_run(*runs_.emplace(run->order, std::move(run)).first->second);
    }
    Run& run = *runs_.at(order_of_.at(event.run));
    run.status.last_event_at = event.at;
    if (std::holds_alternative<RunStarted>(event.change)) {
        start_run(run, event.at);
    } else if (const auto* expanded = std::get_if<TaskExpanded>(&event.change)) {
        expand(run, *expanded, event.at);
    } else if (const auto* started = std::get_if<TaskStarted>(&event.change)) {
        begin_attempt(run, started->task, event.at);
    } else if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
        end_attempt(run, *ended, event.at);
    } else if (const auto* deferred = std::get_if<TaskDeferred>(&event.change)) {
        defer(run, *deferred, event.at);
    } else if (const auto* cancelled = std::get_if<RunCancelled>(&event.change)) {
        cancel(run, *cancelled, event.at);
    } else if (const auto* cleared = std::get_if<TasksCleared>(&event.change)) {
        clear(run, cleared->tasks, event.at);
    } else if (const auto* adopted = std::get_if<RunAdopted>(&event.change)) {
        adopt(run, *adopted, event.at);
    } else if (const auto* marked = std::get_if<TaskMarked>(&event.change)) {
        mark(run, *marked, event.at);
    } else if (const auto* noted = std::get_if<RunNoted>(&event.change)) {
        run.status.note = noted->note;
    }
}

Status Machine::forget(const RunId& id) {
    const auto order = order_of_.find(id);
    if (order == order_of_.end()) {
        return make_error(ErrorCode::kNotFound, "there is no run {}", id.value());
    }
    const Run& run = *runs_.at(order->second);
    if (!has_ended(run.status.state)) {
        return make_error(ErrorCode::kInvalidArgument, "run {} is not over", id.value());
    }
    const auto queue = queues_.find(queue_of(run.status.spec->plan));
    if (--queue->second.known == 0) queues_.erase(queue);
    slots_->remove_run(run.order);
    runs_.erase(order->second);
    order_of_.erase(order);
    return {};
}

const RunStatus* Machine::find(const RunId& run) const {
    const auto order = order_of_.find(run);
    return order == order_of_.end() ? nullptr : &runs_.at(order->second)->status;
}

std::vector<RunId> Machine::unfinished() const {
    std::vector<RunId> ids;
    for (const auto& [order, run] : runs_) {
        if (!has_ended(run->status.state)) ids.push_back(run->status.id);
    }
    return ids;
}

std::string Machine::why_waiting(const RunId& id, TaskIndex task) const {
    const Run& run = *runs_.at(order_of_.at(id));
    const TaskStatus& status = run.at(task);
    const PlannedTask& plan = run.plan(task);
    if (has_ended(status.state) || status.state == TaskState::kExpanded) return "";
    if (status.state == TaskState::kUpForRetry) {
        return fmt::format("failed {} of {} times; the next attempt is at {}", status.failures,
                           plan.retry.retries + 1, status.retry_at->to_string());
    }
    if (status.state == TaskState::kUpForReschedule) {
        return fmt::format("{}; the next check is at {}", status.waits_for,
                           status.check_at->to_string());
    }
    if (run.status.state == RunState::kQueued) {
        return fmt::format("the run waits: {} runs at most {} at a time",
                           queue_of(run.status.spec->plan), run.status.spec->plan.active_runs);
    }
    if (status.state == TaskState::kWaiting) {
        std::string names;
        for (const TaskIndex before : plan.after) {
            const TaskStatus& other = run.at(before);
            if (has_ended(other.state)) continue;
            const std::string how =
                other.items == 0
                    ? std::string(task_state_name(other.state))
                    : fmt::format("{} of {} copies have ended",
                                  other.of_copies.all - other.of_copies.waiting_for, other.items);
            names +=
                fmt::format("{}{} ({})", names.empty() ? "" : ", ", run.plan(before).name, how);
        }
        if (names.empty()) {
            return fmt::format("waits until {} of its former copies have stopped", status.leaving);
        }
        return "waits for " + names + (plan.items ? "; its items are " + plan.items->text : "");
    }
    if (status.state != TaskState::kQueued) return "";
    switch (slots_->why(run.key(task), plan.pool)) {
        case Slots::Wait::kRunLimit:
            return fmt::format("the run does at most {} tasks at a time",
                               *run.status.spec->plan.active_tasks);
        case Slots::Wait::kPool:
            return fmt::format("all {} slots of the pool {} are taken",
                               *slots_->slots_of(plan.pool), plan.pool);
        case Slots::Wait::kWorkers:
            return fmt::format("all {} workers are busy", slots_->workers());
        case Slots::Wait::kTurn:
            return "starts as soon as a worker is free";
    }
    return "";
}

}  // namespace ingot::orchestrator

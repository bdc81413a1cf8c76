#include "orchestrator/machine.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "orchestrator/slots_internal.hpp"

namespace ingot::orchestrator {

struct Machine::Run {
    std::uint64_t order = 0;
    RunStatus status;
    std::vector<std::vector<TaskIndex>> users;  ///< Of each task: those that come right after it.
    std::size_t unfinished = 0;                 ///< Tasks that have not ended.
    std::size_t cancelled = 0;
    std::size_t failing = 0;                       ///< Tasks that fail the run.
    std::vector<std::optional<Timestamp>> timers;  ///< Of each task.

    const PlannedTask& plan(TaskIndex task) const { return status.spec->plan.tasks[task.value()]; }
    TaskStatus& at(TaskIndex task) { return status.tasks[task.value()]; }
    const TaskStatus& at(TaskIndex task) const { return status.tasks[task.value()]; }
    Slots::Key key(TaskIndex task) const { return {order, task}; }
    bool fails_with(TaskIndex task, TaskState state) const {
        return state == TaskState::kUpstreamFailed ||
               (state == TaskState::kFailed && !plan(task).tolerated);
    }
};

namespace {

/// What a task that waits for others does now.
enum class Verdict : std::uint8_t { kWait, kRun, kSkip, kBlock };

/// The rules of `when`. Whatever the order in which the tasks before it end, it comes to the same.
Verdict judge(When when, const TaskStatus& task) {
    switch (when) {
        case When::kSuccess:
            if (task.blocking_before > 0) return Verdict::kBlock;
            if (task.waiting_for > 0) return Verdict::kWait;
            return task.skipped_before > 0 ? Verdict::kSkip : Verdict::kRun;
        case When::kDone:
            return task.waiting_for > 0 ? Verdict::kWait : Verdict::kRun;
        case When::kFailed:
            if (task.failed_before > 0) return Verdict::kRun;
            return task.waiting_for > 0 ? Verdict::kWait : Verdict::kSkip;
    }
    return Verdict::kWait;
}

/// Counts a task that has ended for one that comes after it.
void count_ended(TaskState state, bool tolerated, TaskStatus& user) {
    --user.waiting_for;
    if (state == TaskState::kSkipped) ++user.skipped_before;
    if (state == TaskState::kFailed || state == TaskState::kUpstreamFailed ||
        state == TaskState::kCancelled) {
        ++user.failed_before;
        if (!(state == TaskState::kFailed && tolerated)) ++user.blocking_before;
    }
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
        std::holds_alternative<TaskStarted>(event.change)) {
        return impossible(event, "this is decided here");
    }
    INGOT_TRY(check(event));
    event.at = std::max(event.at, now_);
    Actions actions;
    apply(event);
    if (const auto* cancelled = std::get_if<RunCancelled>(&event.change)) {
        stop_running(*runs_.at(order_of_.at(event.run)), cancelled->reason, actions);
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
    start_runs(now, actions);
    start_tasks(now, actions);
}

void Machine::pass_timers(Timestamp now, Actions& actions) {
    while (!timers_.empty() && timers_.begin()->at <= now) {
        const Timer timer = *timers_.begin();
        Run& run = *runs_.at(timer.run);
        drop_timer(run, timer.task);
        if (run.at(timer.task).state == TaskState::kUpForRetry) {
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

void Machine::start_tasks(Timestamp now, Actions& actions) {
    while (const std::optional<Slots::Key> key = slots_->next()) {
        Run& run = *runs_.at(key->run);
        const int attempt = static_cast<int>(run.at(key->task).attempts.size()) + 1;
        decide(run, TaskStarted{key->task, attempt}, now, actions);
        actions.start.push_back({run.status.id, key->task, attempt});
    }
}

void Machine::decide(Run& run, Change change, Timestamp now, Actions& actions) {
    actions.events.push_back({run.status.id, now, std::move(change)});
    apply(actions.events.back());
}

void Machine::stop_running(const Run& run, const std::string& reason, Actions& actions) const {
    for (std::uint32_t i = 0; i < run.status.tasks.size(); ++i) {
        if (run.status.tasks[i].state != TaskState::kRunning) continue;
        actions.stop.push_back({run.status.id, TaskIndex(i), reason});
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
    if (std::holds_alternative<RunStarted>(event.change)) {
        if (status.state != RunState::kQueued) return impossible(event, "it is not queued");
    } else if (const auto* started = std::get_if<TaskStarted>(&event.change)) {
        if (!is_task(started->task) || status.state != RunState::kRunning) {
            return impossible(event, "no such task, or the run is not running");
        }
        const TaskStatus& task = run.at(started->task);
        const bool ready = task.state == TaskState::kQueued || task.state == TaskState::kUpForRetry;
        if (!ready || started->attempt != static_cast<int>(task.attempts.size()) + 1) {
            return impossible(event, "the task is not ready for this attempt");
        }
    } else if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
        if (!is_task(ended->task) || run.at(ended->task).state != TaskState::kRunning ||
            ended->attempt != static_cast<int>(run.at(ended->task).attempts.size())) {
            return impossible(event, "this attempt is not running");
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
    } else if (has_ended(status.state)) {
        return impossible(event, "it is over");
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
    } else if (const auto* started = std::get_if<TaskStarted>(&event.change)) {
        begin_attempt(run, started->task, event.at);
    } else if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
        end_attempt(run, *ended, event.at);
    } else if (const auto* cancelled = std::get_if<RunCancelled>(&event.change)) {
        cancel(run, cancelled->reason, event.at);
    } else if (const auto* cleared = std::get_if<TasksCleared>(&event.change)) {
        clear(run, cleared->tasks, event.at);
    } else if (std::holds_alternative<RunAdopted>(event.change)) {
        adopt(run, event.at);
    }
}

void Machine::queue_run(Run& run) {
    const RunPlan& plan = run.status.spec->plan;
    run.users.resize(plan.tasks.size());
    run.timers.resize(plan.tasks.size());
    run.unfinished = plan.tasks.size();
    run.status.tasks.resize(plan.tasks.size());
    for (std::uint32_t i = 0; i < plan.tasks.size(); ++i) {
        run.status.tasks[i].since = run.status.queued_at;
        run.status.tasks[i].waiting_for = static_cast<std::uint32_t>(plan.tasks[i].after.size());
        for (const TaskIndex before : plan.tasks[i].after) {
            run.users[before.value()].emplace_back(i);
        }
    }
    slots_->add_run(run.order, plan.active_tasks);
    queues_[queue_of(plan)].queued.insert(run.order);
    refresh_startable(run);
}

void Machine::start_run(Run& run, Timestamp at) {
    Queue& queue = queues_.at(queue_of(run.status.spec->plan));
    queue.queued.erase(run.order);
    ++queue.active;
    run.status.state = RunState::kRunning;
    run.status.started_at = at;
    refresh_startable(run);
    look_at_all(run, at);
    end_run_when_done(run, at);
}

void Machine::begin_attempt(Run& run, TaskIndex task, Timestamp at) {
    TaskStatus& status = run.at(task);
    const PlannedTask& plan = run.plan(task);
    drop_timer(run, task);  // A replayed start of a task that is up for retry.
    slots_->take(run.key(task), plan.pool, plan.priority);
    status.state = TaskState::kRunning;
    status.since = at;
    status.retry_at.reset();
    status.attempts.push_back({AttemptStatus::State::kRunning, at});
    if (plan.timeout) set_timer(run, task, at + *plan.timeout);
}

void Machine::end_attempt(Run& run, const TaskEnded& ended, Timestamp at) {
    const TaskIndex task = ended.task;
    const PlannedTask& plan = run.plan(task);
    TaskStatus& status = run.at(task);
    AttemptStatus& attempt = status.attempts.back();
    drop_timer(run, task);
    slots_->give_back(run.order, plan.pool);
    attempt.ended = at;
    attempt.message = ended.outcome.message;
    const bool stopped = ended.outcome.kind == TaskOutcome::Kind::kStopped;
    if (ended.outcome.kind == TaskOutcome::Kind::kSuccess) {
        attempt.state = AttemptStatus::State::kSuccess;
        settle(run, task, TaskState::kSuccess, at);
    } else if (stopped && run.status.cancelled) {
        attempt.state = AttemptStatus::State::kCancelled;
        settle(run, task, TaskState::kCancelled, at);
    } else {
        attempt.state = stopped ? AttemptStatus::State::kTimedOut : AttemptStatus::State::kFailed;
        ++status.failures;
        const bool again = ended.outcome.retryable && !run.status.cancelled &&
                           status.failures <= plan.retry.retries;
        if (!again) {
            settle(run, task, TaskState::kFailed, at);
        } else if (judge(plan.when, status) != Verdict::kRun) {
            wait_again(run, task, at);
        } else {
            status.state = TaskState::kUpForRetry;
            status.since = at;
            status.retry_at = at + retry_wait(plan.retry, status.failures,
                                              run.status.id.value() + '#' + plan.name);
            set_timer(run, task, *status.retry_at);
        }
    }
    end_run_when_done(run, at);
}

void Machine::cancel(Run& run, const std::string& reason, Timestamp at) {
    run.status.cancelled = reason;
    if (run.status.state == RunState::kQueued) {
        queues_.at(queue_of(run.status.spec->plan)).queued.erase(run.order);
        refresh_startable(run);
    }
    for (std::uint32_t i = 0; i < run.status.tasks.size(); ++i) {
        TaskStatus& task = run.status.tasks[i];
        if (has_ended(task.state) || task.state == TaskState::kRunning) continue;
        withdraw(run, TaskIndex(i));
        task.state = TaskState::kCancelled;
        task.since = at;
        --run.unfinished;
        ++run.cancelled;
    }
    end_run_when_done(run, at);
}

void Machine::clear(Run& run, const std::vector<TaskIndex>& tasks, Timestamp at) {
    for (const TaskIndex index : tasks) {
        TaskStatus& task = run.at(index);
        if (!has_ended(task.state)) continue;
        if (run.fails_with(index, task.state)) --run.failing;
        if (task.state == TaskState::kCancelled) --run.cancelled;
        ++run.unfinished;
        task.state = TaskState::kWaiting;
        task.since = at;
        task.failures = 0;
    }
    if (!has_ended(run.status.state)) {
        if (run.status.state == RunState::kRunning) look_at_all(run, at);
        return;
    }
    if (run.unfinished == 0) return;
    run.status.state = RunState::kQueued;
    run.status.ended_at.reset();
    run.status.cancelled.reset();
    queues_.at(queue_of(run.status.spec->plan)).queued.insert(run.order);
    refresh_startable(run);
}

void Machine::adopt(Run& run, Timestamp at) {
    for (std::uint32_t i = 0; i < run.status.tasks.size(); ++i) {
        const TaskIndex index(i);
        TaskStatus& task = run.at(index);
        if (task.state != TaskState::kRunning) continue;
        task.attempts.back().state = AttemptStatus::State::kLost;
        task.attempts.back().ended = at;
        task.attempts.back().message = "its process ended before it did";
        drop_timer(run, index);
        slots_->give_back(run.order, run.plan(index).pool);
        if (run.status.cancelled) {
            settle(run, index, TaskState::kCancelled, at);
        } else {
            wait_again(run, index, at);
        }
    }
    end_run_when_done(run, at);
}

/// An attempt is over and the task is not; what comes before it may have been cleared meanwhile.
void Machine::wait_again(Run& run, TaskIndex task, Timestamp at) {
    TaskStatus& status = run.at(task);
    status.state = TaskState::kWaiting;
    status.since = at;
    switch (judge(run.plan(task).when, status)) {
        case Verdict::kWait:
            return;
        case Verdict::kRun:
            return make_ready(run, task, at);
        case Verdict::kSkip:
            return settle(run, task, TaskState::kSkipped, at);
        case Verdict::kBlock:
            return settle(run, task, TaskState::kUpstreamFailed, at);
    }
}

/// A task has ended: what comes after it goes on, or ends too.
void Machine::settle(Run& run, TaskIndex task, TaskState state, Timestamp at) {
    std::vector<TaskIndex> ended;
    const auto enter = [&](TaskIndex index, TaskState into) {
        run.at(index).state = into;
        run.at(index).since = at;
        --run.unfinished;
        if (run.fails_with(index, into)) ++run.failing;
        if (into == TaskState::kCancelled) ++run.cancelled;
        ended.push_back(index);
    };
    enter(task, state);
    while (!ended.empty()) {
        const TaskIndex before = ended.back();
        ended.pop_back();
        for (const TaskIndex user : run.users[before.value()]) {
            TaskStatus& status = run.at(user);
            count_ended(run.at(before).state, run.plan(before).tolerated, status);
            if (status.state != TaskState::kWaiting) continue;
            switch (judge(run.plan(user).when, status)) {
                case Verdict::kWait:
                    break;
                case Verdict::kRun:
                    make_ready(run, user, at);
                    break;
                case Verdict::kSkip:
                    enter(user, TaskState::kSkipped);
                    break;
                case Verdict::kBlock:
                    enter(user, TaskState::kUpstreamFailed);
                    break;
            }
        }
    }
}

/// Judges every task that has not begun by the states of those before it. In the order of the plan,
/// so that what ends here counts for those after it.
void Machine::look_at_all(Run& run, Timestamp at) {
    for (std::uint32_t i = 0; i < run.status.tasks.size(); ++i) {
        const TaskIndex index(i);
        TaskStatus& task = run.at(index);
        const std::vector<TaskIndex>& after = run.plan(index).after;
        task.waiting_for = static_cast<std::uint32_t>(after.size());
        task.failed_before = task.blocking_before = task.skipped_before = 0;
        for (const TaskIndex before : after) {
            if (!has_ended(run.at(before).state)) continue;
            count_ended(run.at(before).state, run.plan(before).tolerated, task);
        }
        look_at(run, index, at);
    }
}

void Machine::look_at(Run& run, TaskIndex index, Timestamp at) {
    TaskStatus& task = run.at(index);
    if (has_ended(task.state) || task.state == TaskState::kRunning) return;
    const Verdict verdict = judge(run.plan(index).when, task);
    if (verdict == Verdict::kRun) {
        if (task.state == TaskState::kWaiting) make_ready(run, index, at);
        return;
    }
    withdraw(run, index);
    const TaskState state = verdict == Verdict::kSkip    ? TaskState::kSkipped
                            : verdict == Verdict::kBlock ? TaskState::kUpstreamFailed
                                                         : TaskState::kWaiting;
    if (task.state != state) task.since = at;
    task.state = state;
    if (!has_ended(state)) return;
    --run.unfinished;
    if (run.fails_with(index, state)) ++run.failing;
}

/// It competes for slots no more and waits for no time.
void Machine::withdraw(Run& run, TaskIndex index) {
    TaskStatus& task = run.at(index);
    drop_timer(run, index);
    task.retry_at.reset();
    if (task.state == TaskState::kQueued) {
        slots_->remove(run.key(index), run.plan(index).pool, run.plan(index).priority);
    }
}

void Machine::make_ready(Run& run, TaskIndex index, Timestamp at) {
    TaskStatus& task = run.at(index);
    task.state = TaskState::kQueued;
    task.since = at;
    task.retry_at.reset();
    slots_->add(run.key(index), run.plan(index).pool, run.plan(index).priority);
}

void Machine::end_run_when_done(Run& run, Timestamp at) {
    if (run.unfinished > 0 || has_ended(run.status.state)) return;
    if (run.status.state == RunState::kRunning) {
        --queues_.at(queue_of(run.status.spec->plan)).active;
    }
    run.status.state = run.cancelled > 0 ? RunState::kCancelled
                       : run.failing > 0 ? RunState::kFailed
                                         : RunState::kSuccess;
    run.status.ended_at = at;
    refresh_startable(run);
}

void Machine::refresh_startable(const Run& run) {
    const std::string& name = queue_of(run.status.spec->plan);
    const Queue& queue = queues_.at(name);
    const bool startable =
        !queue.queued.empty() &&
        queue.active < runs_.at(*queue.queued.begin())->status.spec->plan.active_runs;
    if (startable) {
        startable_.insert(name);
    } else {
        startable_.erase(name);
    }
}

void Machine::set_timer(Run& run, TaskIndex task, Timestamp at) {
    drop_timer(run, task);
    run.timers[task.value()] = at;
    timers_.insert({at, run.order, task});
}

void Machine::drop_timer(Run& run, TaskIndex task) {
    std::optional<Timestamp>& timer = run.timers[task.value()];
    if (!timer) return;
    timers_.erase({*timer, run.order, task});
    timer.reset();
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
    if (has_ended(status.state)) return "";
    if (status.state == TaskState::kUpForRetry) {
        return fmt::format("failed {} of {} times; the next attempt is at {}", status.failures,
                           plan.retry.retries + 1, status.retry_at->to_string());
    }
    if (run.status.state == RunState::kQueued) {
        return fmt::format("the run waits: {} runs at most {} at a time",
                           queue_of(run.status.spec->plan), run.status.spec->plan.active_runs);
    }
    if (status.state == TaskState::kWaiting) {
        std::string names;
        for (const TaskIndex before : plan.after) {
            if (has_ended(run.at(before).state)) continue;
            names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", run.plan(before).name,
                                 task_state_name(run.at(before).state));
        }
        return "waits for " + names;
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

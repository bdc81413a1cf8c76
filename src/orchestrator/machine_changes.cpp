// How each event changes the state of its run.
#include <algorithm>
#include <set>

#include "orchestrator/machine_internal.hpp"

namespace ingot::orchestrator {
namespace {

TaskState state_of(const TaskMarked& marked) {
    switch (marked.as) {
        case TaskMarked::As::kSuccess:
            return TaskState::kSuccess;
        case TaskMarked::As::kFailed:
            return TaskState::kFailed;
        case TaskMarked::As::kSkipped:
            break;
    }
    return TaskState::kSkipped;
}

/// No rule is asked any more.
bool has_begun(TaskState state) {
    return state == TaskState::kRunning || state == TaskState::kExpanded;
}

AttemptStatus::State attempt_state(TaskOutcome::Kind outcome, bool asked_to_end) {
    switch (outcome) {
        case TaskOutcome::Kind::kSuccess:
            return AttemptStatus::State::kSuccess;
        case TaskOutcome::Kind::kSkipped:
            return AttemptStatus::State::kSkipped;
        case TaskOutcome::Kind::kStopped:
            return asked_to_end ? AttemptStatus::State::kCancelled
                                : AttemptStatus::State::kTimedOut;
        case TaskOutcome::Kind::kFailed:
        case TaskOutcome::Kind::kDeferred:
            break;
    }
    return AttemptStatus::State::kFailed;
}

}  // namespace

int Machine::Run::next_attempt(TaskIndex task) const {
    const std::vector<AttemptStatus>& attempts = at(task).attempts;
    const bool goes_on = !attempts.empty() && !has_ended(attempts.back().state);
    return static_cast<int>(attempts.size()) + (goes_on ? 0 : 1);
}

std::optional<Timestamp> Machine::Run::sensor_end(TaskIndex task) const {
    const PlannedTask& planned = plan(task);
    if (!planned.sensor || !planned.timeout || !at(task).checked_since) return std::nullopt;
    return *at(task).checked_since + *planned.timeout;
}

void Machine::Run::choose(TaskIndex task, const std::vector<std::string>& chosen) {
    const auto is_chosen = [&](const std::string& name) {
        return std::find(chosen.begin(), chosen.end(), name) != chosen.end();
    };
    std::vector<TaskIndex> first;
    for (const TaskIndex user : users[task.value()]) {
        if (is_chosen(plan(user).name) || is_chosen(plan(user).definition)) first.push_back(user);
    }
    const std::vector<TaskIndex> all = with_those_after(status.spec->plan, first);
    at(task).chosen = chosen;
    go_on[task] = {all.begin(), all.end()};
}

void Machine::Run::count_for(TaskIndex user, TaskIndex before) {
    count_ended(at(before).state, plan(before).tolerated, at(user).before);
    const auto branch = go_on.find(before);
    if (branch != go_on.end() && !branch->second.contains(user)) ++at(user).before.passed_over;
}

void Machine::Run::recount(TaskIndex task) {
    TasksBefore& counts = at(task).before;
    counts = {};
    for (const TaskIndex before : plan(task).after) {
        if (at(before).items > 0) {
            count_all(at(before).of_copies, counts);
            continue;
        }
        ++counts.all;
        ++counts.waiting_for;
        if (has_ended(at(before).state)) count_for(task, before);
    }
}

Verdict Machine::Run::verdict(TaskIndex task) const {
    const std::optional<ItemsRule>& items = plan(task).items;
    const Verdict by_rule = judge(plan(task).when, at(task).before);
    if (!items || by_rule != Verdict::kRun) return by_rule;
    if (at(task).before.waiting_for > 0) return Verdict::kWait;
    Verdict without = Verdict::kSkip;
    for (const TaskIndex from : items->from) {
        const TaskStatus& giver = at(from);
        TasksBefore counts = giver.of_copies;
        if (giver.items == 0) {
            counts.all = counts.waiting_for = 1;
            count_ended(giver.state, plan(from).tolerated, counts);
        }
        const bool gave =
            giver.items > 0 ? counts.succeeded > 0 : giver.state == TaskState::kSuccess;
        if (gave) return Verdict::kRun;
        if (counts.blocking > 0) without = Verdict::kBlock;
    }
    return without;
}

void Machine::Run::enter(TaskIndex task, TaskState state, Timestamp now) {
    TaskStatus& entered = at(task);
    close_deferred(task, now);
    entered.state = state;
    entered.since = now;
    --unfinished;
    if (fails_with(task, state)) ++failing;
    if (state == TaskState::kCancelled) ++cancelled;
    if (!entered.copy_of) return;
    TaskStatus& mapped = at(*entered.copy_of);
    count_ended(state, plan(task).tolerated, mapped.of_copies);
    if (mapped.of_copies.waiting_for == 0) end_expanded(*entered.copy_of, now);
}

void Machine::Run::leave(TaskIndex task, Timestamp now) {
    TaskStatus& left = at(task);
    go_on.erase(task);
    left.chosen.reset();
    left.values.clear();
    ++unfinished;
    if (fails_with(task, left.state)) --failing;
    if (left.state == TaskState::kCancelled) --cancelled;
    if (!left.copy_of) return;
    TaskStatus& mapped = at(*left.copy_of);
    uncount_ended(left.state, plan(task).tolerated, mapped.of_copies);
    if (!has_ended(mapped.state)) return;
    mapped.state = TaskState::kExpanded;
    mapped.since = now;
    ++unfinished;
}

void Machine::Run::remove(TaskIndex copy, Timestamp now) {
    TaskStatus& removed = at(copy);
    close_deferred(copy, now);
    removed.state = TaskState::kRemoved;
    removed.since = now;
    removed.mark.reset();
    removed.withdrawn = false;
    --unfinished;
}

/// Its copies count for the run, and it does not count again.
void Machine::Run::end_expanded(TaskIndex index, Timestamp now) {
    TaskStatus& mapped = at(index);
    const auto any = [&](TaskState state) {
        return std::any_of(mapped.copies.begin(), mapped.copies.begin() + mapped.items,
                           [&](TaskIndex copy) { return at(copy).state == state; });
    };
    mapped.state = any(TaskState::kCancelled)                         ? TaskState::kCancelled
                   : any(TaskState::kFailed)                          ? TaskState::kFailed
                   : mapped.of_copies.skipped == mapped.of_copies.all ? TaskState::kSkipped
                                                                      : TaskState::kSuccess;
    mapped.since = now;
    --unfinished;
}

void Machine::Run::close_deferred(TaskIndex task, Timestamp now) {
    std::vector<AttemptStatus>& attempts = at(task).attempts;
    if (attempts.empty() || attempts.back().state != AttemptStatus::State::kDeferred) return;
    attempts.back().state = AttemptStatus::State::kCancelled;
    attempts.back().ended = now;
}

TaskIndex Machine::Run::copy_at(TaskIndex mapped, std::uint32_t position) {
    if (position < at(mapped).copies.size()) return at(mapped).copies[position];
    const TaskIndex copy(static_cast<std::uint32_t>(status.tasks.size()));
    PlannedTask planned = plan(mapped);
    planned.name = fmt::format("{}[{}]", planned.definition, position);
    planned.item = position;
    planned.items.reset();
    planned.after.clear();  // Its items are known: what it waited for is behind it.
    status.copies.push_back(std::make_shared<const PlannedTask>(std::move(planned)));
    status.tasks.emplace_back().copy_of = mapped;
    timers.emplace_back();
    at(mapped).copies.push_back(copy);
    return copy;
}

RunState Machine::Run::outcome() const {
    if (cancelled > 0) return RunState::kCancelled;
    return failing > 0 ? RunState::kFailed : RunState::kSuccess;
}

bool Machine::Run::fails_with(TaskIndex task, TaskState state) const {
    return state == TaskState::kUpstreamFailed ||
           (state == TaskState::kFailed && !plan(task).tolerated);
}

void Machine::queue_run(Run& run) {
    const RunPlan& plan = run.status.spec->plan;
    run.users.resize(plan.tasks.size());
    run.timers.resize(plan.tasks.size());
    run.unfinished = plan.tasks.size();
    run.status.tasks.resize(plan.tasks.size());
    for (std::uint32_t i = 0; i < plan.tasks.size(); ++i) {
        run.status.tasks[i].since = run.status.queued_at;
        TasksBefore& counts = run.status.tasks[i].before;
        counts.all = counts.waiting_for = static_cast<std::uint32_t>(plan.tasks[i].after.size());
        for (const TaskIndex before : plan.tasks[i].after) {
            run.users[before.value()].emplace_back(i);
        }
    }
    slots_->add_run(run.order, plan.active_tasks);
    Queue& queue = queues_[queue_of(plan)];
    ++queue.known;
    queue.queued.insert(run.order);
    refresh_startable(run);
}

void Machine::start_run(Run& run, Timestamp at) {
    leave_queue(run);
    ++queues_.at(queue_of(run.status.spec->plan)).active;
    run.status.state = RunState::kRunning;
    run.status.started_at = at;
    refresh_startable(run);
    look_at_all(run, at);
    end_run_when_done(run, at);
}

void Machine::begin_attempt(Run& run, TaskIndex task, Timestamp at) {
    TaskStatus& status = run.at(task);
    const PlannedTask& plan = run.plan(task);
    const int attempt = run.next_attempt(task);
    const Timestamp ready = status.retry_at.value_or(status.since);
    drop_timer(run, task);  // A replayed start of a task that was between two attempts or checks.
    slots_->take(run.key(task), plan.pool, plan.priority);
    status.state = TaskState::kRunning;
    status.since = at;
    status.retry_at.reset();
    status.check_at.reset();
    if (attempt > static_cast<int>(status.attempts.size()))
        status.attempts.push_back({{}, at, ready});
    status.attempts.back().state = AttemptStatus::State::kRunning;
    if (plan.sensor && !status.checked_since) status.checked_since = at;
    if (!plan.timeout) return;
    // A check that begins late, because slots were short, still has the time between two.
    set_timer(run, task,
              plan.sensor ? std::max(*run.sensor_end(task), at + plan.sensor->every)
                          : at + *plan.timeout);
}

void Machine::end_attempt(Run& run, const TaskEnded& ended, Timestamp at) {
    const TaskIndex task = ended.task;
    const PlannedTask& plan = run.plan(task);
    TaskStatus& status = run.at(task);
    // Of a task that has no items or wrong ones nothing was started.
    if (expandable_.erase({run.order, task}) > 0) status.attempts.push_back({{}, at, at});
    AttemptStatus& attempt = status.attempts.back();
    drop_timer(run, task);
    status.check_at.reset();
    if (status.state == TaskState::kRunning) slots_->give_back(run.order, plan.pool);
    attempt.ended = at;
    attempt.message = ended.outcome.message;
    const bool stopped = ended.outcome.kind == TaskOutcome::Kind::kStopped;
    attempt.state =
        attempt_state(ended.outcome.kind, run.status.cancelled || status.mark || status.withdrawn);
    if (let_go(run, task, at)) return end_run_when_done(run, at);
    if (status.mark) {
        settle(run, task, state_of(*status.mark), at);
    } else if (ended.outcome.kind == TaskOutcome::Kind::kSuccess) {
        status.values = ended.outcome.values;
        if (ended.outcome.chosen) run.choose(task, *ended.outcome.chosen);
        settle(run, task, TaskState::kSuccess, at);
    } else if (ended.outcome.kind == TaskOutcome::Kind::kSkipped) {
        settle(run, task, TaskState::kSkipped, at);
    } else if (stopped && run.status.cancelled) {
        settle(run, task, TaskState::kCancelled, at);
    } else if (stopped && plan.sensor) {
        settle(run, task, plan.sensor->skip_when_over ? TaskState::kSkipped : TaskState::kFailed,
               at);
    } else {
        ++status.failures;
        const bool again = ended.outcome.retryable && !run.status.cancelled &&
                           status.failures <= plan.retry.retries;
        if (!again) {
            settle(run, task, TaskState::kFailed, at);
        } else if (judge(plan.when, status.before) != Verdict::kRun) {
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

/// What it waits for is not there: it holds nothing until it is asked again.
void Machine::defer(Run& run, const TaskDeferred& deferred, Timestamp at) {
    const TaskIndex task = deferred.task;
    TaskStatus& status = run.at(task);
    drop_timer(run, task);
    slots_->give_back(run.order, run.plan(task).pool);
    status.attempts.back().state = AttemptStatus::State::kDeferred;
    status.attempts.back().message = deferred.reason;
    ++status.attempts.back().checks;
    status.waits_for = deferred.reason;
    if (let_go(run, task, at)) return end_run_when_done(run, at);
    if (status.mark) {
        settle(run, task, state_of(*status.mark), at);
    } else if (run.status.cancelled) {
        settle(run, task, TaskState::kCancelled, at);
    } else if (judge(run.plan(task).when, status.before) != Verdict::kRun) {
        wait_again(run, task, at);
    } else {
        status.state = TaskState::kUpForReschedule;
        status.since = at;
        status.check_at = deferred.until;
        const std::optional<Timestamp> end = run.sensor_end(task);
        set_timer(run, task, end ? std::min(*end, deferred.until) : deferred.until);
    }
    end_run_when_done(run, at);
}

void Machine::cancel(Run& run, const RunCancelled& cancelled, Timestamp at) {
    run.status.cancelled = cancelled.reason;
    run.status.cancelled_by = cancelled.by;
    for (std::uint32_t i = 0; i < run.status.tasks.size(); ++i) {
        TaskStatus& task = run.status.tasks[i];
        if (has_ended(task.state) || has_begun(task.state)) continue;
        withdraw(run, TaskIndex(i));
        run.enter(TaskIndex(i), TaskState::kCancelled, at);
    }
    end_run_when_done(run, at);
}

void Machine::mark(Run& run, const TaskMarked& marked, Timestamp at) {
    const TaskStatus& task = run.at(marked.task);
    if (task.items == 0) mark_one(run, marked, at);
    for (std::uint32_t i = 0; i < task.items; ++i) {
        mark_one(run, {task.copies[i], marked.as, marked.by}, at);
    }
    if (has_ended(run.status.state)) {
        run.status.state = run.outcome();
        return;
    }
    if (run.status.state == RunState::kRunning) look_at_all(run, at);
    end_run_when_done(run, at);
}

/// Of a running task it is kept until its attempt has ended: nothing that comes after it works
/// beside what is still being stopped.
void Machine::mark_one(Run& run, const TaskMarked& marked, Timestamp at) {
    TaskStatus& task = run.at(marked.task);
    task.mark = marked;
    if (task.state == TaskState::kRunning) return;
    if (has_ended(task.state)) {
        run.leave(marked.task, at);
    } else {
        withdraw(run, marked.task);
    }
    run.enter(marked.task, state_of(marked), at);
}

void Machine::clear(Run& run, const std::vector<TaskIndex>& tasks, Timestamp at) {
    for (const TaskIndex task : tasks) {
        if (run.at(task).items > 0) {
            withdraw_copies(run, task, at);
        } else if (has_ended(run.at(task).state) && run.at(task).state != TaskState::kRemoved) {
            clear_one(run, task, at);
        }
    }
    if (!has_ended(run.status.state)) {
        if (run.status.state == RunState::kRunning) look_at_all(run, at);
        return;
    }
    if (run.unfinished == 0) return;
    run.status.state = RunState::kQueued;
    run.status.ended_at.reset();
    run.status.cancelled.reset();
    run.status.cancelled_by.clear();
    queues_.at(queue_of(run.status.spec->plan)).queued.insert(run.order);
    refresh_startable(run);
}

void Machine::clear_one(Run& run, TaskIndex index, Timestamp at) {
    TaskStatus& task = run.at(index);
    run.leave(index, at);
    task.state = TaskState::kWaiting;
    task.since = at;
    task.failures = 0;
    task.mark.reset();
    task.checked_since.reset();
}

/// The task looks for its items anew. A copy at work is removed when it has been stopped.
void Machine::withdraw_copies(Run& run, TaskIndex index, Timestamp at) {
    TaskStatus& mapped = run.at(index);
    for (std::uint32_t i = 0; i < mapped.items; ++i) {
        const TaskIndex copy = mapped.copies[i];
        if (run.at(copy).state == TaskState::kRunning) {
            run.at(copy).withdrawn = true;
            ++mapped.leaving;
            continue;
        }
        if (has_ended(run.at(copy).state)) {
            run.leave(copy, at);
        } else {
            withdraw(run, copy);
        }
        run.remove(copy, at);
    }
    mapped.items = 0;
    mapped.of_copies = {};
    mapped.state = TaskState::kWaiting;
    mapped.since = at;
}

/// An attempt of a withdrawn copy is over: the copy is removed, and after the last of them its task
/// may expand again. False: it was not withdrawn.
bool Machine::let_go(Run& run, TaskIndex copy, Timestamp at) {
    if (!run.at(copy).withdrawn) return false;
    run.remove(copy, at);
    const TaskIndex index = *run.at(copy).copy_of;
    TaskStatus& mapped = run.at(index);
    if (--mapped.leaving == 0 && mapped.state == TaskState::kWaiting) wait_again(run, index, at);
    return true;
}

/// The copies are ready at once: that their task expands is what its rule decided.
void Machine::expand(Run& run, const TaskExpanded& expanded, Timestamp at) {
    expandable_.erase({run.order, expanded.task});
    const auto count = static_cast<std::uint32_t>(expanded.items.size());
    for (std::uint32_t i = 0; i < count; ++i) {
        const TaskIndex copy = run.copy_at(expanded.task, i);
        TaskStatus& status = run.at(copy);
        status.item = expanded.items[i];
        status.failures = 0;
        status.checked_since.reset();
        ++run.unfinished;
        make_ready(run, copy, at);
    }
    TaskStatus& mapped = run.at(expanded.task);
    mapped.state = TaskState::kExpanded;
    mapped.since = at;
    mapped.items = count;
    mapped.of_copies = {};
    mapped.of_copies.all = mapped.of_copies.waiting_for = count;
    for (const TaskIndex user : run.users_of(expanded.task)) {
        // They counted it as one that has not ended.
        run.at(user).before.all += count - 1;
        run.at(user).before.waiting_for += count - 1;
    }
}

void Machine::adopt(Run& run, const RunAdopted& adopted, Timestamp at) {
    const std::set<TaskIndex> kept(adopted.kept.begin(), adopted.kept.end());
    for (std::uint32_t i = 0; i < run.status.tasks.size(); ++i) {
        const TaskIndex index(i);
        TaskStatus& task = run.at(index);
        if (task.state != TaskState::kRunning || kept.contains(index)) continue;
        task.attempts.back().state = AttemptStatus::State::kLost;
        task.attempts.back().ended = at;
        task.attempts.back().message = "its process ended before it did";
        drop_timer(run, index);
        slots_->give_back(run.order, run.plan(index).pool);
        if (let_go(run, index, at)) continue;
        if (task.mark) {
            settle(run, index, state_of(*task.mark), at);
        } else if (run.status.cancelled) {
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
    switch (run.verdict(task)) {
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
        withdraw(run, index);
        run.enter(index, into, at);
        ended.push_back(index);
    };
    enter(task, state);
    while (!ended.empty()) {
        const TaskIndex before = ended.back();
        ended.pop_back();
        for (const TaskIndex user : run.users_of(before)) {
            TaskStatus& status = run.at(user);
            run.count_for(user, before);
            if (has_ended(status.state) || has_begun(status.state)) continue;
            switch (run.verdict(user)) {
                case Verdict::kWait:
                    break;
                case Verdict::kRun:
                    if (status.state == TaskState::kWaiting) make_ready(run, user, at);
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
    for (std::uint32_t i = 0; i < run.status.spec->plan.tasks.size(); ++i) {
        const TaskStatus& task = run.at(TaskIndex(i));
        run.recount(TaskIndex(i));
        look_at(run, TaskIndex(i), at);
        for (std::uint32_t copy = 0; copy < task.items; ++copy) {
            look_at(run, task.copies[copy], at);
        }
    }
}

void Machine::look_at(Run& run, TaskIndex index, Timestamp at) {
    TaskStatus& task = run.at(index);
    if (has_ended(task.state) || has_begun(task.state)) return;
    const Verdict verdict = run.verdict(index);
    if (verdict == Verdict::kRun) {
        if (task.state == TaskState::kWaiting) make_ready(run, index, at);
        return;
    }
    withdraw(run, index);
    if (verdict == Verdict::kSkip) return run.enter(index, TaskState::kSkipped, at);
    if (verdict == Verdict::kBlock) return run.enter(index, TaskState::kUpstreamFailed, at);
    if (task.state != TaskState::kWaiting) task.since = at;
    task.state = TaskState::kWaiting;
}

/// It competes for slots no more and waits for no time.
void Machine::withdraw(Run& run, TaskIndex index) {
    TaskStatus& task = run.at(index);
    drop_timer(run, index);
    expandable_.erase({run.order, index});
    task.retry_at.reset();
    task.check_at.reset();
    if (task.state == TaskState::kQueued) {
        slots_->remove(run.key(index), run.plan(index).pool, run.plan(index).priority);
    }
}

void Machine::make_ready(Run& run, TaskIndex index, Timestamp at) {
    TaskStatus& task = run.at(index);
    if (run.plan(index).items) {
        if (task.leaving == 0) expandable_.insert({run.order, index});
        return;
    }
    task.state = TaskState::kQueued;
    task.since = task.retry_at.value_or(at);  // Not when somebody looked: a replay says the same.
    task.retry_at.reset();
    task.check_at.reset();
    slots_->add(run.key(index), run.plan(index).pool, run.plan(index).priority);
}

void Machine::end_run_when_done(Run& run, Timestamp at) {
    if (run.unfinished > 0 || has_ended(run.status.state)) return;
    if (run.status.state == RunState::kRunning) {
        --queues_.at(queue_of(run.status.spec->plan)).active;
    } else {
        leave_queue(run);
    }
    run.status.state = run.outcome();
    run.status.ended_at = at;
    refresh_startable(run);
}

void Machine::leave_queue(const Run& run) {
    queues_.at(queue_of(run.status.spec->plan)).queued.erase(run.order);
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

}  // namespace ingot::orchestrator

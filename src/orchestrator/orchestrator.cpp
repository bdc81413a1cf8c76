#include "orchestrator/orchestrator.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <set>

#include "base/crash_point.hpp"
#include "base/log.hpp"

namespace ingot::orchestrator {
namespace {

/// The loop looks at the wall clock at least so often: it may have jumped, or the machine slept.
constexpr Duration kLookAtClock = std::chrono::seconds(5);
/// How far the two clocks drift apart by themselves: followed even while runs are active.
constexpr Duration kDrift = std::chrono::seconds(1);
constexpr Duration kTryStoreAgainFirst = std::chrono::milliseconds(100);
constexpr Duration kTryStoreAgainMax = std::chrono::seconds(5);

Error over() {
    return make_error(ErrorCode::kCancelled, "the orchestrator has stopped");
}

/// What an append that failed may still come to by itself: the disk, or somebody's lock.
bool may_pass(ErrorCode code) {
    return code == ErrorCode::kIo || code == ErrorCode::kTimeout;
}

}  // namespace

Status Policy::on_event(const Event&, const RunStatus&, Orchestrator&) {
    return {};
}

Status Orchestrator::work(std::stop_token stop) {
    stop_ = std::move(stop);
    Status done = turn({});
    bool cancelled = false;
    while (done && !held_.empty()) {
        // Asked once, and then no more: what runs needs its time to end.
        std::vector<Posted> inputs = wait_for_inputs(cancelled ? std::stop_token() : stop_);
        if (stop_.stop_requested() && !std::exchange(cancelled, true)) done = cancel_all();
        if (done) done = turn(std::move(inputs));
    }
    leave_when_replaced(done);
    stop_everything();
    return done;
}

Status Orchestrator::serve(std::stop_token stop) {
    stop_ = std::move(stop);
    serving_ = true;
    Status done = turn({});
    while (done && !stop_.stop_requested()) done = turn(wait_for_inputs(stop_));
    if (done) done = drain();
    leave_when_replaced(done);
    stop_everything();
    return done;
}

Status Orchestrator::record(const Input& input) {
    stopping_ = true;
    machine_.hold();
    Status done = input(*this);
    // Nor is what outlived its process gone on with here: that would end with this process.
    pending_.start.clear();
    pending_.stop.clear();
    if (done) done = commit();
    stop_everything();
    return done;
}

Orchestrator::Orchestrator(OrchestratorParts parts, OrchestratorOptions options, Observer observer)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      observer_(std::move(observer)),
      machine_(options_.limits),
      begun_(parts_.clock.now()),
      begun_steady_(parts_.clock.steady()),
      executor_({"task", static_cast<std::size_t>(options_.limits.workers),
                 static_cast<std::size_t>(options_.limits.workers)}) {}

Orchestrator::~Orchestrator() {
    stop_everything();
}

std::future<Status> Orchestrator::post(Input input) {
    Posted posted{std::move(input), {}};
    std::future<Status> done = posted.done.get_future();
    {
        auto inbox = inbox_.lock();
        if (inbox->closed) {
            posted.done.set_value(over());
            return done;
        }
        inbox->inputs.push_back(std::move(posted));
    }
    news_.notify_one();
    return done;
}

Status Orchestrator::submit(const RunId& id, RunSpec spec, RunOrigin origin) {
    INGOT_TRY_ASSIGN(FileLock::Attempt lock, parts_.folder.lock_run(id, options_.purpose));
    if (const auto* held = std::get_if<FileLock::HeldBy>(&lock)) {
        return make_error(ErrorCode::kAlreadyExists, "the new run {} is held by {}", id.value(),
                          held->holder);
    }
    held_.insert_or_assign(id, Held{kFirstFence, std::get<FileLock>(std::move(lock))});
    const auto shared = std::make_shared<const RunSpec>(std::move(spec));
    const Status given = give(id, RunQueued{shared, std::move(origin)});
    if (!given) held_.erase(id);
    return given;
}

Status Orchestrator::adopt(const StoredRun& run, Fence fence, FileLock lock) {
    INGOT_TRY(replay(run, fence, std::move(lock)));
    INGOT_TRY_ASSIGN(RunAdopted adopted, adoption(run.head.id));
    return give(run.head.id, std::move(adopted));
}

Status Orchestrator::retire(const StoredRun& run, Fence fence, FileLock lock,
                            const std::string& reason) {
    INGOT_TRY(replay(run, fence, std::move(lock)));
    const RunStatus& status = *machine_.find(run.head.id);
    const bool was_running =
        std::any_of(status.tasks.begin(), status.tasks.end(),
                    [](const TaskStatus& task) { return task.state == TaskState::kRunning; });
    if (!status.cancelled) INGOT_TRY(give(run.head.id, RunCancelled{reason}));
    if (!was_running) return {};
    INGOT_TRY_ASSIGN(RunAdopted adopted, adoption(run.head.id));
    return give(run.head.id, std::move(adopted));
}

Status Orchestrator::give(const RunId& run, Change change) {
    return give({{run, std::move(change)}});
}

Status Orchestrator::give(const std::vector<std::pair<RunId, Change>>& changes) {
    std::vector<RunId> away;
    for (const auto& [run, change] : changes) {
        const bool known =
            held_.contains(run) || std::find(away.begin(), away.end(), run) != away.end();
        if (!known) away.push_back(run);
    }
    INGOT_TRY_ASSIGN(const std::vector<RunId> interrupted, bring_back(away));
    Status done;
    std::set<RunId> given;
    for (const auto& [run, change] : changes) {
        Result<Actions> actions = machine_.step({run, now(), change});
        if (!actions) {
            done = std::move(actions).error();
            break;
        }
        add(*std::move(actions));
        given.insert(run);
    }
    for (const RunId& run : interrupted) {
        const bool adopts = std::any_of(changes.begin(), changes.end(), [&](const auto& each) {
            return each.first == run && std::holds_alternative<RunAdopted>(each.second);
        });
        if (adopts) continue;
        INGOT_TRY_ASSIGN(RunAdopted adopted, adoption(run));
        INGOT_TRY_ASSIGN(Actions actions, machine_.step({run, now(), std::move(adopted)}));
        add(std::move(actions));
        given.insert(run);
    }
    for (const RunId& run : away) {
        if (!done && !given.contains(run)) INGOT_TRY(let_go_when_over(run));
    }
    return done;
}

void Orchestrator::keep(Record record) {
    records_.push_back(std::move(record));
}

Timestamp Orchestrator::now() const {
    return begun_ + (parts_.clock.steady() - begun_steady_);
}

/// Takes all in, makes what comes of it durable as one, and does it.
Status Orchestrator::turn(std::vector<Posted> inputs) {
    follow_the_clock();
    std::vector<std::promise<Status>> taken;
    for (Posted& posted : inputs) {
        if (Status given = posted.input(*this); !given) {
            posted.done.set_value(std::move(given));
        } else {
            taken.push_back(std::move(posted.done));
        }
    }
    if (const std::optional<Timestamp> wake = machine_.next_wake(); wake && *wake <= now()) {
        add(machine_.wake(now()));
    }
    Status done = stopping_ ? Status() : consult_policies();
    if (done) done = commit();
    for (std::promise<Status>& promise : taken) promise.set_value(done);
    return done;
}

/// What the policies make of the time, and of all events of the turn: theirs included.
Status Orchestrator::consult_policies() {
    const Timestamp wall = parts_.clock.now();
    for (Policy* policy : parts_.policies) {
        const std::optional<Timestamp> next = policy->next_time();
        if (next && *next <= wall) INGOT_TRY(policy->on_time(wall, *this));
    }
    if (parts_.policies.empty()) return {};
    for (std::size_t i = 0; i < pending_.events.size(); ++i) {
        const Event event = pending_.events[i];
        for (Policy* policy : parts_.policies) {
            INGOT_TRY(policy->on_event(event, *machine_.find(event.run), *this));
        }
    }
    return {};
}

void Orchestrator::add(Actions actions) {
    const auto move_to = [](auto& from, auto& to) {
        to.insert(to.end(), std::make_move_iterator(from.begin()),
                  std::make_move_iterator(from.end()));
    };
    move_to(actions.events, pending_.events);
    move_to(actions.start, pending_.start);
    move_to(actions.stop, pending_.stop);
}

Status Orchestrator::commit() {
    const Actions actions = std::exchange(pending_, {});
    Batch batch{{}, actions.events, std::exchange(records_, {}), options_.server};
    std::set<RunId> touched;
    for (const Event& event : actions.events) touched.insert(event.run);
    for (const RunId& run : touched) {
        batch.runs.push_back({head_of(*machine_.find(run)), held_.at(run).fence});
    }
    if (!batch.events.empty() || !batch.records.empty()) {
        crash_point("orchestrator.decided");
        INGOT_TRY_WITH(append(batch), "while recording what happened");
        crash_point("orchestrator.recorded");
    }
    for (const Event& event : actions.events) {
        if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
            running_.erase({event.run, ended->task});
        } else if (const auto* deferred = std::get_if<TaskDeferred>(&event.change)) {
            running_.erase({event.run, deferred->task});
        }
        if (observer_) observer_(event, *machine_.find(event.run));
    }
    for (const Actions::Start& each : actions.start) INGOT_TRY(start(each));
    for (const Actions::Stop& each : actions.stop) {
        const auto found = running_.find({each.run, each.task});
        if (found != running_.end()) found->second.request_stop();
    }
    for (const RunId& run : touched) INGOT_TRY(let_go_when_over(run));
    return {};
}

/// A server waits for its store, and meanwhile starts nothing; what it has decided stays decided.
Status Orchestrator::append(const Batch& batch) {
    Duration wait = kTryStoreAgainFirst;
    while (true) {
        Status appended = parts_.store.append(batch);
        const bool again =
            !appended && serving_ && may_pass(appended.error().code) && !stop_.stop_requested();
        if (!again) {
            store_trouble_.lock()->reset();
            return appended;
        }
        log_warning("the store takes nothing in, it is tried again: {}",
                    appended.error().to_string());
        *store_trouble_.lock() = appended.error();
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any().wait_for(lock, stop_, wait, [] { return false; });
        wait = std::min(wait * 2, kTryStoreAgainMax);
    }
}

Status Orchestrator::start(const Actions::Start& start) {
    const RunStatus& run = *machine_.find(start.run);
    Attempt begun = attempt(run, start.task, start.attempt);
    begun.adopted = start.adopted;
    std::stop_source& source = running_[{start.run, start.task}];
    source = std::stop_source();
    const auto work = [this, begun, stop = source.get_token()](const std::stop_token&) {
        post([begun, outcome = carry_out(begun, stop)](Orchestrator& self) {
            return self.end_attempt(begun, outcome);
        });
    };
    if (!start.adopted) return executor_.submit(work);
    attending_[{start.run, start.task}] = std::jthread(work);
    return {};
}

Attempt Orchestrator::attempt(const RunStatus& run, TaskIndex task, int number) const {
    Attempt attempt = attempt_of(run, task, number);
    attempt.log = parts_.folder.log(run.id, attempt.planned(), number);
    attempt.leave = leave_.get_token();
    return attempt;
}

/// Which attempts of the run, whose process is gone, go on all the same.
Result<RunAdopted> Orchestrator::adoption(const RunId& id) {
    const RunStatus& run = *machine_.find(id);
    RunAdopted adopted;
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
        if (run.tasks[i].state != TaskState::kRunning) continue;
        const TaskIndex task(i);
        const auto number = static_cast<int>(run.tasks[i].attempts.size());
        INGOT_TRY_ASSIGN(const bool goes_on, parts_.runner.goes_on(attempt(run, task, number)));
        if (goes_on) adopted.kept.push_back(task);
    }
    return adopted;
}

/// The root of a thread's work: whatever goes wrong is the attempt's outcome.
TaskOutcome Orchestrator::carry_out(const Attempt& attempt, std::stop_token stop) {
    try {
        return parts_.runner.run(attempt, std::move(stop));
    } catch (const std::exception& e) {
        return {TaskOutcome::Kind::kFailed, fmt::format("unexpected: {}", e.what()), false};
    }
}

Status Orchestrator::end_attempt(const Attempt& attempt, const TaskOutcome& outcome) {
    attending_.erase({attempt.run, attempt.task});
    const bool left = draining_ && outcome.kind == TaskOutcome::Kind::kStopped;
    if (left || !held_.contains(attempt.run)) {
        // The next process makes it again; or nobody waits for it, as its task was marked.
        running_.erase({attempt.run, attempt.task});
        return {};
    }
    return give(attempt.run, change_of(attempt.task, attempt.number, outcome, now()));
}

/// What was posted; nothing when a time has come, or `stop` asks.
std::vector<Orchestrator::Posted> Orchestrator::wait_for_inputs(const std::stop_token& stop,
                                                                std::optional<Duration> at_most) {
    auto inbox = inbox_.lock();
    const auto is_news = [&] { return !inbox->inputs.empty(); };
    const std::optional<Duration> wait = time_to_wait(at_most);
    if (wait) {
        const auto until = std::chrono::steady_clock::now() + *wait;
        news_.wait_until(inbox.mutex_lock(), stop, until, is_news);
    } else {
        news_.wait(inbox.mutex_lock(), stop, is_news);
    }
    return std::exchange(inbox->inputs, {});
}

std::optional<Duration> Orchestrator::time_to_wait(std::optional<Duration> at_most) const {
    std::optional<Duration> wait = at_most;
    const auto no_longer_than = [&](Duration other) {
        wait = wait ? std::min(*wait, other) : other;
    };
    if (const std::optional<Timestamp> wake = machine_.next_wake()) no_longer_than(*wake - now());
    if (stopping_) return wait;
    for (const Policy* policy : parts_.policies) {
        no_longer_than(kLookAtClock);
        const std::optional<Timestamp> next = policy->next_time();
        if (next) no_longer_than(*next - parts_.clock.now());
    }
    return wait;
}

Status Orchestrator::replay(const StoredRun& run, Fence fence, FileLock lock) {
    for (const Event& event : run.events) {
        INGOT_TRY_WITH(machine_.replay(event), "while reading the stored run");
    }
    held_.insert_or_assign(run.head.id, Held{fence, std::move(lock)});
    return {};
}

/// Runs that have ended, or were left, for what still happens to them: all or none. Those that have
/// not ended: their process is gone.
Result<std::vector<RunId>> Orchestrator::bring_back(const std::vector<RunId>& runs) {
    struct Away {
        FileLock lock;
        Fence fence = kFirstFence;
        StoredRun run = {};
    };
    std::vector<Away> all;
    for (const RunId& id : runs) {
        INGOT_TRY_ASSIGN(FileLock::Attempt lock, parts_.folder.lock_run(id, options_.purpose));
        if (const auto* held = std::get_if<FileLock::HeldBy>(&lock)) {
            return make_error(ErrorCode::kAlreadyExists, "the run {} is at work in {}", id.value(),
                              held->holder);
        }
        all.push_back({std::get<FileLock>(std::move(lock))});
    }
    INGOT_TRY_ASSIGN(const std::vector<Fence> fences, parts_.store.take_over(runs));
    for (std::size_t i = 0; i < runs.size(); ++i) {
        all[i].fence = fences[i];
        INGOT_TRY_ASSIGN(all[i].run, parts_.store.load(runs[i]));
    }
    std::vector<RunId> interrupted;
    for (Away& each : all) {
        const RunId id = each.run.head.id;
        if (machine_.find(id) != nullptr) INGOT_TRY(machine_.forget(id));
        INGOT_TRY(replay(each.run, each.fence, std::move(each.lock)));
        if (!has_ended(machine_.find(id)->state)) interrupted.push_back(id);
    }
    return interrupted;
}

Status Orchestrator::let_go_when_over(const RunId& run) {
    if (!has_ended(machine_.find(run)->state)) return {};
    held_.erase(run);
    return serving_ ? machine_.forget(run) : Status();
}

Status Orchestrator::cancel_all() {
    stopping_ = true;
    std::vector<RunId> runs;
    for (const auto& [run, held] : held_) {
        if (!machine_.find(run)->cancelled) runs.push_back(run);
    }
    for (const RunId& run : runs) INGOT_TRY(give(run, RunCancelled{"it was asked to stop"}));
    return {};
}

/// Lets what runs come to its end, for a while, then stops it.
Status Orchestrator::drain() {
    constexpr Duration kToStop = std::chrono::seconds(15);
    draining_ = stopping_ = true;
    machine_.hold();
    Timestamp until = now() + options_.drain_time;
    bool stopped = false;
    Status done;
    while (done && !running_.empty()) {
        if (now() >= until) {
            if (std::exchange(stopped, true)) break;
            for (auto& [task, source] : running_) source.request_stop();
            until = now() + kToStop;
        }
        done = turn(wait_for_inputs({}, until - now()));
    }
    return done;
}

/// What another process goes on with is not ours to end.
void Orchestrator::leave_when_replaced(const Status& done) {
    if (!done && done.error().code == ErrorCode::kCommitConflict) leave_.request_stop();
}

/// After this nothing of what still runs is recorded.
void Orchestrator::stop_everything() {
    for (auto& [task, source] : running_) source.request_stop();
    std::vector<Posted> left;
    {
        auto inbox = inbox_.lock();
        inbox->closed = true;
        left = std::exchange(inbox->inputs, {});
    }
    for (Posted& posted : left) posted.done.set_value(over());
    executor_.stop();
    attending_.clear();
}

/// Time goes on by the steady clock while runs are active, so that no jump of the other one ends a
/// wait or a time limit; else it is what the wall clock says.
void Orchestrator::follow_the_clock() {
    const Timestamp wall = parts_.clock.now();
    const Duration apart = wall - now();
    if (!held_.empty() && (apart > kDrift || apart < -kDrift)) return;
    begun_ = wall;
    begun_steady_ = parts_.clock.steady();
}

}  // namespace ingot::orchestrator

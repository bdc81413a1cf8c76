// Random runs, events, crashes and clocks against a reference that knows nothing but facts and
// works everything out anew, task by task, from the documented rules: docs/guide/pipelines.md.
//
// After each step: every state is the reference's; no limit is exceeded; nothing waits that could
// start; what started was the first in order. After each crash: the state rebuilt from the stored
// events is the one before. INGOT_SEED=n repeats one case.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <random>

#include "orchestrator/machine.hpp"

namespace ingot::orchestrator {
namespace {

struct ReferenceTask {
    std::optional<TaskState> ended;
    bool running = false;
    int attempts = 0;
    int failures = 0;
    std::optional<Timestamp> retry_at;
};

struct ReferenceRun {
    RunId id;
    std::shared_ptr<const RunSpec> spec;
    bool started = false;  ///< Holds a place among the active runs of its pipeline.
    bool cancelled = false;
    std::vector<ReferenceTask> tasks;
};

/// The rules, without a single counter.
class Reference {
public:
    explicit Reference(Limits limits) : limits_(std::move(limits)) {}

    void take(const Event& event) {
        if (const auto* queued = std::get_if<RunQueued>(&event.change)) {
            runs_.push_back({event.run, queued->spec, false, false,
                             std::vector<ReferenceTask>(queued->spec->plan.tasks.size())});
            return;
        }
        ReferenceRun& run = of(event.run);
        if (std::holds_alternative<RunStarted>(event.change)) {
            EXPECT_TRUE(may_start(run)) << "started too early: " << run.id.value();
            run.started = true;
        } else if (const auto* begun = std::get_if<TaskStarted>(&event.change)) {
            EXPECT_EQ(first_in_order(event.at), std::make_pair(run.id, begun->task));
            ReferenceTask& task = run.tasks[begun->task.value()];
            EXPECT_EQ(begun->attempt, ++task.attempts);
            task.running = true;
            task.retry_at.reset();
        } else if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
            end(run, *ended, event.at);
        } else if (std::holds_alternative<RunCancelled>(event.change)) {
            run.cancelled = true;
            for (ReferenceTask& task : run.tasks) {
                if (!task.running && !task.ended) task.ended = TaskState::kCancelled;
            }
        } else if (const auto* cleared = std::get_if<TasksCleared>(&event.change)) {
            const bool over = is_over(run);
            bool any = false;
            for (const TaskIndex index : cleared->tasks) {
                ReferenceTask& task = run.tasks[index.value()];
                if (!task.ended) continue;
                any = true;
                task.ended.reset();
                task.failures = 0;
            }
            if (over && any) run.started = run.cancelled = false;
        } else {
            for (ReferenceTask& task : run.tasks) {
                if (!std::exchange(task.running, false)) continue;
                if (run.cancelled) task.ended = TaskState::kCancelled;
            }
        }
        work_out(run, event.at);
    }

    /// Looks at every task again and again until nothing changes.
    void work_out(ReferenceRun& run, Timestamp now) {
        for (bool changed = true; changed;) {
            changed = false;
            for (std::size_t i = 0; i < run.tasks.size(); ++i) {
                const TaskState state = state_of(run, i, now);
                if (state != TaskState::kUpForRetry && state != TaskState::kQueued) {
                    run.tasks[i].retry_at.reset();
                }
                if (!has_ended(state) || run.tasks[i].ended) continue;
                run.tasks[i].ended = state;
                changed = true;
            }
        }
    }

    TaskState state_of(const ReferenceRun& run, std::size_t index, Timestamp now) const {
        const ReferenceTask& task = run.tasks[index];
        if (task.ended) return *task.ended;
        if (task.running) return TaskState::kRunning;
        if (!run.started) return TaskState::kWaiting;
        const PlannedTask& plan = run.spec->plan.tasks[index];
        bool all_ended = true;
        bool a_failure = false;
        bool a_blocking_failure = false;
        bool a_skip = false;
        for (const TaskIndex before : plan.after) {
            const std::optional<TaskState> state = run.tasks[before.value()].ended;
            if (!state) all_ended = false;
            if (!state || *state == TaskState::kSuccess) continue;
            if (*state == TaskState::kSkipped) {
                a_skip = true;
            } else {
                a_failure = true;
                const bool tolerated = run.spec->plan.tasks[before.value()].tolerated;
                if (*state != TaskState::kFailed || !tolerated) a_blocking_failure = true;
            }
        }
        const TaskState ready =
            task.retry_at && *task.retry_at > now ? TaskState::kUpForRetry : TaskState::kQueued;
        if (plan.when == When::kDone) return all_ended ? ready : TaskState::kWaiting;
        if (plan.when == When::kFailed) {
            if (a_failure) return ready;
            return all_ended ? TaskState::kSkipped : TaskState::kWaiting;
        }
        if (a_blocking_failure) return TaskState::kUpstreamFailed;
        if (!all_ended) return TaskState::kWaiting;
        return a_skip ? TaskState::kSkipped : ready;
    }

    RunState state_of(const ReferenceRun& run) const {
        if (!is_over(run)) return run.started ? RunState::kRunning : RunState::kQueued;
        bool failed = false;
        for (std::size_t i = 0; i < run.tasks.size(); ++i) {
            const TaskState state = *run.tasks[i].ended;
            if (state == TaskState::kCancelled) return RunState::kCancelled;
            failed |= state == TaskState::kUpstreamFailed ||
                      (state == TaskState::kFailed && !run.spec->plan.tasks[i].tolerated);
        }
        return failed ? RunState::kFailed : RunState::kSuccess;
    }

    static bool is_over(const ReferenceRun& run) {
        return std::all_of(run.tasks.begin(), run.tasks.end(),
                           [](const ReferenceTask& task) { return task.ended.has_value(); });
    }

    int running(const std::function<bool(const ReferenceRun&, const PlannedTask&)>& which) const {
        int count = 0;
        for (const ReferenceRun& run : runs_) {
            for (std::size_t i = 0; i < run.tasks.size(); ++i) {
                count += run.tasks[i].running && which(run, run.spec->plan.tasks[i]) ? 1 : 0;
            }
        }
        return count;
    }

    bool may_start(const ReferenceRun& run, const PlannedTask& task) const {
        const auto pool = limits_.pools.find(task.pool);
        const auto& of_run = run.spec->plan.active_tasks;
        return running([](const auto&, const auto&) { return true; }) < limits_.workers &&
               (pool == limits_.pools.end() || running([&](const auto&, const auto& other) {
                                                   return other.pool == task.pool;
                                               }) < pool->second) &&
               (!of_run ||
                running([&](const auto& other, const auto&) { return &other == &run; }) < *of_run);
    }

    bool may_start(const ReferenceRun& run) const {
        int active = 0;
        for (const ReferenceRun& other : runs_) {
            if (other.spec->plan.pipeline != run.spec->plan.pipeline || is_over(other)) continue;
            if (other.started) ++active;
            if (!other.started && &other < &run) return false;
        }
        return !run.started && !is_over(run) && active < run.spec->plan.active_runs;
    }

    /// Of all tasks that may start now: by priority, then run, then plan.
    std::optional<std::pair<RunId, TaskIndex>> first_in_order(Timestamp now) const {
        std::optional<std::pair<RunId, TaskIndex>> first;
        int priority = 0;
        for (const ReferenceRun& run : runs_) {
            for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
                const PlannedTask& plan = run.spec->plan.tasks[i];
                if (state_of(run, i, now) != TaskState::kQueued || !may_start(run, plan)) continue;
                if (first && plan.priority <= priority) continue;
                first = std::make_pair(run.id, TaskIndex(i));
                priority = plan.priority;
            }
        }
        return first;
    }

    void compare(const Machine& machine, Timestamp now) {
        for (ReferenceRun& run : runs_) {
            work_out(run, now);
            const RunStatus* status = machine.find(run.id);
            ASSERT_NE(status, nullptr);
            EXPECT_EQ(run_state_name(status->state), run_state_name(state_of(run)));
            for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
                EXPECT_EQ(task_state_name(status->tasks[i].state),
                          task_state_name(state_of(run, i, now)))
                    << run.id.value() << " task " << i;
                EXPECT_EQ(static_cast<int>(status->tasks[i].attempts.size()),
                          run.tasks[i].attempts);
                const bool waits = status->tasks[i].state <= TaskState::kUpForRetry &&
                                   status->tasks[i].state != TaskState::kRunning;
                EXPECT_EQ(machine.why_waiting(run.id, TaskIndex(i)).empty(), !waits);
            }
            EXPECT_FALSE(may_start(run)) << run.id.value() << " could start";
        }
        EXPECT_EQ(first_in_order(now), std::nullopt) << "a task could start";
    }

    const std::vector<ReferenceRun>& runs() const { return runs_; }

private:
    ReferenceRun& of(const RunId& id) {
        return *std::find_if(runs_.begin(), runs_.end(),
                             [&](const ReferenceRun& run) { return run.id == id; });
    }

    static void end(ReferenceRun& run, const TaskEnded& ended, Timestamp at) {
        ReferenceTask& task = run.tasks[ended.task.value()];
        const PlannedTask& plan = run.spec->plan.tasks[ended.task.value()];
        task.running = false;
        if (ended.outcome.kind == TaskOutcome::Kind::kSuccess) {
            task.ended = TaskState::kSuccess;
        } else if (ended.outcome.kind == TaskOutcome::Kind::kStopped && run.cancelled) {
            task.ended = TaskState::kCancelled;
        } else if (++task.failures > plan.retry.retries || !ended.outcome.retryable ||
                   run.cancelled) {
            task.ended = TaskState::kFailed;
        } else {
            task.retry_at =
                at + retry_wait(plan.retry, task.failures, run.id.value() + '#' + plan.name);
        }
    }

    Limits limits_;
    std::vector<ReferenceRun> runs_;
};

/// One random history.
class History {
public:
    explicit History(std::uint64_t seed) : random_(seed) {
        limits_.workers = 1 + below(4);
        limits_.pools = {{"small", 1}, {"large", 1 + below(3)}};
        machine_.emplace(limits_);
        machine_->wake(latest_);
        reference_.emplace(limits_);
    }

    void go_on() {
        const int what = below(100);
        if (what < 12 && reference_->runs().size() < 8) {
            queue_run();
        } else if (what < 65) {
            end_a_task();
        } else if (what < 82) {
            move_the_clock();
        } else if (what < 86) {
            change_a_run(RunCancelled{"asked"});
        } else if (what < 93) {
            clear_tasks();
        } else {
            crash();
        }
        reference_->compare(*machine_, latest_);
    }

private:
    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
    bool chance(int percent) { return below(100) < percent; }

    RunSpec random_spec() {
        RunSpec spec;
        spec.plan.pipeline = chance(50) ? "a" : "b";
        spec.plan.active_runs = spec.plan.pipeline == "a" ? 1 : 3;
        if (chance(40)) spec.plan.active_tasks = 1 + below(3);
        const int tasks = 1 + below(9);
        for (int i = 0; i < tasks; ++i) {
            PlannedTask task{fmt::format("t{}", i), fmt::format("t{}", i)};
            for (int before = 0; before < i; ++before) {
                if (chance(30)) task.after.emplace_back(static_cast<std::uint32_t>(before));
            }
            task.when = static_cast<When>(chance(60) ? 0 : below(3));
            task.tolerated = chance(15);
            task.pool = chance(50) ? "" : chance(50) ? "small" : "large";
            task.priority = below(3);
            task.retry = {below(3), Duration(below(2) * below(100'000'000)), 1.0 + below(3)};
            if (chance(30)) task.timeout = Duration(1 + below(50'000'000));
            spec.plan.tasks.push_back(std::move(task));
        }
        return spec;
    }

    void queue_run() {
        const RunId id(fmt::format("run-{}", reference_->runs().size()));
        give({id, now_, RunQueued{std::make_shared<const RunSpec>(random_spec())}});
    }

    void end_a_task() {
        std::vector<std::pair<const ReferenceRun*, std::uint32_t>> running;
        for (const ReferenceRun& run : reference_->runs()) {
            for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
                if (run.tasks[i].running) running.emplace_back(&run, i);
            }
        }
        if (running.empty()) return;
        const auto [run, task] =
            running[static_cast<std::size_t>(below(static_cast<int>(running.size())))];
        const auto kind = static_cast<TaskOutcome::Kind>(chance(50) ? 0 : below(3));
        give({run->id, now_,
              TaskEnded{TaskIndex(task),
                        run->tasks[task].attempts,
                        {kind, "it \"failed\"\n", chance(85)}}});
    }

    void move_the_clock() {
        const std::optional<Timestamp> wake = machine_->next_wake();
        if (wake && chance(60)) {
            now_ = *wake;
        } else {
            now_ = now_ + Duration((below(200) - 60) * 1'000'000LL);
        }
        latest_ = std::max(latest_, now_);
        store(machine_->wake(now_));
    }

    void clear_tasks() {
        if (reference_->runs().empty()) return;
        const ReferenceRun& run = any_run();
        TasksCleared cleared;
        for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
            if (chance(40)) cleared.tasks.emplace_back(i);
        }
        if (chance(50)) cleared.tasks = with_those_after(run.spec->plan, cleared.tasks);
        give({run.id, now_, std::move(cleared)});
    }

    void change_a_run(Change change) {
        if (!reference_->runs().empty()) give({any_run().id, now_, std::move(change)});
    }

    const ReferenceRun& any_run() {
        const auto& runs = reference_->runs();
        return runs[static_cast<std::size_t>(below(static_cast<int>(runs.size())))];
    }

    /// The store gives the events back run by run, through their stored form.
    void crash() {
        Machine rebuilt(limits_);
        for (const ReferenceRun& run : reference_->runs()) {
            for (const Event& event : stored_) {
                if (event.run != run.id) continue;
                auto spec = parse_spec(spec_to_json(*run.spec));
                ASSERT_TRUE(spec);
                auto change = parse_change(change_name(event.change), change_to_json(event.change),
                                           std::make_shared<const RunSpec>(*std::move(spec)));
                ASSERT_TRUE(change);
                const Event again{event.run, event.at, *std::move(change)};
                ASSERT_EQ(again, event);
                const Status taken = rebuilt.replay(again);
                ASSERT_TRUE(taken) << taken.error().to_string();
            }
        }
        EXPECT_TRUE(rebuilt.wake(latest_).events.empty()) << "all was decided before the crash";
        for (const ReferenceRun& run : reference_->runs()) {
            EXPECT_EQ(*rebuilt.find(run.id), *machine_->find(run.id)) << run.id.value();
        }
        EXPECT_EQ(rebuilt.unfinished(), machine_->unfinished());
        machine_ = std::move(rebuilt);
        for (const RunId& id : machine_->unfinished()) give({id, now_, RunAdopted{}});
    }

    void give(Event event) {
        auto actions = machine_->step(std::move(event));
        if (actions) store(*actions);
    }

    void store(const Actions& actions) {
        std::size_t starts = 0;
        for (const Event& event : actions.events) {
            EXPECT_GE(event.at, latest_) << "time goes on";
            latest_ = event.at;
            reference_->take(event);
            stored_.push_back(event);
            starts += std::holds_alternative<TaskStarted>(event.change) ? 1 : 0;
        }
        EXPECT_EQ(actions.start.size(), starts);
    }

    std::mt19937_64 random_;
    Limits limits_;
    std::optional<Machine> machine_;
    std::optional<Reference> reference_;
    std::vector<Event> stored_;
    Timestamp now_ = Timestamp::from_micros(1'400'000'000'000'000);
    Timestamp latest_ = now_;
};

TEST(MachineModel, EveryHistoryIsThatOfTheRules) {
    const char* const one = std::getenv("INGOT_SEED");
    const std::uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
    const std::uint64_t last = one != nullptr ? first : 60;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE(fmt::format("INGOT_SEED={}", seed));
        History history(seed);
        for (int step = 0; step < 150; ++step) {
            history.go_on();
            ASSERT_FALSE(::testing::Test::HasFailure()) << "at step " << step;
        }
    }
}

}  // namespace
}  // namespace ingot::orchestrator

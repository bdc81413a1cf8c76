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
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "orchestrator/machine.hpp"

namespace ingot::orchestrator {
namespace {

constexpr int kRules = static_cast<int>(project::PipelineTask::kWhenCount);

struct ReferenceTask {
    std::optional<TaskState> ended;
    bool running = false;
    int attempts = 0;
    int failures = 0;
    std::optional<Timestamp> retry_at;
    std::optional<TaskState> marked;
    bool open = false;  ///< An attempt that goes on at `check_at`.
    std::optional<Timestamp> check_at;
    std::optional<Timestamp> checked_since;
    std::optional<std::vector<std::string>> chosen;
    std::string values;
    std::vector<std::size_t> copies = {};          ///< By position, all that there ever were.
    std::size_t items = 0;                         ///< So many of them are there now.
    std::optional<std::size_t> copy_of = {};       ///< Of a copy.
    std::shared_ptr<const PlannedTask> plan = {};  ///< Of a copy.
    std::string item = {};                         ///< Of a copy.
    bool removed = false;                          ///< A copy that may still be at work.
};

struct ReferenceRun {
    RunId id;
    std::shared_ptr<const RunSpec> spec;
    bool started = false;  ///< Holds a place among the active runs of its pipeline.
    bool cancelled = false;
    std::vector<ReferenceTask> tasks = {};
    std::string note = {};

    const PlannedTask& plan(std::size_t task) const {
        return tasks[task].plan ? *tasks[task].plan : spec->plan.tasks[task];
    }
};

/// The rules, without a single counter.
class Reference {
public:
    explicit Reference(Limits limits) : limits_(std::move(limits)) {}

    void take(const Event& event) {
        if (const auto* queued = std::get_if<RunQueued>(&event.change)) {
            ReferenceRun asked{event.run, queued->spec};
            asked.tasks.resize(queued->spec->plan.tasks.size());
            runs_.push_back(std::move(asked));
            return;
        }
        ReferenceRun& run = of(event.run);
        if (std::holds_alternative<RunStarted>(event.change)) {
            EXPECT_TRUE(may_start(run)) << "started too early: " << run.id.value();
            run.started = true;
        } else if (const auto* expanded = std::get_if<TaskExpanded>(&event.change)) {
            expand(run, *expanded);
        } else if (const auto* begun = std::get_if<TaskStarted>(&event.change)) {
            EXPECT_EQ(first_in_order(event.at), std::make_pair(run.id, begun->task));
            ReferenceTask& task = run.tasks[begun->task.value()];
            if (!std::exchange(task.open, false)) ++task.attempts;
            EXPECT_EQ(begun->attempt, task.attempts);
            task.running = true;
            task.retry_at.reset();
            task.check_at.reset();
            if (!task.checked_since) task.checked_since = event.at;
        } else if (const auto* deferred = std::get_if<TaskDeferred>(&event.change)) {
            ReferenceTask& task = run.tasks[deferred->task.value()];
            task.running = false;
            task.open = !task.removed;
            task.check_at = deferred->until;
            if (task.removed) return work_out(run, event.at);
            if (run.cancelled) task.ended = TaskState::kCancelled;
            if (task.marked) task.ended = task.marked;
        } else if (const auto* ended = std::get_if<TaskEnded>(&event.change)) {
            end(run, *ended, event.at);
        } else if (std::holds_alternative<RunCancelled>(event.change)) {
            run.cancelled = true;
            for (ReferenceTask& task : run.tasks) {
                if (task.items > 0 || task.removed) continue;
                if (!task.running && !task.ended) task.ended = TaskState::kCancelled;
            }
        } else if (const auto* marked = std::get_if<TaskMarked>(&event.change)) {
            const ReferenceTask& task = run.tasks[marked->task.value()];
            if (task.items == 0) mark(run.tasks[marked->task.value()], marked->as);
            for (std::size_t i = 0; i < task.items; ++i) {
                mark(run.tasks[task.copies[i]], marked->as);
            }
        } else if (const auto* noted = std::get_if<RunNoted>(&event.change)) {
            run.note = noted->note;
        } else if (const auto* cleared = std::get_if<TasksCleared>(&event.change)) {
            const bool over = is_over(run);
            bool any = false;
            for (const TaskIndex index : cleared->tasks) {
                ReferenceTask& task = run.tasks[index.value()];
                if (task.items > 0) {
                    withdraw(run, index.value());
                    any = true;
                }
                if (!task.ended || task.removed) continue;
                any = true;
                task.ended.reset();
                task.marked.reset();
                task.checked_since.reset();
                task.chosen.reset();
                task.values.clear();
                task.failures = 0;
            }
            if (over && any) run.started = run.cancelled = false;
        } else if (const auto* adopted = std::get_if<RunAdopted>(&event.change)) {
            for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
                ReferenceTask& task = run.tasks[i];
                const auto& kept = adopted->kept;
                if (std::find(kept.begin(), kept.end(), TaskIndex(i)) != kept.end()) continue;
                if (!std::exchange(task.running, false)) continue;
                task.open = false;
                if (task.removed) continue;
                if (run.cancelled) task.ended = TaskState::kCancelled;
                if (task.marked) task.ended = task.marked;
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
                if (has_ended(state)) run.tasks[i].open = false;
                if (state != TaskState::kUpForRetry && state != TaskState::kQueued &&
                    state != TaskState::kUpForReschedule) {
                    run.tasks[i].retry_at.reset();
                    run.tasks[i].check_at.reset();
                }
                if (!has_ended(state) || run.tasks[i].ended || run.tasks[i].items > 0) continue;
                if (state == TaskState::kRemoved) continue;
                run.tasks[i].ended = state;
                changed = true;
            }
        }
    }

    TaskState state_of(const ReferenceRun& run, std::size_t index, Timestamp now) const {
        const ReferenceTask& task = run.tasks[index];
        if (task.ended) return *task.ended;
        if (task.running) return TaskState::kRunning;
        if (task.removed) return TaskState::kRemoved;
        if (task.items > 0) return state_of_copies(run, task);
        if (!run.started) return TaskState::kWaiting;
        const TaskState ready = task.retry_at && *task.retry_at > now ? TaskState::kUpForRetry
                                : task.check_at && *task.check_at > now
                                    ? TaskState::kUpForReschedule
                                    : TaskState::kQueued;
        const std::vector<TaskIndex>& after = run.plan(index).after;
        if (std::any_of(after.begin(), after.end(),
                        [&](TaskIndex branch) { return passes_over(run, branch, index); })) {
            return TaskState::kSkipped;
        }
        const TaskState state = by_rule(run, run.plan(index), ready);
        return run.plan(index).items && state == ready ? with_items(run, index) : state;
    }

    /// What the copies come to.
    static TaskState state_of_copies(const ReferenceRun& run, const ReferenceTask& mapped) {
        const auto any = [&](const auto& which) {
            return std::any_of(mapped.copies.begin(),
                               mapped.copies.begin() + static_cast<std::ptrdiff_t>(mapped.items),
                               [&](std::size_t copy) { return which(run.tasks[copy].ended); });
        };
        using Ended = std::optional<TaskState>;
        if (any([](Ended ended) { return !ended; })) return TaskState::kExpanded;
        if (any([](Ended ended) { return ended == TaskState::kCancelled; })) {
            return TaskState::kCancelled;
        }
        if (any([](Ended ended) { return ended == TaskState::kFailed; })) return TaskState::kFailed;
        return any([](Ended ended) { return ended == TaskState::kSuccess; }) ? TaskState::kSuccess
                                                                             : TaskState::kSkipped;
    }

    /// Those before a task: instead of one that has copies these.
    static std::vector<std::size_t> units(const ReferenceRun& run,
                                          const std::vector<TaskIndex>& tasks) {
        std::vector<std::size_t> units;
        for (const TaskIndex index : tasks) {
            const ReferenceTask& task = run.tasks[index.value()];
            if (task.items == 0) units.push_back(index.value());
            units.insert(units.end(), task.copies.begin(),
                         task.copies.begin() + static_cast<std::ptrdiff_t>(task.items));
        }
        return units;
    }

    /// Of a task whose rule lets it run: whether its items can be known. It never stays kQueued.
    static TaskState with_items(const ReferenceRun& run, std::size_t index) {
        const PlannedTask& plan = run.plan(index);
        for (const std::size_t before : units(run, plan.after)) {
            if (!run.tasks[before].ended) return TaskState::kWaiting;
        }
        bool failed = false;
        for (const std::size_t from : units(run, plan.items->from)) {
            const TaskState ended = *run.tasks[from].ended;
            const bool tolerated = ended == TaskState::kFailed && run.plan(from).tolerated;
            if (ended == TaskState::kSuccess) return is_leaving(run, index);
            if (tolerated && run.tasks[from].copy_of) return is_leaving(run, index);
            failed |= ended != TaskState::kSkipped && !tolerated;
        }
        return failed ? TaskState::kUpstreamFailed : TaskState::kSkipped;
    }
    static TaskState is_leaving(const ReferenceRun& run, std::size_t index) {
        for (const std::size_t copy : run.tasks[index].copies) {
            if (run.tasks[copy].removed && run.tasks[copy].running) return TaskState::kWaiting;
        }
        return TaskState::kQueued;
    }

    /// What its givers gave; nothing: no list of items. As the machine, but from the values alone.
    static std::optional<std::vector<std::string>> items(const ReferenceRun& run,
                                                         const ItemsRule& rule) {
        using Json = nlohmann::ordered_json;
        Json given = Json::array();
        bool is_list = false;
        for (const TaskIndex from : rule.from) {
            is_list |= run.plan(from.value()).item || run.plan(from.value()).items;
        }
        for (const std::size_t from : units(run, rule.from)) {
            if (!run.tasks[from].values.empty())
                given.push_back(Json::parse(run.tasks[from].values));
        }
        if (!is_list && given.empty()) return std::nullopt;
        if (!is_list) given = Json(given[0]);
        if (!rule.path.empty()) {
            const std::string& key = rule.path.front();
            Json members = Json::array();
            for (const Json& each : is_list ? given : Json::array({given})) {
                if (!each.contains(key)) return std::nullopt;
                members.push_back(each[key]);
            }
            given = is_list ? members : Json(members[0]);
        }
        if (!given.is_array() || given.size() > static_cast<std::size_t>(rule.at_most)) {
            return std::nullopt;
        }
        std::vector<std::string> items;
        for (const Json& item : given) {
            if (item.is_null() || item.is_array()) return std::nullopt;
            items.push_back(item.dump());
        }
        return items;
    }

    static void expand(ReferenceRun& run, const TaskExpanded& expanded) {
        const std::size_t index = expanded.task.value();
        EXPECT_EQ(items(run, *run.plan(index).items), expanded.items);
        for (std::size_t i = 0; i < expanded.items.size(); ++i) {
            if (i == run.tasks[index].copies.size()) {
                run.tasks[index].copies.push_back(run.tasks.size());
                PlannedTask plan = run.plan(index);
                plan.name = fmt::format("{}[{}]", plan.name, i);
                plan.item = static_cast<std::uint32_t>(i);
                plan.items.reset();
                plan.after.clear();
                ReferenceTask& copy = run.tasks.emplace_back();
                copy.copy_of = index;
                copy.plan = std::make_shared<const PlannedTask>(std::move(plan));
            }
            ReferenceTask& copy = run.tasks[run.tasks[index].copies[i]];
            copy.item = expanded.items[i];
            copy.removed = false;
            copy.failures = 0;
            copy.checked_since.reset();
        }
        run.tasks[index].items = expanded.items.size();
    }

    static void withdraw(ReferenceRun& run, std::size_t index) {
        for (const std::size_t position : run.tasks[index].copies) {
            ReferenceTask& copy = run.tasks[position];
            if (copy.removed) continue;
            copy.removed = true;
            copy.ended.reset();
            copy.marked.reset();
            copy.chosen.reset();
            copy.values.clear();
        }
        run.tasks[index].items = 0;
    }

    static void mark(ReferenceTask& task, TaskMarked::As as) {
        task.marked = as == TaskMarked::As::kSuccess  ? TaskState::kSuccess
                      : as == TaskMarked::As::kFailed ? TaskState::kFailed
                                                      : TaskState::kSkipped;
        if (task.running) return;
        task.ended = task.marked;
        task.chosen.reset();
        task.values.clear();
    }

    static bool passes_over(const ReferenceRun& run, TaskIndex branch, std::size_t task) {
        const ReferenceTask& chooser = run.tasks[branch.value()];
        return chooser.ended == TaskState::kSuccess && chooser.chosen &&
               !goes_on(run, branch, task);
    }
    /// It is chosen, or comes after something that is.
    static bool goes_on(const ReferenceRun& run, TaskIndex branch, std::size_t task) {
        const PlannedTask& plan = run.plan(task);
        const auto& names = *run.tasks[branch.value()].chosen;
        const bool direct =
            std::find(plan.after.begin(), plan.after.end(), branch) != plan.after.end();
        if (direct && std::find(names.begin(), names.end(), plan.name) != names.end()) return true;
        return std::any_of(plan.after.begin(), plan.after.end(),
                           [&](TaskIndex before) { return goes_on(run, branch, before.value()); });
    }

    /// The table of docs/guide/pipelines.md, each rule by itself.
    static TaskState by_rule(const ReferenceRun& run, const PlannedTask& plan, TaskState ready) {
        const std::vector<std::size_t> after = units(run, plan.after);
        const auto stands = [&](std::size_t before) { return run.tasks[before].ended; };
        const auto is_tolerated = [&](std::size_t before) {
            return stands(before) == TaskState::kFailed && run.plan(before).tolerated;
        };
        const auto open = [&](std::size_t before) { return !stands(before); };
        const auto skipped = [&](std::size_t before) {
            return stands(before) == TaskState::kSkipped;
        };
        const auto did_not_succeed = [&](std::size_t before) {
            return stands(before) == TaskState::kFailed ||
                   stands(before) == TaskState::kUpstreamFailed ||
                   stands(before) == TaskState::kCancelled;
        };
        const auto blocks = [&](std::size_t before) {
            return did_not_succeed(before) && !is_tolerated(before);
        };
        const auto succeeded = [&](std::size_t before) {
            return stands(before) == TaskState::kSuccess || is_tolerated(before);
        };
        const auto ran = [&](std::size_t before) {
            return stands(before) == TaskState::kSuccess || stands(before) == TaskState::kFailed;
        };
        const auto any = [&](const auto& which) {
            return std::any_of(after.begin(), after.end(), which);
        };
        const auto all = [&](const auto& which) {
            return std::all_of(after.begin(), after.end(), which);
        };
        const auto ended = [&](std::size_t before) { return !open(before); };
        const TaskState wait = TaskState::kWaiting;
        const TaskState skip = TaskState::kSkipped;
        const TaskState block = TaskState::kUpstreamFailed;
        if (after.empty()) return ready;
        switch (plan.when) {
            case When::kSuccess:
                return any(blocks) ? block : any(open) ? wait : any(skipped) ? skip : ready;
            case When::kDone:
                return all(ended) ? ready : wait;
            case When::kFailed:
                return any(did_not_succeed) ? ready : any(open) ? wait : skip;
            case When::kAllFailed:
                if (all(did_not_succeed)) return ready;
                return any(skipped) || any([&](std::size_t before) {
                           return stands(before) == TaskState::kSuccess;
                       })
                           ? skip
                           : wait;
            case When::kAllSkipped:
                if (all(skipped)) return ready;
                return any([&](std::size_t before) { return ended(before) && !skipped(before); })
                           ? skip
                           : wait;
            case When::kAlways:
                return ready;
            case When::kOneSuccess:
                return any(succeeded) ? ready : any(open) ? wait : all(skipped) ? skip : block;
            case When::kOneDone:
                return any(ran) ? ready : any(open) ? wait : skip;
            case When::kNoneFailed:
                return any(blocks) ? block : any(open) ? wait : ready;
            case When::kNoneSkipped:
                return any(skipped) ? skip : any(open) ? wait : ready;
            case When::kNoneFailedMinOneSuccess:
                return any(blocks) ? block : any(open) ? wait : all(skipped) ? skip : ready;
            case When::kAllDoneMinOneSuccess:
                return any(skipped) ? skip : any(open) ? wait : any(succeeded) ? ready : block;
        }
        return wait;
    }

    RunState state_of(const ReferenceRun& run) const {
        if (!is_over(run)) return run.started ? RunState::kRunning : RunState::kQueued;
        bool failed = false;
        for (std::size_t i = 0; i < run.tasks.size(); ++i) {
            if (run.tasks[i].items > 0 || run.tasks[i].removed) continue;
            const TaskState state = *run.tasks[i].ended;
            if (state == TaskState::kCancelled) return RunState::kCancelled;
            failed |= state == TaskState::kUpstreamFailed ||
                      (state == TaskState::kFailed && !run.plan(i).tolerated);
        }
        return failed ? RunState::kFailed : RunState::kSuccess;
    }

    static bool is_over(const ReferenceRun& run) {
        return std::all_of(run.tasks.begin(), run.tasks.end(), [](const ReferenceTask& task) {
            if (task.items > 0) return true;  // Its copies say.
            return task.removed ? !task.running : task.ended.has_value();
        });
    }

    int running(const std::function<bool(const ReferenceRun&, const PlannedTask&)>& which) const {
        int count = 0;
        for (const ReferenceRun& run : runs_) {
            for (std::size_t i = 0; i < run.tasks.size(); ++i) {
                count += run.tasks[i].running && which(run, run.plan(i)) ? 1 : 0;
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
                const PlannedTask& plan = run.plan(i);
                if (state_of(run, i, now) != TaskState::kQueued || !may_start(run, plan)) continue;
                if (plan.items) return std::make_pair(run.id, TaskIndex(i));  // It would expand.
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
            ASSERT_EQ(status->tasks.size(), run.tasks.size());
            for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
                EXPECT_EQ(status->planned(TaskIndex(i)), run.plan(i));
                EXPECT_EQ(status->tasks[i].item, run.tasks[i].item);
                EXPECT_EQ(status->tasks[i].items, run.tasks[i].items);
                EXPECT_EQ(task_state_name(status->tasks[i].state),
                          task_state_name(state_of(run, i, now)))
                    << run.id.value() << " task " << i;
                EXPECT_EQ(static_cast<int>(status->tasks[i].attempts.size()),
                          run.tasks[i].attempts);
                EXPECT_EQ(status->tasks[i].chosen, run.tasks[i].chosen);
                EXPECT_EQ(status->tasks[i].values, run.tasks[i].values);
                if (state_of(run, i, now) == TaskState::kUpForReschedule) {
                    EXPECT_FALSE(is_out_of_time(run, i, now)) << "it is asked no more";
                    EXPECT_EQ(status->tasks[i].check_at, run.tasks[i].check_at);
                }
                const bool waits = status->tasks[i].state <= TaskState::kUpForReschedule &&
                                   status->tasks[i].state != TaskState::kRunning;
                EXPECT_EQ(machine.why_waiting(run.id, TaskIndex(i)).empty(), !waits);
            }
            EXPECT_EQ(status->note, run.note);
            EXPECT_FALSE(may_start(run)) << run.id.value() << " could start";
        }
        EXPECT_EQ(first_in_order(now), std::nullopt) << "a task could start";
    }

    const std::vector<ReferenceRun>& runs() const { return runs_; }

    ReferenceRun forget(const RunId& id) {
        ReferenceRun run = of(id);
        std::erase_if(runs_, [&](const ReferenceRun& each) { return each.id == id; });
        return run;
    }
    void recall(ReferenceRun run) { runs_.push_back(std::move(run)); }

private:
    ReferenceRun& of(const RunId& id) {
        return *std::find_if(runs_.begin(), runs_.end(),
                             [&](const ReferenceRun& run) { return run.id == id; });
    }

    static bool is_out_of_time(const ReferenceRun& run, std::size_t index, Timestamp now) {
        const PlannedTask& plan = run.plan(index);
        const std::optional<Timestamp>& since = run.tasks[index].checked_since;
        return plan.sensor && plan.timeout && since && *since + *plan.timeout <= now;
    }

    static void end(ReferenceRun& run, const TaskEnded& ended, Timestamp at) {
        ReferenceTask& task = run.tasks[ended.task.value()];
        const PlannedTask& plan = run.plan(ended.task.value());
        if (plan.items) {
            const auto given = items(run, *plan.items);
            EXPECT_TRUE(!given || given->empty()) << "it has items";
            EXPECT_EQ(ended.attempt, ++task.attempts);
            task.ended = given ? TaskState::kSkipped : TaskState::kFailed;
            EXPECT_EQ(ended.outcome.kind,
                      given ? TaskOutcome::Kind::kSkipped : TaskOutcome::Kind::kFailed);
            return;
        }
        if (!task.running) {
            EXPECT_TRUE(task.open && is_out_of_time(run, ended.task.value(), at));
        }
        task.running = task.open = false;
        task.check_at.reset();
        if (task.removed) return;
        if (task.marked) {
            task.ended = task.marked;
        } else if (ended.outcome.kind == TaskOutcome::Kind::kSuccess) {
            task.ended = TaskState::kSuccess;
            task.chosen = ended.outcome.chosen;
            task.values = ended.outcome.values;
        } else if (ended.outcome.kind == TaskOutcome::Kind::kSkipped) {
            task.ended = TaskState::kSkipped;
        } else if (ended.outcome.kind == TaskOutcome::Kind::kStopped && run.cancelled) {
            task.ended = TaskState::kCancelled;
        } else if (ended.outcome.kind == TaskOutcome::Kind::kStopped && plan.sensor) {
            task.ended = plan.sensor->skip_when_over ? TaskState::kSkipped : TaskState::kFailed;
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

    /// How often a task expanded, and expanded again.
    std::pair<int, int> expansions() const {
        std::pair<int, int> counts;
        std::set<std::pair<RunId, TaskIndex>> known;
        for (const Event& event : stored_) {
            const auto* expanded = std::get_if<TaskExpanded>(&event.change);
            if (expanded == nullptr) continue;
            const bool first = known.emplace(event.run, expanded->task).second;
            ++(first ? counts.first : counts.second);
        }
        return counts;
    }

    void go_on() {
        const int what = below(100);
        if (what < 12 && reference_->runs().size() < 8) {
            queue_run();
        } else if (what < 65) {
            end_a_task();
        } else if (what < 78) {
            move_the_clock();
        } else if (what < 81) {
            change_a_run(RunCancelled{"asked", "ann"});
        } else if (what < 86) {
            mark_a_task();
        } else if (what < 87) {
            change_a_run(RunNoted{fmt::format("\"{}\"", below(3))});
        } else if (what < 90) {
            forget_or_recall();
        } else if (what < 96) {
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
            task.when = static_cast<When>(chance(40) ? 0 : below(kRules));
            task.tolerated = chance(15);
            task.pool = chance(50) ? "" : chance(50) ? "small" : "large";
            task.priority = below(3);
            task.retry = {below(3), Duration(below(2) * below(100'000'000)), 1.0 + below(3)};
            if (chance(30)) task.timeout = Duration(1 + below(50'000'000));
            if (chance(25)) task.sensor = SensorRule{Duration(below(9'000'000)), chance(50)};
            for (const TaskIndex before : task.after) {
                if (chance(20)) task.values_from.push_back(before);
            }
            if (chance(10)) task.item = 0;
            if (!task.after.empty() && !task.item && chance(60)) {
                task.items = random_items(spec.plan, task);
                if (chance(60)) task.when = chance(50) ? When::kSuccess : When::kDone;
            }
            spec.plan.tasks.push_back(std::move(task));
        }
        return spec;
    }

    ItemsRule random_items(const RunPlan& plan, const PlannedTask& task) {
        ItemsRule rule{
            {task.after[static_cast<std::size_t>(below(static_cast<int>(task.after.size())))]}};
        // Several give items only as copies of one task.
        const bool are_copies =
            std::any_of(task.after.begin(), task.after.end(),
                        [&](TaskIndex before) { return plan.tasks[before.value()].item; });
        if (are_copies && chance(50)) rule.from = task.after;
        if (chance(85)) rule.path = {chance(80) ? "list" : "n"};
        rule.at_most = chance(20) ? 2 : 1024;
        rule.text = "{tasks.x}";
        rule.place = "pipelines/a.yml:3:4";
        return rule;
    }

    std::string random_values() {
        switch (below(12)) {
            case 0:
                return R"({"rows":7,"of":["x",1.5]})";
            case 1:
                return R"({"list":[],"n":3})";
            case 2:
                return R"({"list":["a",null],"n":"b"})";
            case 3:
                return R"({"list":"a","n":[1]})";
            default:
                break;
        }
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (int i = 1 + below(4); i > 0; --i) list.push_back(chance(50) ? "x" : "y");
        if (chance(30)) list.push_back({{"size", 0.1}, {"of", {1, 2}}});
        return nlohmann::ordered_json{{"list", list}, {"n", below(9)}}.dump();
    }

    void queue_run() {
        const RunId id(fmt::format("run-{}", queued_++));
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
        const auto kind = static_cast<TaskOutcome::Kind>(chance(50) ? 0 : below(4));
        TaskOutcome outcome{kind, "it \"failed\"\n", chance(85)};
        if (run->plan(task).sensor && chance(60)) {
            outcome = {TaskOutcome::Kind::kDeferred, "nothing there"};
            outcome.again_after = Duration(below(30'000'000));
        } else if (kind == TaskOutcome::Kind::kSuccess) {
            const bool may_choose = !run->tasks[task].copy_of;
            if (may_choose && chance(30)) outcome.chosen = some_names(run->spec->plan);
            if (chance(85)) outcome.values = random_values();
        }
        give({run->id, now_,
              change_of(TaskIndex(task), run->tasks[task].attempts, std::move(outcome), now_)});
    }

    std::vector<std::string> some_names(const RunPlan& plan) {
        std::vector<std::string> names;
        for (const PlannedTask& task : plan.tasks) {
            if (chance(30)) names.push_back(task.name);
        }
        return names;
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
        const ReferenceRun& run = chance(50) ? any_run() : run_with_copies();
        TasksCleared cleared;
        for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
            const int often = run.tasks[i].removed ? 1 : run.tasks[i].items > 0 ? 60 : 30;
            if (chance(often)) cleared.tasks.emplace_back(i);
        }
        if (chance(50)) cleared.tasks = with_those_after(*machine_->find(run.id), cleared.tasks);
        std::size_t withdrawn = 0;
        for (const TaskIndex task : cleared.tasks) {
            for (const std::size_t copy : run.tasks[task.value()].copies) {
                withdrawn += run.tasks[copy].running ? 1 : 0;
            }
        }
        auto actions = machine_->step({run.id, now_, std::move(cleared)});
        if (!actions) return;
        EXPECT_EQ(actions->stop.size(), withdrawn);
        store(*actions);
    }

    void mark_a_task() {
        if (reference_->runs().empty()) return;
        const ReferenceRun& run = any_run();
        const TaskIndex task(static_cast<std::uint32_t>(below(static_cast<int>(run.tasks.size()))));
        if (run.tasks[task.value()].removed) return;
        std::size_t running = run.tasks[task.value()].running ? 1 : 0;
        for (std::size_t i = 0; i < run.tasks[task.value()].items; ++i) {
            running += run.tasks[run.tasks[task.value()].copies[i]].running ? 1 : 0;
        }
        auto actions = machine_->step(
            {run.id, now_, TaskMarked{task, static_cast<TaskMarked::As>(below(3)), "ann"}});
        ASSERT_TRUE(actions) << actions.error().to_string();
        EXPECT_EQ(actions->stop.size(), running);
        store(*actions);
    }

    /// What is over leaves memory; what somebody wants to see or change again comes back from the
    /// store, as the youngest.
    void forget_or_recall() {
        if (!forgotten_.empty() && chance(50)) {
            ReferenceRun run = std::move(forgotten_.back());
            forgotten_.pop_back();
            replay(*machine_, run);
            reference_->recall(std::move(run));
            return;
        }
        if (reference_->runs().empty()) return;
        const ReferenceRun& run = any_run();
        const RunId id = run.id;
        EXPECT_EQ(machine_->forget(id).has_value(), Reference::is_over(run));
        if (machine_->find(id) == nullptr) forgotten_.push_back(reference_->forget(id));
    }

    void change_a_run(Change change) {
        if (!reference_->runs().empty()) give({any_run().id, now_, std::move(change)});
    }

    /// One that has some, if there is one: their clears are rarer and harder than others.
    const ReferenceRun& run_with_copies() {
        for (const ReferenceRun& run : reference_->runs()) {
            const bool has_copies =
                std::any_of(run.tasks.begin(), run.tasks.end(),
                            [](const ReferenceTask& task) { return task.items > 0; });
            if (has_copies) return run;
        }
        return any_run();
    }

    const ReferenceRun& any_run() {
        const auto& runs = reference_->runs();
        return runs[static_cast<std::size_t>(below(static_cast<int>(runs.size())))];
    }

    /// The store gives the events back run by run, through their stored form.
    void crash() {
        Machine rebuilt(limits_);
        for (const ReferenceRun& run : reference_->runs()) {
            replay(rebuilt, run);
        }
        EXPECT_TRUE(rebuilt.wake(latest_).events.empty()) << "all was decided before the crash";
        for (const ReferenceRun& run : reference_->runs()) {
            EXPECT_EQ(*rebuilt.find(run.id), *machine_->find(run.id)) << run.id.value();
        }
        EXPECT_EQ(rebuilt.unfinished(), machine_->unfinished());
        machine_ = std::move(rebuilt);
        for (const RunId& id : machine_->unfinished()) give({id, now_, some_outlive(id)});
    }

    RunAdopted some_outlive(const RunId& id) {
        RunAdopted adopted;
        const RunStatus& run = *machine_->find(id);
        for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
            const bool running = run.tasks[i].state == TaskState::kRunning;
            if (running && chance(40)) adopted.kept.emplace_back(i);
        }
        return adopted;
    }

    void replay(Machine& machine, const ReferenceRun& run) {
        for (const Event& event : stored_) {
            if (event.run != run.id) continue;
            auto spec = parse_spec(spec_to_json(*run.spec));
            ASSERT_TRUE(spec);
            auto change = parse_change(change_name(event.change), change_to_json(event.change),
                                       std::make_shared<const RunSpec>(*std::move(spec)));
            ASSERT_TRUE(change);
            const Event again{event.run, event.at, *std::move(change)};
            ASSERT_EQ(again, event);
            const Status taken = machine.replay(again);
            ASSERT_TRUE(taken) << taken.error().to_string();
        }
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
            const auto* adopted = std::get_if<RunAdopted>(&event.change);
            if (adopted != nullptr) starts += adopted->kept.size();
        }
        EXPECT_EQ(actions.start.size(), starts);
    }

    std::mt19937_64 random_;
    Limits limits_;
    std::optional<Machine> machine_;
    std::optional<Reference> reference_;
    std::vector<Event> stored_;
    std::vector<ReferenceRun> forgotten_;
    int queued_ = 0;
    Timestamp now_ = Timestamp::from_micros(1'400'000'000'000'000);
    Timestamp latest_ = now_;
};

TEST(MachineModel, EveryHistoryIsThatOfTheRules) {
    const char* const one = std::getenv("INGOT_SEED");
    const std::uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
    const std::uint64_t last = one != nullptr ? first : 60;
    std::pair<int, int> expansions;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE(fmt::format("INGOT_SEED={}", seed));
        History history(seed);
        for (int step = 0; step < 150; ++step) {
            history.go_on();
            ASSERT_FALSE(::testing::Test::HasFailure()) << "at step " << step;
        }
        expansions.first += history.expansions().first;
        expansions.second += history.expansions().second;
    }
    if (one != nullptr) return;
    EXPECT_GT(expansions.first, 30) << "tasks that expand are rarely tried";
    EXPECT_GT(expansions.second, 10) << "tasks that expand again are rarely tried";
}

}  // namespace
}  // namespace ingot::orchestrator

#include "orchestrator/run_status.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/hash.hpp"

namespace ingot::orchestrator {
namespace {

constexpr std::array<std::string_view, 12> kTaskStates = {
    "waiting", "queued", "running", "up_for_retry",    "up_for_reschedule", "expanded",
    "success", "failed", "skipped", "upstream_failed", "cancelled",         "removed"};
constexpr std::array<std::string_view, 5> kRunStates = {"queued", "running", "success", "failed",
                                                        "cancelled"};
constexpr std::array<std::string_view, 8> kAttemptStates = {
    "running", "success", "failed", "timed_out", "cancelled", "lost", "skipped", "deferred"};
constexpr Duration kRetryWaitMax = std::chrono::hours(24);

}  // namespace

Change change_of(TaskIndex task, int attempt, TaskOutcome outcome, Timestamp now) {
    if (outcome.kind == TaskOutcome::Kind::kDeferred) {
        return TaskDeferred{task, attempt, now + outcome.again_after, std::move(outcome.message)};
    }
    return TaskEnded{task, attempt, std::move(outcome)};
}

std::string_view task_state_name(TaskState state) {
    return kTaskStates.at(static_cast<std::size_t>(state));
}

std::string_view run_state_name(RunState state) {
    return kRunStates.at(static_cast<std::size_t>(state));
}

std::string_view attempt_state_name(AttemptStatus::State state) {
    return kAttemptStates.at(static_cast<std::size_t>(state));
}

Result<RunState> parse_run_state(std::string_view name) {
    const auto found = std::find(kRunStates.begin(), kRunStates.end(), name);
    if (found == kRunStates.end()) {
        return make_error(ErrorCode::kCorruptData, "'{}' is no state of a run", name);
    }
    return static_cast<RunState>(found - kRunStates.begin());
}

bool has_ended(TaskState state) {
    return state >= TaskState::kSuccess;
}

bool has_ended(AttemptStatus::State state) {
    return state != AttemptStatus::State::kRunning && state != AttemptStatus::State::kDeferred;
}

bool has_ended(RunState state) {
    return state >= RunState::kSuccess;
}

bool operator==(const RunStatus& a, const RunStatus& b) {
    return a.id == b.id && *a.spec == *b.spec && a.origin == b.origin && a.state == b.state &&
           a.queued_at == b.queued_at && a.started_at == b.started_at && a.ended_at == b.ended_at &&
           a.last_event_at == b.last_event_at && a.cancelled == b.cancelled &&
           a.cancelled_by == b.cancelled_by && a.note == b.note && a.tasks == b.tasks &&
           std::equal(a.copies.begin(), a.copies.end(), b.copies.begin(), b.copies.end(),
                      [](const auto& one, const auto& other) { return *one == *other; });
}

std::vector<TaskIndex> with_those_after(const RunStatus& run, const std::vector<TaskIndex>& tasks) {
    // A copy has the place of its task: what comes after one comes after the other.
    const std::size_t planned = run.spec->plan.tasks.size();
    std::set<TaskIndex> named(tasks.begin(), tasks.end());
    std::vector<bool> before(planned);
    for (const TaskIndex task : tasks) {
        before[run.tasks[task.value()].copy_of.value_or(task).value()] = true;
    }
    for (std::uint32_t i = 0; i < planned; ++i) {
        const std::vector<TaskIndex>& after = run.spec->plan.tasks[i].after;
        const bool comes_after = std::any_of(after.begin(), after.end(),
                                             [&](TaskIndex each) { return before[each.value()]; });
        if (!comes_after) continue;
        before[i] = true;
        named.emplace(i);
    }
    return {named.begin(), named.end()};
}

std::string values_of(const RunStatus& run, const std::vector<TaskIndex>& tasks) {
    const bool is_list = std::any_of(tasks.begin(), tasks.end(), [&](TaskIndex task) {
        const PlannedTask& planned = run.planned(task);
        return planned.item || planned.items;
    });
    if (!is_list) return tasks.empty() ? "" : run.tasks[tasks.front().value()].values;
    std::string list;
    const auto add = [&](TaskIndex task) {
        const std::string& values = run.tasks[task.value()].values;
        if (!values.empty()) list += (list.empty() ? "" : ",") + values;
    };
    for (const TaskIndex task : tasks) {
        const TaskStatus& status = run.tasks[task.value()];
        add(task);
        for (std::uint32_t i = 0; i < status.items; ++i) add(status.copies[i]);
    }
    return '[' + list + ']';
}

std::vector<TaskIndex> tasks_that_fail_the_run(const RunStatus& run) {
    std::vector<TaskIndex> tasks;
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
        const TaskState state = run.tasks[i].state;
        if (run.tasks[i].items > 0) continue;  // Its copies do.
        if (state == TaskState::kUpstreamFailed ||
            (state == TaskState::kFailed && !run.planned(TaskIndex(i)).tolerated)) {
            tasks.emplace_back(i);
        }
    }
    return tasks;
}

std::vector<TaskIndex> those_that_could_not_run(const RunStatus& run, TaskIndex after) {
    std::vector<TaskIndex> tasks = with_those_after(run, {after});
    std::erase_if(tasks, [&](TaskIndex task) {
        return task == after || run.tasks[task.value()].state != TaskState::kUpstreamFailed;
    });
    return tasks;
}

Duration retry_wait(const RetryRule& rule, int failures, std::string_view seed) {
    const double wait =
        static_cast<double>(rule.delay.count()) * std::pow(rule.backoff, failures - 1);
    const double most = static_cast<double>(kRetryWaitMax.count());
    // Written so that a wait that is no number counts as the longest.
    const auto micros = static_cast<std::int64_t>(wait < most ? wait : most);
    const std::uint64_t spread = static_cast<std::uint64_t>(micros) / 4 + 1;
    const std::uint64_t jitter = hash64(seed, static_cast<std::uint64_t>(failures)) % spread;
    return Duration(micros + static_cast<std::int64_t>(jitter));
}

}  // namespace ingot::orchestrator

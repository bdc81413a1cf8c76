#include "telemetry/meter.hpp"

#include <algorithm>

namespace ingot::telemetry {

namespace orc = ingot::orchestrator;

namespace {

constexpr Duration kPulse = std::chrono::seconds(5);

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// `models silver.*`: models
std::string operation_of(const orc::PlannedTask& task) {
    return task.work.substr(0, task.work.find(' '));
}

/// What came of an attempt, in words that a task's state has too.
std::string_view state_of(const orc::TaskStatus& task, int attempt) {
    using State = orc::AttemptStatus::State;
    const State state = task.attempts[static_cast<std::size_t>(attempt - 1)].state;
    if (state == State::kFailed || state == State::kTimedOut) {
        const bool again = task.state == orc::TaskState::kUpForRetry ||
                           task.attempts.size() > static_cast<std::size_t>(attempt);
        if (again) return orc::task_state_name(orc::TaskState::kUpForRetry);
        // A sensor whose time is over may say that this is no failure.
        const bool skipped = task.state == orc::TaskState::kSkipped;
        return orc::task_state_name(skipped ? orc::TaskState::kSkipped : orc::TaskState::kFailed);
    }
    return orc::attempt_state_name(state);
}

Measurement about(Metric metric, double value, const orc::RunStatus& run) {
    return {.metric = metric, .value = value, .pipeline = run.spec->plan.pipeline};
}

Measurement about(Metric metric, double value, const orc::RunStatus& run, orc::TaskIndex task) {
    Measurement measurement = about(metric, value, run);
    measurement.task = run.planned(task).definition;
    return measurement;
}

struct PoolUse {
    int slots = 0;
    int queued = 0;
    int running = 0;
    int deferred = 0;
    int open() const { return std::max(0, slots - running); }
    int starving() const { return open() > 0 ? 0 : queued; }
};

}  // namespace

Meter::Meter(Parts parts) : parts_(std::move(parts)), next_pulse_(parts_.clock.steady()) {}

void Meter::observe(const orc::Event& event, const orc::RunStatus& run) {
    Measurements measured;
    if (std::holds_alternative<orc::RunQueued>(event.change)) {
        open_[run.id] = {};
        queued(event, run, measured);
    } else if (std::holds_alternative<orc::RunStarted>(event.change)) {
        started(event, run, measured);
    } else if (std::holds_alternative<orc::TaskStarted>(event.change)) {
        task_started(event, run, measured);
    } else if (std::holds_alternative<orc::TaskEnded>(event.change)) {
        task_ended(event, run, measured);
    } else if (std::holds_alternative<orc::RunAdopted>(event.change)) {
        adopted(event, run, measured);
    }
    if (!orc::has_ended(run.state)) {
        open_.try_emplace(run.id, Open{.first_task_started = true});
    } else if (open_.erase(run.id) > 0) {
        run_ended(run, measured);
    }
    if (!measured.empty()) parts_.sink(measured);
}

void Meter::queued(const orc::Event& event, const orc::RunStatus& run, Measurements& into) const {
    const std::string cause(orc::cause_name(run.origin.cause));
    into.push_back(about(Metric::kRunQueued, 1, run));
    into.back().cause = cause;
    if (const auto since = due(run.id)) {
        into.push_back(about(Metric::kTriggerLag, seconds(event.at - *since), run));
        into.back().cause = cause;
    }
    std::map<std::string, int> created;
    for (const orc::PlannedTask& task : run.spec->plan.tasks) ++created[operation_of(task)];
    for (const auto& [operation, count] : created) {
        into.push_back(about(Metric::kTaskCreated, count, run));
        into.back().operation = operation;
        into.back().cause = cause;
    }
}

void Meter::started(const orc::Event& event, const orc::RunStatus& run, Measurements& into) const {
    if (run.origin.cause != orc::RunOrigin::Cause::kScheduled) return;
    if (const auto tick = due(run.id)) {
        into.push_back(about(Metric::kScheduleDelay, seconds(event.at - *tick), run));
    }
}

void Meter::task_started(const orc::Event& event, const orc::RunStatus& run, Measurements& into) {
    const auto& started = std::get<orc::TaskStarted>(event.change);
    const orc::AttemptStatus& attempt =
        run.tasks[started.task.value()].attempts[static_cast<std::size_t>(started.attempt - 1)];
    if (attempt.checks > 0) return;  // It was counted when it first looked.
    into.push_back(about(Metric::kTaskStarted, 1, run, started.task));
    into.push_back(
        about(Metric::kTaskQueued, seconds(attempt.started - attempt.ready), run, started.task));
    Open& open = open_[run.id];
    if (std::exchange(open.first_task_started, true)) return;
    into.push_back(about(Metric::kFirstTaskStartDelay, seconds(event.at - run.queued_at), run));
    if (run.origin.cause != orc::RunOrigin::Cause::kScheduled) return;
    if (const auto tick = due(run.id)) {
        into.push_back(about(Metric::kFirstTaskSchedulingDelay, seconds(event.at - *tick), run));
    }
}

void Meter::task_ended(const orc::Event& event, const orc::RunStatus& run, Measurements& into) {
    const auto& ended = std::get<orc::TaskEnded>(event.change);
    const orc::TaskStatus& task = run.tasks[ended.task.value()];
    const orc::AttemptStatus& attempt = task.attempts[static_cast<std::size_t>(ended.attempt - 1)];
    const std::string state(state_of(task, ended.attempt));
    into.push_back(about(Metric::kTaskEnded, 1, run, ended.task));
    into.back().operation = operation_of(run.planned(ended.task));
    into.back().state = state;
    into.push_back(
        about(Metric::kTaskDuration, seconds(event.at - attempt.started), run, ended.task));
    into.back().state = state;
}

void Meter::adopted(const orc::Event& event, const orc::RunStatus& run, Measurements& into) {
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
        for (const orc::AttemptStatus& attempt : run.tasks[i].attempts) {
            if (attempt.state != orc::AttemptStatus::State::kLost || attempt.ended != event.at) {
                continue;
            }
            into.push_back(about(Metric::kTaskLost, 1, run, orc::TaskIndex(i)));
        }
    }
}

void Meter::run_ended(const orc::RunStatus& run, Measurements& into) {
    const std::string state(orc::run_state_name(run.state));
    into.push_back(about(Metric::kRunEnded, 1, run));
    into.back().state = state;
    if (!run.started_at || !run.ended_at) return;
    into.push_back(about(Metric::kRunDuration, seconds(*run.ended_at - *run.started_at), run));
    into.back().state = state;
}

std::optional<Timestamp> Meter::due(const orc::RunId& run) const {
    return parts_.due ? parts_.due(run) : std::nullopt;
}

Status Meter::on_time(Timestamp, orc::Orchestrator& orchestrator) {
    next_pulse_ = parts_.clock.steady() + kPulse;
    std::map<std::string, PoolUse, std::less<>> pools;
    pools[std::string(kDefaultPool)].slots = parts_.limits.workers;
    for (const auto& [pool, slots] : parts_.limits.pools) pools[pool].slots = slots;
    int running = 0;
    int runs_running = 0;
    int queued = 0;
    const std::vector<orc::RunId> unfinished = orchestrator.machine().unfinished();
    for (const orc::RunId& id : unfinished) {
        const orc::RunStatus& run = *orchestrator.machine().find(id);
        if (run.state == orc::RunState::kRunning) ++runs_running;
        for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
            const std::string& named = run.planned(orc::TaskIndex(i)).pool;
            const orc::TaskState state = run.tasks[i].state;
            PoolUse& pool = pools[named.empty() ? std::string(kDefaultPool) : named];
            pool.running += state == orc::TaskState::kRunning ? 1 : 0;
            pool.queued += state == orc::TaskState::kQueued ? 1 : 0;
            pool.deferred += state == orc::TaskState::kUpForReschedule ? 1 : 0;
            running += state == orc::TaskState::kRunning ? 1 : 0;
            queued += state == orc::TaskState::kQueued ? 1 : 0;
        }
    }
    const auto runs_queued = static_cast<double>(unfinished.size()) - runs_running;
    Measurements measured = {
        {.metric = Metric::kHeartbeat},
        {.metric = Metric::kWorkersOpen,
         .value = static_cast<double>(std::max(0, parts_.limits.workers - running))},
        {.metric = Metric::kWorkersRunning, .value = static_cast<double>(running)},
        {.metric = Metric::kTasksQueued, .value = static_cast<double>(queued)},
        {.metric = Metric::kRunsQueued, .value = runs_queued},
        {.metric = Metric::kRunsRunning, .value = static_cast<double>(runs_running)}};
    int starving = 0;
    for (const auto& [name, pool] : pools) {
        const auto add = [&](Metric metric, int value) {
            measured.push_back(
                {.metric = metric, .value = static_cast<double>(value), .pool = name});
        };
        add(Metric::kPoolOpen, pool.open());
        add(Metric::kPoolQueued, pool.queued);
        add(Metric::kPoolRunning, pool.running);
        add(Metric::kPoolDeferred, pool.deferred);
        add(Metric::kPoolStarving, pool.starving());
        starving += pool.starving();
    }
    measured.push_back({.metric = Metric::kTasksStarving, .value = static_cast<double>(starving)});
    if (parts_.more) {
        const Measurements more = parts_.more();
        measured.insert(measured.end(), more.begin(), more.end());
    }
    parts_.sink(measured);
    return {};
}

std::optional<Timestamp> Meter::next_time() const {
    const Duration left = next_pulse_ - parts_.clock.steady();
    if (left <= Duration::zero()) return Timestamp();  // Long ago, by any clock.
    return parts_.clock.now() + left;
}

}  // namespace ingot::telemetry

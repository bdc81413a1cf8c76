#include "telemetry/airflow_names.hpp"

#include <array>

namespace ingot::telemetry {
namespace {

using Type = StatsdSample::Type;

struct Row {
    Metric metric;
    std::string_view state;  ///< Only of measurements in this state; empty: of all.
    Type type;
    std::string_view name;
    std::string_view tags;    ///< By blanks.
    std::string_view legacy;  ///< With its ids in braces; empty: there is none.
};

constexpr std::string_view kTask = "dag_id task_id";

// docs/guide/metrics.md says the same in words.
constexpr std::array kRows = std::to_array<Row>({
    {Metric::kTaskCreated, "", Type::kCounter, "task_instance_created", "dag_id run_type",
     "task_instance_created_{operator_name}"},
    {Metric::kTaskStarted, "", Type::kCounter, "ti.start", kTask, "ti.start.{dag_id}.{task_id}"},
    {Metric::kTaskEnded, "", Type::kCounter, "ti.finish", "dag_id task_id state",
     "ti.finish.{dag_id}.{task_id}.{state}"},
    {Metric::kTaskEnded, "success", Type::kCounter, "operator_successes",
     "dag_id task_id operator_name", "operator_successes_{operator_name}"},
    {Metric::kTaskEnded, "success", Type::kCounter, "ti_successes", kTask, ""},
    {Metric::kTaskEnded, "failed", Type::kCounter, "operator_failures",
     "dag_id task_id operator_name", "operator_failures_{operator_name}"},
    {Metric::kTaskEnded, "failed", Type::kCounter, "ti_failures", kTask, ""},
    {Metric::kTaskEnded, "up_for_retry", Type::kCounter, "operator_failures",
     "dag_id task_id operator_name", "operator_failures_{operator_name}"},
    {Metric::kTaskEnded, "up_for_retry", Type::kCounter, "ti_failures", kTask, ""},
    {Metric::kTaskLost, "", Type::kCounter, "scheduler.orphaned_tasks.cleared", "", ""},
    {Metric::kHeartbeat, "", Type::kCounter, "scheduler_heartbeat", "", ""},
    {Metric::kTaskDuration, "", Type::kTimer, "task.duration", kTask,
     "dag.{dag_id}.{task_id}.duration"},
    {Metric::kTaskQueued, "", Type::kTimer, "task.queued_duration", kTask,
     "dag.{dag_id}.{task_id}.queued_duration"},
    {Metric::kRunDuration, "success", Type::kTimer, "dagrun.duration.success", "dag_id",
     "dagrun.duration.success.{dag_id}"},
    {Metric::kRunDuration, "failed", Type::kTimer, "dagrun.duration.failed", "dag_id",
     "dagrun.duration.failed.{dag_id}"},
    {Metric::kScheduleDelay, "", Type::kTimer, "dagrun.schedule_delay", "dag_id",
     "dagrun.schedule_delay.{dag_id}"},
    {Metric::kFirstTaskSchedulingDelay, "", Type::kTimer, "dagrun.first_task_scheduling_delay",
     "dag_id", "dagrun.{dag_id}.first_task_scheduling_delay"},
    {Metric::kFirstTaskStartDelay, "", Type::kTimer, "dagrun.first_task_start_delay", "dag_id", ""},
    {Metric::kWorkersOpen, "", Type::kGauge, "executor.open_slots", "", ""},
    {Metric::kWorkersRunning, "", Type::kGauge, "executor.running_tasks", "", ""},
    {Metric::kTasksQueued, "", Type::kGauge, "executor.queued_tasks", "", ""},
    {Metric::kTasksStarving, "", Type::kGauge, "scheduler.tasks.starving", "", ""},
    {Metric::kPoolOpen, "", Type::kGauge, "pool.open_slots", "pool_name",
     "pool.open_slots.{pool_name}"},
    {Metric::kPoolQueued, "", Type::kGauge, "pool.queued_slots", "pool_name",
     "pool.queued_slots.{pool_name}"},
    {Metric::kPoolRunning, "", Type::kGauge, "pool.running_slots", "pool_name",
     "pool.running_slots.{pool_name}"},
    {Metric::kPoolDeferred, "", Type::kGauge, "pool.deferred_slots", "pool_name",
     "pool.deferred_slots.{pool_name}"},
    {Metric::kPoolStarving, "", Type::kGauge, "pool.starving_tasks", "pool_name",
     "pool.starving_tasks.{pool_name}"},
    {Metric::kRunsRunning, "", Type::kGauge, "scheduler.dagruns.running", "", ""},
    {Metric::kRunsQueued, "", Type::kGauge, "scheduler.dagruns.queued", "", ""},
    {Metric::kPipelines, "", Type::kGauge, "dagbag_size", "", ""},
    {Metric::kProjectProblems, "", Type::kGauge, "dag_processing.import_errors", "", ""},
});

const std::string& value_of(const Measurement& measurement, std::string_view id) {
    if (id == "dag_id") return measurement.pipeline;
    if (id == "task_id") return measurement.task;
    if (id == "state") return measurement.state;
    if (id == "operator_name") return measurement.operation;
    if (id == "run_type") return measurement.cause;
    return measurement.pool;
}

std::string filled(std::string_view pattern, const Measurement& measurement) {
    std::string name;
    while (!pattern.empty()) {
        const std::size_t open = pattern.find('{');
        name += pattern.substr(0, open);
        if (open == std::string_view::npos) break;
        const std::size_t close = pattern.find('}', open);
        name += statsd_word(value_of(measurement, pattern.substr(open + 1, close - open - 1)));
        pattern.remove_prefix(close + 1);
    }
    return name;
}

std::vector<std::pair<std::string, std::string>> tags_of(std::string_view names,
                                                         const Measurement& measurement) {
    std::vector<std::pair<std::string, std::string>> tags;
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find(' '));
        tags.emplace_back(name, value_of(measurement, name));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
    }
    return tags;
}

}  // namespace

std::vector<StatsdSample> airflow_samples(const Measurement& measurement) {
    std::vector<StatsdSample> samples;
    for (const Row& row : kRows) {
        if (row.metric != measurement.metric) continue;
        if (!row.state.empty() && row.state != measurement.state) continue;
        samples.push_back(
            {row.type, std::string(row.name), measurement.value, tags_of(row.tags, measurement)});
        if (row.legacy.empty()) continue;
        samples.push_back({row.type, filled(row.legacy, measurement), measurement.value});
    }
    return samples;
}

}  // namespace ingot::telemetry

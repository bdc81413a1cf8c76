#include "server/platform_metrics.hpp"

#include <array>
#include <limits>

namespace ingot::server {
namespace {

namespace orc = ingot::orchestrator;
using telemetry::Measurement;
using telemetry::Metric;

constexpr std::array<double, 11> kWorkSeconds = {0.1, 0.5, 1,    5,     15,   60,
                                                 300, 900, 3600, 14400, 86400};
constexpr std::array<double, 10> kDelaySeconds = {0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 3600};

using Member = std::string Measurement::*;
struct Label {
    std::string_view name;
    Member value;
};

/// A family of which one metric is a part.
struct Family {
    Metric metric;
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::vector<Label> labels = {};
    std::span<const double> bounds = {};  ///< Of a histogram.
    std::string_view state = {};          ///< Only of measurements in this state; empty: of all.
};

constexpr Label kPipeline = {"pipeline", &Measurement::pipeline};
constexpr Label kTask = {"task", &Measurement::task};
constexpr Label kState = {"state", &Measurement::state};
constexpr Label kCause = {"cause", &Measurement::cause};
constexpr Label kPool = {"pool", &Measurement::pool};

const std::vector<Family>& families() {
    static const std::vector<Family> kFamilies = {
        {Metric::kRunEnded,
         "ingot_runs_ended_total",
         "counter",
         "Runs that ended",
         {kPipeline, kState}},
        {Metric::kTaskEnded,
         "ingot_tasks_ended_total",
         "counter",
         "Attempts of tasks that ended",
         {kPipeline, kState}},
        {Metric::kTaskEnded,
         "ingot_task_retries_total",
         "counter",
         "Attempts that failed and are followed by another",
         {kPipeline, kTask},
         {},
         "up_for_retry"},
        {Metric::kTaskLost,
         "ingot_tasks_lost_total",
         "counter",
         "Attempts whose process ended before they did",
         {kPipeline, kTask}},
        {Metric::kTaskDuration,
         "ingot_task_duration_seconds",
         "histogram",
         "How long an attempt took",
         {kPipeline, kTask, kState},
         kWorkSeconds},
        {Metric::kTaskQueued,
         "ingot_task_queue_seconds",
         "histogram",
         "How long an attempt that could start waited for a slot",
         {kPipeline, kTask},
         kDelaySeconds},
        {Metric::kRunDuration,
         "ingot_run_duration_seconds",
         "histogram",
         "How long a run took, from its start",
         {kPipeline, kState},
         kWorkSeconds},
        {Metric::kTriggerLag,
         "ingot_trigger_lag_seconds",
         "histogram",
         "From a tick, or another event, until its run was queued",
         {kPipeline, kCause},
         kDelaySeconds},
        {Metric::kScheduleDelay,
         "ingot_schedule_delay_seconds",
         "histogram",
         "From a tick to the start of its run",
         {kPipeline},
         kDelaySeconds},
        {Metric::kHeartbeat, "ingot_loop_heartbeats_total", "counter",
         "Signs of life of the loop that starts tasks, one every five seconds"},
        {Metric::kWorkersOpen, "ingot_workers_open", "gauge", "Workers without a task"},
        {Metric::kWorkersRunning, "ingot_workers_running", "gauge", "Workers with a task"},
        {Metric::kTasksQueued, "ingot_tasks_queued", "gauge", "Tasks that wait for a slot"},
        {Metric::kPoolOpen,
         "ingot_pool_open_slots",
         "gauge",
         "Slots of the pool that are free",
         {kPool}},
        {Metric::kPoolRunning,
         "ingot_pool_running_slots",
         "gauge",
         "Slots of the pool that are taken",
         {kPool}},
        {Metric::kPoolQueued,
         "ingot_pool_queued_tasks",
         "gauge",
         "Tasks that wait for a slot of the pool, or for a worker",
         {kPool}},
    };
    return kFamilies;
}

void write_unfinished(const service::Service& service, MetricsText& text);
void write_paused(const service::Service& service, MetricsText& text);

}  // namespace

void PlatformMetrics::take(const std::vector<Measurement>& measurements) {
    auto measured = measured_.lock();
    for (const Measurement& measurement : measurements) {
        for (std::size_t i = 0; i < families().size(); ++i) {
            const Family& family = families()[i];
            if (family.metric != measurement.metric) continue;
            if (!family.state.empty() && family.state != measurement.state) continue;
            Key key;
            for (const Label& label : family.labels) key.push_back(measurement.*label.value);
            Values& values = (*measured)[i];
            if (!family.bounds.empty()) {
                values.histograms.try_emplace(key, family.bounds)
                    .first->second.add(measurement.value);
            } else if (family.type == "counter") {
                values.numbers[key] += measurement.value;
            } else {
                values.numbers[key] = measurement.value;
            }
        }
    }
}

void PlatformMetrics::write(const service::Service& service, MetricsText& text) const {
    {
        auto measured = measured_.lock();
        for (std::size_t i = 0; i < families().size(); ++i) {
            const Family& family = families()[i];
            text.family(family.name, family.type, family.help);
            const auto labels_of = [&](const Key& key) {
                MetricsText::Labels labels;
                for (std::size_t at = 0; at < key.size(); ++at)
                    labels.emplace_back(family.labels[at].name, key[at]);
                return labels;
            };
            const Values& values = (*measured)[i];
            for (const auto& [key, number] : values.numbers) text.sample(number, labels_of(key));
            for (const auto& [key, histogram] : values.histograms)
                histogram.write(text, labels_of(key));
        }
    }
    text.family("ingot_store_usable", "gauge", "1: the store of runs takes things in");
    text.sample(service.store_trouble() ? 0 : 1);
    text.family("ingot_project_problems", "gauge",
                "Why the project on the disk is not the one that is served");
    text.sample(static_cast<double>(service.problems().size()));
    write_unfinished(service, text);
    write_paused(service, text);
}

namespace {

void write_unfinished(const service::Service& service, MetricsText& text) {
    std::map<std::pair<std::string, std::string>, double> unfinished;  // Pipeline, state.
    for (const auto& [name, planned] : service.definitions()->pipelines)
        for (const char* state : {"queued", "running"}) unfinished[{name, state}] = 0;
    const auto heads =
        service.list({.unfinished = true, .at_most = std::numeric_limits<std::int32_t>::max()});
    if (!heads) return;  // ingot_store_usable says so.
    for (const orc::RunHead& head : *heads) {
        const std::string state = service::state_text(head.state, service.is_at_work(head));
        unfinished[{head.pipeline, state}] += 1;
    }
    text.family("ingot_runs_unfinished", "gauge", "Runs that have not ended");
    for (const auto& [key, count] : unfinished)
        text.sample(count, {{"pipeline", key.first}, {"state", key.second}});
}

void write_paused(const service::Service& service, MetricsText& text) {
    std::vector<std::string> names;
    for (const auto& [name, planned] : service.definitions()->pipelines) names.push_back(name);
    const auto triggers = service.trigger_views(names);
    if (!triggers) return;
    text.family("ingot_pipeline_paused", "gauge", "1: its schedule is paused");
    for (std::size_t i = 0; i < names.size(); ++i)
        text.sample((*triggers)[i].paused ? 1 : 0, {{"pipeline", names[i]}});
}

}  // namespace
}  // namespace ingot::server

#include "server/platform_metrics.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace ingot::server {
namespace {

namespace orc = ingot::orchestrator;

constexpr std::size_t kRunsRemembered = 10'000;

bool is_end_of_run(std::string_view state) {
    const auto parsed = orc::parse_run_state(state);
    return parsed && orc::has_ended(*parsed);
}

bool is_end_of_task(std::string_view state) {
    using State = orc::TaskState;
    constexpr std::array<State, 5> kEnds = {State::kSuccess, State::kFailed, State::kSkipped,
                                            State::kUpstreamFailed, State::kCancelled};
    return std::any_of(kEnds.begin(), kEnds.end(),
                       [&](State each) { return orc::task_state_name(each) == state; });
}

}  // namespace

void PlatformMetrics::take(const service::Change& change) {
    using Kind = service::Change::Kind;
    auto ended = ended_.lock();
    if (change.kind == Kind::kRun && is_news(*ended, change))
        ended->runs[{change.pipeline, change.state}] += 1;
    if (change.kind == Kind::kTask && is_end_of_task(change.state))
        ended->tasks[{change.pipeline, change.state}] += 1;
}

/// The end of a run may be told several times, and a cleared run ends once more.
bool PlatformMetrics::is_news(State& state, const service::Change& change) {
    if (!is_end_of_run(change.state)) {
        state.over.erase(change.run_id);
        return false;
    }
    if (!state.over.insert(change.run_id).second) return false;
    state.over_order.push_back(change.run_id);
    if (state.over_order.size() > kRunsRemembered) {
        state.over.erase(state.over_order.front());
        state.over_order.pop_front();
    }
    return true;
}

void PlatformMetrics::write(const service::Service& service, MetricsText& text) const {
    const auto family = [&text](const char* name, const char* type, const char* help,
                                const Counts& counts) {
        text.family(name, type, help);
        for (const auto& [key, count] : counts)
            text.sample(count, {{"pipeline", key.first}, {"state", key.second}});
    };
    {
        auto ended = ended_.lock();
        family("ingot_runs_ended_total", "counter", "Runs that ended", ended->runs);
        family("ingot_tasks_ended_total", "counter", "Tasks that ended", ended->tasks);
    }
    text.family("ingot_store_usable", "gauge", "1: the store of runs takes things in");
    text.sample(service.store_trouble() ? 0 : 1);
    text.family("ingot_project_problems", "gauge",
                "Why the project on the disk is not the one that is served");
    text.sample(static_cast<double>(service.problems().size()));
    Counts unfinished;
    for (const auto& [name, planned] : service.definitions()->pipelines)
        for (const char* state : {"queued", "running"}) unfinished[{name, state}] = 0;
    const auto heads =
        service.list({.unfinished = true, .at_most = std::numeric_limits<std::int32_t>::max()});
    if (!heads) return;  // ingot_store_usable says so.
    for (const orc::RunHead& head : *heads) {
        const std::string state = service::state_text(head.state, service.is_at_work(head));
        unfinished[{head.pipeline, state}] += 1;
    }
    family("ingot_runs_unfinished", "gauge", "Runs that have not ended", unfinished);
    std::vector<std::string> names;
    for (const auto& [name, planned] : service.definitions()->pipelines) names.push_back(name);
    const auto triggers = service.trigger_views(names);
    if (!triggers) return;
    text.family("ingot_pipeline_paused", "gauge", "1: its schedule is paused");
    for (std::size_t i = 0; i < names.size(); ++i)
        text.sample((*triggers)[i].paused ? 1 : 0, {{"pipeline", names[i]}});
}

}  // namespace ingot::server

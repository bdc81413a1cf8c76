#include "service/run_view.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;
using Json = nlohmann::ordered_json;

bool is_interrupted(const orc::RunStatus& run, bool at_work) {
    return !at_work && !orc::has_ended(run.state);
}

std::string note_of_copies(const orc::TaskStatus& mapped) {
    const orc::TasksBefore& copies = mapped.of_copies;
    if (copies.waiting_for > 0) {
        return fmt::format("{} of {} copies have ended", copies.all - copies.waiting_for,
                           copies.all);
    }
    std::string text = copies.all == 1 ? "1 copy" : fmt::format("{} copies", copies.all);
    if (copies.failed > 0) text += fmt::format(", {} did not succeed", copies.failed);
    if (copies.skipped > 0) text += fmt::format(", {} skipped", copies.skipped);
    return text;
}

std::string note_of(const orc::Machine& machine, const orc::RunStatus& run, std::uint32_t index,
                    bool at_work) {
    const orc::TaskStatus& task = run.tasks[index];
    const orc::PlannedTask& plan = run.planned(orc::TaskIndex(index));
    if (task.items > 0) return note_of_copies(task);
    if (task.mark) {
        const std::string_view how = orc::has_ended(task.state) ? "" : "is being stopped: ";
        return fmt::format("{}marked by {}", how, task.mark->by.empty() ? "hand" : task.mark->by);
    }
    switch (task.state) {
        case orc::TaskState::kWaiting:
        case orc::TaskState::kQueued:
        case orc::TaskState::kUpForRetry:
        case orc::TaskState::kUpForReschedule:
            if (is_interrupted(run, at_work)) return "waits for somebody to go on with the run";
            return machine.why_waiting(run.id, orc::TaskIndex(index));
        case orc::TaskState::kRunning:
            return is_interrupted(run, at_work) ? "its process ended before it did" : "";
        case orc::TaskState::kFailed:
            return (plan.tolerated ? "tolerated: " : "") + task.attempts.back().message;
        case orc::TaskState::kUpstreamFailed:
            return "a task before it did not succeed";
        case orc::TaskState::kSkipped:
            if (!task.attempts.empty() && task.attempts.back().ended == task.since) {
                return task.attempts.back().message;
            }
            return fmt::format("its `when: {}` cannot hold any more",
                               project::when_name(plan.when));
        case orc::TaskState::kCancelled:
            return run.cancelled.value_or("");
        case orc::TaskState::kRemoved:
            return "its item is there no more";
        case orc::TaskState::kExpanded:
        case orc::TaskState::kSuccess:
            break;
    }
    return "";
}

Json time_json(const std::optional<Timestamp>& at) {
    return at ? Json(at->to_string()) : Json();
}

Json attempts_json(const RunView& view, std::uint32_t index, const orc::RunFolder& folder) {
    Json json = Json::array();
    const orc::TaskStatus& task = view.run.tasks[index];
    const orc::PlannedTask& plan = view.run.planned(orc::TaskIndex(index));
    for (std::size_t i = 0; i < task.attempts.size(); ++i) {
        const orc::AttemptStatus& attempt = task.attempts[i];
        const int number = static_cast<int>(i) + 1;
        json.push_back({{"attempt", number},
                        {"state", orc::attempt_state_name(attempt.state)},
                        {"started", attempt.started.to_string()},
                        {"ended", time_json(attempt.ended)},
                        {"message", attempt.message},
                        {"checks", attempt.checks},
                        {"log", folder.log(view.run.id, plan, number)}});
    }
    return json;
}

Json task_json(const RunView& view, std::uint32_t index, const orc::RunFolder& folder) {
    const orc::TaskStatus& task = view.run.tasks[index];
    const orc::PlannedTask& planned = view.run.planned(orc::TaskIndex(index));
    // A copy comes after what its task comes after.
    const std::vector<orc::TaskIndex>& after =
        view.run.planned(task.copy_of.value_or(orc::TaskIndex(index))).after;
    Json json{{"task", planned.name},
              {"definition", planned.definition},
              {"work", planned.work},
              {"state", orc::task_state_name(task.state)},
              {"since", task.since.to_string()},
              {"note", view.notes[index]}};
    json["after"] = Json::array();
    for (const orc::TaskIndex before : after) {
        json["after"].push_back(view.run.planned(before).name);
    }
    json["copy_of"] = task.copy_of ? Json(view.run.planned(*task.copy_of).name) : Json();
    json["item"] = task.item.empty() ? Json() : Json::parse(task.item);
    json["items"] = planned.items ? Json(planned.items->text) : Json();
    json["retry_at"] = time_json(task.retry_at);
    json["check_at"] = time_json(task.check_at);
    json["values"] = task.values.empty() ? Json() : Json::parse(task.values);
    json["chosen"] = task.chosen ? Json(*task.chosen) : Json();
    json["pool"] = planned.pool;
    json["priority"] = planned.priority;
    json["attempts"] = attempts_json(view, index, folder);
    return json;
}

}  // namespace

Json window_json(const std::optional<Interval>& window) {
    if (!window) return {};
    return {{"start", window->start.to_string()}, {"end", window->end.to_string()}};
}

RunView view_of(const orc::Machine& machine, const orc::RunId& id, bool at_work) {
    RunView view{*machine.find(id), at_work, {}};
    for (std::uint32_t i = 0; i < view.run.tasks.size(); ++i) {
        view.notes.push_back(note_of(machine, view.run, i, at_work));
    }
    return view;
}

Result<RunView> view_of(const orc::StoredRun& run, bool at_work,
                        const std::map<std::string, int>& pools) {
    // How many workers its process has is not known here.
    orc::Machine machine({std::numeric_limits<int>::max(), pools});
    for (const orc::Event& event : run.events) {
        INGOT_TRY_WITH(machine.replay(event), "while reading the run " + run.head.id.value());
    }
    return view_of(machine, run.head.id, at_work);
}

std::string state_text(orc::RunState state, bool at_work) {
    if (!at_work && !orc::has_ended(state)) return "interrupted";
    return std::string(orc::run_state_name(state));
}

const std::vector<std::string>& run_states() {
    static const std::vector<std::string> kStates = {"queued", "running",   "success",
                                                     "failed", "cancelled", "interrupted"};
    return kStates;
}

Result<orc::RunFilter> filter_by_state(const std::string& state) {
    orc::RunFilter filter;
    filter.unfinished = state == "interrupted";
    if (!state.empty() && !filter.unfinished) {
        INGOT_TRY_ASSIGN(filter.state, orc::parse_run_state(state));
    }
    return filter;
}

Json head_json(const orc::RunHead& head, bool at_work) {
    return {{"run_id", head.id.value()},
            {"pipeline", head.pipeline},
            {"state", state_text(head.state, at_work)},
            {"window", window_json(head.window)},
            {"cause", orc::cause_name(head.origin.cause)},
            {"by", head.origin.by},
            {"backfill", head.origin.backfill},
            {"code_version", head.origin.code},
            {"queued_at", head.queued_at.to_string()},
            {"started_at", time_json(head.started_at)},
            {"ended_at", time_json(head.ended_at)},
            {"note", head.note}};
}

Json run_json(const RunView& view, const orc::RunFolder& folder) {
    const orc::RunStatus& run = view.run;
    Json json = head_json(orc::head_of(run), view.at_work);
    json["lake"] = run.spec->lake;
    json["environment"] = run.spec->environment;
    json["params"] = Json::parse(run.spec->params, nullptr, false);
    json["full"] = run.spec->full;
    json["cancelled"] = run.cancelled ? Json(*run.cancelled) : Json();
    json["tasks"] = Json::array();
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
        json["tasks"].push_back(task_json(view, i, folder));
    }
    return json;
}

}  // namespace ingot::service

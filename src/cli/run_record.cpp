#include "cli/run_record.hpp"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "cli/table_report.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;
using Json = nlohmann::ordered_json;

Json time_json(const std::optional<Timestamp>& at) {
    return at ? Json(at->to_string()) : Json();
}

std::string took(const std::optional<Timestamp>& from, const std::optional<Timestamp>& to) {
    return from && to ? fmt::format("{:.2f}s", seconds(*to - *from)) : "";
}

bool is_interrupted(const RunRecord& record) {
    return !record.at_work && !orc::has_ended(record.run.state);
}

std::string how_to_go_on(const orc::RunStatus& run) {
    std::string command = "ingot run --pipeline " + run.spec->plan.pipeline;
    if (run.spec->window) command += " --window " + window_text(run.spec->window);
    return command;
}

/// Why it waits, or what came of it; one sentence.
std::string note_of(const RunRecord& record, std::uint32_t index) {
    const orc::TaskStatus& task = record.run.tasks[index];
    const orc::PlannedTask& plan = record.run.spec->plan.tasks[index];
    if (task.mark) {
        const std::string_view how = orc::has_ended(task.state) ? "" : "is being stopped: ";
        return fmt::format("{}marked by {}", how, task.mark->by.empty() ? "hand" : task.mark->by);
    }
    switch (task.state) {
        case orc::TaskState::kWaiting:
        case orc::TaskState::kQueued:
        case orc::TaskState::kUpForRetry:
            if (is_interrupted(record)) return "waits for somebody to go on with the run";
            return record.machine.why_waiting(record.run.id, orc::TaskIndex(index));
        case orc::TaskState::kRunning:
            return is_interrupted(record) ? "its process ended before it did" : "";
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
            return record.run.cancelled.value_or("");
        case orc::TaskState::kSuccess:
            break;
    }
    return "";
}

Json task_json(const RunRecord& record, std::uint32_t index) {
    const orc::TaskStatus& task = record.run.tasks[index];
    const orc::PlannedTask& plan = record.run.spec->plan.tasks[index];
    Json json{{"task", plan.name},
              {"work", plan.work},
              {"state", orc::task_state_name(task.state)},
              {"since", task.since.to_string()},
              {"note", note_of(record, index)}};
    json["after"] = Json::array();
    for (const orc::TaskIndex before : plan.after) {
        json["after"].push_back(record.run.spec->plan.tasks[before.value()].name);
    }
    json["retry_at"] = time_json(task.retry_at);
    json["attempts"] = Json::array();
    for (std::size_t i = 0; i < task.attempts.size(); ++i) {
        const orc::AttemptStatus& attempt = task.attempts[i];
        json["attempts"].push_back(
            {{"attempt", i + 1},
             {"state", orc::attempt_state_name(attempt.state)},
             {"started", attempt.started.to_string()},
             {"ended", time_json(attempt.ended)},
             {"message", attempt.message},
             {"log", record.folder.log(record.run.id, plan, static_cast<int>(i) + 1)}});
    }
    return json;
}

}  // namespace

std::string store_path(const project::Project& project) {
    return (std::filesystem::path(project.root) / project.store).lexically_normal().string();
}

std::string state_text(orc::RunState state, bool at_work) {
    if (!at_work && !orc::has_ended(state)) return "interrupted";
    return std::string(orc::run_state_name(state));
}

std::string window_text(const std::optional<Interval>& window) {
    return window ? window->to_string() : "";
}

nlohmann::ordered_json record_json(const RunRecord& record) {
    const orc::RunStatus& run = record.run;
    Json json{{"run_id", run.id.value()},
              {"pipeline", run.spec->plan.pipeline},
              {"state", state_text(run.state, record.at_work)},
              {"window", nullptr},
              {"lake", run.spec->lake},
              {"environment", run.spec->environment},
              {"params", Json::parse(run.spec->params, nullptr, false)},
              {"full", run.spec->full},
              {"queued_at", run.queued_at.to_string()},
              {"started_at", time_json(run.started_at)},
              {"ended_at", time_json(run.ended_at)}};
    if (const auto& window = run.spec->window) {
        json["window"] = {{"start", window->start.to_string()}, {"end", window->end.to_string()}};
    }
    json["tasks"] = Json::array();
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i)
        json["tasks"].push_back(task_json(record, i));
    return json;
}

void print_record(const RunRecord& record) {
    const orc::RunStatus& run = record.run;
    std::printf("run %s of %s: %s", run.id.value().c_str(), run.spec->plan.pipeline.c_str(),
                state_text(run.state, record.at_work).c_str());
    if (run.started_at && run.ended_at) {
        std::printf(" in %s", took(run.started_at, run.ended_at).c_str());
    }
    std::printf("\nqueued %s", run.queued_at.to_string().c_str());
    if (run.spec->window) std::printf(", window %s", window_text(run.spec->window).c_str());
    std::printf(", lake %s\n", run.spec->lake.c_str());
    if (run.cancelled) std::printf("cancelled: %s\n", run.cancelled->c_str());
    if (is_interrupted(record)) {
        std::printf("its process ended after %s; `%s` goes on with it\n",
                    run.last_event_at.to_string().c_str(), how_to_go_on(run).c_str());
    }
    TextTable table({"task", "state", "attempts", "since", "took", "note"});
    table.align_right(2);
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
        const orc::TaskStatus& task = run.tasks[i];
        const bool tried = !task.attempts.empty();
        table.add({run.spec->plan.tasks[i].name, std::string(orc::task_state_name(task.state)),
                   fmt::format("{}", task.attempts.size()), task.since.to_string(),
                   tried ? took(task.attempts.back().started, task.attempts.back().ended) : "",
                   note_of(record, i)});
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
}

void print_outcome(const RunRecord& record) {
    const orc::RunStatus& run = record.run;
    std::map<std::string_view, int> counts;
    for (const orc::TaskStatus& task : run.tasks) ++counts[orc::task_state_name(task.state)];
    std::string text;
    for (const auto& [state, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
    }
    const bool good = run.state == orc::RunState::kSuccess;
    std::fprintf(stderr, "%s: run %s: %s%s\n",
                 good                                  ? "ok"
                 : run.state == orc::RunState::kFailed ? "FAILED"
                                                       : "CANCELLED",
                 run.id.value().c_str(), text.c_str(),
                 good ? "" : fmt::format("; `ingot runs {}` says more", run.id.value()).c_str());
}

}  // namespace ingot::cli

#include "cli/run_record.hpp"

#include <cstdio>

#include "cli/output.hpp"
#include "cli/table_report.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

std::string took(const std::optional<Timestamp>& from, const std::optional<Timestamp>& to) {
    return from && to ? fmt::format("{:.2f}s", seconds(*to - *from)) : "";
}

/// A task with many copies says how many did what; of these only those that a person looks for.
constexpr std::uint32_t kCopiesMax = 20;

bool is_shown(const orc::RunStatus& run, const orc::TaskStatus& copy) {
    return run.tasks[copy.copy_of->value()].items <= kCopiesMax ||
           copy.state == orc::TaskState::kRunning || copy.state == orc::TaskState::kFailed ||
           copy.state == orc::TaskState::kUpForRetry;
}

/// In the order of the plan, copies after their task.
std::vector<std::uint32_t> shown_tasks(const orc::RunStatus& run) {
    std::vector<std::uint32_t> shown;
    for (std::uint32_t i = 0; i < run.spec->plan.tasks.size(); ++i) {
        shown.push_back(i);
        for (const orc::TaskIndex copy : run.tasks[i].copies) {
            if (is_shown(run, run.tasks[copy.value()])) shown.push_back(copy.value());
        }
    }
    return shown;
}

std::string how_to_go_on(const orc::RunStatus& run) {
    std::string command = "ingot run --pipeline " + run.spec->plan.pipeline;
    if (run.spec->window) command += " --window " + window_text(run.spec->window);
    return command;
}

}  // namespace

std::string window_text(const std::optional<Interval>& window) {
    return window ? window->to_string() : "";
}

void print_record(const service::RunView& view) {
    const orc::RunStatus& run = view.run;
    std::printf("run %s of %s: %s", run.id.value().c_str(), run.spec->plan.pipeline.c_str(),
                service::state_text(run.state, view.at_work).c_str());
    if (run.started_at && run.ended_at) {
        std::printf(" in %s", took(run.started_at, run.ended_at).c_str());
    }
    std::printf("\nqueued %s", run.queued_at.to_string().c_str());
    if (run.spec->window) std::printf(", window %s", window_text(run.spec->window).c_str());
    std::printf(", lake %s\n", run.spec->lake.c_str());
    if (run.cancelled) std::printf("cancelled: %s\n", run.cancelled->c_str());
    if (!view.at_work && !orc::has_ended(run.state)) {
        std::printf("its process ended after %s; `%s` goes on with it\n",
                    run.last_event_at.to_string().c_str(), how_to_go_on(run).c_str());
    }
    TextTable table({"task", "state", "attempts", "since", "took", "note"});
    table.align_right(2);
    for (const std::uint32_t i : shown_tasks(run)) {
        const orc::TaskStatus& task = run.tasks[i];
        const bool tried = !task.attempts.empty();
        const std::string& name = run.planned(orc::TaskIndex(i)).name;
        table.add({task.item.empty() ? name : name + ' ' + task.item,
                   std::string(orc::task_state_name(task.state)),
                   fmt::format("{}", task.attempts.size()), task.since.to_string(),
                   tried ? took(task.attempts.back().started, task.attempts.back().ended) : "",
                   view.notes[i]});
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
}

void print_outcome(const std::string& run_id, std::string_view state,
                   const std::map<std::string, int>& tasks) {
    std::string text;
    for (const auto& [each, count] : tasks) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, each);
    }
    const bool good = state == orc::run_state_name(orc::RunState::kSuccess);
    const bool failed = state == orc::run_state_name(orc::RunState::kFailed);
    std::fprintf(stderr, "%s: run %s: %s%s\n",
                 good     ? "ok"
                 : failed ? "FAILED"
                          : "CANCELLED",
                 run_id.c_str(), text.c_str(),
                 good ? "" : fmt::format("; `ingot runs {}` says more", run_id).c_str());
}

}  // namespace ingot::cli

#include "cli/run_record.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "orchestrator/run_status.hpp"

#include "base/time.hpp"
#include "cli/output.hpp"
#include "cli/table_report.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;
using Json = nlohmann::ordered_json;

std::string first_line(const Json& text);
Result<std::string> took(const Json& from, const Json& to);
std::vector<const Json*> shown_tasks(const Json& run);
std::string how_to_go_on(const Json& run);
Result<std::vector<std::string>> cells_of(const Json& task);
Result<Timestamp> last_change(const Json& run);

}  // namespace

std::string window_text(const std::optional<Interval>& window) {
    return window ? window->to_string() : "";
}

std::string window_text(const Json& window) {
    return window.is_null() ? ""
                            : fmt::format("{}..{}", window["start"].get<std::string>(),
                                          window["end"].get<std::string>());
}

Status print_runs(const Json& runs) {
    TextTable table({"run", "pipeline", "window", "state", "queued", "took", "note"});
    for (const Json& run : runs) {
        INGOT_TRY_ASSIGN(std::string time, took(run["started_at"], run["ended_at"]));
        table.add({run["run_id"].get<std::string>(), run["pipeline"].get<std::string>(),
                   window_text(run["window"]), run["state"].get<std::string>(),
                   run["queued_at"].get<std::string>(), std::move(time), first_line(run["note"])});
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    return {};
}

Status print_record(const Json& run) {
    const std::string state = run["state"].get<std::string>();
    INGOT_TRY_ASSIGN(const std::string time, took(run["started_at"], run["ended_at"]));
    INGOT_TRY_ASSIGN(const Timestamp changed, last_change(run));
    TextTable table({"task", "state", "attempts", "since", "took", "note"});
    table.align_right(2);
    for (const Json* task : shown_tasks(run)) {
        INGOT_TRY_ASSIGN(std::vector<std::string> cells, cells_of(*task));
        table.add(std::move(cells));
    }
    std::printf("run %s of %s: %s%s\n", run["run_id"].get<std::string>().c_str(),
                run["pipeline"].get<std::string>().c_str(), state.c_str(),
                time.empty() ? "" : (" in " + time).c_str());
    std::printf("queued %s", run["queued_at"].get<std::string>().c_str());
    if (!run["window"].is_null()) std::printf(", window %s", window_text(run["window"]).c_str());
    std::printf(", lake %s\n", run["lake"].get<std::string>().c_str());
    const std::string note = run["note"].get<std::string>();
    if (!note.empty()) std::printf("note: %s\n", note.c_str());
    if (!run["cancelled"].is_null()) {
        std::printf("cancelled: %s\n", run["cancelled"].get<std::string>().c_str());
    }
    if (state == "interrupted") {
        std::printf("its process ended after %s; `%s` goes on with it\n",
                    changed.to_string().c_str(), how_to_go_on(run).c_str());
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    return {};
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

namespace {

std::string first_line(const Json& text) {
    const std::string whole = text.get<std::string>();
    return whole.substr(0, whole.find('\n'));
}

/// `1.20s`, or nothing while one of them is null.
Result<std::string> took(const Json& from, const Json& to) {
    if (from.is_null() || to.is_null()) return std::string();
    INGOT_TRY_ASSIGN(const Timestamp start, parse_timestamp(from.get<std::string>()));
    INGOT_TRY_ASSIGN(const Timestamp end, parse_timestamp(to.get<std::string>()));
    return fmt::format("{:.2f}s", seconds(end - start));
}

/// A task with many copies says how many did what; of these only those that a person looks for.
constexpr std::size_t kCopiesMax = 20;

bool is_looked_for(const Json& copy) {
    static const std::vector<std::string> kStates = {"running", "failed", "up_for_retry"};
    return std::find(kStates.begin(), kStates.end(), copy["state"].get<std::string>()) !=
           kStates.end();
}

/// In the order of the plan, copies after their task.
std::vector<const Json*> shown_tasks(const Json& run) {
    std::map<std::string, std::vector<const Json*>> copies;
    std::map<std::string, std::size_t> there;  ///< Those that still have an item.
    for (const Json& task : run["tasks"]) {
        if (task["copy_of"].is_null()) continue;
        const std::string of = task["copy_of"].get<std::string>();
        copies[of].push_back(&task);
        if (task["state"] != "removed") ++there[of];
    }
    std::vector<const Json*> shown;
    for (const Json& task : run["tasks"]) {
        if (!task["copy_of"].is_null()) continue;
        shown.push_back(&task);
        const std::string name = task["task"].get<std::string>();
        for (const Json* copy : copies[name]) {
            if (there[name] <= kCopiesMax || is_looked_for(*copy)) shown.push_back(copy);
        }
    }
    return shown;
}

Result<std::vector<std::string>> cells_of(const Json& task) {
    const std::string name = task["task"].get<std::string>();
    const Json& attempts = task["attempts"];
    std::string time;
    if (!attempts.empty()) {
        INGOT_TRY_ASSIGN(time, took(attempts.back()["started"], attempts.back()["ended"]));
    }
    return std::vector<std::string>{
        task["item"].is_null() ? name : name + ' ' + task["item"].dump(),
        task["state"].get<std::string>(),
        fmt::format("{}", attempts.size()),
        task["since"].get<std::string>(),
        std::move(time),
        task["note"].get<std::string>()};
}

/// When the last of its tasks got into the state that it is in.
Result<Timestamp> last_change(const Json& run) {
    INGOT_TRY_ASSIGN(Timestamp last, parse_timestamp(run["queued_at"].get<std::string>()));
    for (const Json& task : run["tasks"]) {
        INGOT_TRY_ASSIGN(const Timestamp since, parse_timestamp(task["since"].get<std::string>()));
        last = std::max(last, since);
    }
    return last;
}

std::string how_to_go_on(const Json& run) {
    std::string command = "ingot run --pipeline " + run["pipeline"].get<std::string>();
    if (!run["window"].is_null()) command += " --window " + window_text(run["window"]);
    return command;
}

}  // namespace
}  // namespace ingot::cli

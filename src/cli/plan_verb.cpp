#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "cli/selection.hpp"
#include "cli/verbs.hpp"
#include "task/run_plan.hpp"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct PlanArguments {
    SelectionArguments selection;
    bool full = false;
};

std::string ranges_text(const std::vector<Interval>& ranges) {
    if (ranges.empty()) return "";
    std::string text = ranges.front().to_string();
    if (ranges.size() > 1) text += fmt::format(" and {} more", ranges.size() - 1);
    return text;
}

std::string work_text(const task::TablePlan& plan) {
    std::string text = plan.reason;
    if (plan.inputs > 0) {
        text += fmt::format("; {} file{}, {}", with_thousands(plan.inputs),
                            plan.inputs == 1 ? "" : "s", bytes_text(plan.input_bytes));
    }
    if (plan.missing > 0) text += fmt::format("; {} missing", with_thousands(plan.missing));
    return text;
}

void print_plan(const std::vector<task::TablePlan>& plans) {
    TextTable table({"table", "step", "windows", "why"});
    for (const task::TablePlan& plan : plans) {
        table.add({plan.table.text(), std::string(task::planned_step_name(plan.step)),
                   ranges_text(plan.ranges), work_text(plan)});
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    for (const task::TablePlan& plan : plans) {
        for (const std::string& warning : plan.warnings)
            std::fprintf(stderr, "warning: %s: %s\n", plan.table.text().c_str(), warning.c_str());
    }
    const auto count = [&](task::PlannedStep step) {
        return std::count_if(plans.begin(), plans.end(),
                             [&](const task::TablePlan& plan) { return plan.step == step; });
    };
    const auto to_run = count(task::PlannedStep::kRun) + count(task::PlannedStep::kWaits);
    const auto blocked = count(task::PlannedStep::kBlocked);
    if (to_run == 0 && blocked == 0) {
        std::puts("nothing to do");
    } else {
        std::printf("%td to run, %td blocked%s\n", to_run, blocked,
                    to_run == 0 ? "" : "; `ingot run` carries it out");
    }
}

void print_json(const std::vector<task::TablePlan>& plans) {
    Json json = Json::array();
    for (const task::TablePlan& plan : plans) {
        Json item{{"table", plan.table.text()}, {"step", task::planned_step_name(plan.step)},
                  {"reason", plan.reason},      {"windows", plan.windows},
                  {"inputs", plan.inputs},      {"input_bytes", plan.input_bytes},
                  {"missing", plan.missing},    {"warnings", plan.warnings}};
        item["ranges"] = Json::array();
        for (const Interval& range : plan.ranges) {
            item["ranges"].push_back(
                {{"start", range.start.to_string()}, {"end", range.end.to_string()}});
        }
        json.push_back(std::move(item));
    }
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

Result<int> plan(Invocation& invocation, const PlanArguments& arguments) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    task::RunOptions options;
    options.select = arguments.selection.text();
    options.exclude = arguments.selection.exclude;
    options.full = arguments.full;
    INGOT_TRY_ASSIGN(options.window, selected_window(*workspace->project, arguments.selection));
    INGOT_TRY_ASSIGN(const std::vector<task::TablePlan> plans,
                     task::plan_tables(*workspace, options, invocation.stop()));
    if (invocation.json()) {
        print_json(plans);
    } else {
        print_plan(plans);
    }
    const bool blocked = std::any_of(plans.begin(), plans.end(), [](const auto& each) {
        return each.step == task::PlannedStep::kBlocked;
    });
    return blocked ? kExitFailed : kExitOk;
}

}  // namespace

void add_plan(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("plan", "Show what `run` would do, and why");
    auto arguments = std::make_shared<PlanArguments>();
    add_selection_options(*verb, arguments->selection);
    add_window_option(*verb, arguments->selection);
    verb->add_flag("--full", arguments->full, "As if everything had to be built again");
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return plan(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

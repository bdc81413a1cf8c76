#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "orchestrator/backfills.hpp"
#include "orchestrator/orchestrator.hpp"
#include "orchestrator/sqlite_store.hpp"
#include "service/pipeline_tasks.hpp"
#include "service/window_history.hpp"

#include "cli/output.hpp"
#include "cli/run_record.hpp"
#include "cli/table_report.hpp"
#include "cli/verbs.hpp"
#include "project/window.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;
using Json = nlohmann::ordered_json;

constexpr std::string_view kPurpose = "ingot backfill";

struct BackfillArguments {
    std::string pipeline;
    std::string window;
    std::string order;
    std::string redo;
    int active_runs = 0;  ///< 0: as the pipeline says.
    unsigned parallel = 1;
    bool dry_run = false;
    bool yes = false;
};

Result<service::BackfillRequest> request_of(const service::Definitions& definitions,
                                            const BackfillArguments& arguments);
Result<FileLock> be_the_only_one(const orc::RunFolder& folder);
Result<std::optional<orc::Backfill>> left_open(orc::Store& store, const orc::Backfill& asked);
void print_plan(const orc::Backfill& backfill, bool json);
Result<int> carry_out(Invocation& invocation, const service::DefinitionsPtr& definitions,
                      orc::Store& store, const orc::RunFolder& folder, orc::Backfill backfill,
                      bool goes_on, unsigned parallel);

Result<int> backfill(Invocation& invocation, const BackfillArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    INGOT_TRY_ASSIGN(const service::DefinitionsPtr definitions,
                     service::make_definitions(project, *engine, system_clock()));
    INGOT_TRY_ASSIGN(const service::BackfillRequest request, request_of(*definitions, arguments));
    const std::string path = orc::store_file(*project);
    const orc::RunFolder folder(path);
    std::optional<FileLock> lock;
    if (!arguments.dry_run) {
        INGOT_TRY_ASSIGN(lock, be_the_only_one(folder));
    }
    INGOT_TRY_ASSIGN(const std::unique_ptr<orc::Store> store, orc::open_sqlite_store({path}));
    INGOT_TRY_ASSIGN(orc::Backfill plan,
                     service::plan_backfill(*definitions, request, *store, system_clock().now(),
                                            kPurpose.data()));
    INGOT_TRY_ASSIGN(std::optional<orc::Backfill> left, left_open(*store, plan));
    const bool goes_on = left.has_value();
    if (arguments.dry_run) {
        print_plan(goes_on ? *left : plan, invocation.json());
        return kExitOk;
    }
    const auto runs = std::count_if(plan.windows.begin(), plan.windows.end(),
                                    [](const orc::BackfillWindow& each) { return each.runs; });
    if (!goes_on && runs == 0) {
        print_plan(plan, invocation.json());
        return kExitOk;
    }
    if (project->confirm && !arguments.yes) {
        return make_error(ErrorCode::kInvalidArgument,
                          "--yes is needed: this would run {} {} times in the environment {}, "
                          "which says `confirm: true`; --dry-run shows for which windows",
                          plan.pipeline, runs, project->environment);
    }
    return carry_out(invocation, definitions, *store, folder,
                     goes_on ? *std::move(left) : std::move(plan), goes_on, arguments.parallel);
}

Result<service::BackfillRequest> request_of(const service::Definitions& definitions,
                                            const BackfillArguments& arguments) {
    const service::PlannedPipeline* planned = definitions.find(arguments.pipeline);
    const bool has_zone = planned != nullptr && planned->pipeline->window;
    const std::string& zone =
        has_zone ? planned->pipeline->window->timezone : definitions.project().defaults.timezone;
    service::BackfillRequest request;
    request.pipeline = arguments.pipeline;
    INGOT_TRY_ASSIGN_WITH(request.range, project::parse_interval(arguments.window, zone),
                          "in --window");
    if (arguments.order == "oldest_first") request.order = orc::BackfillOrder::kOldestFirst;
    if (arguments.order == "newest_first") request.order = orc::BackfillOrder::kNewestFirst;
    if (arguments.redo == "none") request.redo = orc::BackfillRedo::kNone;
    if (arguments.redo == "failed") request.redo = orc::BackfillRedo::kFailed;
    if (arguments.redo == "all") request.redo = orc::BackfillRedo::kAll;
    if (arguments.active_runs > 0) request.active_runs = arguments.active_runs;
    return request;
}

/// A server that starts meanwhile would go on with the same backfill beside this process.
Result<FileLock> be_the_only_one(const orc::RunFolder& folder) {
    INGOT_TRY_ASSIGN(FileLock::Attempt attempt, folder.lock_server(kPurpose));
    if (auto* lock = std::get_if<FileLock>(&attempt)) return std::move(*lock);
    return make_error(ErrorCode::kAlreadyExists,
                      "the store is in the hands of {}: if that is a server, ask it for the "
                      "backfill, on its page or with POST /api/v1/backfills; else wait until it "
                      "is done",
                      std::get<FileLock::HeldBy>(attempt).holder);
}

/// One for the same range whose process ended before it did.
Result<std::optional<orc::Backfill>> left_open(orc::Store& store, const orc::Backfill& asked) {
    INGOT_TRY_ASSIGN(const auto records, store.records(orc::kBackfillRecord));
    for (const auto& [id, body] : records) {
        INGOT_TRY_ASSIGN(orc::Backfill left, orc::parse_backfill(body));
        if (left.ended_at || left.pipeline != asked.pipeline) continue;
        if (left.range != asked.range) {
            return make_error(ErrorCode::kAlreadyExists,
                              "the backfill of {} over {} was interrupted: finish it first, with "
                              "--window {}",
                              left.pipeline, left.range.to_string(), left.range.to_string());
        }
        left.state = orc::Backfill::State::kRunning;
        return std::optional(std::move(left));
    }
    return std::optional<orc::Backfill>();
}

void print_plan(const orc::Backfill& backfill, bool json) {
    if (json) {
        Json windows = Json::array();
        for (const orc::BackfillWindow& each : backfill.windows) {
            windows.push_back({{"start", each.window.start.to_string()},
                               {"end", each.window.end.to_string()},
                               {"action", each.runs ? "run" : "skip"},
                               {"reason", each.reason}});
        }
        std::printf("%s\n",
                    Json{{"pipeline", backfill.pipeline}, {"windows", windows}}.dump(2).c_str());
        return;
    }
    TextTable table({"window", "action", "why"});
    std::map<std::string, int> counts;
    for (const orc::BackfillWindow& each : backfill.windows) {
        table.add({each.window.to_string(), each.runs ? "run" : "skip", each.reason});
        ++counts[fmt::format("{} ({})", each.runs ? "to run" : "skipped", each.reason)];
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    std::string text;
    for (const auto& [what, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
    }
    std::printf("%s\n", text.c_str());
}

/// What a person sees while it runs: a line per run.
void print_run(const orc::RunStatus& run, std::size_t done, std::size_t all) {
    std::string failed;
    for (const orc::TaskIndex task : orc::tasks_that_fail_the_run(run)) {
        const auto& attempts = run.tasks[task.value()].attempts;
        if (attempts.empty()) continue;
        failed = fmt::format(": task {}: {}", run.spec->plan.tasks[task.value()].name,
                             attempts.back().message);
        break;
    }
    std::fprintf(stderr, "[%zu/%zu] %s %s%s\n", done, all, window_text(run.spec->window).c_str(),
                 std::string(orc::run_state_name(run.state)).c_str(), failed.c_str());
}

Result<int> carry_out(Invocation& invocation, const service::DefinitionsPtr& definitions,
                      orc::Store& store, const orc::RunFolder& folder, orc::Backfill backfill,
                      bool goes_on, unsigned parallel) {
    service::PipelineTasks tasks(parallel);
    tasks.define(definitions);
    orc::Backfills backfills([&](const orc::Backfill& of, const Interval& window) {
        return service::prepare_run(*definitions, of, window);
    });
    const auto all = static_cast<std::size_t>(
        std::count_if(backfill.windows.begin(), backfill.windows.end(),
                      [](const orc::BackfillWindow& each) { return each.runs; }));
    std::size_t done = 0;
    std::map<std::string_view, int> counts;
    orc::Orchestrator orchestrator(
        {store, tasks, folder, system_clock(), {&backfills}},
        {.limits = {backfill.active_runs, definitions->project().pools},
         .purpose = std::string(kPurpose)},
        [&](const orc::Event& event, const orc::RunStatus& run) {
            if (!orc::has_ended(run.state) || std::holds_alternative<orc::RunQueued>(event.change))
                return;
            ++counts[orc::run_state_name(run.state)];
            if (!invocation.quiet() && !invocation.json()) print_run(run, ++done, all);
        });
    if (goes_on) {
        INGOT_TRY_ASSIGN(const auto runs, orc::runs_of(backfill, store));
        for (const auto& [window, head] : runs) {
            if (orc::has_ended(head.state)) {
                ++done;
                continue;
            }
            INGOT_TRY_ASSIGN(FileLock::Attempt attempt, folder.lock_run(head.id, kPurpose));
            if (auto* lock = std::get_if<FileLock>(&attempt)) {
                INGOT_TRY_ASSIGN(const orc::Fence fence, store.take_over(head.id));
                INGOT_TRY_ASSIGN(const orc::StoredRun run, store.load(head.id));
                INGOT_TRY(orchestrator.adopt(run, fence, std::move(*lock)));
            }
        }
        INGOT_TRY(backfills.load(store));
        INGOT_TRY(backfills.set_state(backfill.id, orc::Backfill::State::kRunning, orchestrator));
    } else {
        INGOT_TRY(backfills.begin(backfill, orchestrator));
    }
    INGOT_TRY(orchestrator.work(invocation.stop()));
    if (invocation.json()) {
        Json json{
            {"backfill", backfill.id}, {"pipeline", backfill.pipeline}, {"runs", Json::object()}};
        for (const auto& [state, count] : counts) json["runs"][std::string(state)] = count;
        std::printf("%s\n", json.dump(2).c_str());
    } else if (!backfills.all_over()) {
        std::fprintf(stderr, "stopped: the same command goes on with it\n");
    }
    return backfills.all_over() && counts["failed"] == 0 && counts["cancelled"] == 0 ? kExitOk
                                                                                     : kExitFailed;
}

}  // namespace

void add_backfill(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("backfill", "Run a pipeline for the windows of a range, one run each");
    auto arguments = std::make_shared<BackfillArguments>();
    verb->add_option("pipeline", arguments->pipeline, "Name of a pipeline")->required();
    verb->add_option("--window", arguments->window,
                     "START..END, half open, or one day, month, year")
        ->type_name("RANGE")
        ->required();
    verb->add_flag("--dry-run", arguments->dry_run, "Only show which windows would run, and why");
    verb->add_option("--order", arguments->order, "oldest_first or newest_first")
        ->check(CLI::IsMember({"oldest_first", "newest_first"}));
    verb->add_option("--redo", arguments->redo,
                     "Of windows that ran: none, those that failed, or all, built again")
        ->check(CLI::IsMember({"none", "failed", "all"}));
    verb->add_option("--active-runs", arguments->active_runs, "Runs at a time")
        ->check(CLI::Range(1, 1024));
    verb->add_option("--parallel", arguments->parallel, "Tables at work at once within a task")
        ->check(CLI::Range(1, 64));
    verb->add_flag("--yes", arguments->yes, "Do not ask in an environment with `confirm`");
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return backfill(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

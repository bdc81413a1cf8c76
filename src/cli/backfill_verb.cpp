#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/backfills.hpp"
#include "orchestrator/orchestrator.hpp"
#include "orchestrator/sqlite_store.hpp"
#include "service/backfill_view.hpp"
#include "service/pipeline_tasks.hpp"
#include "service/selection_pipeline.hpp"
#include "service/window_history.hpp"

#include "cli/output.hpp"
#include "cli/run_control.hpp"
#include "cli/run_on_server.hpp"
#include "cli/run_record.hpp"
#include "cli/table_report.hpp"
#include "cli/verbs.hpp"
#include "project/window.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

constexpr std::string_view kPurpose = "ingot backfill";

struct BackfillArguments {
    std::vector<std::string> what;  ///< A pipeline, or a selection of tables.
    std::string window;
    std::string order;
    std::string redo;
    int active_runs = 0;  ///< 0: as the pipeline says.
    unsigned parallel = 1;
    bool dry_run = false;
    bool yes = false;
    std::string server;
    bool detach = false;
};

Result<service::BackfillRequest> request_of(const service::Definitions& definitions,
                                            const BackfillArguments& arguments);
Result<std::optional<orc::Backfill>> left_open(orc::Store& store, const orc::Backfill& asked);
void print_plan(const Json& plan, bool json);
Status ask_before_running(const project::Project& project, const BackfillArguments& arguments);
Result<int> backfill_on_server(Invocation& invocation, ServerClient& server,
                               const BackfillArguments& arguments);
Result<int> carry_out(Invocation& invocation, const service::DefinitionsPtr& definitions,
                      orc::Store& store, const orc::RunFolder& folder, orc::Backfill backfill,
                      bool goes_on, unsigned parallel);

Result<int> backfill(Invocation& invocation, const BackfillArguments& arguments) {
    if (!arguments.server.empty() && arguments.server != kLocalServer) {
        INGOT_TRY_ASSIGN(ServerClient server, server_of(invocation, arguments.server));
        return backfill_on_server(invocation, server, arguments);
    }
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    if (!arguments.dry_run) INGOT_TRY(ask_before_running(*project, arguments));
    const std::string path = orc::store_file(*project);
    const orc::RunFolder folder(path);
    // In the server's place: one that starts meanwhile would go on with the same backfill.
    INGOT_TRY_ASSIGN(InCharge in_charge, take_charge(folder, kPurpose, invocation.stop()));
    if (auto* server = std::get_if<ServerClient>(&in_charge)) {
        return backfill_on_server(invocation, *server, arguments);
    }
    if (arguments.detach || !arguments.server.empty()) {
        return make_error(ErrorCode::kNotFound,
                          "no server is at work on the store {} that could be left to do it: "
                          "`ingot serve` starts one; without --detach and --server this command "
                          "does it itself",
                          path);
    }
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    INGOT_TRY_ASSIGN(const service::DefinitionsPtr definitions,
                     service::make_definitions(project, *engine, system_clock()));
    INGOT_TRY_ASSIGN(const service::BackfillRequest request, request_of(*definitions, arguments));
    INGOT_TRY_ASSIGN(const std::unique_ptr<orc::Store> store, orc::open_sqlite_store({path}));
    INGOT_TRY_ASSIGN(orc::Backfill plan,
                     service::plan_backfill(*definitions, request, *store, system_clock().now(),
                                            name_of_user()));
    INGOT_TRY_ASSIGN(std::optional<orc::Backfill> left, left_open(*store, plan));
    const bool goes_on = left.has_value();
    const bool runs = std::any_of(plan.windows.begin(), plan.windows.end(),
                                  [](const orc::BackfillWindow& each) { return each.runs; });
    if (arguments.dry_run || (!goes_on && !runs)) {
        Json planned = service::backfill_json(goes_on ? *left : plan, {});
        if (!goes_on) planned["id"] = nullptr;
        print_plan(planned, invocation.json());
        return kExitOk;
    }
    return carry_out(invocation, definitions, *store, folder,
                     goes_on ? *std::move(left) : std::move(plan), goes_on, arguments.parallel);
}

Status ask_before_running(const project::Project& project, const BackfillArguments& arguments) {
    if (!project.confirm || arguments.yes) return {};
    return make_error(ErrorCode::kInvalidArgument,
                      "--yes is needed: this would run {} in the environment {}, which says "
                      "`confirm: true`; --dry-run shows for which windows",
                      fmt::join(arguments.what, " "), project.environment);
}

/// As one selection; that a list of backfills shows is taken as it stands.
std::string selection_of(const std::vector<std::string>& what) {
    std::string text = fmt::format("{}", fmt::join(what, " "));
    return text.starts_with(service::kSelectionPrefix) ? text : service::name_of_selection(text);
}

/// Of one word.
Error neither(Error no_pipeline, const Error& no_tables) {
    return std::move(no_pipeline).with("and as tables: " + no_tables.message);
}

/// A pipeline goes before tables of the same name.
Result<service::PlannedPipeline> pipeline_meant(const service::Definitions& definitions,
                                                const std::vector<std::string>& what) {
    const service::PlannedPipeline* named =
        what.size() == 1 ? definitions.find(what.front()) : nullptr;
    if (named != nullptr) return *named;
    Result<service::PlannedPipeline> made =
        service::planned_pipeline(definitions, selection_of(what));
    if (made || what.size() > 1 || made.error().code != ErrorCode::kNotFound) return made;
    return neither(service::no_such_pipeline(definitions, what.front()), made.error());
}

/// The same, as the server describes it.
Result<Json> pipeline_meant(ServerClient& server, const std::vector<std::string>& what) {
    Result<Json> named = make_error(ErrorCode::kNotFound, "");
    if (what.size() == 1) named = server.pipeline(what.front());
    if (named || named.error().code != ErrorCode::kNotFound) return named;
    Result<Json> made = server.pipeline(selection_of(what));
    if (made || what.size() > 1 || made.error().code != ErrorCode::kNotFound) return made;
    return neither(named.error(), made.error());
}

Result<service::BackfillRequest> request_of(const service::Definitions& definitions,
                                            const BackfillArguments& arguments) {
    INGOT_TRY_ASSIGN(const service::PlannedPipeline planned,
                     pipeline_meant(definitions, arguments.what));
    const project::Pipeline& pipeline = *planned.pipeline;
    const std::string& zone =
        pipeline.window ? pipeline.window->timezone : definitions.project().defaults.timezone;
    service::BackfillRequest request;
    request.pipeline = pipeline.name;
    INGOT_TRY_ASSIGN_WITH(request.range, project::parse_interval(arguments.window, zone),
                          "in --window");
    if (!arguments.order.empty()) {
        INGOT_TRY_ASSIGN(request.order, service::parse_order(arguments.order));
    }
    if (!arguments.redo.empty()) {
        INGOT_TRY_ASSIGN(request.redo, service::parse_redo(arguments.redo));
    }
    if (arguments.active_runs > 0) request.active_runs = arguments.active_runs;
    return request;
}

/// One for the same range whose process ended before it did.
Result<std::optional<orc::Backfill>> left_open(orc::Store& store, const orc::Backfill& asked) {
    INGOT_TRY_ASSIGN(const auto records, store.records(orc::kBackfillRecord));
    for (const auto& [id, body] : records) {
        INGOT_TRY_ASSIGN(orc::Backfill left, orc::parse_backfill(body));
        const bool is_over = left.ended_at || left.state == orc::Backfill::State::kCancelled;
        if (is_over || left.pipeline != asked.pipeline) continue;
        if (left.range != asked.range) {
            return make_error(ErrorCode::kAlreadyExists,
                              "the backfill of {} over {} was interrupted: finish it first, with "
                              "--window {}, or give it up: ingot backfills cancel {}",
                              left.pipeline, left.range.to_string(), left.range.to_string(),
                              left.id);
        }
        left.state = orc::Backfill::State::kRunning;
        return std::optional(std::move(left));
    }
    return std::optional<orc::Backfill>();
}

void print_plan(const Json& plan, bool json) {
    if (json) {
        std::printf("%s\n", plan.dump(2).c_str());
        return;
    }
    TextTable table({"window", "action", "why"});
    std::map<std::string, int> counts;
    for (const Json& each : plan["windows"]) {
        const std::string reason = each["reason"].get<std::string>();
        table.add({window_text(each), each["action"].get<std::string>(), reason});
        ++counts[fmt::format("{} ({})", each["action"] == "run" ? "to run" : "skipped", reason)];
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    std::string text;
    for (const auto& [what, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
    }
    std::printf("%s\n", text.c_str());
}

// ---- By the server

Result<Json> request_for_server(const Json& pipeline, const BackfillArguments& arguments) {
    INGOT_TRY_ASSIGN(const Json window, window_for_server(pipeline, arguments.window));
    Json request{{"pipeline", pipeline["name"]},
                 {"from", window["start"]},
                 {"to", window["end"]},
                 {"dry_run", arguments.dry_run}};
    if (!arguments.order.empty()) request["order"] = arguments.order;
    if (!arguments.redo.empty()) request["redo"] = arguments.redo;
    if (arguments.active_runs > 0) request["active_runs"] = arguments.active_runs;
    return request;
}

/// Windows whose runs have ended since it was last shown, a line each.
void print_progress(const Json& backfill, std::set<std::string>& shown) {
    std::size_t all = 0;
    std::vector<const Json*> ended;
    for (const Json& window : backfill["windows"]) {
        if (window["action"] == "run") ++all;
        const bool over = window["state"] == "success" || window["state"] == "failed" ||
                          window["state"] == "cancelled";
        if (over && !shown.contains(window["start"].get<std::string>())) ended.push_back(&window);
    }
    for (const Json* window : ended) {
        shown.insert((*window)["start"].get<std::string>());
        std::fprintf(stderr, "[%zu/%zu] %s %s\n", shown.size(), all, window_text(*window).c_str(),
                     (*window)["state"].get<std::string>().c_str());
    }
}

/// The backfill once it is over; nothing when the person waits no longer.
Result<std::optional<Json>> wait_for_backfill(const Invocation& invocation, ServerClient& server,
                                              const std::string& id) {
    std::set<std::string> shown;
    std::mutex mutex;
    std::condition_variable_any never;
    while (true) {
        Result<Json> backfill = server.backfill(id);
        if (!backfill && invocation.stop().stop_requested()) return std::optional<Json>();
        INGOT_TRY(backfill);
        if (!invocation.quiet() && !invocation.json()) print_progress(*backfill, shown);
        if (!(*backfill)["ended_at"].is_null()) return std::optional(*std::move(backfill));
        std::unique_lock lock(mutex);
        never.wait_for(lock, invocation.stop(), std::chrono::milliseconds(500),
                       [] { return false; });
        if (invocation.stop().stop_requested()) return std::optional<Json>();
    }
}

Result<int> backfill_on_server(Invocation& invocation, ServerClient& server,
                               const BackfillArguments& arguments) {
    INGOT_TRY_ASSIGN(const Json pipeline, pipeline_meant(server, arguments.what));
    INGOT_TRY_ASSIGN(const Json request, request_for_server(pipeline, arguments));
    INGOT_TRY_ASSIGN(const Json begun, server.begin_backfill(request));
    if (arguments.dry_run) {
        print_plan(begun, invocation.json());
        return kExitOk;
    }
    const std::string id = begun["id"].get<std::string>();
    if (!invocation.quiet() && !invocation.json()) {
        std::fprintf(stderr, "the server carries out the backfill %s\n", id.c_str());
    }
    if (arguments.detach) {
        if (invocation.json()) std::printf("%s\n", begun.dump(2).c_str());
        return kExitOk;
    }
    INGOT_TRY_ASSIGN(const std::optional<Json> ended, wait_for_backfill(invocation, server, id));
    if (!ended) {
        std::fprintf(stderr, "waits no longer: the server goes on with the backfill %s\n",
                     id.c_str());
        return kExitFailed;
    }
    Json runs = Json::object();
    for (const auto& [state, count] : (*ended)["counts"].items()) {
        if (state != "skipped" && count != 0) runs[state] = count;
    }
    if (invocation.json()) {
        const Json json{
            {"backfill", id}, {"pipeline", begun["pipeline"]}, {"runs", std::move(runs)}};
        std::printf("%s\n", json.dump(2).c_str());
    }
    const Json& counts = (*ended)["counts"];
    const bool good =
        (*ended)["state"] == "done" && counts["failed"] == 0 && counts["cancelled"] == 0;
    return good ? kExitOk : kExitFailed;
}

/// What a person sees while it runs: a line per run.
void print_run(const orc::RunStatus& run, std::size_t done, std::size_t all) {
    std::string failed;
    for (const orc::TaskIndex task : orc::tasks_that_fail_the_run(run)) {
        const auto& attempts = run.tasks[task.value()].attempts;
        if (attempts.empty()) continue;
        failed = fmt::format(": task {}: {}", run.planned(task).name, attempts.back().message);
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
    CLI::App* verb = app.add_subcommand(
        "backfill",
        "Run a pipeline, or build tables, for the windows of a range, one run each; by the server "
        "of the store where there is one");
    auto arguments = std::make_shared<BackfillArguments>();
    verb->add_option("what", arguments->what,
                     "Name of a pipeline, or tables as `ingot run` selects them: gold.daily+ tag:x")
        ->required();
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
    verb->add_flag("--detach", arguments->detach,
                   "Leave it to the server and do not wait until it is done");
    add_server_option(*verb, arguments->server);
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return backfill(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

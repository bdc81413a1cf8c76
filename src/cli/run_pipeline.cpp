#include "cli/run_pipeline.hpp"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>

#include "orchestrator/orchestrator.hpp"
#include "orchestrator/sqlite_store.hpp"
#include "service/definitions.hpp"
#include "service/run_view.hpp"
#include "telemetry/meter.hpp"
#include "telemetry/statsd_client.hpp"

#include "base/uuid.hpp"
#include "cli/run_alerts.hpp"
#include "cli/run_record.hpp"
#include "cli/table_report.hpp"
#include "project/window.hpp"
#include "task/pipeline_runner.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

constexpr std::string_view kPurpose = "ingot run --pipeline";

/// A run of the same pipeline and window whose process is gone, now held by this one.
struct LeftRun {
    orc::StoredRun run;
    FileLock lock;
};

Result<const project::Pipeline*> find_pipeline(const project::Project& project,
                                               const std::string& name);
Result<orc::RunSpec> spec_of(const service::Definitions& definitions,
                             const project::Pipeline& pipeline, const PipelineArguments& arguments);
Result<FileLock> take_place(const orc::RunFolder& folder, const project::Pipeline& pipeline);
Result<std::vector<LeftRun>> left_runs(orc::Store& store, const orc::RunFolder& folder,
                                       const orc::RunSpec& spec);
bool goes_on(const orc::StoredRun& run, const orc::RunSpec& spec);
Result<orc::RunId> begin(orc::Orchestrator& orchestrator, orc::Store& store,
                         const orc::RunSpec& spec, const orc::RunOrigin& origin,
                         std::vector<LeftRun> left);

/// What a person sees while it runs. Called from several threads.
class Narrator {
public:
    explicit Narrator(bool silent) : silent_(silent) {}
    void table(const task::TableReport& report) {
        const std::lock_guard lock(mutex_);
        if (!silent_) print_table_report(report);
    }
    void event(const orc::Event& event, const orc::RunStatus& run);

private:
    bool silent_;
    std::mutex mutex_;
};

}  // namespace

Result<int> run_pipeline(Invocation& invocation, const PipelineArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    INGOT_TRY_ASSIGN(const project::Pipeline* pipeline,
                     find_pipeline(*project, arguments.pipeline));
    INGOT_TRY_ASSIGN(const service::DefinitionsPtr definitions,
                     service::make_definitions(project, *engine, system_clock()));
    INGOT_TRY_ASSIGN(const orc::RunSpec spec, spec_of(*definitions, *pipeline, arguments));
    INGOT_TRY_ASSIGN(const task::Workspace workspace, service::workspace_of(*definitions, spec));
    const std::string path = orc::store_file(*project);
    INGOT_TRY_ASSIGN(const std::unique_ptr<orc::Store> store, orc::open_sqlite_store({path}));
    const orc::RunFolder folder(path);
    INGOT_TRY_ASSIGN(const FileLock place, take_place(folder, *pipeline));
    INGOT_TRY_ASSIGN(std::vector<LeftRun> left, left_runs(*store, folder, spec));

    Narrator narrator(invocation.quiet() || invocation.json());
    task::PipelineRunner runner(
        workspace, *pipeline,
        {arguments.parallel,
         {{}, [&](const task::TableReport& table) { narrator.table(table); }},
         definitions->code});
    const orc::Limits limits{static_cast<int>(arguments.parallel), project->pools};
    RunAlerts alerts(project, workspace.clock);
    telemetry::StatsdClient statsd;
    statsd.use(project->statsd);
    telemetry::Meter meter(
        {workspace.clock, limits,
         [&](const std::vector<telemetry::Measurement>& measured) { statsd.take(measured); }});
    orc::Orchestrator orchestrator({*store, runner, folder, workspace.clock, {&alerts, &meter}},
                                   {.limits = limits, .purpose = std::string(kPurpose)},
                                   [&](const orc::Event& event, const orc::RunStatus& run) {
                                       meter.observe(event, run);
                                       narrator.event(event, run);
                                   });
    const orc::RunOrigin origin{orc::RunOrigin::Cause::kManual, std::string(kPurpose),
                                definitions->code, ""};
    INGOT_TRY_ASSIGN(const orc::RunId id,
                     begin(orchestrator, *store, spec, origin, std::move(left)));
    INGOT_TRY(orchestrator.work(invocation.stop()));

    net::HttpClient http(workspace.clock);
    const notify::Sender sender(
        project, std::shared_ptr<project::SecretStore>(definitions, definitions->secrets.get()),
        http);
    INGOT_TRY_WITH(alerts.deliver(id, *store, sender, invocation.stop()),
                   "while telling of the run");
    const orc::RunStatus& run = *orchestrator.machine().find(id);
    if (invocation.json()) {
        const service::RunView view = service::view_of(orchestrator.machine(), id, true);
        std::printf("%s\n", service::run_json(view, folder).dump(2).c_str());
    } else {
        std::map<std::string, int> tasks;
        for (const orc::TaskStatus& task : run.tasks) {
            ++tasks[std::string(orc::task_state_name(task.state))];
        }
        print_outcome(id.value(), orc::run_state_name(run.state), tasks);
    }
    return run.state == orc::RunState::kSuccess ? kExitOk : kExitFailed;
}

namespace {

Result<const project::Pipeline*> find_pipeline(const project::Project& project,
                                               const std::string& name) {
    std::string names;
    for (const project::Pipeline& pipeline : project.pipelines) {
        if (pipeline.name == name) return &pipeline;
        names += (names.empty() ? "" : ", ") + pipeline.name;
    }
    return make_error(ErrorCode::kInvalidArgument,
                      "--pipeline {}: there is no pipelines/{}.yml; {}", name, name,
                      names.empty() ? "the project has no pipelines" : "there are: " + names);
}

Result<std::optional<Interval>> window_of(const task::Workspace& workspace,
                                          const project::Pipeline& pipeline,
                                          const std::string& asked) {
    if (!asked.empty()) {
        const std::string& zone =
            pipeline.window ? pipeline.window->timezone : workspace.project->defaults.timezone;
        INGOT_TRY_ASSIGN_WITH(const Interval window, project::parse_interval(asked, zone),
                              "in --window");
        return std::optional(window);
    }
    if (!pipeline.window) return std::optional<Interval>();
    INGOT_TRY_ASSIGN(const Interval last,
                     project::last_closed_window(*pipeline.window, workspace.clock.now()));
    return std::optional(last);
}

/// What `--pipeline-param NAME=VALUE` gives, by the types that the pipeline and the project say.
Result<std::map<std::string, project::Value>> params_of(const service::Definitions& definitions,
                                                        const project::Pipeline& pipeline,
                                                        const std::vector<std::string>& given) {
    std::map<std::string, project::Value> params;
    for (const std::string& text : given) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return make_error(ErrorCode::kInvalidArgument,
                              "--pipeline-param {}: expected NAME=VALUE", text);
        }
        const std::string name = text.substr(0, equals);
        const project::Param* type = service::find_param(definitions, pipeline, name);
        if (type == nullptr) {
            params[name] =
                project::Value(text.substr(equals + 1));  // make_spec says what is wrong.
            continue;
        }
        INGOT_TRY_ASSIGN_WITH(params[name], type->parse(text.substr(equals + 1)),
                              "in --pipeline-param " + name);
    }
    return params;
}

Result<orc::RunSpec> spec_of(const service::Definitions& definitions,
                             const project::Pipeline& pipeline,
                             const PipelineArguments& arguments) {
    service::RunRequest request;
    INGOT_TRY_ASSIGN(request.window, window_of(definitions.workspace, pipeline, arguments.window));
    INGOT_TRY_ASSIGN(request.params, params_of(definitions, pipeline, arguments.params));
    request.full = arguments.full;
    return service::make_spec(definitions, pipeline.name, request);
}

Result<FileLock> take_place(const orc::RunFolder& folder, const project::Pipeline& pipeline) {
    INGOT_TRY_ASSIGN(FileLock::Attempt attempt,
                     folder.lock_place(pipeline.name, pipeline.active_runs, kPurpose));
    if (auto* lock = std::get_if<FileLock>(&attempt)) return std::move(*lock);
    return make_error(ErrorCode::kAlreadyExists,
                      "the pipeline {} is running already, in {}: wait until it is done, or raise "
                      "`limits: {{active_runs: {}}}` in {}",
                      pipeline.name, std::get<FileLock::HeldBy>(attempt).holder,
                      pipeline.active_runs, pipeline.place.file);
}

Result<std::vector<LeftRun>> left_runs(orc::Store& store, const orc::RunFolder& folder,
                                       const orc::RunSpec& spec) {
    constexpr std::size_t kLookedAtMax = 10'000;
    INGOT_TRY_ASSIGN(
        const std::vector<orc::RunHead> heads,
        store.list({.pipeline = spec.plan.pipeline, .unfinished = true, .at_most = kLookedAtMax}));
    std::vector<LeftRun> left;
    for (const orc::RunHead& head : heads) {
        if (head.window != spec.window) continue;
        INGOT_TRY_ASSIGN(orc::StoredRun run, store.load(head.id));
        // A run on another lake is another matter, whatever its window.
        if (run.spec->lake != spec.lake) continue;
        INGOT_TRY_ASSIGN(FileLock::Attempt attempt, folder.lock_run(head.id, kPurpose));
        if (const auto* held = std::get_if<FileLock::HeldBy>(&attempt)) {
            return make_error(ErrorCode::kAlreadyExists,
                              "run {} of this window is at work in {}: wait until it is done",
                              head.id.value(), held->holder);
        }
        // Its process may have ended it in the last moment before it let go.
        INGOT_TRY_ASSIGN(run, store.load(head.id));
        if (orc::has_ended(run.head.state)) continue;
        left.push_back({std::move(run), std::get<FileLock>(std::move(attempt))});
    }
    return left;
}

/// What was asked for then is what is asked for now, so what is done counts.
bool goes_on(const orc::StoredRun& run, const orc::RunSpec& spec) {
    const bool cancelled =
        std::any_of(run.events.begin(), run.events.end(), [](const orc::Event& event) {
            return std::holds_alternative<orc::RunCancelled>(event.change);
        });
    return !spec.full && !cancelled && *run.spec == spec;
}

/// Goes on with the newest run that was left and fits; those that do not are ended.
Result<orc::RunId> begin(orc::Orchestrator& orchestrator, orc::Store& store,
                         const orc::RunSpec& spec, const orc::RunOrigin& origin,
                         std::vector<LeftRun> left) {
    const auto fitting = std::find_if(left.begin(), left.end(),
                                      [&](const LeftRun& each) { return goes_on(each.run, spec); });
    const bool adopts = fitting != left.end();
    const orc::RunId id = adopts ? fitting->run.head.id : orc::RunId(uuid_v7());
    for (LeftRun& each : left) {
        if (each.run.head.id == id) continue;
        INGOT_TRY_ASSIGN(const orc::Fence fence, store.take_over(each.run.head.id));
        INGOT_TRY(orchestrator.retire(each.run, fence, std::move(each.lock),
                                      fmt::format("run {} took its place", id.value())));
    }
    if (!adopts) {
        INGOT_TRY(orchestrator.submit(id, spec, origin));
        return id;
    }
    INGOT_TRY_ASSIGN(const orc::Fence fence, store.take_over(id));
    INGOT_TRY(orchestrator.adopt(fitting->run, fence, std::move(fitting->lock)));
    return id;
}

void Narrator::event(const orc::Event& event, const orc::RunStatus& run) {
    if (silent_) return;
    const std::lock_guard lock(mutex_);
    const auto name = [&](orc::TaskIndex task) { return run.planned(task).name.c_str(); };
    if (std::holds_alternative<orc::RunAdopted>(event.change)) {
        std::fprintf(stderr, "run %s was interrupted: it goes on\n", run.id.value().c_str());
    } else if (const auto* started = std::get_if<orc::TaskStarted>(&event.change)) {
        std::fprintf(
            stderr, "task %s: running%s\n", name(started->task),
            started->attempt == 1 ? "" : fmt::format(", attempt {}", started->attempt).c_str());
    } else if (const auto* expanded = std::get_if<orc::TaskExpanded>(&event.change)) {
        std::fprintf(stderr, "task %s: %zu copies for %s\n", name(expanded->task),
                     expanded->items.size(), run.planned(expanded->task).items->text.c_str());
    } else if (const auto* ended = std::get_if<orc::TaskEnded>(&event.change)) {
        const orc::TaskStatus& task = run.tasks[ended->task.value()];
        const orc::AttemptStatus& attempt =
            task.attempts[static_cast<std::size_t>(ended->attempt - 1)];
        std::fprintf(stderr, "task %s: %s in %.2fs%s%s\n", name(ended->task),
                     std::string(orc::attempt_state_name(attempt.state)).c_str(),
                     seconds(*attempt.ended - attempt.started), attempt.message.empty() ? "" : ": ",
                     attempt.message.c_str());
        if (task.retry_at) {
            std::fprintf(stderr, "task %s: tried again at %s\n", name(ended->task),
                         task.retry_at->to_string().c_str());
        }
    }
}

}  // namespace
}  // namespace ingot::cli

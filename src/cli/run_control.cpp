#include "cli/run_control.hpp"

#include <algorithm>

#include "orchestrator/backfills.hpp"
#include "orchestrator/sqlite_store.hpp"
#include "service/backfill_view.hpp"
#include "service/brief_hold.hpp"
#include "service/pipeline_tasks.hpp"
#include "service/run_view.hpp"

#include "base/os_user.hpp"
#include "task/workspace.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

class ByServer final : public RunControl {
public:
    explicit ByServer(ServerClient client) : client_(std::move(client)) {}
    Result<orc::RunId> find_run(const std::string& id) override { return client_.find_run(id); }
    Result<Json> cancel_run(const orc::RunId& run, const std::string& reason) override {
        return client_.cancel_run(run, reason);
    }
    Result<Json> clear_run(const orc::RunId& run, const service::ClearRequest& request,
                           bool dry_run) override {
        return client_.clear_run(run, request, dry_run);
    }
    Result<Json> mark_task(const orc::RunId& run, const std::string& task,
                           const std::string& state) override {
        return client_.mark_task(run, task, state);
    }
    Result<Json> note_run(const orc::RunId& run, const std::string& note) override {
        return client_.note_run(run, note);
    }
    Result<std::string> find_backfill(const std::string& id) override {
        return client_.find_backfill(id);
    }
    Result<Json> change_backfill(const std::string& id, const std::string& verb) override {
        return client_.change_backfill(id, verb);
    }
    bool goes_on() const override { return true; }

private:
    ServerClient client_;
};

/// In the server's place for as long as it lives.
class ByThisProcess final : public RunControl {
public:
    ByThisProcess(project::ProjectPtr project, engine::Engine& engine, std::stop_token stop,
                  orc::RunFolder folder, FileLock lock, std::unique_ptr<orc::Store> store)
        : project_(std::move(project)),
          engine_(engine),
          stop_(std::move(stop)),
          folder_(std::move(folder)),
          lock_(std::move(lock)),
          store_(std::move(store)) {}

    Result<orc::RunId> find_run(const std::string& id) override {
        return service::find_run(*store_, id);
    }
    /// Commands that outlived the process that began them are stopped, too.
    Result<Json> cancel_run(const orc::RunId& run, const std::string& reason) override {
        constexpr std::size_t kStoppedAtOnce = 64;
        INGOT_TRY_ASSIGN(const orc::RunStatus status, service::status_of(*store_, run));
        const std::size_t workers = std::min(status.tasks.size(), kStoppedAtOnce);
        INGOT_TRY_ASSIGN(service::DefinitionsPtr definitions,
                         service::make_definitions(project_, engine_, system_clock()));
        service::PipelineTasks tasks(1);
        tasks.define(std::move(definitions));
        orc::Orchestrator orchestrator({*store_, tasks, folder_, system_clock()},
                                       {.limits = {static_cast<int>(workers), {}},
                                        .purpose = std::string(service::kBriefHold)});
        INGOT_TRY(orchestrator.give(run, service::cancelled_by(name_of_user(), reason)));
        INGOT_TRY(orchestrator.work(stop_));
        return view(run);
    }
    Result<Json> clear_run(const orc::RunId& run, const service::ClearRequest& request,
                           bool dry_run) override {
        INGOT_TRY_ASSIGN(const task::Lake lake, task::Lake::open(project_->lake));
        INGOT_TRY_ASSIGN(const std::vector<service::ClearedRun> plan,
                         service::plan_clear(*store_, run, request, lake.uri()));
        if (!dry_run && !plan.empty()) {
            INGOT_TRY(record([&](orc::Orchestrator& orchestrator) {
                return service::clear_runs(orchestrator, plan);
            }));
        }
        return service::cleared_json(plan, dry_run);
    }
    Result<Json> mark_task(const orc::RunId& run, const std::string& task,
                           const std::string& state) override {
        INGOT_TRY_ASSIGN(const orc::TaskMarked::As as, service::parse_mark(state));
        INGOT_TRY_ASSIGN(const orc::RunStatus status, service::status_of(*store_, run));
        INGOT_TRY_ASSIGN(const std::set<std::uint32_t> tasks,
                         service::chosen_tasks(status, {task}));
        INGOT_TRY(record([&](orc::Orchestrator& orchestrator) {
            return service::mark_tasks(orchestrator, run, tasks, as, name_of_user());
        }));
        return view(run);
    }
    Result<Json> note_run(const orc::RunId& run, const std::string& note) override {
        INGOT_TRY(record([&](orc::Orchestrator& orchestrator) {
            return orchestrator.give(run, orc::RunNoted{note});
        }));
        return view(run);
    }
    Result<std::string> find_backfill(const std::string& id) override {
        return service::find_backfill(*store_, id);
    }
    /// What has begun is left to whoever goes on with it, as a server leaves it.
    Result<Json> change_backfill(const std::string& id, const std::string& verb) override {
        if (verb != "cancel") {
            return make_error(ErrorCode::kNotFound,
                              "no server is at work on the store {}: nobody carries the backfill "
                              "out. `ingot serve` does, and so does `ingot backfill` with its "
                              "window",
                              orc::store_file(*project_));
        }
        orc::Backfills backfills([](const orc::Backfill& backfill, const Interval&) {
            return Result<orc::PreparedRun>(make_error(
                ErrorCode::kCancelled, "the backfill {} starts nothing more", backfill.id));
        });
        INGOT_TRY(backfills.load(*store_));
        INGOT_TRY(record(
            [&](orc::Orchestrator& orchestrator) {
                return cancel_backfill(id, backfills, orchestrator);
            },
            &backfills));
        return service::stored_backfill_json(*store_, id);
    }
    bool goes_on() const override { return false; }

private:
    Status cancel_backfill(const std::string& id, orc::Backfills& backfills,
                           orc::Orchestrator& orchestrator) {
        INGOT_TRY_ASSIGN(const orc::Backfill backfill, service::stored_backfill(*store_, id));
        INGOT_TRY_ASSIGN(const service::BackfillRuns runs, orc::runs_of(backfill, *store_));
        INGOT_TRY(backfills.set_state(id, orc::Backfill::State::kCancelled, orchestrator));
        for (const auto& [window, run] : runs) {
            if (run.state != orc::RunState::kQueued) continue;
            INGOT_TRY(orchestrator.give(run.id, orc::backfill_was_cancelled()));
        }
        return {};
    }
    /// With a policy that sees what is recorded; null: none does.
    Status record(const orc::Orchestrator::Input& input, orc::Policy* policy = nullptr) {
        service::PipelineTasks none(1);
        std::vector<orc::Policy*> policies;
        if (policy != nullptr) policies.push_back(policy);
        orc::Orchestrator orchestrator(
            {*store_, none, folder_, system_clock(), std::move(policies)},
            {.limits = {1, {}}, .purpose = std::string(service::kBriefHold)});
        return orchestrator.record(input);
    }
    Result<Json> view(const orc::RunId& run) {
        INGOT_TRY_ASSIGN(const orc::StoredRun stored, store_->load(run));
        INGOT_TRY_ASSIGN(const service::RunView view,
                         service::view_of(stored, false, project_->pools));
        return service::run_json(view, folder_);
    }

    project::ProjectPtr project_;
    engine::Engine& engine_;
    std::stop_token stop_;
    orc::RunFolder folder_;
    FileLock lock_;
    std::unique_ptr<orc::Store> store_;
};

}  // namespace

Result<std::unique_ptr<RunControl>> run_control(Invocation& invocation, const std::string& server) {
    if (!server.empty()) {
        INGOT_TRY_ASSIGN(ServerClient client, server_of(invocation, server));
        return std::unique_ptr<RunControl>(std::make_unique<ByServer>(std::move(client)));
    }
    invocation.leave_columns_for_later();
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    const std::string path = orc::store_file(*project);
    const orc::RunFolder folder(path);
    INGOT_TRY_ASSIGN(InCharge in_charge,
                     take_charge(folder, service::kBriefHold, invocation.stop()));
    if (auto* client = std::get_if<ServerClient>(&in_charge)) {
        return std::unique_ptr<RunControl>(std::make_unique<ByServer>(std::move(*client)));
    }
    INGOT_TRY_ASSIGN(std::unique_ptr<orc::Store> store, orc::open_sqlite_store({path}));
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    return std::unique_ptr<RunControl>(std::make_unique<ByThisProcess>(
        project, *engine, invocation.stop(), folder, std::get<FileLock>(std::move(in_charge)),
        std::move(store)));
}

Result<ServerClient> server_of(Invocation& invocation, const std::string& server) {
    if (!server.empty() && server != kLocalServer) {
        return ServerClient::at(server, invocation.stop());
    }
    invocation.leave_columns_for_later();
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    const std::string path = orc::store_file(*project);
    INGOT_TRY_ASSIGN(InCharge in_charge,
                     take_charge(orc::RunFolder(path), service::kBriefHold, invocation.stop()));
    if (auto* client = std::get_if<ServerClient>(&in_charge)) return std::move(*client);
    return make_error(
        ErrorCode::kNotFound,
        "no server is at work on the store {}: `ingot serve` starts one, and --server "
        "URL asks one elsewhere",
        path);
}

std::string name_of_user() {
    return "cli " + os_user_name();
}

}  // namespace ingot::cli

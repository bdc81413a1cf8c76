#include "service/service.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <thread>

#include "orchestrator/sqlite_store.hpp"
#include "service/backfill_view.hpp"
#include "service/brief_hold.hpp"
#include "service/window_history.hpp"

#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/uuid.hpp"
#include "project/window.hpp"

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;

/// How long somebody who asks for something waits for the store.
constexpr Duration kPatience = std::chrono::seconds(10);
constexpr std::array<std::string_view, 7> kChangeKinds = {
    "run", "task", "pipeline", "table", "backfill", "delivery", "project"};

Result<FileLock> become_server(const orc::RunFolder& folder, const std::string& store,
                               bool replace);
Status wait(std::future<Status> done);

}  // namespace

struct Service::Opened {
    FileLock lock;
    orc::RunFolder folder;
    std::unique_ptr<orc::Store> store;
    std::unique_ptr<orc::Store> reader;
    orc::Fence fence;
    DefinitionsPtr definitions;
};

Result<std::unique_ptr<Service>> Service::open(project::ProjectPtr project, engine::Engine& engine,
                                               Clock& clock, ServiceOptions options) {
    const std::string path = orc::store_file(*project);
    const orc::RunFolder folder(path);
    INGOT_TRY_ASSIGN(FileLock lock, become_server(folder, path, options.replace));
    INGOT_TRY_ASSIGN(std::unique_ptr<orc::Store> store, orc::open_sqlite_store({path}));
    INGOT_TRY_ASSIGN(std::unique_ptr<orc::Store> reader, orc::open_sqlite_store({path}));
    INGOT_TRY_ASSIGN(const orc::Fence fence, store->take_over_server());
    INGOT_TRY_ASSIGN(DefinitionsPtr definitions,
                     make_definitions(std::move(project), engine, clock));
    Opened opened{std::move(lock),   folder, std::move(store),
                  std::move(reader), fence,  std::move(definitions)};
    std::unique_ptr<Service> service(
        new Service(std::move(opened), engine, clock, std::move(options)));
    INGOT_TRY(service->begin());
    return service;
}

Service::Service(Opened opened, engine::Engine& engine, Clock& clock, ServiceOptions options)
    : engine_(engine),
      clock_(clock),
      options_(std::move(options)),
      started_at_(clock.now()),
      lock_(std::move(opened.lock)),
      folder_(opened.folder),
      store_(std::move(opened.store)),
      reader_(std::move(opened.reader)),
      tasks_(options_.parallel),
      scheduler_([this](const orc::DueRun& due) { return prepare(due); }),
      backfills_([this](const orc::Backfill& backfill, const Interval& window) {
          return prepare(backfill, window);
      }),
      http_(clock),
      alerts_([this](const std::vector<notify::Delivery>& deliveries) {
          courier_->take(deliveries);
          for (const notify::Delivery& delivery : deliveries) announce(delivery);
      }),
      meter_(meter_parts(opened.definitions)) {
    tasks_.define(opened.definitions);
    orchestrator_ = std::make_unique<orc::Orchestrator>(
        orc::OrchestratorParts{
            *store_, tasks_, folder_, clock_, {&scheduler_, &backfills_, &alerts_, &meter_}},
        orc::OrchestratorOptions{{options_.workers, opened.definitions->project().pools},
                                 std::string(orc::kServerPurpose),
                                 opened.fence,
                                 options_.drain_time},
        [this](const orc::Event& event, const orc::RunStatus& run) {
            meter_.observe(event, run);
            observe(event, run);
        });
    courier_.emplace(courier_parts());
}

Service::~Service() {
    courier_.reset();
    orchestrator_.reset();  // Its threads use everything else.
}

Status Service::begin() {
    INGOT_TRY(scheduler_.load(*store_));
    INGOT_TRY(backfills_.load(*store_));
    tell_sender(definitions());
    INGOT_TRY(alerts_.load(*store_, definitions()->workspace.project, clock_.now()));
    INGOT_TRY(adopt_what_was_left());
    return define(definitions(), *orchestrator_);
}

Status Service::run(std::stop_token stop) {
    const std::jthread watcher([this](const std::stop_token& ended) {
        name_this_thread("watch");
        watch(ended);
    });
    return orchestrator_->serve(std::move(stop));
}

/// Goes on with the runs whose process is gone, whoever began them.
Status Service::adopt_what_was_left() {
    const std::string& lake = definitions()->workspace.lake.uri();
    INGOT_TRY_ASSIGN(
        const std::vector<orc::RunHead> left,
        store_->list({.unfinished = true, .at_most = std::numeric_limits<std::int32_t>::max()}));
    std::vector<orc::RunId> ids;
    std::vector<FileLock> locks;
    for (auto head = left.rbegin(); head != left.rend(); ++head) {
        INGOT_TRY_ASSIGN(FileLock::Attempt attempt,
                         folder_.lock_run(head->id, orc::kServerPurpose, options_.replace));
        auto* lock = std::get_if<FileLock>(&attempt);
        if (lock == nullptr) continue;
        ids.push_back(head->id);
        locks.push_back(std::move(*lock));
    }
    INGOT_TRY_ASSIGN(const std::vector<orc::Fence> fences, store_->take_over(ids));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        // Nobody else writes it from here on.
        INGOT_TRY_ASSIGN(const orc::StoredRun run, store_->load(ids[i]));
        if (orc::has_ended(run.head.state)) continue;
        if (run.spec->lake != lake) {
            log_warning("the interrupted run {} of {} is about another lake, {}: it is left alone",
                        ids[i].value(), run.head.pipeline, run.spec->lake);
            continue;
        }
        INGOT_TRY(orchestrator_->adopt(run, fences[i], std::move(locks[i])));
        log_info("goes on with the run {} of {}", ids[i].value(), run.head.pipeline);
    }
    return {};
}

/// Makes the definitions those of everything that is decided from now on.
Status Service::define(const DefinitionsPtr& definitions, orc::Orchestrator& orchestrator) {
    std::vector<orc::TriggerDefinition> triggers;
    for (const auto& [name, planned] : definitions->pipelines) {
        if (auto trigger = orc::trigger_of(*planned.pipeline)) {
            triggers.push_back(*std::move(trigger));
        }
    }
    INGOT_TRY(scheduler_.define(std::move(triggers), clock_.now(), orchestrator));
    tell_sender(definitions);
    statsd_.use(definitions->project().statsd);
    alerts_.define(definitions->workspace.project, clock_.now());
    tasks_.define(definitions);
    return {};
}

orc::PreparedRun Service::prepare(const orc::DueRun& due) {
    const DefinitionsPtr definitions = this->definitions();
    orc::PreparedRun prepared{orc::RunId(uuid_v7()), {}, definitions->code};
    tasks_.pin(prepared.id, definitions);
    Result<orc::RunSpec> spec = make_spec(*definitions, due.pipeline, {due.window});
    prepared.spec = spec ? *std::move(spec) : unplanned_spec(*definitions, due.pipeline);
    return prepared;
}

Result<orc::PreparedRun> Service::prepare(const orc::Backfill& backfill, const Interval& window) {
    const DefinitionsPtr definitions = this->definitions();
    INGOT_TRY_ASSIGN(orc::PreparedRun prepared, prepare_run(*definitions, backfill, window));
    tasks_.pin(prepared.id, definitions);
    return prepared;
}

// ---- Who is told

/// Messages go out by the definitions that hold then: an address that was wrong can be put right.
void Service::tell_sender(const DefinitionsPtr& definitions) {
    *sender_.lock() = std::make_shared<const notify::Sender>(
        definitions->workspace.project,
        std::shared_ptr<project::SecretStore>(definitions, definitions->secrets.get()), http_);
}

notify::Courier::Parts Service::courier_parts() {
    const auto keep = [this](orc::Record record) {
        (void)orchestrator_->post([record = std::move(record)](orc::Orchestrator& orchestrator) {
            orchestrator.keep(record);
            return Status();
        });
    };
    return {[this](const notify::Delivery& delivery, std::stop_token stop) {
                const std::shared_ptr<const notify::Sender> sender = *sender_.lock();
                return sender->send(delivery, std::move(stop));
            },
            [this, keep](const notify::Delivery& delivery) {
                keep(notify::record_of(delivery));
                announce(delivery);
            },
            [keep](const std::string& id) {
                keep({std::string(notify::kDeliveryRecord), id, std::nullopt});
            },
            clock_};
}

// ---- What is measured

telemetry::Meter::Parts Service::meter_parts(const DefinitionsPtr& definitions) {
    const auto sink = [this](const std::vector<telemetry::Measurement>& measurements) {
        statsd_.take(measurements);
        if (sink_) sink_(measurements);
    };
    const auto about_the_project = [this]() -> std::vector<telemetry::Measurement> {
        const auto pipelines = static_cast<double>(this->definitions()->pipelines.size());
        const auto problems = static_cast<double>(this->problems().size());
        return {{.metric = telemetry::Metric::kPipelines, .value = pipelines},
                {.metric = telemetry::Metric::kProjectProblems, .value = problems}};
    };
    return {clock_,
            {options_.workers, definitions->project().pools},
            sink,
            [this](const orc::RunId& run) { return scheduler_.due(run); },
            about_the_project};
}

// ---- What changes

void Service::observe(const orc::Event& event, const orc::RunStatus& run) {
    Change change;
    change.run_id = run.id.value();
    change.pipeline = run.spec->plan.pipeline;
    change.backfill = run.origin.backfill;
    change.at = event.at;
    const auto about = [&](orc::TaskIndex task) {
        change.kind = Change::Kind::kTask;
        change.task = run.planned(task).name;
        change.state = orc::task_state_name(run.tasks[task.value()].state);
        announce(change);
    };
    if (const auto* started = std::get_if<orc::TaskStarted>(&event.change)) {
        about(started->task);
    } else if (const auto* ended = std::get_if<orc::TaskEnded>(&event.change)) {
        about(ended->task);
        *look_now_.lock() = true;
        watch_news_.notify_one();
    }
    const bool whole = !std::holds_alternative<orc::TaskStarted>(event.change) &&
                       !std::holds_alternative<orc::TaskEnded>(event.change);
    const bool over = orc::has_ended(run.state);
    if (whole || over) {
        change.kind = Change::Kind::kRun;
        change.task.clear();
        change.state = orc::run_state_name(run.state);
        announce(change);
    }
    if (over) tasks_.let_go(run.id);
}

void Service::announce(const Change& change) const {
    if (listener_) listener_(change);
}

void Service::announce(const notify::Delivery& delivery) const {
    Change change{Change::Kind::kDelivery};
    change.delivery = delivery.id;
    change.state = notify::delivery_state_name(delivery.state);
    change.at = clock_.now();
    announce(change);
}

// ---- What is asked for

Result<std::vector<orc::RunHead>> Service::list(const orc::RunFilter& filter) const {
    return (*reader_.lock())->list(filter);
}

bool Service::is_at_work(const orc::RunHead& head) const {
    if (orc::has_ended(head.state)) return false;
    const Result<bool> at_work = folder_.is_at_work(head.id);
    return at_work && *at_work;
}

Result<RunView> Service::run_view(const orc::RunId& run) const {
    using Seen = std::optional<RunView>;
    INGOT_TRY_ASSIGN(Seen active, orchestrator_->ask(
                                      [run](orc::Orchestrator& orchestrator) {
                                          const orc::Machine& machine = orchestrator.machine();
                                          return machine.find(run) == nullptr
                                                     ? Seen()
                                                     : Seen(view_of(machine, run, true));
                                      },
                                      kPatience));
    if (active) return *std::move(active);
    INGOT_TRY_ASSIGN(const orc::StoredRun stored, (*reader_.lock())->load(run));
    return view_of(stored, is_at_work(stored.head), definitions()->project().pools);
}

Result<std::vector<TriggerView>> Service::trigger_views(
    const std::vector<std::string>& pipelines) const {
    return orchestrator_->ask(
        [this, pipelines](orc::Orchestrator&) {
            const Timestamp now = clock_.now();
            std::vector<TriggerView> views;
            for (const std::string& pipeline : pipelines) {
                TriggerView& view = views.emplace_back();
                const orc::TriggerState* state = scheduler_.triggers().state(pipeline);
                if (state == nullptr) continue;
                view.paused = state->paused;
                view.waiting_for = scheduler_.triggers().waiting_for(pipeline, now);
            }
            return views;
        },
        kPatience);
}

Result<orc::RunId> Service::start_run(const std::string& pipeline, RunRequest request,
                                      const std::string& by) {
    const DefinitionsPtr definitions = this->definitions();
    INGOT_TRY_ASSIGN(const PlannedPipeline planned, planned_pipeline(*definitions, pipeline));
    if (planned.pipeline->window && !request.window) {
        INGOT_TRY_ASSIGN(request.window,
                         project::last_closed_window(*planned.pipeline->window, clock_.now()));
    }
    INGOT_TRY_ASSIGN(orc::RunSpec spec, make_spec(*definitions, pipeline, request));
    const orc::RunId id(uuid_v7());
    tasks_.pin(id, definitions);
    const orc::RunOrigin origin{orc::RunOrigin::Cause::kManual, by, definitions->code, ""};
    const Status queued =
        wait(orchestrator_->post([id, spec, origin](orc::Orchestrator& orchestrator) {
            return orchestrator.submit(id, spec, origin);
        }));
    if (!queued && queued.error().code != ErrorCode::kTimeout) tasks_.let_go(id);
    INGOT_TRY(queued);
    return id;
}

Status Service::call_webhook(const std::string& pipeline) {
    return tell_scheduler(orc::WebhookCalled{pipeline});
}

Status Service::cancel(const orc::RunId& run, const std::string& reason, const std::string& by) {
    const orc::RunCancelled cancelled = cancelled_by(by, reason);
    return wait(orchestrator_->post([run, cancelled](orc::Orchestrator& orchestrator) {
        return orchestrator.give(run, cancelled);
    }));
}

Result<std::vector<ClearedRun>> Service::clear(const orc::RunId& run, const ClearRequest& request,
                                               bool dry_run) {
    const std::string lake = definitions()->workspace.lake.uri();
    std::vector<ClearedRun> plan;
    {
        auto reader = reader_.lock();
        INGOT_TRY_ASSIGN(plan, plan_clear(**reader, run, request, lake));
    }
    if (dry_run || plan.empty()) return plan;
    INGOT_TRY(wait(orchestrator_->post(
        [plan](orc::Orchestrator& orchestrator) { return clear_runs(orchestrator, plan); })));
    return plan;
}

Status Service::mark(const orc::RunId& run, const std::string& task, orc::TaskMarked::As as,
                     const std::string& by) {
    INGOT_TRY_ASSIGN(const RunView view, run_view(run));
    INGOT_TRY_ASSIGN(const std::set<std::uint32_t> chosen, chosen_tasks(view.run, {task}));
    return wait(orchestrator_->post([run, chosen, as, by](orc::Orchestrator& orchestrator) {
        return mark_tasks(orchestrator, run, chosen, as, by);
    }));
}

Status Service::note(const orc::RunId& run, const std::string& note) {
    return wait(orchestrator_->post([run, note](orc::Orchestrator& orchestrator) {
        return orchestrator.give(run, orc::RunNoted{note});
    }));
}

Status Service::set_paused(const std::string& pipeline, bool paused) {
    const DefinitionsPtr definitions = this->definitions();
    if (definitions->find(pipeline) == nullptr) return no_such_pipeline(*definitions, pipeline);
    INGOT_TRY(tell_scheduler(paused ? orc::TriggerEvent(orc::Paused{pipeline})
                                    : orc::TriggerEvent(orc::Resumed{pipeline})));
    Change change{Change::Kind::kPipeline};
    change.pipeline = pipeline;
    change.state = paused ? "paused" : "active";
    change.at = clock_.now();
    announce(change);
    return {};
}

Status Service::tell_scheduler(orc::TriggerEvent event) {
    return wait(orchestrator_->post([this, event](orc::Orchestrator& orchestrator) {
        return scheduler_.take(event, clock_.now(), orchestrator);
    }));
}

// ---- Backfills

Result<orc::Backfill> Service::plan_backfill(const BackfillRequest& request,
                                             const std::string& by) const {
    auto reader = reader_.lock();
    return service::plan_backfill(*definitions(), request, **reader, clock_.now(), by);
}

Status Service::begin_backfill(orc::Backfill backfill) {
    Change change{Change::Kind::kBackfill};
    change.backfill = backfill.id;
    change.pipeline = backfill.pipeline;
    change.state = orc::backfill_state_name(backfill.state);
    change.at = clock_.now();
    INGOT_TRY(wait(orchestrator_->post([this, backfill](orc::Orchestrator& orchestrator) {
        return backfills_.begin(backfill, orchestrator);
    })));
    announce(change);
    return {};
}

Status Service::set_backfill_state(const std::string& id, orc::Backfill::State state) {
    INGOT_TRY(wait(orchestrator_->post([this, id, state](orc::Orchestrator& orchestrator) {
        return backfills_.set_state(id, state, orchestrator);
    })));
    Change change{Change::Kind::kBackfill};
    change.backfill = id;
    change.state = orc::backfill_state_name(state);
    change.at = clock_.now();
    announce(change);
    return {};
}

Result<orc::Backfill> Service::backfill(const std::string& id) const {
    return stored_backfill(**reader_.lock(), id);
}

Result<std::vector<orc::Backfill>> Service::backfills() const {
    INGOT_TRY_ASSIGN(const auto records, (*reader_.lock())->records(orc::kBackfillRecord));
    std::vector<orc::Backfill> backfills;
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
        INGOT_TRY_ASSIGN(orc::Backfill backfill, orc::parse_backfill(record->second));
        backfills.push_back(std::move(backfill));
    }
    return backfills;  // Ids are in the order of time.
}

Result<std::map<Interval, orc::RunHead>> Service::backfill_runs(
    const orc::Backfill& backfill) const {
    return orc::runs_of(backfill, **reader_.lock());
}

std::string_view change_kind_name(Change::Kind kind) {
    return kChangeKinds.at(static_cast<std::size_t>(kind));
}

namespace {

Result<FileLock> become_server(const orc::RunFolder& folder, const std::string& store,
                               bool replace) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (true) {
        INGOT_TRY_ASSIGN(FileLock::Attempt attempt,
                         folder.lock_server(orc::kServerPurpose, replace));
        if (auto* lock = std::get_if<FileLock>(&attempt)) return std::move(*lock);
        const std::string& holder = std::get<FileLock::HeldBy>(attempt).holder;
        const bool brief = holder.find(fmt::format("({})", kBriefHold)) != std::string::npos;
        if (brief && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            continue;
        }
        return make_error(ErrorCode::kAlreadyExists,
                          "a server is at work on the store {}: {}. Use that one, or end it; if it "
                          "does not answer, `ingot serve --replace` takes its place",
                          store, holder);
    }
}

Status wait(std::future<Status> done) {
    if (done.wait_for(kPatience) == std::future_status::ready) return done.get();
    return make_error(ErrorCode::kTimeout,
                      "the store takes nothing in now; it may still be done when it does");
}

}  // namespace
}  // namespace ingot::service

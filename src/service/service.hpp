#pragma once
// A project kept going by one process: its schedules, its runs, what changes.
#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "notify/alerts.hpp"
#include "notify/courier.hpp"
#include "notify/sender.hpp"
#include "orchestrator/backfills.hpp"
#include "orchestrator/orchestrator.hpp"
#include "orchestrator/scheduler.hpp"
#include "service/definitions.hpp"
#include "service/pipeline_tasks.hpp"
#include "service/run_changes.hpp"
#include "service/run_view.hpp"
#include "service/table_watch.hpp"
#include "service/window_history.hpp"
#include "telemetry/meter.hpp"
#include "telemetry/statsd_client.hpp"

namespace ingot::service {

struct ServiceOptions {
    project::LoadOptions load;  ///< For changes of the project.
    int workers = 2;            ///< Tasks at work at a time, all in all.
    unsigned parallel = 1;      ///< Tables at work at a time, within one task.
    bool replace = false;       ///< Takes the place of a server that is there but does not answer.
    Duration drain_time = std::chrono::seconds(30);
    Duration look_at_files = std::chrono::seconds(1);   ///< Of the project, and for schedules.
    Duration look_at_tables = std::chrono::seconds(1);  ///< Of others; our own are seen at once.
};

/// Something that a page shows has changed.
struct Change {
    enum class Kind : std::uint8_t {
        kRun,
        kTask,
        kPipeline,
        kTable,
        kBackfill,
        kDelivery,
        kProject
    };
    Kind kind = Kind::kRun;
    std::string run_id = {};
    std::string pipeline = {};
    std::string task = {};
    std::string table = {};
    std::string backfill = {};
    std::string delivery = {};
    std::string state = {};
    Timestamp at = {};
};
std::string_view change_kind_name(Change::Kind kind);

/// Where the trigger of a pipeline stands; of one without, as it is made.
struct TriggerView {
    bool paused = false;
    std::string waiting_for = {};
};

/// All methods but `open`, `run` and the destructor may be called from any thread while `run` runs.
/// Whoever asks for something is named by `by`.
class Service {
public:
    /// Takes the place of the project's server. kAlreadyExists: another one has it. The project may
    /// be loaded without columns: they are looked at while it works already.
    static Result<std::unique_ptr<Service>> open(project::ProjectPtr project,
                                                 engine::Engine& engine, Clock& clock,
                                                 ServiceOptions options);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Called with every change, from several threads. Set before `run`.
    void on_change(std::function<void(const Change&)> listener) { listener_ = std::move(listener); }
    /// Gets all measurements, in the loop. Set before `run`.
    void on_measurements(telemetry::Sink sink) { sink_ = std::move(sink); }
    /// Works until `stop` asks, then drains.
    Status run(std::stop_token stop);

    /// The newest that could be loaded.
    DefinitionsPtr definitions() const { return tasks_.definitions(); }
    /// Why the project as it is on the disk cannot be loaded; empty: it is loaded.
    std::vector<project::Problem> problems() const { return *problems_.lock(); }
    Timestamp started_at() const { return started_at_; }
    std::optional<Error> store_trouble() const { return orchestrator_->store_trouble(); }
    const orchestrator::RunFolder& folder() const { return folder_; }

    Result<std::vector<orchestrator::RunHead>> list(const orchestrator::RunFilter& filter) const;
    /// Whether this process or another carries it out.
    bool is_at_work(const orchestrator::RunHead& head) const;
    Result<RunView> run_view(const orchestrator::RunId& run) const;
    /// Of these pipelines, in their order.
    Result<std::vector<TriggerView>> trigger_views(const std::vector<std::string>& pipelines) const;

    /// Without a window, where the pipeline has them: the last one that is over.
    Result<orchestrator::RunId> start_run(const std::string& pipeline, RunRequest request,
                                          const std::string& by);
    /// Starts a pipeline whose schedule is a webhook.
    Status call_webhook(const std::string& pipeline);
    Status cancel(const orchestrator::RunId& run, const std::string& reason, const std::string& by);
    /// The tasks that run anew, or would: of all these runs, or of none.
    Result<std::vector<ClearedRun>> clear(const orchestrator::RunId& run,
                                          const ClearRequest& request, bool dry_run);
    /// Says how a task came out, or all items of one.
    Status mark(const orchestrator::RunId& run, const std::string& task,
                orchestrator::TaskMarked::As as, const std::string& by);
    Status note(const orchestrator::RunId& run, const std::string& note);
    Status set_paused(const std::string& pipeline, bool paused);

    /// Decides for each window of the range; nothing is begun.
    Result<orchestrator::Backfill> plan_backfill(const BackfillRequest& request,
                                                 const std::string& by) const;
    Status begin_backfill(orchestrator::Backfill backfill);
    Status set_backfill_state(const std::string& id, orchestrator::Backfill::State state);
    Result<orchestrator::Backfill> backfill(const std::string& id) const;
    /// Newest first.
    Result<std::vector<orchestrator::Backfill>> backfills() const;
    Result<std::map<Interval, orchestrator::RunHead>> backfill_runs(
        const orchestrator::Backfill& backfill) const;

    /// Who was told what, and how it came out, newest first.
    std::vector<notify::Delivery> deliveries() const { return courier_->deliveries(); }
    /// Delivers at once what was given up, or waits for its next attempt.
    Status deliver_again(const std::string& id) { return courier_->try_again(id); }

private:
    struct Opened;
    Service(Opened opened, engine::Engine& engine, Clock& clock, ServiceOptions options);

    Status begin();
    Status adopt_what_was_left();
    Status define(const DefinitionsPtr& definitions, orchestrator::Orchestrator& orchestrator);
    orchestrator::PreparedRun prepare(const orchestrator::DueRun& due);
    Result<orchestrator::PreparedRun> prepare(const orchestrator::Backfill& backfill,
                                              const Interval& window);
    void watch(std::stop_token stop);
    void look_at_project();
    Status take_in(const Result<DefinitionsPtr>& definitions);
    void look_at_tables();
    void look_at_files();
    void observe(const orchestrator::Event& event, const orchestrator::RunStatus& run);
    void announce(const Change& change) const;
    void announce(const notify::Delivery& delivery) const;
    void tell_sender(const DefinitionsPtr& definitions);
    notify::Courier::Parts courier_parts();
    telemetry::Meter::Parts meter_parts(const DefinitionsPtr& definitions);
    Status tell_scheduler(orchestrator::TriggerEvent event);

    engine::Engine& engine_;
    Clock& clock_;
    ServiceOptions options_;
    Timestamp started_at_;
    std::optional<FileLock> lock_;
    orchestrator::RunFolder folder_;
    std::unique_ptr<orchestrator::Store> store_;
    Guarded<std::unique_ptr<orchestrator::Store>> reader_;
    PipelineTasks tasks_;
    orchestrator::Scheduler scheduler_;
    orchestrator::Backfills backfills_;
    net::HttpClient http_;
    Guarded<std::shared_ptr<const notify::Sender>> sender_;
    notify::Alerts alerts_;
    telemetry::StatsdClient statsd_;
    telemetry::Meter meter_;
    telemetry::Sink sink_;
    std::function<void(const Change&)> listener_;
    Guarded<std::vector<project::Problem>> problems_;
    std::uint64_t fingerprint_ = 0;  ///< Of the files that were loaded whole; 0: none were.
    TableWatch table_watch_;
    Guarded<bool> look_now_;  ///< A task has ended: tables may have changed.
    std::condition_variable_any watch_news_;
    std::unique_ptr<orchestrator::Orchestrator> orchestrator_;  ///< It uses what is above.
    std::optional<notify::Courier> courier_;                    ///< The last: it uses the rest.
};

}  // namespace ingot::service

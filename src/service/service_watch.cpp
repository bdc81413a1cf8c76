// What a service notices by itself: files of the project, commits of tables, files of schedules.

#include "service/schedule_files.hpp"
#include "service/service.hpp"

#include "base/log.hpp"

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;

std::vector<project::TableName> all_tables(const Definitions& definitions);

}  // namespace

void Service::watch(std::stop_token stop) {
    Duration project_at{};
    Duration tables_at{};
    while (!stop.stop_requested()) {
        const Duration now = clock_.steady();
        if (now >= project_at) {
            look_at_project();
            look_at_files();
            project_at = now + options_.look_at_files;
        }
        look_at_tables();
        tables_at = now + options_.look_at_tables;
        auto look_now = look_now_.lock();
        const auto until = std::chrono::steady_clock::now() + std::min(project_at, tables_at) - now;
        watch_news_.wait_until(look_now.mutex_lock(), stop, until, [&] { return *look_now; });
        *look_now = false;
    }
}

/// A change is taken in when it loads; else the last good definitions stay. At first everything is
/// one: what was loaded to begin with may lack its columns.
void Service::look_at_project() {
    const std::uint64_t fingerprint = files_fingerprint(options_.load.root);
    if (fingerprint == fingerprint_) return;
    project::LoadResult loaded = project::load_project(options_.load, engine_.sql_facts());
    std::optional<Result<DefinitionsPtr>> definitions;
    if (loaded.project) definitions = make_definitions(loaded.project, engine_, clock_);
    // Files that change while they are read may be read half: the next look reads them again.
    if (files_fingerprint(options_.load.root) != fingerprint) return;
    fingerprint_ = fingerprint;
    Change change{Change::Kind::kProject};
    change.state = loaded.project ? "loaded" : "broken";
    change.at = clock_.now();
    for (const project::Problem& problem : loaded.problems) {
        log_error("the project is not taken in: {}", problem.to_string());
    }
    *problems_.lock() = loaded.problems;
    if (definitions) {
        if (const Status taken = take_in(*definitions); !taken) {
            log_error("the project is not taken in: {}", taken.error().to_string());
            *problems_.lock() = {{{"project.yml", 1, 1}, taken.error().to_string()}};
            change.state = "broken";
        }
    }
    announce(change);
}

Status Service::take_in(const Result<DefinitionsPtr>& definitions) {
    if (!definitions) return definitions.error();
    INGOT_TRY(orchestrator_
                  ->post([this, made = *definitions](orc::Orchestrator& orchestrator) {
                      return define(made, orchestrator);
                  })
                  .get());
    log_info("the project was changed: version {} counts from now on", (*definitions)->code);
    return {};
}

void Service::look_at_tables() {
    const DefinitionsPtr definitions = this->definitions();
    table_watch_.watch(all_tables(*definitions));
    for (const TableNews& news : table_watch_.look(definitions->workspace.lake)) {
        Change change{Change::Kind::kTable};
        change.table = news.table.text();
        change.state = fmt::format("{}", news.version.value());
        change.at = clock_.now();
        announce(change);
        const Timestamp at = news.at.value_or(change.at);
        (void)orchestrator_->post([this, table = news.table, at](orc::Orchestrator& orchestrator) {
            alerts_.loaded(table, at, orchestrator);
            return Status();
        });
        const Status told =
            tell_scheduler(orc::TableChanged{news.table, news.version.value(), news.table_id});
        if (!told) {
            log_error("{} at version {}: {}", news.table.text(), news.version.value(),
                      told.error().to_string());
        }
    }
}

void Service::look_at_files() {
    const DefinitionsPtr definitions = this->definitions();
    for (const auto& [name, planned] : definitions->pipelines) {
        if (!planned.pipeline->schedule) continue;
        const auto* schedule = std::get_if<project::FileSchedule>(&*planned.pipeline->schedule);
        if (schedule == nullptr) continue;
        Result<FilesFound> found = files_of(*definitions, *schedule, clock_.now());
        const Status told =
            found ? tell_scheduler(orc::FilesSeen{name, *std::move(found)}) : Status(found.error());
        if (!told) log_error("the files of {}: {}", name, told.error().to_string());
    }
}

namespace {

std::vector<project::TableName> all_tables(const Definitions& definitions) {
    std::vector<project::TableName> tables;
    for (const project::TableName& table : definitions.project().table_names()) {
        const project::Model* model = definitions.project().find_model(table);
        if (model == nullptr || model->kind != project::ModelKind::kView) tables.push_back(table);
    }
    return tables;
}

}  // namespace
}  // namespace ingot::service

#include "notify/alerts.hpp"

#include <algorithm>
#include <limits>

#include "base/uuid.hpp"

namespace ingot::notify {

namespace orc = ingot::orchestrator;
using project::Deadline;

namespace {

constexpr std::size_t kTasksNamed = 10;

std::vector<std::pair<std::string, std::string>> facts_of(const project::Project& project) {
    std::vector<std::pair<std::string, std::string>> facts = {{"project", project.name}};
    if (!project.environment.empty()) facts.emplace_back("environment", project.environment);
    return facts;
}

std::vector<std::pair<std::string, std::string>> facts_of(const project::Project& project,
                                                          const orc::RunStatus& run) {
    auto facts = facts_of(project);
    facts.emplace_back("pipeline", run.spec->plan.pipeline);
    facts.emplace_back("run", run.id.value());
    if (run.spec->window) {
        facts.emplace_back("window_start", run.spec->window->start.to_string());
        facts.emplace_back("window_end", run.spec->window->end.to_string());
    }
    return facts;
}

std::string about(const orc::RunStatus& run) {
    const std::string& pipeline = run.spec->plan.pipeline;
    return run.spec->window ? pipeline + " of " + run.spec->window->to_string() : pipeline;
}

/// `load failed, 3 attempts: the file is not there`
std::string how_it_failed(const orc::RunStatus& run, orc::TaskIndex task) {
    const orc::TaskStatus& status = run.tasks[task.value()];
    const std::string& name = run.planned(task).name;
    if (status.state != orc::TaskState::kFailed || status.attempts.empty()) {
        return fmt::format("{}: {}", name, orc::task_state_name(status.state));
    }
    const std::size_t attempts = status.attempts.size();
    return fmt::format("{} failed, {}: {}", name,
                       attempts == 1 ? "1 attempt" : fmt::format("{} attempts", attempts),
                       status.attempts.back().message);
}

std::string why_it_failed(const orc::RunStatus& run) {
    const std::vector<orc::TaskIndex> tasks = orc::tasks_that_fail_the_run(run);
    std::string text;
    for (std::size_t i = 0; i < tasks.size() && i < kTasksNamed; ++i) {
        text += (i == 0 ? "" : "\n") + how_it_failed(run, tasks[i]);
    }
    if (tasks.size() > kTasksNamed) {
        text += fmt::format("\nand {} more tasks", tasks.size() - kTasksNamed);
    }
    return text;
}

std::string in_words(const Deadline& deadline) {
    const std::string time = format_duration(deadline.within);
    switch (deadline.after) {
        case Deadline::After::kQueued:
            return time + " after it was queued";
        case Deadline::After::kScheduled:
            return time + " after it was due";
        case Deadline::After::kStarted:
            return time + " after it began";
        case Deadline::After::kAverage:
            return fmt::format("{} longer than the average of its last {} runs", time,
                               deadline.runs);
    }
    return time;
}

orc::WatchedRun watched(const orc::RunHead& head, bool missed) {
    return {head.id,         head.pipeline,
            head.queued_at,  head.window ? head.window->end : head.queued_at,
            head.started_at, missed};
}

std::map<std::string, Deadline> deadlines_of(const project::Project& project) {
    std::map<std::string, Deadline> deadlines;
    for (const project::Pipeline& pipeline : project.pipelines) {
        if (pipeline.deadline) deadlines[pipeline.name] = *pipeline.deadline;
    }
    return deadlines;
}

std::map<project::TableName, orc::FreshnessRule> freshness_of(const project::Project& project) {
    std::map<project::TableName, orc::FreshnessRule> rules;
    for (const project::Source& source : project.sources) {
        if (!source.freshness) continue;
        for (const project::SourceTable& table : source.tables) {
            rules[table.name] = {source.freshness->warn, source.freshness->error,
                                 source.freshness->notify};
        }
    }
    return rules;
}

}  // namespace

orc::Record record_of(const Delivery& delivery) {
    return {std::string(kDeliveryRecord), delivery.id, delivery_to_json(delivery)};
}

Status Alerts::load(orc::Store& store, const project::ProjectPtr& project, Timestamp now) {
    INGOT_TRY_ASSIGN(const auto stored, store.records(kDeliveryRecord));
    std::vector<Delivery> deliveries;
    for (const auto& [id, body] : stored) {
        INGOT_TRY_ASSIGN_WITH(Delivery delivery, parse_delivery(body), "in the delivery " + id);
        deliveries.push_back(std::move(delivery));
    }
    INGOT_TRY_ASSIGN(const auto freshness, store.records(kFreshnessRecord));
    for (const auto& [name, body] : freshness) {
        INGOT_TRY_ASSIGN(const project::TableName table, project::TableName::parse(name));
        INGOT_TRY_ASSIGN_WITH(kept_[table], orc::parse_freshness(body), "of the table " + name);
    }
    INGOT_TRY_ASSIGN(const auto missed, store.records(kDeadlineRecord));
    for (const auto& [run, body] : missed) missed_.insert(orc::RunId(run));

    define(project, now);
    for (const auto& [pipeline, deadline] : deadlines_of(*project)) {
        if (deadline.after != Deadline::After::kAverage) continue;
        INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> runs,
                         store.list({.pipeline = pipeline,
                                     .state = orc::RunState::kSuccess,
                                     .at_most = static_cast<std::size_t>(deadline.runs)}));
        for (auto head = runs.rbegin(); head != runs.rend(); ++head) {
            if (!head->started_at || !head->ended_at) continue;
            deadlines_.ran(pipeline, *head->ended_at - *head->started_at);
        }
    }
    INGOT_TRY_ASSIGN(
        const std::vector<orc::RunHead> unfinished,
        store.list({.unfinished = true, .at_most = std::numeric_limits<std::int32_t>::max()}));
    for (const orc::RunHead& head : unfinished) {
        open_.insert(head.id);
        deadlines_.queued(watched(head, missed_.contains(head.id)));
    }
    deliver_(std::move(deliveries));
    return {};
}

void Alerts::define(const project::ProjectPtr& project, Timestamp now) {
    project_ = project;
    deadlines_.define(deadlines_of(*project));
    freshness_.define(freshness_of(*project), std::exchange(kept_, {}), now);
}

void Alerts::loaded(const project::TableName& table, Timestamp at,
                    orc::Orchestrator& orchestrator) {
    const auto changed = freshness_.loaded(table, at);
    const auto state = freshness_.states().find(table);
    if (state == freshness_.states().end()) return;
    orchestrator.keep(
        {std::string(kFreshnessRecord), table.text(), freshness_to_json(state->second)});
    if (changed) say_freshness(*changed, at, orchestrator);
}

Status Alerts::on_event(const orc::Event& event, const orc::RunStatus& run,
                        orc::Orchestrator& orchestrator) {
    if (std::holds_alternative<orc::RunQueued>(event.change)) {
        open_.insert(run.id);
        deadlines_.queued(watched(orc::head_of(run), false));
    } else if (std::holds_alternative<orc::RunStarted>(event.change)) {
        deadlines_.started(run.id, event.at);
    } else if (const auto* ended = std::get_if<orc::TaskEnded>(&event.change)) {
        const std::string& definition = run.planned(ended->task).definition;
        const bool failed = run.tasks[ended->task.value()].state == orc::TaskState::kFailed;
        if (const project::Pipeline* pipeline = find(run.spec->plan.pipeline); failed && pipeline) {
            for (const project::PipelineTask& task : pipeline->tasks) {
                if (task.name != definition || task.notify_on_failure.empty()) continue;
                Message message{
                    "task_failed",
                    fmt::format("{}: task {} failed", about(run), run.planned(ended->task).name),
                    how_it_failed(run, ended->task), facts_of(*project_, run), event.at};
                message.facts.emplace_back("task", run.planned(ended->task).name);
                post(task.notify_on_failure, std::move(message), orchestrator);
            }
        }
    }
    if (!orc::has_ended(run.state)) {
        open_.insert(run.id);
    } else if (open_.erase(run.id) > 0) {
        run_ended(run, orchestrator);
    }
    return {};
}

Status Alerts::on_time(Timestamp now, orc::Orchestrator& orchestrator) {
    for (const orc::DeadlineMissed& missed : deadlines_.reach(now)) {
        say_missed(missed, now, orchestrator);
    }
    for (const orc::FreshnessChanged& changed : freshness_.reach(now)) {
        orchestrator.keep({std::string(kFreshnessRecord), changed.table.text(),
                           freshness_to_json(freshness_.states().at(changed.table))});
        say_freshness(changed, now, orchestrator);
    }
    return {};
}

std::optional<Timestamp> Alerts::next_time() const {
    const auto deadline = deadlines_.next_wake();
    const auto freshness = freshness_.next_wake();
    if (!deadline || !freshness) return deadline ? deadline : freshness;
    return std::min(*deadline, *freshness);
}

void Alerts::run_ended(const orc::RunStatus& run, orc::Orchestrator& orchestrator) {
    const Timestamp at = run.ended_at.value_or(run.last_event_at);
    if (const auto missed = deadlines_.ended(run.id, at)) say_missed(*missed, at, orchestrator);
    if (missed_.erase(run.id) > 0) {
        orchestrator.keep({std::string(kDeadlineRecord), run.id.value(), std::nullopt});
    }
    if (run.state == orc::RunState::kSuccess && run.started_at) {
        deadlines_.ran(run.spec->plan.pipeline, at - *run.started_at);
    }
    if (run.state != orc::RunState::kFailed) return;
    const project::Pipeline* pipeline = find(run.spec->plan.pipeline);
    const bool own = pipeline != nullptr && !pipeline->notify_on_failure.empty();
    post(own ? pipeline->notify_on_failure : project_->notify_on_failure,
         {"run_failed", about(run) + " failed", why_it_failed(run), facts_of(*project_, run), at},
         orchestrator);
}

void Alerts::say_missed(const orc::DeadlineMissed& missed, Timestamp now,
                        orc::Orchestrator& orchestrator) {
    missed_.insert(missed.run);
    orchestrator.keep({std::string(kDeadlineRecord), missed.run.value(),
                       fmt::format("{{\"due_us\": {}}}", missed.due.micros())});
    const orc::RunStatus* run = orchestrator.machine().find(missed.run);
    Message message{
        "deadline_missed",
        fmt::format("{} is not done in time", run != nullptr ? about(*run) : missed.pipeline),
        fmt::format("It had to be done by {}: {}.", missed.due.to_string(),
                    in_words(missed.deadline)),
        {},
        now};
    if (run != nullptr) {
        message.facts = facts_of(*project_, *run);
    } else {
        message.facts = facts_of(*project_);
        message.facts.emplace_back("pipeline", missed.pipeline);
        message.facts.emplace_back("run", missed.run.value());
    }
    post(missed.deadline.notify, std::move(message), orchestrator);
}

void Alerts::say_freshness(const orc::FreshnessChanged& changed, Timestamp now,
                           orc::Orchestrator& orchestrator) {
    const bool fresh = changed.level == orc::Staleness::kFresh;
    Message message{"freshness",
                    fresh ? changed.table.text() + " is fresh again"
                          : fmt::format("{} is too old: {}", changed.table.text(),
                                        orc::staleness_name(changed.level)),
                    fmt::format("Its newest load is of {}.", changed.since.to_string()),
                    facts_of(*project_), now};
    message.facts.emplace_back("table", changed.table.text());
    message.facts.emplace_back("level", orc::staleness_name(changed.level));
    post(changed.rule.notify, std::move(message), orchestrator);
}

/// Stored with what it tells about; handed over once that is durable.
void Alerts::post(const std::string& receiver, Message message, orc::Orchestrator& orchestrator) {
    if (receiver.empty() || !project_->notify) return;
    Delivery delivery{uuid_v7(), receiver, std::move(message)};
    delivery.created = delivery.next_at = delivery.message.at;
    orchestrator.keep(record_of(delivery));
    (void)orchestrator.post([this, delivery](orc::Orchestrator&) -> Status {
        deliver_({delivery});
        return {};
    });
}

const project::Pipeline* Alerts::find(const std::string& name) const {
    const auto found = std::find_if(project_->pipelines.begin(), project_->pipelines.end(),
                                    [&](const project::Pipeline& one) { return one.name == name; });
    return found == project_->pipelines.end() ? nullptr : &*found;
}

}  // namespace ingot::notify

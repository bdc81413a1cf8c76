// How specs and events are written into the store: docs/formats/run_store.md.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/task_runner.hpp"

namespace ingot::orchestrator {
namespace {

using Json = nlohmann::ordered_json;

/// Of an attempt and of its outcome, as other processes get them.
constexpr int kFormat = 1;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json task_json(const PlannedTask& task) {
    Json json{{"name", task.name}, {"definition", task.definition}, {"work", task.work}};
    if (task.item) json["item"] = *task.item;
    json["after"] = Json::array();
    for (const TaskIndex before : task.after) json["after"].push_back(before.value());
    json["when"] = static_cast<int>(task.when);
    json["tolerated"] = task.tolerated;
    json["pool"] = task.pool;
    json["priority"] = task.priority;
    json["retries"] = task.retry.retries;
    json["retry_delay_us"] = task.retry.delay.count();
    json["backoff"] = task.retry.backoff;
    if (task.timeout) json["timeout_us"] = task.timeout->count();
    if (task.sensor) {
        json["sensor"] = {{"every_us", task.sensor->every.count()},
                          {"skip_when_over", task.sensor->skip_when_over}};
    }
    for (const TaskIndex from : task.values_from) json["values_from"].push_back(from.value());
    if (task.items) {
        Json& items = json["items"];
        items = {{"from", Json::array()},
                 {"path", task.items->path},
                 {"at_most", task.items->at_most},
                 {"text", task.items->text},
                 {"place", task.items->place}};
        for (const TaskIndex from : task.items->from) items["from"].push_back(from.value());
    }
    if (!task.left_checks.empty()) json["left_checks"] = task.left_checks;
    return json;
}

PlannedTask task_of(const Json& json, std::size_t position) {
    PlannedTask task{json.at("name").get<std::string>(), json.at("definition").get<std::string>()};
    task.work = json.at("work").get<std::string>();
    if (json.contains("item")) task.item = json["item"].get<std::uint32_t>();
    const auto earlier = [&](const Json& index) {
        if (index.get<std::uint32_t>() < position) return TaskIndex(index.get<std::uint32_t>());
        throw std::out_of_range("a task comes after a later one");
    };
    for (const Json& before : json.at("after")) task.after.push_back(earlier(before));
    const int when = json.at("when").get<int>();
    if (when < 0 || when >= static_cast<int>(project::PipelineTask::kWhenCount))
        throw std::out_of_range("an unknown `when`");
    task.when = static_cast<When>(when);
    task.tolerated = json.at("tolerated").get<bool>();
    task.pool = json.at("pool").get<std::string>();
    task.priority = json.at("priority").get<int>();
    task.retry = {json.at("retries").get<int>(),
                  Duration(json.at("retry_delay_us").get<std::int64_t>()),
                  json.at("backoff").get<double>()};
    if (json.contains("timeout_us")) {
        task.timeout = Duration(json["timeout_us"].get<std::int64_t>());
    }
    if (json.contains("sensor")) {
        task.sensor = SensorRule{Duration(json["sensor"].at("every_us").get<std::int64_t>()),
                                 json["sensor"].at("skip_when_over").get<bool>()};
    }
    if (json.contains("values_from")) {
        for (const Json& from : json["values_from"]) task.values_from.push_back(earlier(from));
    }
    if (json.contains("items")) {
        const Json& items = json["items"];
        ItemsRule& rule = task.items.emplace();
        for (const Json& from : items.at("from")) rule.from.push_back(earlier(from));
        const bool waits_for_all =
            !rule.from.empty() &&
            std::all_of(rule.from.begin(), rule.from.end(), [&](TaskIndex from) {
                return std::find(task.after.begin(), task.after.end(), from) != task.after.end();
            });
        if (!waits_for_all) throw std::out_of_range("a task does not wait for its items");
        rule.path = items.at("path").get<std::vector<std::string>>();
        rule.at_most = items.at("at_most").get<int>();
        rule.text = items.at("text").get<std::string>();
        rule.place = items.at("place").get<std::string>();
    }
    task.left_checks = json.value("left_checks", std::vector<std::string>());
    return task;
}

Json spec_json(const RunSpec& spec) {
    Json json{{"pipeline", spec.plan.pipeline}, {"active_runs", spec.plan.active_runs}};
    if (!spec.plan.queue.empty()) json["queue"] = spec.plan.queue;
    if (spec.plan.active_tasks) json["active_tasks"] = *spec.plan.active_tasks;
    json["tasks"] = Json::array();
    for (const PlannedTask& task : spec.plan.tasks) json["tasks"].push_back(task_json(task));
    if (spec.window) {
        json["window_us"] = {spec.window->start.micros(), spec.window->end.micros()};
    }
    json["lake"] = spec.lake;
    json["environment"] = spec.environment;
    json["params"] = spec.params;
    json["full"] = spec.full;
    return json;
}

RunSpec spec_of(const Json& json) {
    RunSpec spec;
    spec.plan.pipeline = json.at("pipeline").get<std::string>();
    spec.plan.queue = json.value("queue", "");
    spec.plan.active_runs = json.at("active_runs").get<int>();
    if (json.contains("active_tasks")) spec.plan.active_tasks = json["active_tasks"].get<int>();
    for (const Json& task : json.at("tasks")) {
        spec.plan.tasks.push_back(task_of(task, spec.plan.tasks.size()));
    }
    if (json.contains("window_us")) {
        spec.window = Interval{Timestamp::from_micros(json["window_us"].at(0).get<std::int64_t>()),
                               Timestamp::from_micros(json["window_us"].at(1).get<std::int64_t>())};
    }
    spec.lake = json.at("lake").get<std::string>();
    spec.environment = json.at("environment").get<std::string>();
    spec.params = json.at("params").get<std::string>();
    spec.full = json.at("full").get<bool>();
    return spec;
}

/// Without what is empty, as runs before there were causes have it.
Json origin_json(const RunOrigin& origin) {
    Json json{{"cause", cause_name(origin.cause)}};
    if (!origin.by.empty()) json["by"] = origin.by;
    if (!origin.code.empty()) json["code"] = origin.code;
    if (!origin.backfill.empty()) json["backfill"] = origin.backfill;
    return json;
}

Result<RunOrigin> origin_of(const Json& json) {
    RunOrigin origin;
    INGOT_TRY_ASSIGN(origin.cause, parse_cause(json.value("cause", "manual")));
    origin.by = json.value("by", "");
    origin.code = json.value("code", "");
    origin.backfill = json.value("backfill", "");
    return origin;
}

/// Without what is usual.
Json outcome_json(const TaskOutcome& outcome) {
    Json json{{"outcome", static_cast<int>(outcome.kind)}};
    if (!outcome.message.empty()) json["message"] = outcome.message;
    if (!outcome.retryable) json["retryable"] = false;
    if (outcome.chosen) json["chosen"] = *outcome.chosen;
    if (!outcome.values.empty()) json["values"] = Json::parse(outcome.values);
    return json;
}

TaskOutcome outcome_of(const Json& json, TaskOutcome::Kind last) {
    const int kind = json.at("outcome").get<int>();
    if (kind < 0 || kind > static_cast<int>(last)) throw std::out_of_range("an unknown outcome");
    TaskOutcome outcome{static_cast<TaskOutcome::Kind>(kind), json.value("message", ""),
                        json.value("retryable", true)};
    if (json.contains("chosen")) outcome.chosen = json["chosen"].get<std::vector<std::string>>();
    if (json.contains("values")) outcome.values = json["values"].dump();
    return outcome;
}

Error not_understood(std::string_view what, std::string_view why) {
    return make_error(ErrorCode::kCorruptData, "{} is not understood: {}", what, why);
}

}  // namespace

std::string spec_to_json(const RunSpec& spec) {
    return text_of(spec_json(spec));
}

Result<RunSpec> parse_spec(std::string_view json) {
    try {
        return spec_of(Json::parse(json));
    } catch (const std::exception& e) {
        return not_understood("the stored definition of a run", e.what());
    }
}

std::string_view change_name(const Change& change) {
    struct Namer {
        std::string_view operator()(const RunQueued&) const { return "run_queued"; }
        std::string_view operator()(const RunStarted&) const { return "run_started"; }
        std::string_view operator()(const TaskStarted&) const { return "task_started"; }
        std::string_view operator()(const TaskEnded&) const { return "task_ended"; }
        std::string_view operator()(const RunCancelled&) const { return "run_cancelled"; }
        std::string_view operator()(const TaskExpanded&) const { return "task_expanded"; }
        std::string_view operator()(const TasksCleared&) const { return "tasks_cleared"; }
        std::string_view operator()(const RunAdopted&) const { return "run_adopted"; }
        std::string_view operator()(const TaskMarked&) const { return "task_marked"; }
        std::string_view operator()(const RunNoted&) const { return "run_noted"; }
        std::string_view operator()(const TaskDeferred&) const { return "task_deferred"; }
    };
    return std::visit(Namer{}, change);
}

std::string change_to_json(const Change& change) {
    Json json = Json::object();
    if (const auto* queued = std::get_if<RunQueued>(&change)) {
        json = origin_json(queued->origin);
    } else if (const auto* started = std::get_if<TaskStarted>(&change)) {
        json = {{"task", started->task.value()}, {"attempt", started->attempt}};
    } else if (const auto* ended = std::get_if<TaskEnded>(&change)) {
        json = {{"task", ended->task.value()}, {"attempt", ended->attempt}};
        json.update(outcome_json(ended->outcome));
    } else if (const auto* deferred = std::get_if<TaskDeferred>(&change)) {
        json = {{"task", deferred->task.value()},
                {"attempt", deferred->attempt},
                {"until_us", deferred->until.micros()},
                {"reason", deferred->reason}};
    } else if (const auto* expanded = std::get_if<TaskExpanded>(&change)) {
        json = {{"task", expanded->task.value()}, {"items", Json::array()}};
        for (const std::string& item : expanded->items) {
            json["items"].push_back(Json::parse(item));
        }
    } else if (const auto* cancelled = std::get_if<RunCancelled>(&change)) {
        json = {{"reason", cancelled->reason}};
        if (!cancelled->by.empty()) json["by"] = cancelled->by;
    } else if (const auto* marked = std::get_if<TaskMarked>(&change)) {
        json = {{"task", marked->task.value()}, {"as", static_cast<int>(marked->as)}};
        if (!marked->by.empty()) json["by"] = marked->by;
    } else if (const auto* noted = std::get_if<RunNoted>(&change)) {
        json = {{"note", noted->note}};
    } else if (const auto* adopted = std::get_if<RunAdopted>(&change)) {
        for (const TaskIndex task : adopted->kept) json["kept"].push_back(task.value());
    } else if (const auto* cleared = std::get_if<TasksCleared>(&change)) {
        json = {{"tasks", Json::array()}};
        for (const TaskIndex task : cleared->tasks) json["tasks"].push_back(task.value());
    }
    return text_of(json);
}

Result<Change> parse_change(std::string_view name, std::string_view text,
                            const std::shared_ptr<const RunSpec>& spec) {
    try {
        const Json json = Json::parse(text);
        const auto task = [&] { return TaskIndex(json.at("task").get<std::uint32_t>()); };
        if (name == "run_queued") {
            INGOT_TRY_ASSIGN(RunOrigin origin, origin_of(json));
            return Change(RunQueued{spec, std::move(origin)});
        }
        if (name == "run_started") return Change(RunStarted{});
        if (name == "run_adopted") {
            RunAdopted adopted;
            for (const Json& each : json.value("kept", Json::array())) {
                adopted.kept.emplace_back(each.get<std::uint32_t>());
            }
            return Change(std::move(adopted));
        }
        if (name == "run_cancelled") {
            return Change(RunCancelled{json.at("reason").get<std::string>(), json.value("by", "")});
        }
        if (name == "task_started") {
            return Change(TaskStarted{task(), json.at("attempt").get<int>()});
        }
        if (name == "task_ended") {
            return Change(TaskEnded{task(), json.at("attempt").get<int>(),
                                    outcome_of(json, TaskOutcome::Kind::kSkipped)});
        }
        if (name == "task_expanded") {
            TaskExpanded expanded{task(), {}};
            for (const Json& item : json.at("items")) expanded.items.push_back(item.dump());
            return Change(std::move(expanded));
        }
        if (name == "task_marked") {
            const int as = json.at("as").get<int>();
            if (as < 0 || as > 2) return not_understood("how a task is marked", text);
            return Change(
                TaskMarked{task(), static_cast<TaskMarked::As>(as), json.value("by", "")});
        }
        if (name == "task_deferred") {
            return Change(
                TaskDeferred{task(), json.at("attempt").get<int>(),
                             Timestamp::from_micros(json.at("until_us").get<std::int64_t>()),
                             json.at("reason").get<std::string>()});
        }
        if (name == "run_noted") return Change(RunNoted{json.at("note").get<std::string>()});
        if (name == "tasks_cleared") {
            TasksCleared cleared;
            for (const Json& each : json.at("tasks")) {
                cleared.tasks.emplace_back(each.get<std::uint32_t>());
            }
            return Change(std::move(cleared));
        }
        return not_understood(fmt::format("the stored event '{}'", name),
                              "a newer version may have written it");
    } catch (const std::exception& e) {
        return not_understood(fmt::format("the stored event '{}'", name), e.what());
    }
}

std::string attempt_to_json(const Attempt& attempt) {
    Json json{{"format", kFormat},
              {"run", attempt.run.value()},
              {"spec", spec_json(*attempt.spec)},
              {"task", attempt.task.value()},
              {"number", attempt.number},
              {"run_time_us", attempt.run_time.micros()},
              {"log", attempt.log},
              {"checks", attempt.checks},
              {"values", attempt.values}};
    if (attempt.copy) {
        json["copy"] = task_json(*attempt.copy);
        json["item"] = attempt.item;
    }
    return text_of(json);
}

Result<Attempt> parse_attempt(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        if (json.at("format").get<int>() != kFormat) throw std::out_of_range("another format");
        Attempt attempt{RunId(json.at("run").get<std::string>()),
                        std::make_shared<const RunSpec>(spec_of(json.at("spec"))),
                        TaskIndex(json.at("task").get<std::uint32_t>()),
                        json.at("number").get<int>(),
                        Timestamp::from_micros(json.at("run_time_us").get<std::int64_t>()),
                        json.at("log").get<std::string>()};
        attempt.checks = json.at("checks").get<int>();
        attempt.values = json.at("values").get<std::map<std::string, std::string>>();
        if (json.contains("copy")) {
            attempt.copy =
                std::make_shared<const PlannedTask>(task_of(json["copy"], attempt.task.value()));
            attempt.item = json.at("item").get<std::string>();
        } else if (attempt.task.value() >= attempt.spec->plan.tasks.size()) {
            throw std::out_of_range("the plan has no such task");
        }
        return attempt;
    } catch (const std::exception& e) {
        return not_understood("an attempt", e.what());
    }
}

std::string outcome_to_json(const TaskOutcome& outcome) {
    Json json{{"format", kFormat}};
    json.update(outcome_json(outcome));
    if (outcome.again_after != Duration(0)) json["again_after_us"] = outcome.again_after.count();
    return text_of(json);
}

Result<TaskOutcome> parse_outcome(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        if (json.at("format").get<int>() != kFormat) throw std::out_of_range("another format");
        TaskOutcome outcome = outcome_of(json, TaskOutcome::Kind::kDeferred);
        outcome.again_after = Duration(json.value("again_after_us", std::int64_t{0}));
        return outcome;
    } catch (const std::exception& e) {
        return not_understood("the outcome of a task", e.what());
    }
}

}  // namespace ingot::orchestrator

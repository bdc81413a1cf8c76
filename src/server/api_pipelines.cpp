// Pipelines: when they run, what they do, and starting them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "orchestrator/schedule.hpp"
#include "server/api_platform.hpp"
#include "server/problem.hpp"

namespace ingot::server {
namespace {

namespace orc = ingot::orchestrator;

constexpr std::size_t kRecentRuns = 10;

Schema schedule_schema() {
    return Schema::object(
               {{"kind", Schema::one_of({"cron", "every", "tables", "file", "webhook", "none"})},
                {"text", Schema::text().described("As the project says it")},
                {"timezone", Schema::text()}})
        .named("Schedule");
}

std::vector<Schema::Field> pipeline_fields() {
    return {{"name", Schema::text()},
            {"description", Schema::text()},
            {"owner", Schema::text()},
            {"tags", Schema::array(Schema::text())},
            {"schedule", schedule_schema()},
            {"paused", Schema::boolean()},
            {"next_run_at", Schema::date_time().nullable()},
            {"waiting_for", Schema::text().described("What starts it next, in one sentence")},
            {"window", Schema::text().nullable().described("hour, 15 minutes, day in ...")},
            {"active_runs", Schema::integer().described("At a time, at most")},
            {"task_count", Schema::integer()},
            {"problem", Schema::text().described("Why it cannot run; empty: it can")},
            {"recent_runs", Schema::array(run_head_schema()).described("Newest first")}};
}

Schema pipeline_head_schema() {
    return Schema::object(pipeline_fields()).named("PipelineHead");
}

Schema task_schema() {
    return Schema::object({{"task", Schema::text()},
                           {"definition", Schema::text()},
                           {"kind", Schema::text()},
                           {"work", Schema::text()},
                           {"after", Schema::array(Schema::text())},
                           {"when", Schema::text()},
                           {"pool", Schema::text()},
                           {"priority", Schema::integer()},
                           {"retries", Schema::integer()}})
        .named("PipelineTask");
}

Schema pipeline_schema() {
    std::vector<Schema::Field> fields = pipeline_fields();
    fields.push_back(
        {"timezone", Schema::text().described("In which days of its windows are meant")});
    fields.push_back({"params", Schema::map(Schema::any()).described("JSON Schemas by name")});
    fields.push_back({"tasks", Schema::array(task_schema())});
    fields.push_back(
        {"source",
         Schema::object({{"file", Schema::text()}, {"text", Schema::text()}}).named("SourceFile")});
    return Schema::object(std::move(fields)).named("Pipeline");
}

std::string cron_text(const std::vector<project::Cron>& crons) {
    std::string text;
    for (const project::Cron& cron : crons) text += (text.empty() ? "" : ", ") + cron.text;
    return text;
}

Json schedule_json(const project::Pipeline& pipeline) {
    const auto json = [](const char* kind, const std::string& text, const std::string& zone) {
        return Json{{"kind", kind}, {"text", text}, {"timezone", zone}};
    };
    if (!pipeline.schedule) return json("none", "", "");
    struct Namer {
        decltype(json)& make;
        Json operator()(const project::CronSchedule& cron) const {
            return make("cron", cron_text(cron.crons), cron.timezone);
        }
        Json operator()(const project::EverySchedule& every) const {
            return make("every", format_duration(every.every), every.timezone);
        }
        Json operator()(const project::EventSchedule& events) const {
            return make("tables", events.expression, events.timezone);
        }
        Json operator()(const project::FileSchedule& file) const {
            return make("file", file.path.text(), "");
        }
        Json operator()(const project::WebhookSchedule&) const { return make("webhook", "", ""); }
    };
    return std::visit(Namer{json}, *pipeline.schedule);
}

std::optional<Timestamp> next_tick(const project::Pipeline& pipeline, Timestamp now) {
    if (!pipeline.schedule) return std::nullopt;
    const Result<std::optional<orc::Ticks>> ticks = orc::Ticks::of(*pipeline.schedule);
    return ticks && *ticks ? (*ticks)->next(now) : std::nullopt;
}

Result<Json> head_json(const service::Service& service, const service::PlannedPipeline& planned,
                       const service::TriggerView& trigger) {
    const project::Pipeline& pipeline = *planned.pipeline;
    const std::optional<Timestamp> next =
        trigger.paused ? std::nullopt : next_tick(pipeline, system_clock().now());
    INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> recent,
                     service.list({.pipeline = pipeline.name, .at_most = kRecentRuns}));
    Json runs = Json::array();
    for (const orc::RunHead& head : recent) {
        runs.push_back(service::head_json(head, service.is_at_work(head)));
    }
    return Json{{"name", pipeline.name},
                {"description", pipeline.description},
                {"owner", pipeline.owner},
                {"tags", pipeline.tags},
                {"schedule", schedule_json(pipeline)},
                {"paused", trigger.paused},
                {"next_run_at", next ? Json(next->to_string()) : Json()},
                {"waiting_for", trigger.waiting_for},
                {"window", pipeline.window ? Json(pipeline.window->to_string()) : Json()},
                {"active_runs", pipeline.active_runs},
                {"task_count", pipeline.tasks.size()},
                {"problem", planned.plan ? "" : planned.plan.error().to_string()},
                {"recent_runs", std::move(runs)}};
}

Json param_json(const project::Param& param) {
    static constexpr std::array<const char*, 6> kTypes = {"string",  "integer", "number",
                                                          "boolean", "array",   "object"};
    const auto parsed = [](const project::Value& value) { return Json::parse(value.to_json()); };
    Json json{{"type", kTypes.at(static_cast<std::size_t>(param.type))}};
    if (!param.format.empty()) json["format"] = param.format;
    if (param.default_value) json["default"] = parsed(*param.default_value);
    for (const project::Value& value : param.accepted) json["enum"].push_back(parsed(value));
    if (param.minimum) json["minimum"] = *param.minimum;
    if (param.maximum) json["maximum"] = *param.maximum;
    if (param.pattern) json["pattern"] = *param.pattern;
    if (param.items) {
        json["items"] = {{"type", kTypes.at(static_cast<std::size_t>(*param.items))}};
    }
    if (!param.description.empty()) json["description"] = param.description;
    return json;
}

Json tasks_json(const service::PlannedPipeline& planned) {
    Json tasks = Json::array();
    if (!planned.plan) return tasks;
    for (const orc::PlannedTask& task : planned.plan->tasks) {
        Json after = Json::array();
        for (const orc::TaskIndex before : task.after) {
            after.push_back(planned.plan->tasks[before.value()].name);
        }
        tasks.push_back({{"task", task.name},
                         {"definition", task.definition},
                         {"kind", task.work.substr(0, task.work.find(' '))},
                         {"work", task.work},
                         {"after", std::move(after)},
                         {"when", project::when_name(task.when)},
                         {"pool", task.pool},
                         {"priority", task.priority},
                         {"retries", task.retry.retries}});
    }
    return tasks;
}

/// As it is on the disk now; nothing of one that a selection makes.
Json source_json(const service::Definitions& definitions, const project::Pipeline& pipeline) {
    if (definitions.find(pipeline.name) == nullptr) return {{"file", ""}, {"text", ""}};
    const auto path = std::filesystem::path(definitions.project().root) / pipeline.place.file;
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return {{"file", pipeline.place.file}, {"text", text.str()}};
}

Result<Reply> pipeline_reply(const service::Service& service, const std::string& name) {
    const service::DefinitionsPtr definitions = service.definitions();
    INGOT_TRY_ASSIGN(const service::PlannedPipeline planned,
                     service::planned_pipeline(*definitions, name));
    INGOT_TRY_ASSIGN(const std::vector<service::TriggerView> triggers,
                     service.trigger_views({name}));
    INGOT_TRY_ASSIGN(Json json, head_json(service, planned, triggers.front()));
    const project::Project& project = definitions->project();
    json["timezone"] =
        planned.pipeline->window ? planned.pipeline->window->timezone : project.defaults.timezone;
    json["params"] = Json::object();
    for (const auto& [param, type] : project.param_types) {
        json["params"][param] = param_json(type);
        const auto value = project.params.find(param);
        if (value != project.params.end()) {
            json["params"][param]["default"] = Json::parse(value->second.to_json());
        }
    }
    for (const auto& [param, type] : planned.pipeline->params) {
        json["params"][param] = param_json(type);
    }
    json["tasks"] = tasks_json(planned);
    json["source"] = source_json(*definitions, *planned.pipeline);
    return Reply(json_response(json));
}

Endpoint list_pipelines(service::Service& service) {
    return {.path = "/api/v1/pipelines",
            .name = "list_pipelines",
            .summary = "Pipelines by name, with what starts them next and their newest runs",
            .area = "pipelines",
            .role = Role::kViewer,
            .in_query = page_params(),
            .answers = {{200, "A page of pipelines", Schema::page(pipeline_head_schema())}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const service::DefinitionsPtr definitions = service.definitions();
                const auto limit = static_cast<std::size_t>(call.number("limit"));
                std::vector<std::string> names;
                auto at = definitions->pipelines.upper_bound(call.text("after"));
                for (; at != definitions->pipelines.end() && names.size() < limit; ++at) {
                    names.push_back(at->first);
                }
                INGOT_TRY_ASSIGN(const std::vector<service::TriggerView> triggers,
                                 service.trigger_views(names));
                Json items = Json::array();
                for (std::size_t i = 0; i < names.size(); ++i) {
                    INGOT_TRY_ASSIGN(Json item,
                                     head_json(service, *definitions->find(names[i]), triggers[i]));
                    items.push_back(std::move(item));
                }
                const bool more = at != definitions->pipelines.end() && !items.empty();
                const Json next = more ? items.back()["name"] : Json();
                return Reply(json_response({{"items", std::move(items)}, {"next", next}}));
            }};
}

Endpoint get_pipeline(service::Service& service) {
    return {.path = "/api/v1/pipelines/{pipeline}",
            .name = "get_pipeline",
            .summary =
                "A pipeline with its tasks, parameters and file; of `select:` and a selection, one "
                "that builds its tables",
            .area = "pipelines",
            .role = Role::kViewer,
            .answers = {{200, "The pipeline", pipeline_schema()}},
            .handle = [&service](const Call& call) {
                return pipeline_reply(service, call.text("pipeline"));
            }};
}

Endpoint change_pipeline(service::Service& service) {
    return {.method = Method::kPatch,
            .path = "/api/v1/pipelines/{pipeline}",
            .name = "change_pipeline",
            .summary = "Pause its schedule, or resume it",
            .area = "pipelines",
            .role = Role::kOperator,
            .body = Schema::object({{"paused", Schema::boolean()}}),
            .answers = {{200, "The pipeline", pipeline_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const std::string pipeline = call.text("pipeline");
                INGOT_TRY(service.set_paused(pipeline, call.body["paused"].get<bool>()));
                return pipeline_reply(service, pipeline);
            }};
}

Endpoint start_run(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/pipelines/{pipeline}/runs",
            .name = "start_run",
            .summary = "Queue a run; without a window, of the last one that is over",
            .area = "pipelines",
            .role = Role::kOperator,
            .body = Schema::object({optional_field("window", window_schema().nullable()),
                                    optional_field("params", Schema::map(Schema::any())),
                                    optional_field("full", Schema::boolean()),
                                    optional_field("note", Schema::text().length(0, 10'000))}),
            .body_required = false,
            .answers = {{201, "The run", run_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const Json body = call.body.is_object() ? call.body : Json::object();
                service::RunRequest request;
                if (body.contains("window") && !body["window"].is_null()) {
                    INGOT_TRY_ASSIGN(request.window, window_of(body["window"]));
                }
                if (body.contains("params")) request.params = params_of(body["params"]);
                if (body.contains("full")) request.full = body["full"].get<bool>();
                INGOT_TRY_ASSIGN(
                    const orc::RunId run,
                    service.start_run(call.text("pipeline"), std::move(request), name_of(call)));
                if (body.contains("note") && body["note"] != "") {
                    INGOT_TRY(service.note(run, body["note"].get<std::string>()));
                }
                INGOT_TRY_ASSIGN(const service::RunView view, service.run_view(run));
                return Reply(json_response(run_json(service, view), 201));
            }};
}

Endpoint call_webhook(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/webhooks/{pipeline}",
            .name = "call_webhook",
            .summary =
                "Start a pipeline whose schedule is a webhook; calls while it runs collapse "
                "into one run after it",
            .area = "pipelines",
            .role = Role::kOperator,
            .body = Schema::any(),
            .body_required = false,
            .answers = {{202, "It runs, or will",
                         Schema::object({{"pipeline", Schema::text()}}).named("Called")}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY(service.call_webhook(call.text("pipeline")));
                return Reply(json_response({{"pipeline", call.text("pipeline")}}, 202));
            }};
}

}  // namespace

std::vector<Endpoint> pipeline_endpoints(service::Service& service) {
    return {list_pipelines(service), get_pipeline(service), change_pipeline(service),
            start_run(service), call_webhook(service)};
}

}  // namespace ingot::server

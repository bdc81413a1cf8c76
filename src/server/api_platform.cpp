#include "server/api_platform.hpp"

#include "service/json_value.hpp"

namespace ingot::server {
namespace {

std::vector<Schema::Field> run_head_fields() {
    return {{"run_id", Schema::text()},
            {"pipeline", Schema::text()},
            {"state", Schema::one_of(service::run_states()).named("RunState")},
            {"window", window_schema().nullable()},
            {"cause",
             Schema::one_of({"manual", "scheduled", "tables", "files", "webhook", "backfill"})},
            {"by", Schema::text().described("Who or what brought it about")},
            {"backfill", Schema::text().described("Id; empty: it is part of none")},
            {"code_version", Schema::text()},
            {"queued_at", Schema::date_time()},
            {"started_at", Schema::date_time().nullable()},
            {"ended_at", Schema::date_time().nullable()},
            {"note", Schema::text().described("What somebody said about it")}};
}

Schema attempt_schema() {
    return Schema::object({{"attempt", Schema::integer()},
                           {"state", Schema::text()},
                           {"started", Schema::date_time()},
                           {"ended", Schema::date_time().nullable()},
                           {"message", Schema::text()},
                           {"checks", Schema::integer().described("How often it was put off")}})
        .named("Attempt");
}

Schema task_schema() {
    return Schema::object({{"task", Schema::text()},
                           {"definition", Schema::text()},
                           {"work", Schema::text()},
                           {"state", Schema::text()},
                           {"since", Schema::date_time()},
                           {"note", Schema::text().described("Why it waits, or what came of it")},
                           {"after", Schema::array(Schema::text())},
                           {"copy_of", Schema::text().nullable().described(
                                           "The task that it is a copy of, for one of its items")},
                           {"item", Schema::any().described("Of such a copy")},
                           {"items", Schema::text().nullable().described(
                                         "Of a task with such copies: what gives their items")},
                           {"retry_at", Schema::date_time().nullable()},
                           {"check_at", Schema::date_time().nullable()},
                           {"values", Schema::map(Schema::any()).nullable()},
                           {"chosen", Schema::array(Schema::text())
                                          .nullable()
                                          .described("Of a branch: the tasks that go on")},
                           {"pool", Schema::text()},
                           {"priority", Schema::integer()},
                           {"attempts", Schema::array(attempt_schema())}})
        .named("RunTask");
}

}  // namespace

std::vector<Endpoint> platform_endpoints(service::Service& service,
                                         std::function<Result<bool>()> local_mode) {
    std::vector<Endpoint> all = info_endpoints(service, std::move(local_mode));
    const auto add = [&](std::vector<Endpoint> more) {
        all.insert(all.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    };
    add(pipeline_endpoints(service));
    add(run_endpoints(service));
    add(backfill_endpoints(service));
    add(delivery_endpoints(service));
    add(table_endpoints(service));
    return all;
}

void publish_changes(service::Service& service, EventHub& events, PlatformMetrics& metrics) {
    service.on_measurements([&metrics](const std::vector<telemetry::Measurement>& measurements) {
        metrics.take(measurements);
    });
    service.on_change([&events](const service::Change& change) {
        Json data = Json::object();
        const auto add = [&](const char* name, const std::string& value) {
            if (!value.empty()) data[name] = value;
        };
        add("run_id", change.run_id);
        add("pipeline", change.pipeline);
        add("task", change.task);
        add("table", change.table);
        add("backfill", change.backfill);
        add("delivery", change.delivery);
        add("state", change.state);
        events.publish(service::change_kind_name(change.kind), std::move(data));
    });
}

Status readiness_of(const service::Service& service) {
    if (const std::optional<Error> trouble = service.store_trouble()) return *trouble;
    return {};
}

Schema pipeline_name_schema() {
    return Schema::text().length(1, 1000).described(
        "Name of a pipeline, or `select:` and a selection of tables: `select:gold.daily+`");
}

Schema window_schema() {
    return Schema::object({{"start", Schema::date_time()}, {"end", Schema::date_time()}})
        .named("Window");
}

Schema run_head_schema() {
    return Schema::object(run_head_fields()).named("RunHead");
}

Schema run_schema() {
    std::vector<Schema::Field> fields = run_head_fields();
    fields.push_back({"lake", Schema::text()});
    fields.push_back({"environment", Schema::text()});
    fields.push_back({"params", Schema::map(Schema::any())});
    fields.push_back({"full", Schema::boolean()});
    fields.push_back({"cancelled", Schema::text().nullable()});
    fields.push_back({"tasks", Schema::array(task_schema())});
    return Schema::object(std::move(fields)).named("Run");
}

Json run_json(const service::Service& service, const service::RunView& view) {
    Json json = service::run_json(view, service.folder());
    for (Json& task : json["tasks"])
        for (Json& attempt : task["attempts"]) attempt.erase("log");
    return json;
}

Result<Interval> window_of(const Json& json) {
    INGOT_TRY_ASSIGN(const Timestamp start, parse_timestamp(json["start"].get<std::string>()));
    INGOT_TRY_ASSIGN(const Timestamp end, parse_timestamp(json["end"].get<std::string>()));
    if (start < end) return Interval{start, end};
    return make_error(ErrorCode::kInvalidArgument, "the window ends at {}, before it begins",
                      end.to_string());
}

std::map<std::string, project::Value> params_of(const Json& json) {
    std::map<std::string, project::Value> params;
    if (!json.is_object()) return params;
    for (const auto& [name, value] : json.items()) params[name] = service::value_of(value);
    return params;
}

std::string name_of(const Call& call) {
    return call.who && !call.who->name.empty() ? call.who->name : "somebody on this machine";
}

}  // namespace ingot::server

// Backfills: a pipeline, or the tables of a selection, for the windows of a range.
#include "server/api_platform.hpp"
#include "server/problem.hpp"
#include "service/backfill_view.hpp"

namespace ingot::server {
namespace {

namespace orc = ingot::orchestrator;

Schema order_schema() {
    return Schema::one_of({"oldest_first", "newest_first"}).named("BackfillOrder");
}

Schema redo_schema() {
    return Schema::one_of({"none", "failed", "all"}).named("BackfillRedo");
}

Schema planned_window_schema() {
    return Schema::object({{"start", Schema::date_time()},
                           {"end", Schema::date_time()},
                           {"action", Schema::one_of({"run", "skip"})},
                           {"reason", Schema::text().described("missing, failed, done, ...")},
                           {"state", Schema::text().described("Of its run; empty: it has none")},
                           {"run_id", Schema::text().nullable()}})
        .named("BackfillWindow");
}

std::vector<Schema::Field> backfill_fields() {
    return {{"id", Schema::text().nullable().described("Null: a dry run")},
            {"pipeline", Schema::text().described("Or `select:` and a selection of tables")},
            {"from", Schema::date_time()},
            {"to", Schema::date_time()},
            {"order", order_schema()},
            {"redo", redo_schema()},
            {"active_runs", Schema::integer()},
            {"by", Schema::text()},
            {"state", Schema::one_of({"running", "paused", "cancelled", "done"})},
            {"problem", Schema::text().described("Why it was paused by itself")},
            {"created_at", Schema::date_time()},
            {"ended_at", Schema::date_time().nullable()},
            {"counts", Schema::map(Schema::integer())
                           .described("Windows: waiting, running, success, failed, cancelled, "
                                      "skipped")}};
}

Schema backfill_head_schema() {
    return Schema::object(backfill_fields()).named("BackfillHead");
}

Schema backfill_schema() {
    std::vector<Schema::Field> fields = backfill_fields();
    fields.push_back({"windows", Schema::array(planned_window_schema())});
    return Schema::object(std::move(fields)).named("Backfill");
}

Result<Reply> backfill_reply(const service::Service& service, const std::string& id) {
    INGOT_TRY_ASSIGN(const orc::Backfill backfill, service.backfill(id));
    INGOT_TRY_ASSIGN(const service::BackfillRuns runs, service.backfill_runs(backfill));
    return Reply(json_response(service::backfill_json(backfill, runs)));
}

Result<service::BackfillRequest> request_of(const Json& body) {
    service::BackfillRequest request;
    request.pipeline = body["pipeline"].get<std::string>();
    INGOT_TRY_ASSIGN(request.range, window_of({{"start", body["from"]}, {"end", body["to"]}}));
    if (body.contains("order")) {
        INGOT_TRY_ASSIGN(request.order, service::parse_order(body["order"].get<std::string>()));
    }
    if (body.contains("redo")) {
        INGOT_TRY_ASSIGN(request.redo, service::parse_redo(body["redo"].get<std::string>()));
    }
    if (body.contains("active_runs")) request.active_runs = body["active_runs"].get<int>();
    if (body.contains("params")) request.params = params_of(body["params"]);
    return request;
}

Endpoint list_backfills(service::Service& service) {
    return {
        .path = "/api/v1/backfills",
        .name = "list_backfills",
        .summary = "Backfills, newest first",
        .area = "backfills",
        .role = Role::kViewer,
        .in_query = page_params({{"pipeline", pipeline_name_schema()},
                                 {"id_prefix", Schema::text().length(1, 64), "How the id begins"}}),
        .answers = {{200, "A page of backfills", Schema::page(backfill_head_schema())}},
        .handle = [&service](const Call& call) -> Result<Reply> {
            INGOT_TRY_ASSIGN(const std::vector<orc::Backfill> all, service.backfills());
            const std::string pipeline = call.text("pipeline");
            const std::string prefix = call.text("id_prefix");
            const std::string after = call.text("after");
            const auto limit = static_cast<std::size_t>(call.number("limit"));
            Json items = Json::array();
            std::string last;
            for (const orc::Backfill& backfill : all) {
                if (!pipeline.empty() && backfill.pipeline != pipeline) continue;
                if (!backfill.id.starts_with(prefix)) continue;
                if (!after.empty() && backfill.id >= after) continue;  // Ids grow with time.
                INGOT_TRY_ASSIGN(const service::BackfillRuns runs, service.backfill_runs(backfill));
                items.push_back(service::backfill_head_json(backfill, runs));
                last = backfill.id;
                if (items.size() == limit) break;
            }
            const bool full = items.size() == limit;
            return Reply(
                json_response({{"items", std::move(items)}, {"next", full ? Json(last) : Json()}}));
        }};
}

Endpoint begin_backfill(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/backfills",
            .name = "begin_backfill",
            .summary =
                "Run a pipeline, or build the tables of a selection, once for each window of a "
                "range, or say what would run",
            .area = "backfills",
            .role = Role::kOperator,
            .body = Schema::object(
                {{"pipeline", pipeline_name_schema()},
                 {"from", Schema::date_time()},
                 {"to", Schema::date_time()},
                 optional_field("order", order_schema()),
                 optional_field("redo", redo_schema()),
                 optional_field("active_runs", Schema::integer().at_least(1).at_most(1024)),
                 optional_field("params", Schema::map(Schema::any())),
                 optional_field("dry_run", Schema::boolean())}),
            .answers = {{200, "What would run (a dry run)", backfill_schema()},
                        {201, "It has begun", backfill_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY_ASSIGN(const service::BackfillRequest request, request_of(call.body));
                INGOT_TRY_ASSIGN(orc::Backfill backfill,
                                 service.plan_backfill(request, name_of(call)));
                const auto dry_run = call.body.find("dry_run");
                if (dry_run != call.body.end() && dry_run->get<bool>()) {
                    Json json = service::backfill_json(backfill, {});
                    json["id"] = nullptr;
                    return Reply(json_response(json));
                }
                const std::string id = backfill.id;
                INGOT_TRY(service.begin_backfill(std::move(backfill)));
                INGOT_TRY_ASSIGN(Reply reply, backfill_reply(service, id));
                std::get<Response>(reply).status = 201;
                return reply;
            }};
}

Endpoint get_backfill(service::Service& service) {
    return {.path = "/api/v1/backfills/{backfill_id}",
            .name = "get_backfill",
            .summary = "A backfill, window by window",
            .area = "backfills",
            .role = Role::kViewer,
            .answers = {{200, "The backfill", backfill_schema()}},
            .handle = [&service](const Call& call) {
                return backfill_reply(service, call.text("backfill_id"));
            }};
}

Endpoint change_backfill(service::Service& service, const std::string& verb,
                         orc::Backfill::State state, std::string summary) {
    return {.method = Method::kPost,
            .path = "/api/v1/backfills/{backfill_id}/" + verb,
            .name = verb + "_backfill",
            .summary = std::move(summary),
            .area = "backfills",
            .role = Role::kOperator,
            .answers = {{200, "The backfill", backfill_schema()}},
            .handle = [&service, state](const Call& call) -> Result<Reply> {
                INGOT_TRY(service.set_backfill_state(call.text("backfill_id"), state));
                return backfill_reply(service, call.text("backfill_id"));
            }};
}

}  // namespace

std::vector<Endpoint> backfill_endpoints(service::Service& service) {
    using State = orc::Backfill::State;
    return {list_backfills(service),
            begin_backfill(service),
            get_backfill(service),
            change_backfill(service, "pause", State::kPaused, "Start no more of its runs for now"),
            change_backfill(service, "resume", State::kRunning, "Go on with it"),
            change_backfill(service, "cancel", State::kCancelled,
                            "End it: what waits does not run, what runs comes to its end")};
}

}  // namespace ingot::server

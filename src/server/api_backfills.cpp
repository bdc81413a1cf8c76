// Backfills: a pipeline for the windows of a range.
#include "server/api_platform.hpp"
#include "server/problem.hpp"

namespace ingot::server {
namespace {

namespace orc = ingot::orchestrator;

Schema order_schema() {
    return Schema::one_of({"oldest_first", "newest_first"}).named("BackfillOrder");
}

Schema redo_schema() {
    return Schema::one_of({"none", "failed", "all"}).named("BackfillRedo");
}

const char* order_name(orc::BackfillOrder order) {
    return order == orc::BackfillOrder::kOldestFirst ? "oldest_first" : "newest_first";
}

const char* redo_name(orc::BackfillRedo redo) {
    switch (redo) {
        case orc::BackfillRedo::kNone:
            return "none";
        case orc::BackfillRedo::kFailed:
            return "failed";
        case orc::BackfillRedo::kAll:
            break;
    }
    return "all";
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
            {"pipeline", Schema::text()},
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

using Runs = std::map<Interval, orc::RunHead>;

/// `waiting` before it has a run, `skipped` when it gets none.
std::string state_of(const orc::BackfillWindow& window, const Runs& runs) {
    if (!window.runs) return "skipped";
    const auto run = runs.find(window.window);
    if (run == runs.end()) return "waiting";
    const orc::RunState state = run->second.state;
    return std::string(state == orc::RunState::kQueued ? "waiting" : orc::run_state_name(state));
}

Json head_json(const orc::Backfill& backfill, const Runs& runs) {
    Json counts{{"waiting", 0}, {"running", 0},   {"success", 0},
                {"failed", 0},  {"cancelled", 0}, {"skipped", 0}};
    for (const orc::BackfillWindow& window : backfill.windows) {
        Json& count = counts[state_of(window, runs)];
        count = count.get<int>() + 1;
    }
    return {{"id", backfill.id},
            {"pipeline", backfill.pipeline},
            {"from", backfill.range.start.to_string()},
            {"to", backfill.range.end.to_string()},
            {"order", order_name(backfill.order)},
            {"redo", redo_name(backfill.redo)},
            {"active_runs", backfill.active_runs},
            {"by", backfill.by},
            {"state", orc::backfill_state_name(backfill.state)},
            {"problem", backfill.problem},
            {"created_at", backfill.created_at.to_string()},
            {"ended_at", backfill.ended_at ? Json(backfill.ended_at->to_string()) : Json()},
            {"counts", std::move(counts)}};
}

Json backfill_json(const orc::Backfill& backfill, const Runs& runs) {
    Json json = head_json(backfill, runs);
    json["windows"] = Json::array();
    for (const orc::BackfillWindow& window : backfill.windows) {
        const auto run = runs.find(window.window);
        json["windows"].push_back(
            {{"start", window.window.start.to_string()},
             {"end", window.window.end.to_string()},
             {"action", window.runs ? "run" : "skip"},
             {"reason", window.reason},
             {"state", state_of(window, runs)},
             {"run_id", run == runs.end() ? Json() : Json(run->second.id.value())}});
    }
    return json;
}

Result<Reply> backfill_reply(const service::Service& service, const std::string& id) {
    INGOT_TRY_ASSIGN(const orc::Backfill backfill, service.backfill(id));
    INGOT_TRY_ASSIGN(const Runs runs, service.backfill_runs(backfill));
    return Reply(json_response(backfill_json(backfill, runs)));
}

Result<service::BackfillRequest> request_of(const Json& body) {
    service::BackfillRequest request;
    request.pipeline = body["pipeline"].get<std::string>();
    INGOT_TRY_ASSIGN(request.range, window_of({{"start", body["from"]}, {"end", body["to"]}}));
    if (body.contains("order")) {
        request.order = body["order"] == "newest_first" ? orc::BackfillOrder::kNewestFirst
                                                        : orc::BackfillOrder::kOldestFirst;
    }
    if (body.contains("redo")) {
        request.redo = body["redo"] == "none"     ? orc::BackfillRedo::kNone
                       : body["redo"] == "failed" ? orc::BackfillRedo::kFailed
                                                  : orc::BackfillRedo::kAll;
    }
    if (body.contains("active_runs")) request.active_runs = body["active_runs"].get<int>();
    if (body.contains("params")) request.params = params_of(body["params"]);
    return request;
}

Endpoint list_backfills(service::Service& service) {
    return {.path = "/api/v1/backfills",
            .name = "list_backfills",
            .summary = "Backfills, newest first",
            .area = "backfills",
            .role = Role::kViewer,
            .in_query = page_params({{"pipeline", Schema::text().length(1, 200)}}),
            .answers = {{200, "A page of backfills", Schema::page(backfill_head_schema())}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY_ASSIGN(const std::vector<orc::Backfill> all, service.backfills());
                const std::string pipeline = call.text("pipeline");
                const std::string after = call.text("after");
                const auto limit = static_cast<std::size_t>(call.number("limit"));
                Json items = Json::array();
                std::string last;
                for (const orc::Backfill& backfill : all) {
                    if (!pipeline.empty() && backfill.pipeline != pipeline) continue;
                    if (!after.empty() && backfill.id >= after) continue;  // Ids grow with time.
                    INGOT_TRY_ASSIGN(const Runs runs, service.backfill_runs(backfill));
                    items.push_back(head_json(backfill, runs));
                    last = backfill.id;
                    if (items.size() == limit) break;
                }
                const bool full = items.size() == limit;
                return Reply(json_response(
                    {{"items", std::move(items)}, {"next", full ? Json(last) : Json()}}));
            }};
}

Endpoint begin_backfill(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/backfills",
            .name = "begin_backfill",
            .summary = "Run a pipeline once for each window of a range, or say what would run",
            .area = "backfills",
            .role = Role::kOperator,
            .body = Schema::object(
                {{"pipeline", Schema::text().length(1, 200)},
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
                    Json json = backfill_json(backfill, {});
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

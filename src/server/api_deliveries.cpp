// Who was told what, and whether it arrived.
#include <algorithm>

#include "notify/outbox.hpp"
#include "server/api_platform.hpp"
#include "server/problem.hpp"

namespace ingot::server {
namespace {

using notify::Delivery;

Schema state_schema() {
    return Schema::one_of({"waiting", "delivered", "given_up"}).named("DeliveryState");
}

Schema delivery_schema() {
    return Schema::object(
               {{"id", Schema::text()},
                {"receiver", Schema::text().described("A name of `notify:` in project.yml")},
                {"event", Schema::text().described("run_failed, task_failed, deadline_missed, "
                                                   "freshness")},
                {"title", Schema::text()},
                {"text", Schema::text()},
                {"facts", Schema::map(Schema::text())
                              .described("project, pipeline, run, task, table, ..., as far as "
                                         "they are known")},
                {"state", state_schema()},
                {"attempts", Schema::integer()},
                {"outcome", Schema::text().described("What the last attempt came to")},
                {"created_at", Schema::date_time()},
                {"next_at", Schema::date_time().nullable().described("Null: it has ended")},
                {"ended_at", Schema::date_time().nullable()}})
        .named("Delivery");
}

Json delivery_json(const Delivery& delivery) {
    Json facts = Json::object();
    for (const auto& [name, value] : delivery.message.facts) facts[name] = value;
    const bool waiting = delivery.state == Delivery::State::kWaiting;
    return {{"id", delivery.id},
            {"receiver", delivery.receiver},
            {"event", delivery.message.event},
            {"title", delivery.message.title},
            {"text", delivery.message.text},
            {"facts", std::move(facts)},
            {"state", notify::delivery_state_name(delivery.state)},
            {"attempts", delivery.attempts},
            {"outcome", delivery.outcome},
            {"created_at", delivery.created.to_string()},
            {"next_at", waiting ? Json(delivery.next_at.to_string()) : Json()},
            {"ended_at", delivery.ended_at ? Json(delivery.ended_at->to_string()) : Json()}};
}

Result<Reply> delivery_reply(const service::Service& service, const std::string& id) {
    const std::vector<Delivery> all = service.deliveries();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Delivery& delivery) { return delivery.id == id; });
    if (found == all.end()) {
        return make_error(ErrorCode::kNotFound, "there is no delivery {}", id);
    }
    return Reply(json_response(delivery_json(*found)));
}

Endpoint list_deliveries(service::Service& service) {
    return {
        .path = "/api/v1/deliveries",
        .name = "list_deliveries",
        .summary = "Who was told of what, and whether it arrived; newest first",
        .area = "deliveries",
        .role = Role::kViewer,
        .in_query =
            page_params({{"state", state_schema()}, {"receiver", Schema::text().length(1, 200)}}),
        .answers = {{200, "A page of deliveries", Schema::page(delivery_schema())}},
        .handle = [&service](const Call& call) -> Result<Reply> {
            const std::string state = call.text("state");
            const std::string receiver = call.text("receiver");
            const std::string after = call.text("after");
            const auto limit = static_cast<std::size_t>(call.number("limit"));
            Json items = Json::array();
            std::string last;
            for (const Delivery& delivery : service.deliveries()) {
                if (!state.empty() && notify::delivery_state_name(delivery.state) != state)
                    continue;
                if (!receiver.empty() && delivery.receiver != receiver) continue;
                if (!after.empty() && delivery.id >= after) continue;  // Ids grow with time.
                items.push_back(delivery_json(delivery));
                last = delivery.id;
                if (items.size() == limit) break;
            }
            const bool full = items.size() == limit;
            return Reply(
                json_response({{"items", std::move(items)}, {"next", full ? Json(last) : Json()}}));
        }};
}

Endpoint get_delivery(service::Service& service) {
    return {.path = "/api/v1/deliveries/{delivery_id}",
            .name = "get_delivery",
            .summary = "One of them",
            .area = "deliveries",
            .role = Role::kViewer,
            .answers = {{200, "The delivery", delivery_schema()}},
            .handle = [&service](const Call& call) {
                return delivery_reply(service, call.text("delivery_id"));
            }};
}

Endpoint retry_delivery(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/deliveries/{delivery_id}/retry",
            .name = "retry_delivery",
            .summary = "Try again now what was given up, or waits for its next attempt",
            .area = "deliveries",
            .role = Role::kOperator,
            .answers = {{200, "The delivery", delivery_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY(service.deliver_again(call.text("delivery_id")));
                return delivery_reply(service, call.text("delivery_id"));
            }};
}

}  // namespace

std::vector<Endpoint> delivery_endpoints(service::Service& service) {
    return {list_deliveries(service), get_delivery(service), retry_delivery(service)};
}

}  // namespace ingot::server

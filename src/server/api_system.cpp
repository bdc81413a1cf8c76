#include "server/api_system.hpp"

#include "server/openapi.hpp"
#include "server/problem.hpp"

namespace ingot::server {
namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";

Response plain(std::string text, const char* type = kPlain) {
    return {
        .content_type = type, .body = std::move(text), .headers = {{"Cache-Control", "no-store"}}};
}

Endpoint health() {
    return {.path = "/healthz",
            .name = "get_health",
            .summary = "Whether the server is alive",
            .area = "system",
            .answers = {{200, "It is", Schema::text(), kPlain}},
            .handle = [](const Call&) -> Result<Reply> { return Reply(plain("ok\n")); }};
}

Endpoint readiness(std::function<Status()> ready) {
    return {
        .path = "/readyz",
        .name = "get_readiness",
        .summary = "Whether the store and the project can be used",
        .area = "system",
        .answers = {{200, "They can", Schema::text(), kPlain},
                    {503, "They cannot, and why", problem_schema(), "application/problem+json"}},
        .handle = [ready = std::move(ready)](const Call&) -> Result<Reply> {
            if (const Status status = ready ? ready() : Status(); !status)
                return Reply(problem(503, "not_ready", status.error().to_string()));
            return Reply(plain("ready\n"));
        }};
}

Endpoint metrics(const RequestMetrics& requests, MetricsSource source) {
    constexpr const char* kType = "text/plain; version=0.0.4; charset=utf-8";
    return {.path = "/metrics",
            .name = "get_metrics",
            .summary = "Numbers for Prometheus",
            .area = "system",
            .role = Role::kViewer,
            .answers = {{200, "Its text format", Schema::text(), kType}},
            .handle = [&requests, source = std::move(source)](const Call&) -> Result<Reply> {
                MetricsText text;
                text.family("ingot_info", "gauge", "The program");
                text.sample(1, {{"version", INGOT_VERSION}});
                requests.write(text);
                if (source) source(text);
                return Reply(plain(text.text(), kType));
            }};
}

Endpoint events(const EventHub& hub) {
    return {.path = "/api/v1/events",
            .name = "stream_events",
            .summary = "Everything that changes, as it does (server-sent events)",
            .area = "system",
            .role = Role::kViewer,
            .answers = {{200,
                         "A stream without an end. Last-Event-ID goes on after that event; where "
                         "it is too old, the event `reset` says to fetch everything anew",
                         Schema::text(), "text/event-stream"}},
            .handle = [&hub](const Call& call) -> Result<Reply> {
                return Reply(hub.stream(call.request.header("last-event-id")));
            }};
}

}  // namespace

std::vector<Endpoint> system_endpoints(SystemParts parts) {
    return {health(), readiness(std::move(parts.ready)),
            metrics(parts.requests, std::move(parts.metrics)), events(parts.events)};
}

Endpoint openapi_endpoint(const std::vector<Endpoint>& others) {
    Endpoint own{.path = "/api/v1/openapi.json",
                 .name = "get_openapi",
                 .summary = "This API as an OpenAPI 3.1 document",
                 .area = "system",
                 .role = Role::kViewer,
                 .answers = {{200, "The document", Schema::map(Schema::any())}},
                 .handle = {}};
    std::vector<Endpoint> all = others;
    all.push_back(own);
    own.handle = [document = openapi_document(all)](const Call&) -> Result<Reply> {
        return Reply(json_response(document));
    };
    return own;
}

}  // namespace ingot::server

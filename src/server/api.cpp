#include "server/api.hpp"

#include "server/problem.hpp"

#include "base/log.hpp"

namespace ingot::server {
namespace {

/// Nobody guesses a type, and no answer is kept where others could see it.
Reply hardened(Reply reply) {
    if (Response* response = std::get_if<Response>(&reply))
        response->headers.emplace_back("X-Content-Type-Options", "nosniff");
    return reply;
}

bool is_for_a_person(const Request& request) {
    return (request.method == Method::kGet || request.method == Method::kHead) &&
           !request.path().starts_with("/api/");
}

/// Of somebody who is not known yet: the name that was tried.
std::string tried_name(const Request& request) {
    const Result<Json> body = parse_json(request.body);
    if (!body || !body->is_object()) return {};
    const auto user = body->find("user");
    if (user == body->end() || !user->is_string()) return {};
    return user->get<std::string>().substr(0, 64);
}

}  // namespace

Reply Api::handle(const Request& request) const {
    const Duration begun = parts_.clock.steady();
    auto found = router_.find(request);
    if (auto* refusal = std::get_if<Response>(&found)) {
        const bool unknown = refusal->status == 404 && is_for_a_person(request);
        Reply reply = hardened(unknown ? parts_.web.serve(request) : std::move(*refusal));
        count(request, unknown ? "web" : "none", reply, begun);
        return reply;
    }
    const auto& route = std::get<Router::Found>(found);
    Reply reply = hardened(answer(request, route));
    count(request, route.endpoint->path, reply, begun);
    return reply;
}

Reply Api::answer(const Request& request, const Router::Found& found) const {
    const Endpoint& endpoint = *found.endpoint;
    Guard::Entry entry = parts_.guard.enter(request, endpoint);
    if (entry.refusal) {
        record(request, endpoint, entry, entry.refusal->status);
        return *std::move(entry.refusal);
    }
    auto read = Router::read(found, request);
    if (auto* refusal = std::get_if<Response>(&read)) return std::move(*refusal);
    Call& call = std::get<Call>(read);
    call.who = entry.who;
    Result<Reply> reply = endpoint.handle(call);
    Reply given = reply ? *std::move(reply) : Reply(problem(reply.error()));
    if (const Response* response = std::get_if<Response>(&given))
        record(request, endpoint, entry, response->status);
    return given;
}

/// What would have changed something, and whoever wanted more than his role allows. Refusals for
/// other reasons changed nothing, and anybody could fill the disk with them.
void Api::record(const Request& request, const Endpoint& endpoint, const Guard::Entry& entry,
                 int status) const {
    const bool log_in = !endpoint.role && !is_safe(endpoint.method);
    const bool denied = status == 403 || (status == 401 && log_in);
    if (!denied && (is_safe(endpoint.method) || entry.refusal || status == 429)) return;
    const char* outcome = denied ? "denied" : status < 400 ? "done" : "failed";
    const Status written = parts_.audit.add({.who = entry.who ? entry.who->name
                                                    : log_in  ? tried_name(request)
                                                              : "",
                                             .what = endpoint.name,
                                             .object = std::string(request.path().substr(0, 500)),
                                             .outcome = fmt::format("{} {}", outcome, status),
                                             .address = entry.address});
    if (written) return;
    parts_.metrics.audit_failed();
    log_error("the audit log could not take {} of {}: {}", endpoint.name,
              entry.who ? entry.who->name : "nobody known", written.error().to_string());
}

void Api::count(const Request& request, std::string_view route, const Reply& reply,
                Duration begun) const {
    const Response* response = std::get_if<Response>(&reply);
    parts_.metrics.count(method_name(request.method), route,
                         response == nullptr ? 200 : response->status,
                         parts_.clock.steady() - begun);
}

}  // namespace ingot::server

#include "server/router.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "server/problem.hpp"

#include "base/check.hpp"

namespace ingot::server {
namespace {

bool is_param(const std::string& segment) {
    return segment.starts_with('{');
}

std::vector<std::string> param_names(const Endpoint& endpoint) {
    std::vector<std::string> names;
    const auto segments = path_segments(endpoint.path);
    for (const std::string& segment : *segments)
        if (is_param(segment)) names.push_back(segment.substr(1, segment.size() - 2));
    return names;
}

std::string allowed_methods(const std::vector<const Endpoint*>& endpoints) {
    std::set<std::string> methods = {"OPTIONS"};
    for (const Endpoint* endpoint : endpoints) {
        methods.emplace(method_name(endpoint->method));
        if (endpoint->method == Method::kGet) methods.insert("HEAD");
    }
    std::string text;
    for (const std::string& method : methods) text += (text.empty() ? "" : ", ") + method;
    return text;
}

/// One value of a path or query against its schema.
void take(const Schema& schema, const std::string& name, const std::string& text, Json& into,
          std::vector<Violation>& violations) {
    Result<Json> value = schema.parse(text);
    if (!value) {
        violations.push_back({name, value.error().message});
        return;
    }
    for (const Violation& it : schema.check(*value)) violations.push_back({name, it.message});
    into[name] = *std::move(value);
}

void read_path(const Router::Found& found, Json& path, std::vector<Violation>& violations) {
    const std::vector<std::string> names = param_names(*found.endpoint);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& params = found.endpoint->in_path;
        const auto known = std::find_if(params.begin(), params.end(),
                                        [&](const Param& it) { return it.name == names[i]; });
        const Schema schema = known == params.end() ? Schema::text() : known->schema;
        take(schema, names[i], found.values[i], path, violations);
    }
}

/// False: the query cannot be read at all.
bool read_query(const Endpoint& endpoint, std::string_view text, Json& query,
                std::vector<Violation>& violations) {
    const auto pairs = query_pairs(text);
    if (!pairs) return false;
    for (const auto& [name, value] : *pairs) {
        const auto known =
            std::find_if(endpoint.in_query.begin(), endpoint.in_query.end(),
                         [&name = name](const Param& it) { return it.name == name; });
        if (known == endpoint.in_query.end()) {
            violations.push_back({name, "is not known here"});
        } else if (query.contains(name)) {
            violations.push_back({name, "comes twice"});
        } else {
            take(known->schema, name, value, query, violations);
        }
    }
    for (const Param& param : endpoint.in_query)
        if (!query.contains(param.name) && !param.fallback.is_null())
            query[param.name] = param.fallback;
    return true;
}

bool is_json(std::string_view content_type) {
    std::string type(content_type.substr(0, content_type.find(';')));
    while (type.ends_with(' ')) type.pop_back();
    std::transform(type.begin(), type.end(), type.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return type == "application/json";
}

/// Fills `body`, or says what is wrong.
std::optional<Response> read_body(const Endpoint& endpoint, const Request& request, Json& body,
                                  std::vector<Violation>& violations) {
    if (!endpoint.body) {
        if (request.body.empty()) return std::nullopt;
        return problem(400, "no_body", "this request has no body");
    }
    if (request.body.empty()) {
        if (endpoint.body_required)
            return problem(400, "body_missing", "this request has a body: an object in JSON");
        return std::nullopt;
    }
    // A page of another site may send other types without asking first, but not this one.
    if (!is_json(request.header("content-type"))) {
        return problem(415, "not_json", "the body has to be JSON: Content-Type: application/json");
    }
    Result<Json> json = parse_json(request.body);
    if (!json) return problem(400, "bad_json", "the body is not JSON: " + json.error().message);
    body = *std::move(json);
    for (Violation& it : endpoint.body->check(body)) {
        if (it.field.empty()) it.field = "body";
        violations.push_back(std::move(it));
    }
    return std::nullopt;
}

}  // namespace

std::string Call::text(const char* name) const {
    for (const Json* values : {&path, &query}) {
        const auto found = values->find(name);
        if (found != values->end() && found->is_string()) return found->get<std::string>();
    }
    return {};
}

std::int64_t Call::number(const char* name) const {
    for (const Json* values : {&path, &query}) {
        const auto found = values->find(name);
        if (found != values->end() && found->is_number_integer()) return found->get<std::int64_t>();
    }
    return 0;
}

std::string Call::body_text(const char* name) const {
    if (!body.is_object()) return {};
    const auto found = body.find(name);
    return found == body.end() || found->is_null() ? std::string() : found->get<std::string>();
}

std::vector<Param> page_params(std::vector<Param> others, std::int64_t limit_most) {
    others.push_back({"limit", Schema::integer().at_least(1).at_most(limit_most),
                      "How many items at most", std::min<std::int64_t>(50, limit_most)});
    others.push_back({"after", Schema::text().length(1, 200), "`next` of the page before"});
    return others;
}

Router::Router(std::vector<Endpoint> endpoints) : endpoints_(std::move(endpoints)) {
    std::map<std::vector<std::string>, std::vector<const Endpoint*>> by_shape;
    std::set<std::string> names;
    for (const Endpoint& endpoint : endpoints_) {
        INGOT_CHECK(names.insert(endpoint.name).second, "two endpoints are named " + endpoint.name);
        auto segments = path_segments(endpoint.path);
        INGOT_CHECK(segments.has_value(), endpoint.path);
        for (std::string& segment : *segments)
            if (is_param(segment)) segment = "{}";
        auto& same = by_shape[*std::move(segments)];
        for (const Endpoint* other : same)
            INGOT_CHECK(other->method != endpoint.method, "two endpoints for " + endpoint.path);
        same.push_back(&endpoint);
    }
    for (auto& [segments, same] : by_shape) routes_.push_back({segments, std::move(same)});
    std::stable_sort(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) {
        const auto params = [](const Route& route) {
            return std::count_if(route.segments.begin(), route.segments.end(), is_param);
        };
        return params(a) < params(b);
    });
}

const Router::Route* Router::match(const std::vector<std::string>& segments) const {
    for (const Route& route : routes_) {
        const bool fits =
            std::equal(route.segments.begin(), route.segments.end(), segments.begin(),
                       segments.end(), [](const std::string& own, const std::string& asked) {
                           return is_param(own) ? !asked.empty() : own == asked;
                       });
        if (fits) return &route;
    }
    return nullptr;
}

std::variant<Router::Found, Response> Router::find(const Request& request) const {
    const auto segments = path_segments(request.path());
    if (!segments) return problem(400, "bad_path", "the path cannot be read: %XX stands for UTF-8");
    const Route* route = match(*segments);
    if (route == nullptr) {
        return problem(404, "no_such_path",
                       "there is nothing at this path: /api/v1/openapi.json lists what there is");
    }
    const Method method = request.method == Method::kHead ? Method::kGet : request.method;
    for (const Endpoint* endpoint : route->endpoints) {
        if (endpoint->method != method) continue;
        Found found{endpoint, {}};
        for (std::size_t i = 0; i < segments->size(); ++i)
            if (is_param(route->segments[i])) found.values.push_back((*segments)[i]);
        return found;
    }
    const std::string allowed = allowed_methods(route->endpoints);
    Response response = request.method == Method::kOptions
                            ? Response{.status = 204}
                            : problem(405, "wrong_method", "this path takes " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
}

std::variant<Call, Response> Router::read(const Found& found, const Request& request) {
    Call call{request, *found.endpoint, Json::object(), Json::object(), nullptr, {}};
    std::vector<Violation> violations;
    read_path(found, call.path, violations);
    if (!read_query(*found.endpoint, request.query(), call.query, violations))
        return problem(400, "bad_query", "the query cannot be read: name=value&..., %XX for UTF-8");
    if (auto wrong = read_body(*found.endpoint, request, call.body, violations))
        return *std::move(wrong);
    if (violations.empty()) return call;
    const Violation& first = violations.front();
    return problem(422, "not_valid", first.field + " " + first.message, violations);
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    std::vector<std::string> segments;
    for (std::size_t at = 1; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        auto decoded = percent_decode(path.substr(at, end - at));
        if (!decoded) return std::nullopt;
        segments.push_back(*std::move(decoded));
        at = end + 1;
    }
    return segments;
}

std::optional<std::vector<std::pair<std::string, std::string>>> query_pairs(
    std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        std::string pair(query.substr(0, end));
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        std::replace(pair.begin(), pair.end(), '+', ' ');
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(std::string_view(pair).substr(0, equals));
        auto value =
            percent_decode(std::string_view(pair).substr(std::min(equals + 1, pair.size())));
        if (!name || !value) return std::nullopt;
        pairs.emplace_back(*std::move(name), *std::move(value));
    }
    return pairs;
}

}  // namespace ingot::server

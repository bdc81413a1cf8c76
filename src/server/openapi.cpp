#include "server/openapi.hpp"

#include <algorithm>

#include "server/problem.hpp"

namespace ingot::server {
namespace {

std::string lower(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lowered;
}

Json content(const Schema& schema, const std::string& type, Json& components) {
    return {{type, {{"schema", schema.describe(components)}}}};
}

Json parameters(const Endpoint& endpoint, Json& components) {
    Json list = Json::array();
    std::string_view rest = endpoint.path;
    for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
        const auto close = rest.find('}');
        const std::string name(rest.substr(open + 1, close - open - 1));
        rest.remove_prefix(close + 1);
        const auto known = std::find_if(endpoint.in_path.begin(), endpoint.in_path.end(),
                                        [&](const Param& param) { return param.name == name; });
        const bool found = known != endpoint.in_path.end();
        Json param{{"name", name}, {"in", "path"}, {"required", true}};
        if (found && !known->description.empty()) param["description"] = known->description;
        param["schema"] = (found ? known->schema : Schema::text()).describe(components);
        list.push_back(std::move(param));
    }
    for (const Param& param : endpoint.in_query) {
        Json json{{"name", param.name}, {"in", "query"}, {"required", false}};
        if (!param.description.empty()) json["description"] = param.description;
        json["schema"] = param.schema.describe(components);
        if (!param.fallback.is_null()) json["schema"]["default"] = param.fallback;
        list.push_back(std::move(json));
    }
    return list;
}

/// Problems that the definition implies, and those that any request may meet.
Json problems(const Endpoint& endpoint, const Json& reference) {
    std::vector<int> statuses;
    if (!endpoint.in_query.empty() || endpoint.body || endpoint.path.find('{') != std::string::npos)
        statuses = {400, 404, 422};
    if (endpoint.body) statuses.push_back(415);
    if (endpoint.role) statuses.insert(statuses.end(), {401, 403});
    if (!is_safe(endpoint.method)) statuses.push_back(409);
    std::sort(statuses.begin(), statuses.end());
    Json json = Json::object();
    for (const int status : statuses)
        json[std::to_string(status)] = {{"description", reason_phrase(status)},
                                        {"content", reference}};
    json["default"] = {{"description", "Any other problem"}, {"content", reference}};
    return json;
}

Json operation(const Endpoint& endpoint, Json& components) {
    Json json{{"operationId", endpoint.name},
              {"summary", endpoint.summary},
              {"tags", Json::array({endpoint.area})}};
    if (endpoint.role) {
        json["description"] = fmt::format("Needs the role {}.", role_name(*endpoint.role));
    } else {
        json["security"] = Json::array();
    }
    Json params = parameters(endpoint, components);
    if (!params.empty()) json["parameters"] = std::move(params);
    if (endpoint.body) {
        json["requestBody"] = {
            {"required", endpoint.body_required},
            {"content", content(*endpoint.body, "application/json", components)}};
    }
    json["responses"] = Json::object();
    for (const Answer& answer : endpoint.answers) {
        Json& response = json["responses"][std::to_string(answer.status)];
        response["description"] = answer.description;
        if (answer.schema)
            response["content"] = content(*answer.schema, answer.content_type, components);
    }
    const Json reference = content(problem_schema(), "application/problem+json", components);
    const Json implied = problems(endpoint, reference);
    for (const auto& [status, response] : implied.items())
        if (!json["responses"].contains(status)) json["responses"][status] = response;
    return json;
}

}  // namespace

Json openapi_document(const std::vector<Endpoint>& endpoints) {
    Json components = Json::object();
    Json paths = Json::object();
    for (const Endpoint& endpoint : endpoints)
        paths[endpoint.path][lower(method_name(endpoint.method))] = operation(endpoint, components);
    Json security = {{"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "ingot_session"}}},
                     {"token", {{"type", "http"}, {"scheme", "bearer"}}}};
    return {{"openapi", "3.1.0"},
            {"info",
             {{"title", "Ingot"},
              {"version", INGOT_VERSION},
              {"description",
               "Times are ISO 8601 in UTC. Errors are RFC 9457 problems. Lists come "
               "in pages: `next` of one is `after` of the following. Unsafe "
               "requests of a session bring the header X-CSRF-Token."}}},
            {"paths", std::move(paths)},
            {"components",
             {{"schemas", std::move(components)}, {"securitySchemes", std::move(security)}}},
            {"security", Json::array({{{"session", Json::array()}}, {{"token", Json::array()}}})}};
}

}  // namespace ingot::server

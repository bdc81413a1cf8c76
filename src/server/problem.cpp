#include "server/problem.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace ingot::server {
namespace {

/// After a 503. A store that takes nothing in is tried so often; another server is there by then.
constexpr const char* kAgainInSeconds = "5";

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
        case ErrorCode::kUnsupported:
            return 422;
        case ErrorCode::kNotFound:
            return 404;
        case ErrorCode::kAlreadyExists:
        case ErrorCode::kCommitConflict:
            return 409;
        case ErrorCode::kTimeout:
        case ErrorCode::kCancelled:
            return 503;
        default:
            return 500;
    }
}

/// Bytes that are not UTF-8 become the replacement character: an answer is always JSON.
std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Response problem(int status, std::string_view code, std::string_view detail,
                 const std::vector<Violation>& violations) {
    Json json{{"type", "about:blank"},
              {"title", reason_phrase(status)},
              {"status", status},
              {"detail", mask_secrets(detail)},
              {"code", code}};
    if (!violations.empty()) {
        json["errors"] = Json::array();
        for (const Violation& it : violations)
            json["errors"].push_back({{"field", it.field}, {"message", it.message}});
    }
    Response response = {.status = status,
                         .content_type = "application/problem+json",
                         .body = text_of(json),
                         .headers = {{"Cache-Control", "no-store"}}};
    if (status == 503) response.headers.emplace_back("Retry-After", kAgainInSeconds);
    return response;
}

Response problem(const Error& error) {
    const int status = status_of(error.code);
    if (status >= 500) log_error("a request failed: {}", error.to_string());
    std::string code(error_code_name(error.code));
    std::replace(code.begin(), code.end(), ' ', '_');
    return problem(status, code, error.to_string());
}

Schema problem_schema() {
    return Schema::object({{"type", Schema::text()},
                           {"title", Schema::text()},
                           {"status", Schema::integer()},
                           {"detail", Schema::text().described("What happened, and what to do")},
                           {"code", Schema::text().described("For programs")},
                           optional_field("errors", Schema::array(Schema::object(
                                                        {{"field", Schema::text()},
                                                         {"message", Schema::text()}})))})
        .named("Problem");
}

Response json_response(const Json& json, int status) {
    return {.status = status, .body = text_of(json), .headers = {{"Cache-Control", "no-store"}}};
}

}  // namespace ingot::server

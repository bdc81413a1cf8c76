#pragma once
// What went wrong, as RFC 9457 has it: application/problem+json.
#include <string>
#include <string_view>
#include <vector>

#include "server/http_message.hpp"
#include "server/schema.hpp"

#include "base/result.hpp"

namespace ingot::server {

/// A 503 says when to come again. `code` is for programs: `not_found`, `wrong_role`. `detail` says
/// what happened and what to do.
Response problem(int status, std::string_view code, std::string_view detail,
                 const std::vector<Violation>& violations = {});
/// An error of Ingot with the status that fits its code. Those that are not the client's fault go
/// to the log.
Response problem(const Error& error);
Schema problem_schema();

Response json_response(const Json& json, int status = 200);

}  // namespace ingot::server

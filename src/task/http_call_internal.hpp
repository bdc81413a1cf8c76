#pragma once
#include "net/http_client.hpp"
#include "task/task_attempt_internal.hpp"

namespace ingot::task {

/// The request with its templates filled in.
Result<net::HttpRequest> request_of(const project::HttpCall& call, const TaskAttempt& attempt);

/// One attempt. A GET follows redirects.
Result<net::HttpResponse> answer_to(const project::HttpCall& call, const net::HttpRequest& request,
                                    const TaskAttempt& attempt);

/// Whether the status is one that the call expects.
bool is_expected(const project::HttpCall& call, int status);

/// `GET https://example.org/x: status 404: not here`, secrets masked.
std::string answer_text(const net::HttpRequest& request, const net::HttpResponse& response);

}  // namespace ingot::task

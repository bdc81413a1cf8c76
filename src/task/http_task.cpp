// A task that calls a service.
#include <algorithm>
#include <cctype>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "net/url.hpp"
#include "task/http_call_internal.hpp"
#include "task/task_values_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::TaskOutcome;

constexpr std::uint64_t kAnswerBytesMax = 16 * 1024 * 1024;
/// Without a limit of its own, a call that hears nothing for so long is given up.
constexpr Duration kSilenceMax = std::chrono::minutes(5);

constexpr const char* kNotAgain =
    "; it may have done its work, so it is not tried again: an 'idempotency_key' would allow it";

constexpr const char* kKeyHeader = "Idempotency-Key";

/// Names of headers have no case.
bool is_same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

std::string key_of(const net::HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
        if (name == kKeyHeader) return value;
    }
    return {};
}

/// The same for all attempts. A copy whose item has changed does another thing.
std::string automatic_key(const orchestrator::Attempt& attempt) {
    const std::string key = attempt.run.value() + '/' + attempt.planned().name;
    return attempt.copy ? fmt::format("{}/{:016x}", key, hash64(attempt.item)) : key;
}

/// Whether another attempt of the run may do it again.
bool may_repeat(const net::HttpRequest& request) {
    return (request.method != "POST" && request.method != "PATCH") || !key_of(request).empty();
}

bool is_passing(int status) {
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

/// An object is what the task gives; anything else is for the log only.
std::string values_of(const net::HttpResponse& response, const TaskAttempt& attempt) {
    Result<std::string> values = checked_values(response.body, "the answer");
    if (values) return *std::move(values);
    if (!response.body.empty()) {
        write_line(attempt.log, "gives no values: " + values.error().message);
    }
    return {};
}

TaskOutcome outcome_of(const project::HttpCall& call, const net::HttpRequest& request,
                       const net::HttpResponse& response, const TaskAttempt& attempt) {
    const std::string text = answer_text(request, response);
    write_line(attempt.log, text);
    if (is_expected(call, response.status)) {
        TaskOutcome outcome;
        outcome.values = values_of(response, attempt);
        return outcome;
    }
    const bool again =
        is_passing(response.status) && (may_repeat(request) || response.status == 429);
    const bool unsure = is_passing(response.status) && !again;
    return {TaskOutcome::Kind::kFailed,
            unsure ? text +
                         "; it may have done its work, so it is not tried again: an "
                         "'idempotency_key' would allow it"
                   : text,
            again};
}

}  // namespace

TaskOutcome carry_out(const project::HttpTask& http, const TaskAttempt& attempt) {
    const Result<net::HttpRequest> request = request_of(http.call, attempt);
    if (!request) return failed(request.error(), attempt);
    const Result<net::HttpResponse> response = answer_to(http.call, *request, attempt);
    if (response) return outcome_of(http.call, *request, *response, attempt);
    TaskOutcome outcome = failed(response.error(), attempt);
    if (outcome.kind == TaskOutcome::Kind::kFailed && !may_repeat(*request) &&
        !net::was_not_sent(response.error())) {
        outcome.message += kNotAgain;
        outcome.retryable = false;
    }
    return outcome;
}

Result<net::HttpResponse> answer_to(const project::HttpCall& call, const net::HttpRequest& request,
                                    const TaskAttempt& attempt) {
    net::HttpClient client(attempt.workspace.clock);
    const bool expects_trouble =
        std::any_of(call.statuses.begin(), call.statuses.end(), is_passing);
    return request.method == "GET" && !expects_trouble ? client.get(request, attempt.stop)
                                                       : client.send(request, attempt.stop);
}

Result<net::HttpRequest> request_of(const project::HttpCall& call, const TaskAttempt& attempt) {
    const project::TemplateContext values = template_values(attempt);
    const std::string place = "in " + attempt.task.place.to_string();
    net::HttpRequest request;
    request.method = call.method;
    INGOT_TRY_ASSIGN_WITH(request.url, call.url.render_text(values), place);
    INGOT_TRY_ASSIGN_WITH(request.body, call.body.render_text(values), place);
    for (const auto& [name, value] : call.headers) {
        INGOT_TRY_ASSIGN_WITH(std::string text, value.render_text(values), place);
        if (text.find_first_of("\r\n") != std::string::npos) {
            return make_error(ErrorCode::kInvalidArgument, "the header {} has a line break", name)
                .with(place);
        }
        request.headers.emplace_back(name, std::move(text));
    }
    const bool typed =
        std::any_of(request.headers.begin(), request.headers.end(),
                    [](const auto& header) { return is_same_name(header.first, "Content-Type"); });
    if (!request.body.empty() && !typed) {
        request.headers.emplace_back("Content-Type", "application/json");
    }
    INGOT_TRY_ASSIGN_WITH(std::string key, call.idempotency_key.render_text(values), place);
    if (key == "auto") key = automatic_key(attempt.attempt);
    if (!key.empty()) request.headers.emplace_back(kKeyHeader, std::move(key));
    request.retry.attempts_max = 1;
    request.limits.bytes_max = kAnswerBytesMax;
    request.limits.low_speed_bytes_per_second = 1;
    request.limits.low_speed_time = attempt.task.retry.timeout ? Duration(0) : kSilenceMax;
    return request;
}

bool is_expected(const project::HttpCall& call, int status) {
    if (call.statuses.empty()) return status >= 200 && status < 300;
    return std::find(call.statuses.begin(), call.statuses.end(), status) != call.statuses.end();
}

std::string answer_text(const net::HttpRequest& request, const net::HttpResponse& response) {
    constexpr std::size_t kShownMax = 300;
    std::string body = response.body.substr(0, kShownMax);
    std::replace_if(
        body.begin(), body.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return mask_secrets(fmt::format("{} {}: status {}{}{}", request.method,
                                    net::display_url(request.url), response.status,
                                    body.empty() ? "" : ": ", body));
}

}  // namespace ingot::task

// A task that asks until something is there. Each call is one check.
#include <cerrno>
#include <glob.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "task/command_run_internal.hpp"
#include "task/http_call_internal.hpp"
#include "task/task_sql_internal.hpp"
#include "task/task_values_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::TaskOutcome;

TaskOutcome there(std::string values = {}) {
    TaskOutcome outcome;
    outcome.values = std::move(values);
    return outcome;
}

TaskOutcome not_there(std::string reason) {
    return {TaskOutcome::Kind::kDeferred, mask_secrets(reason)};
}

struct FreeGlob {
    void operator()(glob_t* found) const { ::globfree(found); }
};

/// A folder that is not there yet is no error.
int is_error(const char*, int error) {
    return error == ENOENT || error == ENOTDIR ? 0 : 1;
}

TaskOutcome check(const project::FileSensor& file, const TaskAttempt& attempt) {
    Result<std::string> path = file.path.render_text(template_values(attempt));
    if (!path) {
        return failed(std::move(path).error().with("in " + attempt.task.place.to_string()),
                      attempt);
    }
    const std::string whole =
        path->starts_with('/') ? *path : attempt.workspace.project->root + '/' + *path;
    glob_t storage{};
    const int code = ::glob(whole.c_str(), 0, &is_error, &storage);
    const std::unique_ptr<glob_t, FreeGlob> found(&storage);
    if (code == GLOB_NOMATCH) return not_there(fmt::format("there is no file {}", *path));
    if (code != 0) {
        return failed(
            make_error(ErrorCode::kIo, "{} cannot be looked up: a folder cannot be read", whole),
            attempt);
    }
    const nlohmann::ordered_json values{{"file", found->gl_pathv[0]}, {"files", found->gl_pathc}};
    return there(values.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

/// A first value that says yes: not null, false, 0 or empty.
bool says_yes(const ColumnBatch& batch) {
    if (batch.rows == 0 || batch.columns.empty() || batch.columns[0].is_null(0)) return false;
    const Column& first = batch.columns[0];
    if (first.type.is_nested()) return true;
    const Scalar value = scalar_at(first, 0);
    if (first.type.id() == TypeId::kBoolean) return value.as_boolean();
    if (first.type.id() == TypeId::kString) return !value.as_text().empty();
    if (first.type.id() == TypeId::kDecimal) return value.as_decimal() != 0;
    if (first.type.id() == TypeId::kFloat || first.type.id() == TypeId::kDouble) {
        return value.as_double() != 0;
    }
    return !first.type.is_numeric() || value.as_integer() != 0;
}

TaskOutcome check(const project::TaskSql& sql, const TaskAttempt& attempt) {
    Result<std::string> missing = what_is_not_built(sql, attempt);
    if (!missing) return failed(missing.error(), attempt);
    if (!missing->empty()) return not_there(*std::move(missing));
    const Result<ColumnBatch> rows = first_rows(sql, 1, attempt);
    if (!rows) return failed(rows.error(), attempt);
    if (rows->rows == 0) return not_there("the query gives no row");
    const std::string row = row_json(*rows, 0);
    if (!says_yes(*rows)) return not_there("the query says no: " + row);
    Result<std::string> values = checked_values(row, "the query");
    if (!values) return failed(values.error(), attempt);
    return there(*std::move(values));
}

/// A request that no later one can come out otherwise than.
bool is_refused(int status) {
    return status == 400 || status == 401 || status == 403 || status == 405;
}

TaskOutcome check(const project::HttpCall& call, const TaskAttempt& attempt) {
    Result<net::HttpRequest> request = request_of(call, attempt);
    if (!request) return failed(request.error(), attempt);
    Result<std::string> wanted = call.contains.render_text(template_values(attempt));
    if (!wanted) return failed(wanted.error(), attempt);
    const Result<net::HttpResponse> response = answer_to(call, *request, attempt);
    if (!response) {
        const bool unreachable =
            response.error().code == ErrorCode::kIo || response.error().code == ErrorCode::kTimeout;
        if (!unreachable || attempt.stop.stop_requested()) return failed(response.error(), attempt);
        return not_there(response.error().to_string());
    }
    const std::string text = answer_text(*request, *response);
    if (!is_expected(call, response->status)) {
        if (!is_refused(response->status)) return not_there(text);
        write_line(attempt.log, text);
        return {TaskOutcome::Kind::kFailed, text, false};
    }
    if (response->body.find(*wanted) == std::string::npos) {
        return not_there(fmt::format("{} does not contain '{}'", text, *wanted));
    }
    const Result<std::string> values = checked_values(response->body, "the answer");
    return there(values ? *values : "");
}

/// 126 and up are no answers: the program could not be run, or was killed.
constexpr int kAnswerMax = 125;

TaskOutcome check(const project::CommandTask& command, const TaskAttempt& attempt) {
    Result<CommandEnd> end = run_command(command, attempt);
    if (!end) return failed(end.error(), attempt);
    if (end->exit.success()) return there(std::move(end->values));
    const bool answers = end->exit.kind == ExitStatus::Kind::kExited &&
                         end->exit.code <= kAnswerMax && end->exit.code != command.skip_exit_code;
    if (!answers) return ended_badly(command, *end, attempt);
    return not_there(end->last.empty() ? "the command says: " + end->exit.to_string() : end->last);
}

}  // namespace

TaskOutcome carry_out(const project::SensorTask& sensor, const TaskAttempt& attempt) {
    TaskOutcome outcome =
        std::visit([&](const auto& what) { return check(what, attempt); }, sensor.of);
    if (outcome.kind == TaskOutcome::Kind::kDeferred) {
        outcome.again_after = sensor.every;
        write_line(attempt.log, fmt::format("not yet: {} (checked {} times)", outcome.message,
                                            attempt.attempt.checks + 1));
    } else if (outcome.kind == TaskOutcome::Kind::kSuccess) {
        write_line(attempt.log, "it is there");
    }
    return outcome;
}

}  // namespace ingot::task

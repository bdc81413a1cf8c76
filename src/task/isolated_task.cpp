#include "task/isolated_task.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/log.hpp"
#include "storage/object_store.hpp"
#include "task/kept_attempt_internal.hpp"

namespace ingot::task {
namespace {

using Json = nlohmann::ordered_json;
using orchestrator::Attempt;
using orchestrator::TaskOutcome;

constexpr int kFormat = 1;

Result<keeper::Order> order_of(const TaskAttempt& attempt, const std::string& code);
Result<std::optional<TaskOutcome>> read_outcome(const Attempt& attempt);
TaskOutcome outcome_of_the_dead(const CommandEnd& end, const TaskAttempt& attempt);

}  // namespace

bool is_isolated(const TaskAttempt& attempt) {
    if (project::command_of(attempt.task.body) != nullptr) return false;
    // What another process began goes on where it is, whatever the project says by now.
    return attempt.task.isolated || attempt.attempt.adopted;
}

TaskOutcome carry_out_isolated(const TaskAttempt& attempt, const std::string& code) {
    const Result<CommandEnd> end =
        run_kept_attempt(attempt, [&] { return order_of(attempt, code); });
    if (!end && end.error().code != ErrorCode::kIo) return failed(end.error(), attempt);
    // Whoever has said how it came out had done its work, also when its keeper was killed.
    Result<std::optional<TaskOutcome>> outcome = read_outcome(attempt.attempt);
    if (!outcome) return failed(outcome.error(), attempt);
    const bool asked = attempt.stop.stop_requested();
    if (*outcome && (asked || (*outcome)->kind != TaskOutcome::Kind::kStopped)) {
        return **std::move(outcome);
    }
    if (!end) return failed(end.error(), attempt);
    end_processes_of(attempt.attempt);
    if (*outcome) {
        return {
            TaskOutcome::Kind::kFailed,
            fmt::format("somebody else told the task's process to stop ({})", attempt.attempt.log)};
    }
    return outcome_of_the_dead(*end, attempt);
}

namespace {

std::string outcome_file(const Attempt& attempt, int checks) {
    return beside_log(attempt, checks, ".outcome");
}

/// This program, whatever has become of its file by now.
Result<int> own_program() {
    static const std::pair<int, int> opened = [] {
        const int fd = ::open("/proc/self/exe", O_PATH | O_CLOEXEC);
        return std::pair(fd, errno);
    }();
    if (opened.first >= 0) return opened.first;
    return make_error(ErrorCode::kIo, "the program itself cannot be opened: {}",
                      std::generic_category().message(opened.second));
}

/// The values of the project's own parameters, for a process that reads it anew.
std::map<std::string, std::string> params_of(const TaskAttempt& attempt) {
    const project::Project& project = *attempt.workspace.project;
    std::map<std::string, std::string> params;
    for (const auto& [name, value] : project.params) {
        const bool own =
            project.param_types.contains(name) && !attempt.pipeline.params.contains(name);
        if (own && !value.is_null()) params.emplace(name, value.to_text());
    }
    return params;
}

/// So that the keeper masks them in what the process prints when it crashes. One that is not there
/// is an error of who uses it.
void know_secrets(const Workspace& workspace) {
    if (workspace.secrets == nullptr) return;
    for (const project::SecretRef& secret : project::secrets_of_tasks(*workspace.project)) {
        (void)workspace.secrets->resolve(secret);
    }
}

Result<keeper::Order> order_of(const TaskAttempt& attempt, const std::string& code) {
    const IsolatedOrder isolated{attempt.workspace.project->root, params_of(attempt), code,
                                 attempt.parallel, attempt.attempt};
    const std::string file = beside_log(attempt.attempt, attempt.attempt.checks, ".order");
    std::ofstream written(file, std::ios::binary | std::ios::trunc);
    written << isolated_order_to_json(isolated) << '\n';
    written.close();
    if (!written) {
        return make_error(ErrorCode::kIo, "{} cannot be written: {}", file,
                          std::generic_category().message(errno));
    }
    if (attempt.attempt.checks > 0) {
        std::error_code ignored;  // It is in the run's own folder, and nobody reads it any more.
        std::filesystem::remove(outcome_file(attempt.attempt, attempt.attempt.checks - 1), ignored);
    }
    know_secrets(attempt.workspace);
    keeper::Order order = order_for(attempt);
    order.arguments = {"ingot", "--quiet", "run-task", file};
    INGOT_TRY_ASSIGN(order.program, own_program());
    return order;
}

Result<std::shared_ptr<storage::ObjectStore>> folder_of(const std::filesystem::path& file) {
    return storage::open_store(file.parent_path().string());
}

Result<std::optional<TaskOutcome>> read_outcome(const Attempt& attempt) {
    const std::filesystem::path file = outcome_file(attempt, attempt.checks);
    INGOT_TRY_ASSIGN(const auto folder, folder_of(file));
    const Result<std::string> json = folder->read(file.filename().string());
    if (!json && json.error().code == ErrorCode::kNotFound) return std::optional<TaskOutcome>();
    if (!json) return json.error();
    INGOT_TRY_ASSIGN_WITH(TaskOutcome outcome, orchestrator::parse_outcome(*json),
                          "in " + file.string());
    return std::optional(std::move(outcome));
}

bool is_crash(int signal) {
    return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGILL ||
           signal == SIGFPE || signal == SIGSYS || signal == SIGTRAP;
}

std::string signal_name(int signal) {
    const char* const name = ::sigabbrev_np(signal);
    return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string what_happened(const ExitStatus& exit) {
    if (exit.kind != ExitStatus::Kind::kSignalled) {
        return fmt::format("ended with {} and did not say how the task came out", exit.to_string());
    }
    if (is_crash(exit.code)) return "crashed with " + signal_name(exit.code);
    return fmt::format(
        "was killed by {}{}", signal_name(exit.code),
        exit.code == SIGKILL ? ": the machine had no memory left, or somebody ended it" : "");
}

/// A request that nobody knows the end of, and that must not be sent twice.
bool may_have_called(const project::PipelineTask& task) {
    const auto* http = std::get_if<project::HttpTask>(&task.body);
    return http != nullptr && (http->call.method == "POST" || http->call.method == "PATCH") &&
           http->call.idempotency_key.empty();
}

/// Of a process that left no outcome of its own.
TaskOutcome outcome_of_the_dead(const CommandEnd& end, const TaskAttempt& attempt) {
    if (end.exit.kind == ExitStatus::Kind::kCancelled) {
        return {TaskOutcome::Kind::kStopped, "the task's process was ended"};
    }
    std::string message =
        fmt::format("the task's process {} ({})", what_happened(end.exit), attempt.attempt.log);
    if (!end.last.empty()) message += ": " + end.last;
    const bool again = !may_have_called(attempt.task);
    if (!again) {
        message +=
            "; it may have made its call, so it is not tried again: an 'idempotency_key' "
            "would allow it";
    }
    return {TaskOutcome::Kind::kFailed, message, again};
}

}  // namespace

std::string isolated_order_to_json(const IsolatedOrder& order) {
    const Json json{{"format", kFormat},
                    {"root", order.root},
                    {"params", order.params},
                    {"code", order.code},
                    {"parallel", order.parallel},
                    {"attempt", Json::parse(orchestrator::attempt_to_json(order.attempt))}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<IsolatedOrder> parse_isolated_order(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        if (json.at("format").get<int>() != kFormat) throw std::out_of_range("another format");
        INGOT_TRY_ASSIGN(Attempt attempt, orchestrator::parse_attempt(json.at("attempt").dump()));
        return IsolatedOrder{json.at("root").get<std::string>(),
                             json.at("params").get<std::map<std::string, std::string>>(),
                             json.at("code").get<std::string>(),
                             json.at("parallel").get<unsigned>(), std::move(attempt)};
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData, "the order of a task is not understood: {}",
                          e.what());
    }
}

Result<IsolatedOrder> take_isolated_order(const std::string& file) {
    std::ifstream input(file, std::ios::binary);
    if (!input) {
        return make_error(ErrorCode::kNotFound,
                          "{} cannot be read: {}; a server, or `ingot run --pipeline`, gives the "
                          "order to carry out a task",
                          file, std::generic_category().message(errno));
    }
    const std::string json{std::istreambuf_iterator<char>(input), {}};
    INGOT_TRY_ASSIGN_WITH(IsolatedOrder order, parse_isolated_order(json), "in " + file);
    // An attempt begins at most once: nobody asks for it again.
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    return order;
}

Status leave_outcome(const Attempt& attempt, const TaskOutcome& outcome) {
    const std::filesystem::path file = outcome_file(attempt, attempt.checks);
    INGOT_TRY_ASSIGN(const auto folder, folder_of(file));
    return folder->put(file.filename().string(), orchestrator::outcome_to_json(outcome) + '\n');
}

}  // namespace ingot::task

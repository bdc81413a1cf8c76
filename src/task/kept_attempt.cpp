#include <filesystem>
#include <system_error>

#include "base/left_processes.hpp"
#include "base/log.hpp"
#include "task/kept_attempt_internal.hpp"
#include "task/pipeline_runner.hpp"

namespace ingot::task {
namespace {

using orchestrator::Attempt;

/// Where the keeper of an attempt says what it does.
std::string record_of(const Attempt& attempt, int checks) {
    return beside_log(attempt, checks, ".process");
}

/// An attempt that was lost with its process may still be at work: never two side by side.
void end_attempts_before(const TaskAttempt& attempt) {
    if (attempt.attempt.number == 1) return;
    const std::size_t left = end_processes_of(attempt.attempt);
    if (left > 0) {
        write_line(attempt.log,
                   fmt::format("ended {} processes of an attempt that was lost", left));
    }
}

/// Its own check is over and recorded; only the newest can be asked for.
void forget_check_before(const Attempt& attempt) {
    if (attempt.checks == 0) return;
    std::error_code ignored;  // It is in the run's own folder, and nobody reads it any more.
    std::filesystem::remove(record_of(attempt, attempt.checks - 1), ignored);
}

Result<CommandEnd> begin(const TaskAttempt& attempt,
                         const std::function<Result<keeper::Order>()>& order) {
    INGOT_TRY_ASSIGN(keeper::Order made, order());
    made.secrets = registered_secrets();
    end_attempts_before(attempt);
    forget_check_before(attempt.attempt);
    return keeper::run_kept(made, {attempt.stop, attempt.attempt.leave});
}

}  // namespace

std::string beside_log(const Attempt& attempt, int checks, std::string_view ending) {
    const std::string log = std::filesystem::absolute(attempt.log).string();
    return fmt::format("{}{}{}", log, checks == 0 ? "" : fmt::format(".{}", checks), ending);
}

keeper::Order order_for(const TaskAttempt& attempt) {
    keeper::Order order;
    order.environment.emplace("INGOT_RUN_ID", attempt.attempt.run.value());
    order.environment.emplace("INGOT_TASK", attempt.attempt.planned().name);
    order.folder = attempt.workspace.project->root;
    order.log = std::filesystem::absolute(attempt.attempt.log).string();
    order.record = record_of(attempt.attempt, attempt.attempt.checks);
    order.values = order.log + ".values";
    return order;
}

Result<CommandEnd> run_kept_attempt(const TaskAttempt& attempt,
                                    const std::function<Result<keeper::Order>()>& order) {
    const Attempt& one = attempt.attempt;
    Result<CommandEnd> end =
        one.adopted ? keeper::attend(record_of(one, one.checks), {attempt.stop, one.leave})
                    : begin(attempt, order);
    if (end || end.error().code != ErrorCode::kIo) return end;
    // Without its keeper the process may still be at work.
    end_processes_of(one);
    return end;
}

/// A process is known by what it was started with, and so is all that it started in turn.
std::size_t end_processes_of(const Attempt& attempt) {
    return end_left_processes(
        {"INGOT_RUN_ID=" + attempt.run.value(), "INGOT_TASK=" + attempt.planned().name});
}

Result<bool> kept_attempt_goes_on(const Attempt& attempt) {
    return keeper::goes_on(record_of(attempt, attempt.checks));
}

void end_kept_attempt(const Attempt& attempt) {
    std::stop_source stopped;
    stopped.request_stop();
    const auto end = keeper::attend(record_of(attempt, attempt.checks), {stopped.get_token(), {}});
    if (!end) end_processes_of(attempt);
}

}  // namespace ingot::task

// A task that runs a program.
#include <filesystem>
#include <system_error>

#include "base/left_processes.hpp"
#include "base/log.hpp"
#include "task/command_run_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::Attempt;
using orchestrator::TaskOutcome;

Result<keeper::Order> order_of(const project::CommandTask& command,
                               const project::TemplateContext& values) {
    keeper::Order order;
    for (const project::Template& part : command.argv) {
        INGOT_TRY_ASSIGN(std::string text, part.render_text(values));
        order.arguments.push_back(std::move(text));
    }
    for (const auto& [name, value] : command.environment) {
        INGOT_TRY_ASSIGN(order.environment[name], value.render_text(values));
    }
    return order;
}

/// What every command may know without being told.
void add_run_variables(const Attempt& attempt, keeper::Order& order) {
    order.environment.emplace("INGOT_RUN_ID", attempt.run.value());
    order.environment.emplace("INGOT_PIPELINE", attempt.spec->plan.pipeline);
    order.environment.emplace("INGOT_TASK", attempt.planned().name);
    order.environment.emplace("INGOT_ATTEMPT", fmt::format("{}", attempt.number));
    order.environment.emplace("INGOT_LAKE", attempt.spec->lake);
    if (const std::optional<Interval>& window = attempt.spec->window) {
        order.environment.emplace("INGOT_WINDOW_START", window->start.to_string());
        order.environment.emplace("INGOT_WINDOW_END", window->end.to_string());
    }
}

/// A command is known by what it was started with, and so is all that it started in turn.
std::size_t end_processes_of(const Attempt& attempt) {
    return end_left_processes(
        {"INGOT_RUN_ID=" + attempt.run.value(), "INGOT_TASK=" + attempt.planned().name});
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

/// Where the keeper of an attempt's command says what it does. Each check of a sensor has its own.
std::string record_of(const Attempt& attempt, int checks) {
    return attempt.log + (checks == 0 ? "" : fmt::format(".{}", checks)) + ".process";
}

Result<keeper::Order> whole_order(const project::CommandTask& command, const TaskAttempt& attempt) {
    INGOT_TRY_ASSIGN_WITH(keeper::Order order, order_of(command, template_values(attempt)),
                          "in " + attempt.task.place.to_string());
    add_run_variables(attempt.attempt, order);
    order.folder = attempt.workspace.project->root;
    order.log = std::filesystem::absolute(attempt.attempt.log).string();
    order.record =
        std::filesystem::absolute(record_of(attempt.attempt, attempt.attempt.checks)).string();
    order.values = order.log + ".values";
    order.environment.emplace("INGOT_OUTPUT", order.values);
    order.secrets = registered_secrets();
    return order;
}

/// Its own check is over and recorded; only the newest can be asked for.
void forget_check_before(const Attempt& attempt) {
    if (attempt.checks == 0) return;
    std::error_code ignored;  // It is in the run's own folder, and nobody reads it any more.
    std::filesystem::remove(record_of(attempt, attempt.checks - 1), ignored);
}

Result<CommandEnd> begin(const project::CommandTask& command, const TaskAttempt& attempt) {
    INGOT_TRY_ASSIGN(const keeper::Order order, whole_order(command, attempt));
    end_attempts_before(attempt);
    forget_check_before(attempt.attempt);
    return keeper::run_kept(order, {attempt.stop, attempt.attempt.leave});
}

}  // namespace

TaskOutcome carry_out(const project::CommandTask& command, const TaskAttempt& attempt) {
    Result<CommandEnd> end = run_command(command, attempt);
    if (!end) return failed(end.error(), attempt);
    if (!end->exit.success()) return ended_badly(command, *end, attempt);
    TaskOutcome outcome;
    outcome.values = std::move(end->values);
    return outcome;
}

Result<CommandEnd> run_command(const project::CommandTask& command, const TaskAttempt& attempt) {
    const Attempt& one = attempt.attempt;
    Result<CommandEnd> end =
        one.adopted ? keeper::attend(record_of(one, one.checks), {attempt.stop, one.leave})
                    : begin(command, attempt);
    if (end || end.error().code != ErrorCode::kIo) return end;
    // Without its keeper the command may still be at work.
    end_processes_of(one);
    return end;
}

Result<bool> command_goes_on(const Attempt& attempt) {
    return keeper::goes_on(record_of(attempt, attempt.checks));
}

void end_command(const Attempt& attempt) {
    std::stop_source stopped;
    stopped.request_stop();
    const auto end = keeper::attend(record_of(attempt, attempt.checks), {stopped.get_token(), {}});
    if (!end) end_processes_of(attempt);
}

TaskOutcome ended_badly(const project::CommandTask& command, const CommandEnd& end,
                        const TaskAttempt& attempt) {
    if (end.exit.kind == ExitStatus::Kind::kCancelled) {
        return {TaskOutcome::Kind::kStopped, "the command was ended"};
    }
    const bool skipped = end.exit.kind == ExitStatus::Kind::kExited &&
                         command.skip_exit_code != 0 && end.exit.code == command.skip_exit_code;
    if (skipped) {
        return {TaskOutcome::Kind::kSkipped, "the command said so: " + end.exit.to_string()};
    }
    std::string message = fmt::format("{} ({})", end.exit.to_string(), attempt.attempt.log);
    if (!end.last.empty()) message += ": " + end.last;
    return {TaskOutcome::Kind::kFailed, message};
}

}  // namespace ingot::task

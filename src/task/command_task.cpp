// A task that runs a program.
#include "base/log.hpp"
#include "task/command_run_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::Attempt;
using orchestrator::TaskOutcome;

Result<keeper::Order> order_of(const project::CommandTask& command, const TaskAttempt& attempt);

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
    return run_kept_attempt(attempt, [&] { return order_of(command, attempt); });
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

namespace {

/// Its arguments and its own variables.
Status render(const project::CommandTask& command, const project::TemplateContext& values,
              keeper::Order& order) {
    for (const project::Template& part : command.argv) {
        INGOT_TRY_ASSIGN(std::string text, part.render_text(values));
        order.arguments.push_back(std::move(text));
    }
    for (const auto& [name, value] : command.environment) {
        INGOT_TRY_ASSIGN(order.environment[name], value.render_text(values));
    }
    return {};
}

/// What every command may know without being told.
void add_run_variables(const Attempt& attempt, keeper::Order& order) {
    order.environment.emplace("INGOT_PIPELINE", attempt.spec->plan.pipeline);
    order.environment.emplace("INGOT_ATTEMPT", fmt::format("{}", attempt.number));
    order.environment.emplace("INGOT_LAKE", attempt.spec->lake);
    if (const std::optional<Interval>& window = attempt.spec->window) {
        order.environment.emplace("INGOT_WINDOW_START", window->start.to_string());
        order.environment.emplace("INGOT_WINDOW_END", window->end.to_string());
    }
}

Result<keeper::Order> order_of(const project::CommandTask& command, const TaskAttempt& attempt) {
    keeper::Order order = order_for(attempt);
    add_run_variables(attempt.attempt, order);
    order.environment.emplace("INGOT_OUTPUT", order.values);
    INGOT_TRY_WITH(render(command, template_values(attempt), order),
                   "in " + attempt.task.place.to_string());
    return order;
}

}  // namespace
}  // namespace ingot::task

// A task that runs a program.
#include <cerrno>
#include <system_error>

#include "base/log.hpp"
#include "base/process.hpp"
#include "task/task_attempt_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::Attempt;
using orchestrator::TaskOutcome;

/// Writes what a child prints, a line at a time so that no secret is cut in two.
class MaskedLog {
public:
    explicit MaskedLog(std::FILE* log) : log_(log) {}
    Status operator()(std::string_view bytes) {
        line_ += bytes;
        const std::size_t end = line_.size() > kLineBytesMax ? line_.size() : line_.rfind('\n') + 1;
        if (end == 0) return {};
        return write(end);
    }
    Status finish() { return line_.empty() ? Status() : write(line_.size()); }
    const std::string& last() const { return tail_.text(); }

private:
    static constexpr std::size_t kLineBytesMax = 1 << 16;

    Status write(std::size_t end) {
        const std::string text = mask_secrets(std::string_view(line_).substr(0, end));
        line_.erase(0, end);
        const bool written = std::fwrite(text.data(), 1, text.size(), log_) == text.size();
        if (!written || std::fflush(log_) != 0) {
            return make_error(ErrorCode::kIo, "the log cannot be written: {}",
                              std::generic_category().message(errno));
        }
        return tail_(text);
    }

    std::FILE* log_;
    std::string line_;
    StreamTail tail_{400};
};

Result<ProcessOptions> process_of(const project::CommandTask& command,
                                  const project::TemplateContext& values) {
    ProcessOptions process;
    for (const project::Template& part : command.argv) {
        INGOT_TRY_ASSIGN(std::string text, part.render_text(values));
        process.arguments.push_back(std::move(text));
    }
    for (const auto& [name, value] : command.environment) {
        INGOT_TRY_ASSIGN(process.environment[name], value.render_text(values));
    }
    return process;
}

/// What every command may know without being told.
void add_run_variables(const Attempt& attempt, ProcessOptions& process) {
    process.environment.emplace("INGOT_RUN_ID", attempt.run.value());
    process.environment.emplace("INGOT_PIPELINE", attempt.spec->plan.pipeline);
    process.environment.emplace("INGOT_TASK", attempt.planned().name);
    process.environment.emplace("INGOT_ATTEMPT", fmt::format("{}", attempt.number));
    process.environment.emplace("INGOT_LAKE", attempt.spec->lake);
    if (const std::optional<Interval>& window = attempt.spec->window) {
        process.environment.emplace("INGOT_WINDOW_START", window->start.to_string());
        process.environment.emplace("INGOT_WINDOW_END", window->end.to_string());
    }
}

}  // namespace

TaskOutcome carry_out(const project::CommandTask& command, const TaskAttempt& attempt) {
    Result<ProcessOptions> process = process_of(command, template_values(attempt));
    if (!process) {
        return failed(std::move(process).error().with("in " + attempt.task.place.to_string()),
                      attempt);
    }
    add_run_variables(attempt.attempt, *process);
    MaskedLog output(attempt.log);
    process->folder = attempt.workspace.project->root;
    process->output = StreamTo{std::ref(output)};
    process->error_output = StreamTo{std::ref(output)};
    const Result<ExitStatus> ended = run_process(*process, attempt.stop);
    if (!ended) return failed(ended.error(), attempt);
    if (const Status written = output.finish(); !written) return failed(written.error(), attempt);
    write_line(attempt.log, ended->to_string());
    if (ended->success()) return {};
    if (ended->kind == ExitStatus::Kind::kCancelled) {
        return {TaskOutcome::Kind::kStopped, "the command was ended"};
    }
    const bool skipped = ended->kind == ExitStatus::Kind::kExited && command.skip_exit_code != 0 &&
                         ended->code == command.skip_exit_code;
    if (skipped) return {TaskOutcome::Kind::kSkipped, "the command said so: " + ended->to_string()};
    std::string message = fmt::format("{} ({})", ended->to_string(), attempt.attempt.log);
    if (!output.last().empty()) message += ": " + output.last();
    while (message.ends_with('\n')) message.pop_back();
    return {TaskOutcome::Kind::kFailed, message};
}

}  // namespace ingot::task

// A task that runs a program.
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/left_processes.hpp"
#include "base/log.hpp"
#include "task/command_run_internal.hpp"
#include "task/task_values_internal.hpp"

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

/// An attempt that was lost with its process may still be at work: never two side by side.
void end_attempts_before(const TaskAttempt& attempt) {
    if (attempt.attempt.number == 1) return;
    const std::size_t left = end_left_processes({"INGOT_RUN_ID=" + attempt.attempt.run.value(),
                                                 "INGOT_TASK=" + attempt.attempt.planned().name});
    if (left > 0) {
        write_line(attempt.log,
                   fmt::format("ended {} processes of an attempt that was lost", left));
    }
}

/// Where a command may write what it gives; gone when nobody needs it any more.
class OutputFile {
public:
    explicit OutputFile(std::string path) : path_(std::move(path)) { remove(); }
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    ~OutputFile() { remove(); }
    const std::string& path() const { return path_; }

private:
    void remove() const {
        std::error_code ignored;  // It is in the run's own folder, and read only after a good end.
        std::filesystem::remove(path_, ignored);
    }
    std::string path_;
};

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
    INGOT_TRY_ASSIGN_WITH(ProcessOptions process, process_of(command, template_values(attempt)),
                          "in " + attempt.task.place.to_string());
    add_run_variables(attempt.attempt, process);
    end_attempts_before(attempt);
    const OutputFile given(attempt.attempt.log + ".values");
    process.environment.emplace("INGOT_OUTPUT", std::filesystem::absolute(given.path()).string());
    MaskedLog output(attempt.log);
    process.folder = attempt.workspace.project->root;
    process.output = StreamTo{std::ref(output)};
    process.error_output = StreamTo{std::ref(output)};
    CommandEnd end;
    INGOT_TRY_ASSIGN(end.exit, run_process(process, attempt.stop));
    INGOT_TRY(output.finish());
    write_line(attempt.log, end.exit.to_string());
    end.last = output.last();
    while (end.last.ends_with('\n')) end.last.pop_back();
    if (!end.exit.success()) return end;
    INGOT_TRY_ASSIGN(const std::string values, read_output(given.path()));
    if (values.empty()) return end;
    INGOT_TRY_ASSIGN(end.values, checked_values(values, "the command"));
    return end;
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

#include "task/pipeline_runner.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "base/log.hpp"
#include "base/process.hpp"
#include "task/check_tables.hpp"

namespace ingot::task {
namespace {

using orchestrator::Attempt;
using orchestrator::TaskOutcome;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// A line at once: whoever follows the log sees it, and a killed process leaves it.
void write_line(std::FILE* log, std::string_view line) {
    std::fprintf(log, "%s\n", mask_secrets(line).c_str());
    std::fflush(log);
}

/// Whether the same attempt, made again, would come out the same.
bool is_permanent(ErrorCode code) {
    return code == ErrorCode::kInvalidArgument || code == ErrorCode::kUnsupported ||
           code == ErrorCode::kCorruptData;
}

TaskOutcome failed(const Error& error, const std::stop_token& stop, std::FILE* log) {
    const std::string text = mask_secrets(error.to_string());
    write_line(log, "error: " + text);
    if (stop.stop_requested()) return {TaskOutcome::Kind::kStopped, text};
    return {TaskOutcome::Kind::kFailed, text, !is_permanent(error.code)};
}

const project::PipelineTask& definition_of(const project::Pipeline& pipeline,
                                           const Attempt& attempt) {
    return *std::find_if(pipeline.tasks.begin(), pipeline.tasks.end(),
                         [&](const project::PipelineTask& task) {
                             return task.name == attempt.planned().definition;
                         });
}

}  // namespace

TaskOutcome PipelineRunner::run(const Attempt& attempt, std::stop_token stop) {
    const std::unique_ptr<std::FILE, CloseFile> log(std::fopen(attempt.log.c_str(), "w"));
    if (!log) {
        return {TaskOutcome::Kind::kFailed,
                fmt::format("the log {} cannot be written: {}", attempt.log,
                            std::generic_category().message(errno))};
    }
    write_line(log.get(), fmt::format("{} attempt {}: {}", attempt.planned().name, attempt.number,
                                      attempt.planned().work));
    const project::PipelineTask& task = definition_of(pipeline_, attempt);
    if (const auto* ingest = std::get_if<project::IngestTask>(&task.body)) {
        return build(ingest->select, attempt, log.get(), std::move(stop));
    }
    if (const auto* models = std::get_if<project::ModelsTask>(&task.body)) {
        return build(models->select, attempt, log.get(), std::move(stop));
    }
    if (const auto* checks = std::get_if<project::CheckTask>(&task.body)) {
        return check(checks->select, attempt, log.get(), std::move(stop));
    }
    if (const auto* command = std::get_if<project::CommandTask>(&task.body)) {
        return run_command(*command, task, attempt, log.get(), std::move(stop));
    }
    return {TaskOutcome::Kind::kFailed, "not yet: " + attempt.planned().work, false};
}

namespace {

std::string line_of(const TableReport& report) {
    std::string line = fmt::format("{} {}", report.table.text(), table_status_name(report.status));
    if (report.status == TableStatus::kPublished) {
        line += fmt::format(": {} rows, {} rejected, {:.2f}s", report.rows_published,
                            report.rows_rejected,
                            std::chrono::duration<double>(report.elapsed).count());
    } else if (!report.reason.empty()) {
        line += ": " + report.reason;
    }
    for (const std::string& warning : report.warnings) line += "\n  warning: " + warning;
    if (report.error) line += "\n  error: " + report.error->to_string();
    return line;
}

std::string line_of(const quality::CheckResult& check) {
    return fmt::format("{}: {} ({})", quality::check_status_name(check.status), check.message,
                       check.place.to_string());
}

/// `silver.events: ... (and 2 more failures)`
TaskOutcome outcome_of(const RunReport& report, const std::stop_token& stop) {
    if (report.ok()) return {};
    std::string message;
    std::size_t failures = 0;
    bool retryable = false;
    for (const TableReport& table : report.tables) {
        if (!table.error) continue;
        if (++failures == 1) message = table.table.text() + ": " + table.error->to_string();
        retryable |= !is_permanent(table.error->code);
    }
    for (const quality::CheckResult& check : report.checks) {
        if (!check.blocks()) continue;
        if (++failures == 1) message = line_of(check);
    }
    if (failures > 1) message += fmt::format(" (and {} more failures)", failures - 1);
    message = mask_secrets(message);
    if (stop.stop_requested()) return {TaskOutcome::Kind::kStopped, message};
    return {TaskOutcome::Kind::kFailed, message, retryable};
}

}  // namespace

TaskOutcome PipelineRunner::build(const std::string& select, const Attempt& attempt, std::FILE* log,
                                  std::stop_token stop) const {
    RunOptions options;
    options.select = select;
    options.window = attempt.spec->window;
    options.full = attempt.spec->full;
    options.parallel = options_.parallel;
    RunProgress progress = options_.progress;
    progress.finished = [&](const TableReport& report) {
        write_line(log, line_of(report));
        if (options_.progress.finished) options_.progress.finished(report);
    };
    const Result<RunReport> report = run_tables(workspace_, options, progress, stop);
    if (!report) return failed(report.error(), stop, log);
    for (const quality::CheckResult& check : report->checks) write_line(log, line_of(check));
    return outcome_of(*report, stop);
}

TaskOutcome PipelineRunner::check(const std::string& select, const Attempt&, std::FILE* log,
                                  std::stop_token stop) const {
    RunOptions options;
    options.select = select;
    const Result<CheckedTables> checked = check_tables(workspace_, options, stop);
    if (!checked) return failed(checked.error(), stop, log);
    std::vector<quality::CheckResult> results = checked->across;
    for (const CheckedTable& table : checked->tables) {
        if (!table.version) {
            write_line(log, table.table.text() + " has not been built yet: nothing to check");
        }
        results.insert(results.end(), table.results.begin(), table.results.end());
    }
    std::string first;
    std::size_t failures = 0;
    for (const quality::CheckResult& result : results) {
        write_line(log, line_of(result));
        if (result.blocks() && failures++ == 0) first = line_of(result);
    }
    if (failures == 0) return {};
    return {
        TaskOutcome::Kind::kFailed,
        fmt::format("{} of {} checks failed: {}", failures, results.size(), mask_secrets(first)),
        false};
}

namespace {

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

TaskOutcome PipelineRunner::run_command(const project::CommandTask& command,
                                        const project::PipelineTask& task, const Attempt& attempt,
                                        std::FILE* log, std::stop_token stop) const {
    const project::Project& project = *workspace_.project;
    project::TemplateContext values;
    values.window = attempt.spec->window;
    values.timezone = pipeline_.window ? pipeline_.window->timezone : project.defaults.timezone;
    values.run_time = attempt.run_time;
    values.params = &project.params;
    values.secrets = workspace_.secrets;
    if (attempt.planned().item) values.item = &task.each[*attempt.planned().item];
    Result<ProcessOptions> process = process_of(command, values);
    if (!process) {
        return failed(std::move(process).error().with("in " + task.place.to_string()), stop, log);
    }
    add_run_variables(attempt, *process);
    MaskedLog output(log);
    process->folder = project.root;
    process->output = StreamTo{std::ref(output)};
    process->error_output = StreamTo{std::ref(output)};
    const Result<ExitStatus> ended = run_process(*process, stop);
    if (!ended) return failed(ended.error(), stop, log);
    if (const Status written = output.finish(); !written) return failed(written.error(), stop, log);
    write_line(log, ended->to_string());
    if (ended->success()) return {};
    if (ended->kind == ExitStatus::Kind::kCancelled) {
        return {TaskOutcome::Kind::kStopped, "the command was ended"};
    }
    std::string message = fmt::format("{} ({})", ended->to_string(), attempt.log);
    if (!output.last().empty()) message += ": " + output.last();
    while (message.ends_with('\n')) message.pop_back();
    return {TaskOutcome::Kind::kFailed, message};
}

}  // namespace ingot::task

#include "task/pipeline_runner.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <system_error>

#include "base/log.hpp"
#include "task/task_attempt_internal.hpp"
#include "task/task_values_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::Attempt;
using orchestrator::TaskOutcome;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// For appending: the keeper of a command writes to it too.
std::unique_ptr<std::FILE, CloseFile> open_log(const std::string& path, bool anew) {
    const int fd = ::open(path.c_str(),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (anew ? O_TRUNC : 0), 0644);
    return std::unique_ptr<std::FILE, CloseFile>(fd < 0 ? nullptr : ::fdopen(fd, "a"));
}

const project::PipelineTask& definition_of(const project::Pipeline& pipeline,
                                           const Attempt& attempt) {
    return *std::find_if(pipeline.tasks.begin(), pipeline.tasks.end(),
                         [&](const project::PipelineTask& task) {
                             return task.name == attempt.planned().definition;
                         });
}

/// Null: it is no copy.
Result<project::Value> item_of(const project::PipelineTask& task, const Attempt& attempt) {
    if (attempt.copy) return parse_values(attempt.item);
    const std::optional<std::uint32_t>& position = attempt.planned().item;
    return position ? task.each.at(*position) : project::Value();
}

/// plan_run refuses these; a run of another version may still have them.
TaskOutcome not_yet(const Attempt& attempt) {
    return {TaskOutcome::Kind::kFailed, "not yet: " + attempt.planned().work, false};
}

}  // namespace

TaskOutcome PipelineRunner::run(const Attempt& attempt, std::stop_token stop) {
    const bool begun = attempt.checks > 0 || attempt.adopted || options_.inside;
    const std::unique_ptr<std::FILE, CloseFile> log = open_log(attempt.log, !begun);
    if (!log) {
        return {TaskOutcome::Kind::kFailed,
                fmt::format("the log {} cannot be written: {}", attempt.log,
                            std::generic_category().message(errno))};
    }
    if (!begun) {
        write_line(log.get(), fmt::format("{} attempt {}: {}", attempt.planned().name,
                                          attempt.number, attempt.planned().work));
        if (attempt.copy) write_line(log.get(), "item: " + attempt.item);
    }
    std::map<std::string, project::Value> values;
    for (const auto& [name, json] : attempt.values) {
        Result<project::Value> value = parse_values(json);
        if (!value) return {TaskOutcome::Kind::kFailed, value.error().to_string(), false};
        values.emplace(name, *std::move(value));
    }
    const project::PipelineTask& task = definition_of(pipeline_, attempt);
    Result<project::Value> item = item_of(task, attempt);
    if (!item) return {TaskOutcome::Kind::kFailed, item.error().to_string(), false};
    const TaskAttempt one{
        workspace_,        pipeline_,         task,      attempt,        values, *item,
        options_.parallel, options_.progress, log.get(), std::move(stop)};
    if (!options_.inside && is_isolated(one)) return carry_out_isolated(one, options_.code);
    return std::visit(
        [&](const auto& body) {
            if constexpr (requires { carry_out(body, one); }) return carry_out(body, one);
            return not_yet(attempt);
        },
        task.body);
}

Result<bool> PipelineRunner::goes_on(const Attempt& attempt) {
    return kept_attempt_goes_on(attempt);
}

void write_line(std::FILE* log, std::string_view line) {
    std::fprintf(log, "%s\n", mask_secrets(line).c_str());
    std::fflush(log);
}

bool is_permanent(ErrorCode code) {
    return code == ErrorCode::kInvalidArgument || code == ErrorCode::kUnsupported ||
           code == ErrorCode::kCorruptData || code == ErrorCode::kNotFound;
}

TaskOutcome failed(const Error& error, const TaskAttempt& attempt) {
    const std::string text = mask_secrets(error.to_string());
    write_line(attempt.log, "error: " + text);
    if (attempt.stop.stop_requested()) return {TaskOutcome::Kind::kStopped, text};
    return {TaskOutcome::Kind::kFailed, text, !is_permanent(error.code)};
}

project::TemplateContext template_values(const TaskAttempt& attempt) {
    const project::Project& project = *attempt.workspace.project;
    project::TemplateContext values;
    values.window = attempt.attempt.spec->window;
    values.timezone =
        attempt.pipeline.window ? attempt.pipeline.window->timezone : project.defaults.timezone;
    values.run_time = attempt.attempt.run_time;
    values.params = &project.params;
    values.tasks = &attempt.values;
    values.secrets = attempt.workspace.secrets;
    if (attempt.attempt.planned().item) values.item = &attempt.item;
    return values;
}

}  // namespace ingot::task

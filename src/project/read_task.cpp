// `tasks:` of a pipeline.
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/nearest_name.hpp"
#include "project/reader_internal.hpp"

namespace ingot::project {
namespace {

/// A selector may be written as one text or as a list: a list is "or".
std::string selector(const Fields& fields, std::string_view key) {
    std::string out;
    for (const std::string& part : fields.texts(key)) out += (out.empty() ? "" : " ") + part;
    return out;
}

SqlTask read_sql(const Fields& fields, const ReadContext& context) {
    SqlTask task;
    const auto object = fields.object("sql");
    const YamlNode& text = object ? *object->find("run") : *fields.find("sql");
    task.sql = clean_text(text.text);
    task.place = sql_place(text, context);
    if (!object) return task;
    task.connection = object->text("connection");
    const auto known = context.project.connections.find(task.connection);
    if (known != context.project.connections.end() &&
        known->second.type == Connection::Type::kPostgres) {
        return task;
    }
    std::vector<std::string> names;
    for (const auto& [name, connection] : context.project.connections) {
        if (connection.type == Connection::Type::kPostgres) names.push_back(name);
    }
    context.add(*object->find("connection"), "there is no connection '" + task.connection +
                                                 "' of type postgres" +
                                                 did_you_mean(task.connection, names));
    return task;
}

TaskBody read_task_body(const Fields& fields, const ReadContext& context) {
    if (fields.find("ingest") != nullptr) return IngestTask{selector(fields, "ingest")};
    if (fields.find("models") != nullptr) return ModelsTask{selector(fields, "models")};
    if (fields.find("check") != nullptr) return CheckTask{selector(fields, "check")};
    if (fields.find("export") != nullptr) return read_exports(fields, context);
    if (fields.find("sql") != nullptr) return read_sql(fields, context);
    if (const auto maintain = fields.object("maintain")) {
        const MaintainTask task{selector(*maintain, "select"), maintain->boolean("optimize", false),
                                maintain->boolean("vacuum", false)};
        if (!task.optimize && !task.vacuum) {
            context.add(maintain->node(), "'maintain' needs optimize or vacuum");
        }
        return task;
    }
    return CommandTask{fields.templates("command"), fields.named_templates("environment"),
                       fields.count("skip_exit_code", 99, 0)};
}

/// In the order of PipelineTask::When; then, for the first of them, the names of Airflow.
const std::vector<std::string_view>& when_names() {
    static const std::vector<std::string_view> names = {"success",
                                                        "done",
                                                        "failed",
                                                        "all_failed",
                                                        "all_skipped",
                                                        "always",
                                                        "one_success",
                                                        "one_done",
                                                        "none_failed",
                                                        "none_skipped",
                                                        "none_failed_min_one_success",
                                                        "all_done_min_one_success",
                                                        "all_success",
                                                        "all_done",
                                                        "one_failed"};
    return names;
}

PipelineTask read_task(const Fields& fields, std::string name, const ReadContext& context) {
    PipelineTask task;
    task.name = std::move(name);
    task.place = fields.place();
    task.body = read_task_body(fields, context);
    task.after = fields.texts("after");
    task.when = static_cast<PipelineTask::When>(fields.choice("when", when_names(), 0) %
                                                PipelineTask::kWhenCount);
    task.tolerated = fields.choice("on_fail", {"fail", "warn"}, 0) == 1;
    task.priority = fields.count("priority", 0, 0);
    task.pool = fields.text("pool");
    task.retry = read_retry(fields, context.project.defaults.retry);
    task.retry.timeout = fields.duration("timeout");
    task.each = fields.values("each");
    if (!task.pool.empty() && !context.project.pools.contains(task.pool)) {
        std::vector<std::string> names;
        for (const auto& [pool, slots] : context.project.pools) names.push_back(pool);
        context.add(*fields.find("pool"), "there is no pool '" + task.pool + "' in project.yml" +
                                              did_you_mean(task.pool, names));
    }
    for (const std::string_view key : {"environment", "skip_exit_code"}) {
        const YamlNode* node = fields.find(key);
        if (node == nullptr || std::holds_alternative<CommandTask>(task.body)) continue;
        context.add(*node, fmt::format("'{}' goes with 'command'", key));
    }
    return task;
}

/// Tasks so that each comes after its `after`; unknown names and cycles are reported.
std::vector<PipelineTask> in_order(std::vector<PipelineTask> tasks, const ReadContext& context) {
    std::vector<std::string> names;
    for (const PipelineTask& task : tasks) names.push_back(task.name);
    for (const PipelineTask& task : tasks) {
        for (const std::string& before : task.after) {
            if (std::find(names.begin(), names.end(), before) != names.end()) continue;
            context.problems.add(task.place, "task '" + task.name + "' comes after '" + before +
                                                 "', which is no task" +
                                                 did_you_mean(before, names));
            return tasks;
        }
    }
    std::vector<PipelineTask> ordered;
    std::set<std::string> done;
    while (!tasks.empty()) {
        const auto ready = std::find_if(tasks.begin(), tasks.end(), [&](const PipelineTask& task) {
            return std::all_of(task.after.begin(), task.after.end(),
                               [&](const std::string& before) { return done.contains(before); });
        });
        if (ready == tasks.end()) {
            context.problems.add(tasks[0].place,
                                 "task '" + tasks[0].name + "' waits for itself through 'after'");
            return ordered;
        }
        done.insert(ready->name);
        ordered.push_back(std::move(*ready));
        tasks.erase(ready);
    }
    return ordered;
}

}  // namespace

std::string_view when_name(PipelineTask::When when) {
    return when_names().at(static_cast<std::size_t>(when));
}

std::vector<PipelineTask> read_tasks(const Fields& fields, const ReadContext& context) {
    std::vector<PipelineTask> tasks;
    for (const YamlNode::Entry& entry : fields.find("tasks")->entries) {
        const Fields one(entry.value, fields.shape_of("tasks"), context);
        tasks.push_back(read_task(one, entry.key, context));
    }
    if (tasks.empty()) context.add(*fields.find("tasks"), "a pipeline needs at least one task");
    return in_order(std::move(tasks), context);
}

}  // namespace ingot::project

// `tasks:` of a pipeline.
#include <algorithm>
#include <fmt/format.h>
#include <map>
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

TaskSql read_select(const Fields& fields, const ReadContext& context) {
    TaskSql sql;
    sql.text = fields.text("sql");
    sql.place = sql_place(*fields.find("sql"), context);
    return sql;
}

std::vector<int> read_statuses(const Fields& fields, std::string_view key,
                               const ReadContext& context) {
    std::vector<int> statuses;
    for (const std::string& text : fields.texts(key)) {
        const bool three_digits = text.size() == 3 && text[0] >= '1' && text[0] <= '5';
        if (three_digits) {
            statuses.push_back(std::stoi(text));
        } else {
            context.add(*fields.find(key), fmt::format("{} is no status of HTTP", text));
        }
    }
    return statuses;
}

HttpTask read_http(const Fields& fields, const ReadContext& context) {
    static const std::vector<std::string_view> kMethods = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    HttpTask task;
    task.call.url = fields.templ("url");
    task.call.method = kMethods[fields.choice("method", kMethods, 0)];
    task.call.headers = fields.named_templates("headers");
    task.call.body = fields.templ("body");
    task.call.statuses = read_statuses(fields, "expect_status", context);
    task.call.idempotency_key = fields.templ("idempotency_key");
    if (task.call.method == "GET" && fields.find("body") != nullptr) {
        context.add(*fields.find("body"), "a GET has no body: write 'method: POST'");
    }
    return task;
}

SensorTask read_sensor(const Fields& fields, const Fields& task, const ReadContext& context) {
    SensorTask sensor;
    if (fields.find("file") != nullptr) {
        sensor.of = FileSensor{fields.templ("file")};
    } else if (fields.find("sql") != nullptr) {
        sensor.of = read_select(fields, context);
    } else if (fields.find("http") != nullptr) {
        HttpCall call;
        call.url = fields.templ("http");
        call.headers = fields.named_templates("headers");
        call.statuses = read_statuses(fields, "status", context);
        call.contains = fields.templ("contains");
        sensor.of = std::move(call);
    } else {
        sensor.of = CommandTask{fields.templates("command"), task.named_templates("environment"),
                                task.count("skip_exit_code", 99, 0)};
    }
    for (const std::string_view key : {"status", "contains", "headers"}) {
        const YamlNode* node = fields.find(key);
        if (node == nullptr || std::holds_alternative<HttpCall>(sensor.of)) continue;
        context.add(*node, fmt::format("'{}' goes with 'http'", key));
    }
    sensor.every = task.duration("every").value_or(sensor.every);
    if (sensor.every < std::chrono::seconds(1)) {
        context.add(*task.find("every"), "'every' must be at least 1s");
    }
    sensor.skip_when_over = task.choice("on_timeout", {"fail", "skip"}, 0) == 1;
    return sensor;
}

BranchTask read_branch(const Fields& fields, const Fields& task, const ReadContext& context) {
    if (fields.find("sql") != nullptr) return {read_select(fields, context)};
    return {CommandTask{fields.templates("command"), task.named_templates("environment"),
                        task.count("skip_exit_code", 99, 0)}};
}

TaskBody read_task_body(const Fields& fields, const ReadContext& context) {
    if (fields.find("ingest") != nullptr) return IngestTask{selector(fields, "ingest")};
    if (fields.find("models") != nullptr) return ModelsTask{selector(fields, "models")};
    if (fields.find("check") != nullptr) return CheckTask{selector(fields, "check")};
    if (fields.find("export") != nullptr) return read_exports(fields, context);
    if (fields.find("sql") != nullptr) return read_sql(fields, context);
    if (const auto maintain = fields.object("maintain")) {
        MaintainTask task{selector(*maintain, "select"), maintain->boolean("optimize", false),
                          maintain->boolean("vacuum", false)};
        if (!task.optimize && !task.vacuum) {
            context.add(maintain->node(), "'maintain' needs optimize or vacuum");
        }
        return task;
    }
    if (const auto http = fields.object("http")) return read_http(*http, context);
    if (const auto sensor = fields.object("sensor")) return read_sensor(*sensor, fields, context);
    if (const auto branch = fields.object("branch")) return read_branch(*branch, fields, context);
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

/// `each: "{tasks.list.files}"`
std::optional<ItemsFrom> read_items_from(const Fields& fields, const ReadContext& context) {
    constexpr int kItemsMost = 100'000;
    const YamlNode* each = fields.find("each");
    const YamlNode* most = fields.find("max_items");
    if (each == nullptr || each->kind != YamlNode::Kind::kScalar) {
        if (most != nullptr) {
            context.add(*most,
                        "'max_items' goes with items that a task gives: "
                        "'each: \"{tasks.NAME.KEY}\"'");
        }
        return std::nullopt;
    }
    const Template text = fields.templ("each");
    const auto* lookup =
        text.parts().size() == 1 ? std::get_if<Template::Lookup>(&text.parts().front()) : nullptr;
    if (lookup == nullptr || lookup->in != Template::Lookup::In::kTasks) {
        context.add(*each, "'each' must be a list, or what a task gave: \"{tasks.NAME.KEY}\"");
        return std::nullopt;
    }
    ItemsFrom items{lookup->path.front(), {lookup->path.begin() + 1, lookup->path.end()}};
    items.text = text.text();
    items.place = context.place(*each);
    items.at_most = fields.count("max_items", ItemsFrom::kItemsMax, 1);
    if (items.at_most > kItemsMost) context.add(*most, "'max_items' must be at most 100000");
    return items;
}

bool read_isolated(const Fields& fields, bool otherwise) {
    return fields.choice("isolation", {"thread", "process"}, otherwise ? 1 : 0) == 1;
}

PipelineTask read_task(const Fields& fields, std::string name, bool isolated,
                       const ReadContext& context) {
    PipelineTask task;
    task.name = std::move(name);
    task.place = fields.place();
    task.body = read_task_body(fields, context);
    task.after = fields.texts("after");
    task.when = static_cast<PipelineTask::When>(fields.choice("when", when_names(), 0) %
                                                PipelineTask::kWhenCount);
    task.tolerated = fields.choice("on_fail", {"fail", "warn"}, 0) == 1;
    task.priority = fields.count("priority", 0, 0);
    task.isolated = read_isolated(fields, isolated);
    task.pool = fields.text("pool");
    task.retry = read_retry(fields, context.project.defaults.retry);
    task.retry.timeout = fields.duration("timeout");
    task.items_from = read_items_from(fields, context);
    if (!task.items_from) task.each = fields.values("each");
    if (const auto failure = fields.object("on_failure")) {
        task.notify_on_failure = failure->text("notify");
        check_receiver(failure->find("notify"), context);
    }
    if (!task.pool.empty() && !context.project.pools.contains(task.pool)) {
        std::vector<std::string> names;
        for (const auto& [pool, slots] : context.project.pools) names.push_back(pool);
        context.add(*fields.find("pool"), "there is no pool '" + task.pool + "' in project.yml" +
                                              did_you_mean(task.pool, names));
    }
    const auto only_with = [&](std::string_view key, bool fits, std::string_view what) {
        const YamlNode* node = fields.find(key);
        if (node == nullptr || fits) return;
        context.add(*node, fmt::format("'{}' goes with '{}'", key, what));
    };
    const bool runs_a_command = command_of(task.body) != nullptr;
    const bool is_sensor = std::holds_alternative<SensorTask>(task.body);
    only_with("environment", runs_a_command, "command");
    only_with("skip_exit_code", runs_a_command, "command");
    only_with("every", is_sensor, "sensor");
    only_with("on_timeout", is_sensor, "sensor");
    if (std::holds_alternative<BranchTask>(task.body)) {
        only_with("each", false, "a task that is no branch");
    }
    return task;
}

/// The tasks before it, by way of others too; of tasks in order.
std::map<std::string, std::set<std::string>> all_before(const std::vector<PipelineTask>& tasks) {
    std::map<std::string, std::set<std::string>> before;
    for (const PipelineTask& task : tasks) {
        std::set<std::string>& own = before[task.name];
        for (const std::string& name : task.after) {
            own.insert(name);
            const std::set<std::string>& theirs = before[name];
            own.insert(theirs.begin(), theirs.end());
        }
    }
    return before;
}

/// What a task uses of others is there when it starts.
void check_values(const std::vector<PipelineTask>& tasks, const ReadContext& context) {
    const auto before = all_before(tasks);
    std::vector<std::string> names;
    for (const PipelineTask& task : tasks) names.push_back(task.name);
    for (const PipelineTask& task : tasks) {
        for (const std::string& used : values_used_by(task.body)) {
            const auto found =
                std::find_if(tasks.begin(), tasks.end(),
                             [&](const PipelineTask& other) { return other.name == used; });
            std::string problem;
            if (found == tasks.end()) {
                problem = "there is no task '" + used + "'" + did_you_mean(used, names);
            } else if (!before.at(task.name).contains(used)) {
                problem = fmt::format("'{}' does not come before it: add it to 'after'", used);
            } else {
                continue;
            }
            context.problems.add(task.place, fmt::format("task '{}' uses {{tasks.{}...}}: {}",
                                                         task.name, used, problem));
        }
    }
}

/// What gives the items of a task comes right before it: its end is what the task waits for.
void check_items(const std::vector<PipelineTask>& tasks, const ReadContext& context) {
    std::vector<std::string> names;
    for (const PipelineTask& task : tasks) names.push_back(task.name);
    for (const PipelineTask& task : tasks) {
        if (!task.items_from) continue;
        const std::string& from = task.items_from->task;
        std::string problem;
        if (std::find(names.begin(), names.end(), from) == names.end()) {
            problem = "there is no task '" + from + "'" + did_you_mean(from, names);
        } else if (std::find(task.after.begin(), task.after.end(), from) == task.after.end()) {
            problem = fmt::format("'{}' does not come right before it: add it to 'after'", from);
        } else {
            continue;
        }
        context.problems.add(task.items_from->place,
                             fmt::format("the items of task '{}' are {}: {}", task.name,
                                         task.items_from->text, problem));
    }
}

/// A branch has something to choose from.
void check_branches(const std::vector<PipelineTask>& tasks, const ReadContext& context) {
    for (const PipelineTask& task : tasks) {
        if (!std::holds_alternative<BranchTask>(task.body)) continue;
        const bool has_users =
            std::any_of(tasks.begin(), tasks.end(), [&](const PipelineTask& user) {
                return std::find(user.after.begin(), user.after.end(), task.name) !=
                       user.after.end();
            });
        if (has_users) continue;
        context.problems.add(task.place, fmt::format("no task comes after the branch '{}': it has "
                                                     "nothing to choose from",
                                                     task.name));
    }
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

const CommandTask* command_of(const TaskBody& body) {
    if (const auto* command = std::get_if<CommandTask>(&body)) return command;
    if (const auto* sensor = std::get_if<SensorTask>(&body)) {
        return std::get_if<CommandTask>(&sensor->of);
    }
    const auto* branch = std::get_if<BranchTask>(&body);
    return branch == nullptr ? nullptr : std::get_if<CommandTask>(&branch->by);
}

const TaskSql* sql_of(const TaskBody& body) {
    if (const auto* sensor = std::get_if<SensorTask>(&body))
        return std::get_if<TaskSql>(&sensor->of);
    if (const auto* branch = std::get_if<BranchTask>(&body))
        return std::get_if<TaskSql>(&branch->by);
    return nullptr;
}

std::vector<const Template*> templates_of(const TaskBody& body) {
    std::vector<const Template*> templates;
    const auto add_named = [&](const std::vector<std::pair<std::string, Template>>& named) {
        for (const auto& [name, value] : named) templates.push_back(&value);
    };
    if (const CommandTask* command = command_of(body)) {
        for (const Template& part : command->argv) templates.push_back(&part);
        add_named(command->environment);
    }
    const auto* http = std::get_if<HttpTask>(&body);
    const auto* sensor = std::get_if<SensorTask>(&body);
    const HttpCall* call = http != nullptr     ? &http->call
                           : sensor != nullptr ? std::get_if<HttpCall>(&sensor->of)
                                               : nullptr;
    if (call != nullptr) {
        for (const Template* each :
             {&call->url, &call->body, &call->contains, &call->idempotency_key}) {
            templates.push_back(each);
        }
        add_named(call->headers);
    }
    if (const auto* exports = std::get_if<ExportTask>(&body)) {
        for (const ExportItem& item : exports->items) {
            if (const auto* file = std::get_if<ExportFile>(&item.to)) {
                templates.push_back(&file->path);
            }
        }
    }
    if (sensor != nullptr) {
        if (const auto* file = std::get_if<FileSensor>(&sensor->of))
            templates.push_back(&file->path);
    }
    return templates;
}

std::vector<std::string> values_used_by(const TaskBody& body) {
    std::set<std::string> names;
    for (const Template* each : templates_of(body)) {
        for (std::string& name : each->tasks()) names.insert(std::move(name));
    }
    return {names.begin(), names.end()};
}

std::string_view when_name(PipelineTask::When when) {
    return when_names().at(static_cast<std::size_t>(when));
}

std::vector<PipelineTask> read_tasks(const Fields& fields, const ReadContext& outer) {
    ReadContext context = outer;
    context.in_task = true;
    const bool isolated = read_isolated(fields, false);
    std::vector<PipelineTask> tasks;
    for (const YamlNode::Entry& entry : fields.find("tasks")->entries) {
        const Fields one(entry.value, fields.shape_of("tasks"), context);
        tasks.push_back(read_task(one, entry.key, isolated, context));
    }
    if (tasks.empty()) context.add(*fields.find("tasks"), "a pipeline needs at least one task");
    const std::size_t problems = context.problems.count();
    std::vector<PipelineTask> ordered = in_order(std::move(tasks), context);
    if (context.problems.count() == problems) {
        check_values(ordered, context);
        check_items(ordered, context);
        check_branches(ordered, context);
    }
    return ordered;
}

}  // namespace ingot::project

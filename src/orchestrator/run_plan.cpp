#include "orchestrator/run_plan.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

#include "project/lineage.hpp"
#include "project/selector.hpp"

namespace ingot::orchestrator {
namespace {

constexpr std::array<std::string_view, 6> kCauses = {"manual", "scheduled", "tables",
                                                     "files",  "webhook",   "backfill"};

using Graph = std::vector<std::set<std::size_t>>;  ///< Of each task: those before it.

/// What a task of a pipeline does to tables.
struct TableUse {
    std::set<project::TableName> writes;
    std::set<project::TableName> reads;
    std::set<std::string> checks;  ///< Across tables, that go with these.
};

Status refuse_what_is_not_there(const project::Pipeline& pipeline);
Result<std::vector<TableUse>> table_uses(const project::Project& project,
                                         const project::Pipeline& pipeline);
Graph named_order(const project::Pipeline& pipeline);
void add_order_of_tables(const std::vector<TableUse>& uses, Graph& before);
void add_order_of_checks(const project::Pipeline& pipeline, const std::vector<TableUse>& uses,
                         Graph& before);
std::vector<std::size_t> in_order(const Graph& before);
std::vector<std::set<std::string>> checks_left(const project::Pipeline& pipeline,
                                               const std::vector<TableUse>& uses,
                                               const Graph& before);
std::vector<PlannedTask> planned(const project::Pipeline& pipeline, const Graph& before,
                                 const std::vector<std::set<std::string>>& left_checks);

}  // namespace

Result<RunPlan> plan_run(const project::Project& project, const project::Pipeline& pipeline) {
    INGOT_TRY(refuse_what_is_not_there(pipeline));
    INGOT_TRY_ASSIGN(const std::vector<TableUse> uses, table_uses(project, pipeline));
    Graph before = named_order(pipeline);
    add_order_of_tables(uses, before);
    add_order_of_checks(pipeline, uses, before);
    return RunPlan{pipeline.name, "", pipeline.active_runs, pipeline.active_tasks,
                   planned(pipeline, before, checks_left(pipeline, uses, before))};
}

const std::string& queue_of(const RunPlan& plan) {
    return plan.queue.empty() ? plan.pipeline : plan.queue;
}

std::string_view cause_name(RunOrigin::Cause cause) {
    return kCauses.at(static_cast<std::size_t>(cause));
}

Result<RunOrigin::Cause> parse_cause(std::string_view name) {
    const auto found = std::find(kCauses.begin(), kCauses.end(), name);
    if (found == kCauses.end()) {
        return make_error(ErrorCode::kCorruptData, "'{}' is no cause of a run", name);
    }
    return static_cast<RunOrigin::Cause>(found - kCauses.begin());
}

std::vector<TaskIndex> with_those_after(const RunPlan& plan, const std::vector<TaskIndex>& tasks) {
    std::set<TaskIndex> chosen(tasks.begin(), tasks.end());
    for (std::uint32_t i = 0; i < plan.tasks.size(); ++i) {
        const std::vector<TaskIndex>& after = plan.tasks[i].after;
        if (std::any_of(after.begin(), after.end(),
                        [&](TaskIndex before) { return chosen.contains(before); })) {
            chosen.emplace(i);
        }
    }
    return {chosen.begin(), chosen.end()};
}

namespace {

Error not_yet(const project::SourcePlace& place, std::string_view what) {
    return make_error(ErrorCode::kUnsupported, "{}: not yet: {}", place.to_string(), what);
}

Status refuse_what_is_not_there(const project::Pipeline& pipeline) {
    if (pipeline.publish == project::PublishMode::kTogether) {
        return not_yet(pipeline.place, "`publish: together`");
    }
    for (const project::PipelineTask& task : pipeline.tasks) {
        if (std::holds_alternative<project::MaintainTask>(task.body)) {
            return not_yet(task.place, fmt::format("`maintain` (task {})", task.name));
        }
    }
    return {};
}

Result<project::SelectedWork> work_of(const project::Project& project,
                                      const project::TableGraph& graph, const std::string& select,
                                      const project::PipelineTask& task) {
    INGOT_TRY_ASSIGN_WITH(project::SelectedWork work,
                          project::select_work(project, graph, {select, "", nullptr}),
                          fmt::format("in the task {} ({})", task.name, task.place.to_string()));
    return work;
}

/// The table, or what a view shows.
void add_read(const project::Project& project, const project::TableGraph& graph,
              const project::TableName& table, std::set<project::TableName>& reads) {
    if (!reads.insert(table).second) return;
    const project::Model* model = project.find_model(table);
    if (model == nullptr || model->kind != project::ModelKind::kView) return;
    for (const project::TableName& input : graph.inputs(table)) {
        add_read(project, graph, input, reads);
    }
}

Result<TableUse> table_use(const project::Project& project, const project::TableGraph& graph,
                           const project::PipelineTask& task) {
    TableUse use;
    if (const auto* exports = std::get_if<project::ExportTask>(&task.body)) {
        for (const project::ExportItem& item : exports->items) use.reads.insert(item.from);
        return use;
    }
    if (const auto* sql = std::get_if<project::SqlTask>(&task.body)) {
        for (const project::TableName& table : sql->inputs) {
            add_read(project, graph, table, use.reads);
        }
        return use;
    }
    const auto* ingest = std::get_if<project::IngestTask>(&task.body);
    const auto* models = std::get_if<project::ModelsTask>(&task.body);
    const auto* checks = std::get_if<project::CheckTask>(&task.body);
    if (const project::TaskSql* sql = project::sql_of(task.body)) {
        for (const project::TableName& table : sql->inputs) {
            add_read(project, graph, table, use.reads);
        }
    }
    if (ingest == nullptr && models == nullptr && checks == nullptr) return use;
    const std::string& select = ingest != nullptr   ? ingest->select
                                : models != nullptr ? models->select
                                                    : checks->select;
    INGOT_TRY_ASSIGN(const project::SelectedWork work, work_of(project, graph, select, task));
    for (const project::TableName& table : work.tables) {
        if (checks != nullptr) {
            add_read(project, graph, table, use.reads);
            continue;
        }
        use.writes.insert(table);
        for (const project::TableName& input : graph.inputs(table)) {
            add_read(project, graph, input, use.reads);
        }
    }
    for (const project::TableCheckFile* check : work.checks) {
        use.checks.insert(check->name);
        if (checks == nullptr) continue;
        for (const project::TableName& input : check->inputs) {
            add_read(project, graph, input, use.reads);
        }
    }
    return use;
}

Result<std::vector<TableUse>> table_uses(const project::Project& project,
                                         const project::Pipeline& pipeline) {
    const project::TableGraph graph(project);
    std::vector<TableUse> uses;
    for (const project::PipelineTask& task : pipeline.tasks) {
        INGOT_TRY_ASSIGN(TableUse use, table_use(project, graph, task));
        uses.push_back(std::move(use));
    }
    return uses;
}

Graph named_order(const project::Pipeline& pipeline) {
    std::map<std::string, std::size_t> positions;
    for (std::size_t i = 0; i < pipeline.tasks.size(); ++i) {
        positions[pipeline.tasks[i].name] = i;
    }
    Graph before(pipeline.tasks.size());
    for (std::size_t i = 0; i < pipeline.tasks.size(); ++i) {
        for (const std::string& name : pipeline.tasks[i].after) {
            before[i].insert(positions.at(name));
        }
    }
    return before;
}

bool comes_before(const Graph& before, std::size_t first, std::size_t last) {
    std::vector<std::size_t> open = {last};
    std::set<std::size_t> seen;
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        if (at == first) return true;
        for (const std::size_t next : before[at]) {
            if (seen.insert(next).second) open.push_back(next);
        }
    }
    return false;
}

/// One more before `last`, unless it comes after that.
void add_before(Graph& before, std::size_t first, std::size_t last) {
    if (first != last && !comes_before(before, last, first)) before[last].insert(first);
}

/// A task comes after those that write what it reads, and after earlier ones that write what it
/// writes; unless `after` says otherwise.
void add_order_of_tables(const std::vector<TableUse>& uses, Graph& before) {
    std::map<project::TableName, std::vector<std::size_t>> writers;
    for (std::size_t i = 0; i < uses.size(); ++i) {
        for (const project::TableName& table : uses[i].writes) writers[table].push_back(i);
    }
    for (std::size_t i = 0; i < uses.size(); ++i) {
        for (const project::TableName& table : uses[i].reads) {
            for (const std::size_t writer : writers[table]) add_before(before, writer, i);
        }
        for (const project::TableName& table : uses[i].writes) {
            for (const std::size_t writer : writers[table]) {
                if (writer < i) add_before(before, writer, i);
            }
        }
    }
}

/// Whether it runs once all before it have ended well.
bool runs_after_success(When when) {
    return when != When::kFailed && when != When::kAllFailed && when != When::kAllSkipped &&
           when != When::kAlways && when != When::kOneSuccess && when != When::kOneDone;
}

/// Whether it is skipped when any, or all, before it are.
bool skipped_with_others(When when) {
    return when == When::kSuccess || when == When::kOneSuccess || when == When::kOneDone ||
           when == When::kNoneSkipped || when == When::kNoneFailedMinOneSuccess ||
           when == When::kAllDoneMinOneSuccess;
}

/// Whether it can only run when nothing before it was skipped.
bool runs_with_all_others(When when) {
    return when == When::kSuccess || when == When::kNoneSkipped ||
           when == When::kAllDoneMinOneSuccess;
}

/// Itself and all before it that can be reached through tasks of these rules.
std::set<std::size_t> with_those_before(const project::Pipeline& pipeline, const Graph& before,
                                        std::size_t task, bool (*goes_on)(When)) {
    std::set<std::size_t> found = {task};
    std::vector<std::size_t> open = {task};
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        if (!goes_on(pipeline.tasks[at].when)) continue;
        for (const std::size_t next : before[at]) {
            if (found.insert(next).second) open.push_back(next);
        }
    }
    return found;
}

/// Whether it may be skipped though what its `when` is about went well. Commands may, too, but
/// seldom do: they count where `commands` says so.
bool may_skip_itself(const project::Pipeline& pipeline, const Graph& before, std::size_t task,
                     bool commands) {
    const project::PipelineTask& one = pipeline.tasks[task];
    const auto* sensor = std::get_if<project::SensorTask>(&one.body);
    const project::CommandTask* command = project::command_of(one.body);
    const bool chosen = std::any_of(before[task].begin(), before[task].end(), [&](std::size_t at) {
        return std::holds_alternative<project::BranchTask>(pipeline.tasks[at].body);
    });
    return chosen || one.items_from || (sensor != nullptr && sensor->skip_when_over) ||
           one.when == When::kFailed || one.when == When::kAllFailed ||
           one.when == When::kAllSkipped ||
           (commands && command != nullptr && command->skip_exit_code != 0);
}

/// Whether it may be skipped in a run in which the other one runs.
bool may_be_skipped(const project::Pipeline& pipeline, const Graph& before, std::size_t task,
                    std::size_t though, bool commands) {
    const auto ran = with_those_before(pipeline, before, though, runs_with_all_others);
    const auto others = with_those_before(pipeline, before, task, skipped_with_others);
    return std::any_of(others.begin(), others.end(), [&](std::size_t other) {
        return !ran.contains(other) && may_skip_itself(pipeline, before, other, commands);
    });
}

/// Tasks whose tables a check looks at together come one after another, as in the file, so that
/// the last one runs it; unless a task of its own does. Nothing is skipped only because of that:
/// alternatives of a branch, and what waits for a file that may not come, stay as they are.
void add_order_of_checks(const project::Pipeline& pipeline, const std::vector<TableUse>& uses,
                         Graph& before) {
    std::map<std::string, std::vector<std::size_t>> checkers;
    for (std::size_t i = 0; i < uses.size(); ++i) {
        for (const std::string& check : uses[i].checks) checkers[check].push_back(i);
    }
    for (const auto& [check, tasks] : checkers) {
        const bool has_task = std::any_of(tasks.begin(), tasks.end(), [&](std::size_t task) {
            return uses[task].writes.empty();
        });
        if (has_task) continue;
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            for (std::size_t later = i + 1; later < tasks.size(); ++later) {
                if (runs_after_success(pipeline.tasks[tasks[later]].when) &&
                    !may_be_skipped(pipeline, before, tasks[i], tasks[later], true)) {
                    add_before(before, tasks[i], tasks[later]);
                }
            }
        }
    }
}

/// Of each task: a check before the last task that it goes with would see tables that are half
/// done. Where that one may be skipped, the run may end with them as they are: it is not left.
std::vector<std::set<std::string>> checks_left(const project::Pipeline& pipeline,
                                               const std::vector<TableUse>& uses,
                                               const Graph& before) {
    std::vector<std::set<std::string>> left(uses.size());
    for (std::size_t i = 0; i < uses.size(); ++i) {
        if (std::holds_alternative<project::CheckTask>(pipeline.tasks[i].body)) continue;
        for (const std::string& check : uses[i].checks) {
            for (std::size_t later = 0; later < uses.size(); ++later) {
                const bool takes_it = later != i && uses[later].checks.contains(check) &&
                                      runs_after_success(pipeline.tasks[later].when) &&
                                      comes_before(before, i, later) &&
                                      !may_be_skipped(pipeline, before, later, i, false);
                if (takes_it) left[i].insert(check);
            }
        }
    }
    return left;
}

/// Each after those before it; else as in the file.
std::vector<std::size_t> in_order(const Graph& before) {
    std::vector<std::vector<std::size_t>> users(before.size());
    std::vector<std::size_t> waiting_for(before.size());
    std::set<std::size_t> ready;
    for (std::size_t i = 0; i < before.size(); ++i) {
        waiting_for[i] = before[i].size();
        for (const std::size_t first : before[i]) users[first].push_back(i);
        if (before[i].empty()) ready.insert(i);
    }
    std::vector<std::size_t> order;
    while (!ready.empty()) {
        const std::size_t next = *ready.begin();
        ready.erase(ready.begin());
        order.push_back(next);
        for (const std::size_t user : users[next]) {
            if (--waiting_for[user] == 0) ready.insert(user);
        }
    }
    return order;
}

/// `gold.users>warehouse.public.users(upsert id)`
std::string export_text(const project::ExportItem& item) {
    if (const auto* file = std::get_if<project::ExportFile>(&item.to)) {
        return fmt::format("{}>{}({})", item.from.text(), file->path.text(),
                           fmt::join(item.columns, ","));
    }
    std::string text = fmt::format("{}>{}({} {};{};", item.from.text(),
                                   std::get<project::ExportTable>(item.to).text(),
                                   project::export_mode_name(item.mode), fmt::join(item.key, ","),
                                   fmt::join(item.columns, ","));
    for (const std::vector<std::string>& index : item.indexes) {
        text += fmt::format("{};", fmt::join(index, ","));
    }
    return text + ')';
}

std::string call_text(const project::HttpCall& call) {
    std::string text = fmt::format("http {} {}", call.method, call.url.text());
    for (const auto& [name, value] : call.headers)
        text += fmt::format(" {}: {}", name, value.text());
    if (!call.body.empty()) text += ' ' + call.body.text();
    for (const int status : call.statuses) text += fmt::format(" {}", status);
    if (!call.contains.empty()) text += " with " + call.contains.text();
    return text;
}

/// All that makes two tasks do different things: an interrupted run goes on only with the same.
struct WorkText {
    std::string operator()(const project::FileSensor& file) const {
        return "file " + file.path.text();
    }
    std::string operator()(const project::TaskSql& sql) const { return "sql " + sql.text; }
    std::string operator()(const project::HttpCall& call) const { return call_text(call); }
    std::string operator()(const project::CommandTask& command) const {
        std::string text = "command";
        for (const project::Template& part : command.argv) text += ' ' + part.text();
        for (const auto& [name, value] : command.environment) {
            text += fmt::format(" {}={}", name, value.text());
        }
        return text;
    }
};

std::string work_text(const project::PipelineTask& task) {
    if (const auto* ingest = std::get_if<project::IngestTask>(&task.body)) {
        return "ingest " + ingest->select;
    }
    if (const auto* models = std::get_if<project::ModelsTask>(&task.body)) {
        return "models " + models->select;
    }
    if (const auto* check = std::get_if<project::CheckTask>(&task.body)) {
        return "check " + check->select;
    }
    if (const auto* exports = std::get_if<project::ExportTask>(&task.body)) {
        std::string text = "export";
        for (const project::ExportItem& item : exports->items) text += ' ' + export_text(item);
        return text;
    }
    if (const auto* sql = std::get_if<project::SqlTask>(&task.body)) {
        return fmt::format("sql{}{}: {}", sql->connection.empty() ? "" : " on ", sql->connection,
                           sql->sql);
    }
    if (const auto* http = std::get_if<project::HttpTask>(&task.body)) {
        return call_text(http->call);
    }
    if (const auto* sensor = std::get_if<project::SensorTask>(&task.body)) {
        return "sensor " + std::visit(WorkText{}, sensor->of);
    }
    if (const auto* branch = std::get_if<project::BranchTask>(&task.body)) {
        return "branch " + std::visit(WorkText{}, branch->by);
    }
    const auto* command = std::get_if<project::CommandTask>(&task.body);
    return command == nullptr ? "" : WorkText{}(*command);
}

std::vector<PlannedTask> planned(const project::Pipeline& pipeline, const Graph& before,
                                 const std::vector<std::set<std::string>>& left_checks) {
    std::vector<PlannedTask> tasks;
    std::map<std::size_t, std::vector<TaskIndex>> copies;
    std::map<std::string, std::size_t> positions;
    for (const std::size_t position : in_order(before)) {
        const project::PipelineTask& task = pipeline.tasks[position];
        std::vector<TaskIndex> after;
        for (const std::size_t first : before[position]) {
            after.insert(after.end(), copies[first].begin(), copies[first].end());
        }
        std::sort(after.begin(), after.end());
        std::vector<TaskIndex> values_from;
        for (const std::string& name : project::values_used_by(task.body)) {
            const std::vector<TaskIndex>& from = copies[positions.at(name)];
            values_from.insert(values_from.end(), from.begin(), from.end());
        }
        positions.emplace(task.name, position);
        for (std::size_t item = 0; item < std::max<std::size_t>(1, task.each.size()); ++item) {
            copies[position].emplace_back(static_cast<std::uint32_t>(tasks.size()));
            PlannedTask& copy = tasks.emplace_back(PlannedTask{task.name, task.name});
            copy.work = work_text(task);
            copy.after = after;
            copy.when = task.when;
            copy.tolerated = task.tolerated;
            copy.pool = task.pool;
            copy.priority = task.priority;
            copy.retry = {task.retry.retries, task.retry.delay, task.retry.backoff};
            copy.timeout = task.retry.timeout;
            copy.values_from = values_from;
            copy.left_checks.assign(left_checks[position].begin(), left_checks[position].end());
            if (const auto* sensor = std::get_if<project::SensorTask>(&task.body)) {
                copy.sensor = SensorRule{sensor->every, sensor->skip_when_over};
            }
            if (const auto& items = task.items_from) {
                copy.items = ItemsRule{copies[positions.at(items->task)], items->path,
                                       items->at_most, items->text, items->place.to_string()};
            }
            if (task.each.empty()) continue;
            copy.name += '[' + task.each[item].to_text() + ']';
            copy.item = static_cast<std::uint32_t>(item);
        }
    }
    return tasks;
}

}  // namespace
}  // namespace ingot::orchestrator

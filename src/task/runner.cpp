#include "task/runner.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <set>
#include <thread>

#include "base/guarded.hpp"
#include "base/uuid.hpp"
#include "project/selector.hpp"
#include "task/check_files.hpp"
#include "task/check_results.hpp"
#include "task/freshness.hpp"
#include "task/ingest_task.hpp"

namespace ingot::task {
namespace {

/// One step of a run: a model, or a source with all its tables.
struct Step {
    const project::Model* model = nullptr;
    const project::Source* source = nullptr;
    std::vector<project::TableName> tables;
    std::vector<std::size_t> users;  ///< Steps that wait for this one.
    std::size_t waiting_for = 0;     ///< Inputs among the steps that are not finished.
    bool blocked = false;            ///< An input failed.
    project::TableName failed_input;
};

struct Board {
    std::vector<Step> steps;
    std::deque<std::size_t> ready;
    std::size_t unfinished = 0;
    std::vector<TableReport> reports;
};

std::vector<Step> steps_of(const project::Project& project, const project::TableGraph& graph,
                           const std::vector<project::TableName>& selected);
void work_off(Guarded<Board>& board, std::condition_variable& changed, const TaskContext& context,
              const RunProgress& progress);
Status check_whole_run(const project::SelectedWork& selected, const TaskContext& context,
                       RunReport& report);

}  // namespace

Result<RunReport> run_tables(const Workspace& workspace, const RunOptions& options,
                             const RunProgress& progress, std::stop_token stop) {
    Board initial;
    const project::TableGraph graph(*workspace.project);
    INGOT_TRY_ASSIGN(project::SelectedWork selected,
                     project::select_work(*workspace.project, graph,
                                          {options.select, options.exclude, nullptr}));
    std::erase_if(selected.checks, [&](const project::TableCheckFile* check) {
        return std::find(options.left_checks.begin(), options.left_checks.end(), check->name) !=
               options.left_checks.end();
    });
    initial.steps = steps_of(*workspace.project, graph, selected.tables);
    initial.unfinished = initial.steps.size();
    for (std::size_t i = 0; i < initial.steps.size(); ++i) {
        if (initial.steps[i].waiting_for == 0) initial.ready.push_back(i);
    }
    Guarded<Board> board(std::move(initial));

    Pins pins(workspace);
    const Duration begin = workspace.clock.steady();
    const RunIdentity run{options.run_id.empty() ? uuid_v7() : options.run_id,
                          workspace.clock.now()};
    const TaskContext context{workspace, pins, options, run, stop};
    std::condition_variable changed;
    {
        std::vector<std::jthread> workers;
        for (unsigned i = 1; i < std::max(1U, options.parallel); ++i) {
            workers.emplace_back([&] { work_off(board, changed, context, progress); });
        }
        work_off(board, changed, context, progress);
    }
    RunReport report{run.id, run.time, {}, std::move(board.lock()->reports), {}};
    Status checked = stop.stop_requested() ? Status() : check_whole_run(selected, context, report);
    // What was published has its results, however the checks of the whole run ended.
    INGOT_TRY_WITH(append_check_results(report, context), "while keeping the check results");
    if (!checked) return std::move(checked).error().with("while checking across tables");
    report.elapsed = workspace.clock.steady() - begin;
    return report;
}

namespace {

std::vector<Step> steps_of(const project::Project& project, const project::TableGraph& graph,
                           const std::vector<project::TableName>& selected) {
    std::vector<Step> steps;
    std::map<project::TableName, std::size_t> step_of;
    std::map<const project::Source*, std::size_t> step_of_source;
    for (const project::TableName& table : selected) {
        const project::Source* source = project.find_source(table);
        if (source != nullptr) {
            const auto [at, inserted] = step_of_source.emplace(source, steps.size());
            if (inserted) steps.push_back(Step{nullptr, source, {}, {}, 0, false, {}});
            steps[at->second].tables.push_back(table);
            step_of[table] = at->second;
        } else {
            step_of[table] = steps.size();
            steps.push_back(Step{project.find_model(table), nullptr, {table}, {}, 0, false, {}});
        }
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].model == nullptr) continue;
        std::set<std::size_t> inputs;
        for (const project::TableName& input : graph.inputs(steps[i].model->name)) {
            if (const auto found = step_of.find(input); found != step_of.end())
                inputs.insert(found->second);
        }
        steps[i].waiting_for = inputs.size();
        for (const std::size_t input : inputs) steps[input].users.push_back(i);
    }
    return steps;
}

std::vector<TableReport> carry_out(const Step& step, const TaskContext& context) {
    if (step.source != nullptr) return run_source(*step.source, step.tables, context);
    return {run_model(*step.model, context)};
}

std::vector<TableReport> skipped(const Step& step, std::string reason) {
    std::vector<TableReport> reports;
    for (const project::TableName& table : step.tables) {
        reports.emplace_back();
        reports.back().table = table;
        reports.back().status = TableStatus::kSkipped;
        reports.back().reason = reason;
    }
    return reports;
}

/// Lets the users of a finished step go on, or blocks them when it failed.
void release_users(Board& board, std::size_t finished, const std::vector<TableReport>& reports) {
    const auto bad = std::find_if(reports.begin(), reports.end(), [](const TableReport& r) {
        return r.status == TableStatus::kFailed || r.status == TableStatus::kSkipped;
    });
    for (const std::size_t user : board.steps[finished].users) {
        Step& step = board.steps[user];
        if (bad != reports.end() && !step.blocked) {
            step.blocked = true;
            step.failed_input = bad->table;
        }
        if (--step.waiting_for == 0) board.ready.push_back(user);
    }
    --board.unfinished;
}

void work_off(Guarded<Board>& board, std::condition_variable& changed, const TaskContext& context,
              const RunProgress& progress) {
    auto access = board.lock();
    while (true) {
        changed.wait(access.mutex_lock(),
                     [&] { return !access->ready.empty() || access->unfinished == 0; });
        if (access->unfinished == 0) return;
        const std::size_t index = access->ready.front();
        access->ready.pop_front();
        const Step step = access->steps[index];
        if (progress.started && !step.blocked) {
            for (const project::TableName& table : step.tables) progress.started(table);
        }

        access.mutex_lock().unlock();
        std::vector<TableReport> reports;
        if (step.blocked) {
            reports = skipped(step, fmt::format("its input {} failed", step.failed_input.text()));
        } else if (context.stop.stop_requested()) {
            reports = skipped(step, "the run was cancelled");
        } else {
            reports = carry_out(step, context);
        }
        access.mutex_lock().lock();

        release_users(*access, index, reports);
        for (const TableReport& report : reports) {
            if (progress.finished) progress.finished(report);
        }
        access->reports.insert(access->reports.end(), std::make_move_iterator(reports.begin()),
                               std::make_move_iterator(reports.end()));
        changed.notify_all();
    }
}

/// Those that are about no single table, or about time.
Status check_whole_run(const project::SelectedWork& selected, const TaskContext& context,
                       RunReport& report) {
    INGOT_TRY_ASSIGN(report.checks, run_check_files(selected.checks, report.tables, context));
    // Windows that a person asks for may be of any age.
    if (context.options.window) return {};
    INGOT_TRY_ASSIGN(const std::vector<quality::CheckResult> fresh,
                     check_freshness(selected.tables, context));
    report.checks.insert(report.checks.end(), fresh.begin(), fresh.end());
    return {};
}

}  // namespace
}  // namespace ingot::task

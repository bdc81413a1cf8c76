#include "task/audit.hpp"

#include "project/history.hpp"
#include "project/window.hpp"
#include "quality/readiness.hpp"
#include "quality/tables.hpp"
#include "task/checks.hpp"

namespace ingot::task {
namespace {

constexpr const char* kStagedRows = "staged.rows";
constexpr const char* kStagedTable = "staged.table";

std::optional<std::int64_t> row_count(const delta::SnapshotPtr& snapshot) {
    return snapshot ? snapshot->files().live_rows(snapshot->files().all()) : std::nullopt;
}

/// Values that anomaly checks of this table measured when it was published before.
Result<std::map<std::string, std::vector<double>>> check_history(const AuditedTable& table,
                                                                 const TaskContext& context) {
    std::map<std::string, std::vector<double>> history;
    std::unique_ptr<engine::Session> session;
    for (const project::Check& check : table.checks) {
        const auto* anomaly = std::get_if<project::AnomalyCheck>(&check.body);
        if (anomaly == nullptr) continue;
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr results,
                         context.pins.snapshot(quality::check_results_table()));
        if (!results) return history;
        if (!session) {
            INGOT_TRY_ASSIGN(session, context.pins.open_session({{"staged.results", results}}));
        }
        INGOT_TRY_ASSIGN(const ColumnBatch batch,
                         session->query_all({quality::history_sql("staged.results", table.table,
                                                                  check.name, anomaly->history),
                                             {}},
                                            context.stop));
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            history[check.name].push_back(batch.columns.front().value<double>(row));
        }
    }
    return history;
}

Result<CheckRun> plan_run(const AuditedTable& table, const Schema& schema,
                          const delta::SnapshotPtr& before, const TaskContext& context) {
    CheckRun run;
    run.target = quality::CheckTarget{table.table, schema, kStagedRows, kStagedTable};
    run.checks = table.checks;
    Result<quality::ImpliedChecks> implied =
        table.model != nullptr
            ? quality::implied_checks(*table.model, schema, table.parameters.ranges)
            : quality::implied_checks(*table.source_table);
    if (!implied) return std::move(implied).error();
    run.checks.insert(run.checks.end(), implied->checks.begin(), implied->checks.end());
    run.conditions = std::move(implied->conditions);
    run.facts.now = context.run.time;
    run.facts.previous_row_count = row_count(before);
    INGOT_TRY_ASSIGN(run.facts.history, check_history(table, context));
    run.parameters = table.parameters;
    run.parameters.previous_row_count = run.facts.previous_row_count;
    run.sample_columns = table.sample_columns;
    return run;
}

/// Rows that the staged ones can be compared with: those of the version before, when both are the
/// whole state.
Result<std::optional<std::int64_t>> rows_before(const AuditedTable& table,
                                                const publish::StagedTable& staged,
                                                const TaskContext& context) {
    if (table.parameters.window() || !staged.before) return std::optional<std::int64_t>();
    if (table.replaces_table) return row_count(staged.before);
    if (table.model == nullptr || table.model->kind != project::ModelKind::kScd2 ||
        !project::holds_history(*table.model, staged.before->schema())) {
        return std::optional<std::int64_t>();
    }
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                     context.pins.open_session({{kStagedTable, staged.before}}));
    INGOT_TRY_ASSIGN(const ColumnBatch counted,
                     session->query_all({fmt::format("SELECT count(*) FROM {} WHERE {} IS NULL",
                                                     kStagedTable, project::kValidTo),
                                         {}},
                                        context.stop));
    return std::optional(counted.columns.front().value<std::int64_t>(0));
}

Result<quality::Judgement> judge_rows(const AuditedTable& table, const publish::StagedTable& staged,
                                      const TaskContext& context, const TableReport& report) {
    quality::VolumeFacts facts;
    facts.accepted = staged.rows;
    facts.rejected = staged.rejected;
    facts.reasons = report.reasons;
    facts.allow_empty = table.allow_empty;
    facts.of_source = table.model == nullptr;
    INGOT_TRY_ASSIGN(facts.previous, rows_before(table, staged, context));
    for (const project::Check& check : table.checks) {
        facts.says_itself =
            facts.says_itself || std::holds_alternative<project::RowCountCheck>(check.body);
    }
    return quality::judge_volume(facts);
}

}  // namespace

publish::Audit make_audit(const AuditedTable& table, const TaskContext& context,
                          TableReport& report) {
    return [table, &context,
            &report](const publish::StagedTable& staged) -> Result<publish::AuditVerdict> {
        INGOT_TRY_ASSIGN(const quality::Judgement volume,
                         judge_rows(table, staged, context, report));
        if (!volume.ok()) return publish::AuditVerdict{volume.sentence};
        if (volume.verdict == quality::Verdict::kWarn) report.warnings.push_back(volume.sentence);

        INGOT_TRY_ASSIGN(const CheckRun run,
                         plan_run(table, staged.table->schema(), staged.before, context));
        if (run.checks.empty() && run.conditions.empty()) return publish::AuditVerdict{};
        INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                         context.pins.open_session({{kStagedRows, staged.new_rows},
                                                    {kStagedTable, staged.table},
                                                    {table.table.text(), staged.table}}));
        INGOT_TRY_ASSIGN(const std::vector<quality::CheckResult> results,
                         run_checks(*session, run, context.stop));
        report.checks.insert(report.checks.end(), results.begin(), results.end());
        return publish::AuditVerdict{quality::blocking_problem(results)};
    };
}

Result<std::vector<quality::CheckResult>> check_published(const AuditedTable& table,
                                                          const delta::SnapshotPtr& snapshot,
                                                          const TaskContext& context) {
    INGOT_TRY_ASSIGN(const CheckRun run, plan_run(table, snapshot->schema(), snapshot, context));
    INGOT_TRY_ASSIGN(
        const std::unique_ptr<engine::Session> session,
        context.pins.open_session({{kStagedRows, snapshot}, {kStagedTable, snapshot}}));
    return run_checks(*session, run, context.stop);
}

Status check_requirements(const project::Model& model, const TaskContext& context) {
    for (const project::Requirement& requirement : model.requirements) {
        quality::InputFacts facts;
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr input, context.pins.snapshot(requirement.table));
        facts.exists = input != nullptr;
        if (input) {
            INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(*input));
            facts.done = stored.progress.in_state(publish::WindowState::kDone)
                             .united(stored.progress.in_state(publish::WindowState::kEmpty));
            facts.published_at = input->timestamp();
            facts.rows = row_count(input);
            const project::Source* source =
                context.workspace.project->find_source(requirement.table);
            const project::Model* upstream =
                context.workspace.project->find_model(requirement.table);
            const auto& window = source != nullptr ? source->window : upstream->window;
            const auto& start = source != nullptr ? source->start : upstream->start;
            if (window && start) {
                const Timestamp end =
                    context.options.window ? context.options.window->end : context.run.time;
                INGOT_TRY_ASSIGN(const std::optional<Interval> range,
                                 project::closed_range(*window, *start, end));
                if (range) {
                    INGOT_TRY_ASSIGN(facts.windows, project::enumerate_windows(*window, *range));
                }
            }
        }
        const quality::Judgement judgement =
            quality::judge_requirement(requirement, facts, context.run.time);
        if (!judgement.ok()) {
            return make_error(ErrorCode::kInvalidArgument, "{}: {} ({})", model.name.text(),
                              judgement.sentence, requirement.place.to_string());
        }
    }
    return {};
}

}  // namespace ingot::task

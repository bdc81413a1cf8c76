#include "task/check_files.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "project/selector.hpp"
#include "quality/tables.hpp"
#include "task/checks.hpp"

namespace ingot::task {
namespace {

constexpr const char* kResults = "staged.results";

Result<quality::CheckResult> check_file(const project::TableCheckFile& file,
                                        std::span<const TableReport> reports,
                                        const TaskContext& context);
quality::CheckResult not_run(const project::TableCheckFile& file, quality::CheckStatus status,
                             std::string message);

}  // namespace

Result<std::vector<quality::CheckResult>> run_check_files(
    const std::vector<const project::TableCheckFile*>& files, std::span<const TableReport> reports,
    const TaskContext& context) {
    std::vector<quality::CheckResult> results;
    for (const project::TableCheckFile* file : files) {
        Result<quality::CheckResult> result = check_file(*file, reports, context);
        if (!result && result.error().code == ErrorCode::kCancelled) return result.error();
        results.push_back(
            result ? *std::move(result)
                   : not_run(*file, quality::CheckStatus::kError, result.error().to_string()));
    }
    return results;
}

Result<std::vector<quality::CheckResult>> new_results(const RunReport& report,
                                                      const TaskContext& context) {
    std::vector<quality::CheckResult> kept;
    if (report.checks.empty()) return kept;
    std::set<project::TableName> published;
    for (const TableReport& table : report.tables) {
        if (table.status == TableStatus::kPublished) published.insert(table.table);
    }
    std::map<std::string, std::string> last;
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr results,
                     context.pins.snapshot(quality::check_results_table()));
    if (results) {
        INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                         context.pins.open_session({{kResults, results}}));
        INGOT_TRY_ASSIGN(const ColumnBatch batch,
                         session->query_all({quality::last_status_sql(kResults, "checks"), {}}));
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            last[std::string(batch.columns[0].text(row))] = batch.columns[1].text(row);
        }
    }
    const project::Project& project = *context.workspace.project;
    for (const project::TableCheckFile& file : project.checks) {
        const auto found =
            std::find_if(report.checks.begin(), report.checks.end(),
                         [&](const auto& result) { return result.name == file.name; });
        if (found == report.checks.end() || found->status == quality::CheckStatus::kSkipped)
            continue;
        const std::vector<project::TableName> inputs = base_tables(project, file.inputs);
        const bool reads_new =
            std::any_of(inputs.begin(), inputs.end(),
                        [&](const project::TableName& input) { return published.contains(input); });
        const auto before = last.find(file.name);
        const bool is_other =
            before == last.end() || before->second != quality::check_status_name(found->status);
        if (reads_new || is_other) kept.push_back(*found);
    }
    return kept;
}

namespace {

/// Empty: it can run.
Result<std::string> why_not(const project::TableCheckFile& file,
                            std::span<const TableReport> reports, const TaskContext& context) {
    for (const project::TableName& input : base_tables(*context.workspace.project, file.inputs)) {
        const auto report =
            std::find_if(reports.begin(), reports.end(),
                         [&](const TableReport& each) { return each.table == input; });
        if (report != reports.end() && report->status == TableStatus::kFailed)
            return fmt::format("{} failed", input.text());
        if (report != reports.end() && report->status == TableStatus::kSkipped)
            return fmt::format("{} was skipped", input.text());
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, context.pins.snapshot(input));
        if (!snapshot) return fmt::format("{} has not been built yet", input.text());
    }
    return std::string();
}

Result<quality::CheckResult> run_file(const project::TableCheckFile& file,
                                      const TaskContext& context) {
    CheckRun run;
    run.target.table = project::name_of_check(file);
    run.checks = {file.check};
    run.facts.now = context.run.time;
    run.parameters.run_time = context.run.time;
    run.parameters.params = &context.workspace.project->params;
    run.parameters.param_types = &context.workspace.project->param_types;
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, context.pins.open_session());
    INGOT_TRY_ASSIGN(std::vector<quality::CheckResult> results,
                     run_checks(*session, run, context.stop));
    return std::move(results.at(0));
}

Result<quality::CheckResult> check_file(const project::TableCheckFile& file,
                                        std::span<const TableReport> reports,
                                        const TaskContext& context) {
    INGOT_TRY_ASSIGN(std::string reason, why_not(file, reports, context));
    if (!reason.empty()) return not_run(file, quality::CheckStatus::kSkipped, std::move(reason));
    return run_file(file, context);
}

quality::CheckResult not_run(const project::TableCheckFile& file, quality::CheckStatus status,
                             std::string message) {
    quality::CheckResult result;
    result.table = project::name_of_check(file);
    result.name = file.name;
    result.kind = project::check_kind(file.check);
    result.scope = file.check.scope;
    result.on_fail = file.check.on_fail;
    result.status = status;
    result.message = std::move(message);
    result.place = file.check.place;
    return result;
}

}  // namespace
}  // namespace ingot::task

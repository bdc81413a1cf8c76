// Tasks that build and check tables.
#include "base/log.hpp"
#include "task/check_tables.hpp"
#include "task/task_attempt_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::TaskOutcome;

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

TaskOutcome build(const std::string& select, const TaskAttempt& attempt) {
    RunOptions options;
    options.select = select;
    options.window = attempt.attempt.spec->window;
    options.full = attempt.attempt.spec->full;
    options.parallel = attempt.parallel;
    options.run_id = attempt.attempt.run.value();
    options.left_checks = attempt.attempt.planned().left_checks;
    RunProgress progress = attempt.progress;
    progress.finished = [&](const TableReport& report) {
        write_line(attempt.log, line_of(report));
        if (attempt.progress.finished) attempt.progress.finished(report);
    };
    const Result<RunReport> report = run_tables(attempt.workspace, options, progress, attempt.stop);
    if (!report) return failed(report.error(), attempt);
    for (const quality::CheckResult& check : report->checks) {
        write_line(attempt.log, line_of(check));
    }
    return outcome_of(*report, attempt.stop);
}

}  // namespace

TaskOutcome carry_out(const project::IngestTask& ingest, const TaskAttempt& attempt) {
    return build(ingest.select, attempt);
}

TaskOutcome carry_out(const project::ModelsTask& models, const TaskAttempt& attempt) {
    return build(models.select, attempt);
}

TaskOutcome carry_out(const project::CheckTask& checks, const TaskAttempt& attempt) {
    RunOptions options;
    options.select = checks.select;
    const Result<CheckedTables> checked = check_tables(attempt.workspace, options, attempt.stop);
    if (!checked) return failed(checked.error(), attempt);
    std::vector<quality::CheckResult> results = checked->across;
    for (const CheckedTable& table : checked->tables) {
        if (!table.version) {
            write_line(attempt.log,
                       table.table.text() + " has not been built yet: nothing to check");
        }
        results.insert(results.end(), table.results.begin(), table.results.end());
    }
    std::string first;
    std::size_t failures = 0;
    for (const quality::CheckResult& result : results) {
        write_line(attempt.log, line_of(result));
        if (result.blocks() && failures++ == 0) first = line_of(result);
    }
    if (failures == 0) return {};
    return {
        TaskOutcome::Kind::kFailed,
        fmt::format("{} of {} checks failed: {}", failures, results.size(), mask_secrets(first)),
        false};
}

}  // namespace ingot::task

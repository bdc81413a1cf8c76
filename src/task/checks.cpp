#include "task/checks.hpp"

namespace ingot::task {
namespace {

Result<quality::CheckPlan> plan(const CheckRun& run, bool isolate) {
    quality::PlanOptions options;
    options.sample_columns = run.sample_columns;
    options.isolate = isolate;
    return quality::plan_checks(run.target, run.checks, run.conditions, options);
}

quality::ScanOutcome run_scan(engine::Session& session, const quality::CheckScan& scan,
                              const ParameterValues& parameters, std::stop_token stop) {
    engine::Query query{scan.sql, {}};
    INGOT_TRY_ASSIGN(query.parameters, bind_parameters(scan.parameters, parameters));
    INGOT_TRY_ASSIGN(const ColumnBatch batch, session.query_all(query, stop));
    if (batch.rows != 1)
        return make_error(ErrorCode::kInternal, "a check scan returned {} rows", batch.rows);
    std::vector<Scalar> values;
    values.reserve(batch.columns.size());
    for (const Column& column : batch.columns) values.push_back(scalar_at(column, 0));
    return values;
}

Result<std::vector<quality::ScanOutcome>> run_scans(engine::Session& session,
                                                    const quality::CheckPlan& checks,
                                                    const ParameterValues& parameters,
                                                    std::stop_token stop) {
    std::vector<quality::ScanOutcome> outcomes;
    outcomes.reserve(checks.scans.size());
    for (const quality::CheckScan& scan : checks.scans) {
        outcomes.push_back(run_scan(session, scan, parameters, stop));
        if (!outcomes.back() && outcomes.back().error().code == ErrorCode::kCancelled)
            return outcomes.back().error();
    }
    return outcomes;
}

/// A scan that decides several checks and cannot run hides which of them is to blame.
bool needs_isolation(const quality::CheckPlan& checks,
                     const std::vector<quality::ScanOutcome>& outcomes) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (!outcomes[i] && checks.scans[i].checks.size() > 1) return true;
    }
    return false;
}

Status add_samples(engine::Session& session, const quality::PlannedCheck& planned,
                   const ParameterValues& parameters, std::stop_token stop,
                   quality::CheckResult& result) {
    if (planned.sample_sql.empty()) return {};
    engine::Query query{planned.sample_sql, {}};
    INGOT_TRY_ASSIGN(query.parameters, bind_parameters(planned.sample_parameters, parameters));
    INGOT_TRY_ASSIGN(const ColumnBatch batch, session.query_all(query, stop));
    for (std::int64_t row = 0; row < batch.rows; ++row) {
        result.samples.push_back(scalar_at(batch.columns.front(), row).to_string());
    }
    return {};
}

}  // namespace

Result<std::vector<quality::CheckResult>> run_checks(engine::Session& session, const CheckRun& run,
                                                     std::stop_token stop) {
    INGOT_TRY_ASSIGN(quality::CheckPlan checks, plan(run, false));
    INGOT_TRY_ASSIGN(std::vector<quality::ScanOutcome> outcomes,
                     run_scans(session, checks, run.parameters, stop));
    if (needs_isolation(checks, outcomes)) {
        INGOT_TRY_ASSIGN(checks, plan(run, true));
        INGOT_TRY_ASSIGN(outcomes, run_scans(session, checks, run.parameters, stop));
    }
    std::vector<quality::CheckResult> results = quality::evaluate(checks, outcomes, run.facts);
    for (std::size_t i = 0; i < results.size(); ++i) {
        const bool shows = results[i].status == quality::CheckStatus::kFailed ||
                           results[i].status == quality::CheckStatus::kWarned;
        if (!shows) continue;
        const Status sampled =
            add_samples(session, checks.checks[i], run.parameters, stop, results[i]);
        if (!sampled) results[i].message += " (no sample: " + sampled.error().message + ")";
    }
    return results;
}

}  // namespace ingot::task

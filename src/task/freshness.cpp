#include "task/freshness.hpp"

#include "publish/progress.hpp"
#include "quality/readiness.hpp"

namespace ingot::task {
namespace {

Result<std::optional<Timestamp>> newest_data(const project::Source& source,
                                             const delta::SnapshotPtr& snapshot) {
    if (!snapshot) return std::optional<Timestamp>();
    if (!source.window) return std::optional(snapshot->timestamp());
    INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(*snapshot));
    const IntervalSet done = stored.progress.in_state(publish::WindowState::kDone);
    if (done.intervals().empty()) return std::optional<Timestamp>();
    return std::optional(done.intervals().back().end);
}

quality::CheckResult result_of(const project::TableName& table,
                               const project::FreshnessPolicy& policy,
                               quality::Judgement judgement) {
    quality::CheckResult result;
    result.table = table;
    result.name = "freshness(source)";
    result.kind = "freshness";
    result.scope = project::CheckScope::kTable;
    result.status = quality::CheckStatus::kPassed;
    if (judgement.verdict == quality::Verdict::kWarn) result.status = quality::CheckStatus::kWarned;
    if (judgement.verdict == quality::Verdict::kFail) result.status = quality::CheckStatus::kFailed;
    result.message = std::move(judgement.sentence);
    result.place = policy.place;
    return result;
}

}  // namespace

Result<std::vector<quality::CheckResult>> check_freshness(
    const std::vector<project::TableName>& tables, const TaskContext& context) {
    std::vector<quality::CheckResult> results;
    for (const project::TableName& table : tables) {
        const project::Source* source = context.workspace.project->find_source(table);
        if (source == nullptr || !source->freshness) continue;
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, context.pins.snapshot(table));
        INGOT_TRY_ASSIGN(const std::optional<Timestamp> newest, newest_data(*source, snapshot));
        results.push_back(result_of(
            table, *source->freshness,
            quality::judge_freshness(*source->freshness, table.text(), newest, context.run.time)));
    }
    return results;
}

}  // namespace ingot::task

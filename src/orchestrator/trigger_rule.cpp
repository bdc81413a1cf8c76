#include "orchestrator/trigger_rule_internal.hpp"

namespace ingot::orchestrator {

// One table of cases: a line per question that a rule asks, in the order in which it asks them.
Verdict judge(When when, const TasksBefore& before) {
    if (before.all == 0) return Verdict::kRun;
    if (before.passed_over > 0) return Verdict::kSkip;
    const std::uint32_t ended = before.all - before.waiting_for;
    const bool open = before.waiting_for > 0;
    switch (when) {
        case When::kSuccess:
            if (before.blocking > 0) return Verdict::kBlock;
            if (open) return Verdict::kWait;
            return before.skipped > 0 ? Verdict::kSkip : Verdict::kRun;
        case When::kDone:
            return open ? Verdict::kWait : Verdict::kRun;
        case When::kFailed:
            if (before.failed > 0) return Verdict::kRun;
            return open ? Verdict::kWait : Verdict::kSkip;
        case When::kAllFailed:
            if (before.failed < ended) return Verdict::kSkip;
            return open ? Verdict::kWait : Verdict::kRun;
        case When::kAllSkipped:
            if (before.skipped < ended) return Verdict::kSkip;
            return open ? Verdict::kWait : Verdict::kRun;
        case When::kAlways:
            return Verdict::kRun;
        case When::kOneSuccess:
            if (before.succeeded > 0) return Verdict::kRun;
            if (open) return Verdict::kWait;
            return before.skipped == before.all ? Verdict::kSkip : Verdict::kBlock;
        case When::kOneDone:
            if (before.ran > 0) return Verdict::kRun;
            return open ? Verdict::kWait : Verdict::kSkip;
        case When::kNoneFailed:
            if (before.blocking > 0) return Verdict::kBlock;
            return open ? Verdict::kWait : Verdict::kRun;
        case When::kNoneSkipped:
            if (before.skipped > 0) return Verdict::kSkip;
            return open ? Verdict::kWait : Verdict::kRun;
        case When::kNoneFailedMinOneSuccess:
            if (before.blocking > 0) return Verdict::kBlock;
            if (open) return Verdict::kWait;
            return before.succeeded > 0 ? Verdict::kRun : Verdict::kSkip;
        case When::kAllDoneMinOneSuccess:
            if (before.skipped > 0) return Verdict::kSkip;
            if (open) return Verdict::kWait;
            return before.succeeded > 0 ? Verdict::kRun : Verdict::kBlock;
    }
    return Verdict::kWait;
}

namespace {

/// What a task that has ended counts as.
TasksBefore counted_as(TaskState state, bool tolerated) {
    const bool failed = state == TaskState::kFailed;
    const bool did_not_succeed =
        failed || state == TaskState::kUpstreamFailed || state == TaskState::kCancelled;
    TasksBefore one;
    one.skipped = state == TaskState::kSkipped ? 1 : 0;
    one.ran = state == TaskState::kSuccess || failed ? 1 : 0;
    one.succeeded = state == TaskState::kSuccess || (failed && tolerated) ? 1 : 0;
    one.failed = did_not_succeed ? 1 : 0;
    one.blocking = did_not_succeed && !(failed && tolerated) ? 1 : 0;
    return one;
}

}  // namespace

void count_ended(TaskState state, bool tolerated, TasksBefore& before) {
    --before.waiting_for;
    count_all(counted_as(state, tolerated), before);
}

void uncount_ended(TaskState state, bool tolerated, TasksBefore& before) {
    const TasksBefore one = counted_as(state, tolerated);
    ++before.waiting_for;
    before.skipped -= one.skipped;
    before.ran -= one.ran;
    before.succeeded -= one.succeeded;
    before.failed -= one.failed;
    before.blocking -= one.blocking;
}

void count_all(const TasksBefore& copies, TasksBefore& before) {
    before.all += copies.all;
    before.waiting_for += copies.waiting_for;
    before.succeeded += copies.succeeded;
    before.failed += copies.failed;
    before.blocking += copies.blocking;
    before.skipped += copies.skipped;
    before.ran += copies.ran;
}

}  // namespace ingot::orchestrator

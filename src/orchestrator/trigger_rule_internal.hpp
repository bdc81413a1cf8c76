#pragma once
// The rules of `when`: docs/guide/pipelines.md.
#include "orchestrator/run_status.hpp"

namespace ingot::orchestrator {

/// What a task that waits for others does now.
enum class Verdict : std::uint8_t { kWait, kRun, kSkip, kBlock };

/// Decides as soon as nothing that is still open can change it. The verdict that comes out depends
/// on how the tasks before it ended and not on their order; kFailed, kOneSuccess, kOneDone and
/// kAlways run before the others have ended, also before one that would have passed them over.
Verdict judge(When when, const TasksBefore& before);

/// Counts a task that has ended for one that comes after it.
void count_ended(TaskState state, bool tolerated, TasksBefore& before);
/// It has not ended after all.
void uncount_ended(TaskState state, bool tolerated, TasksBefore& before);
/// Counts several at once: the copies of one task, for a task that comes after it.
void count_all(const TasksBefore& copies, TasksBefore& before);

}  // namespace ingot::orchestrator

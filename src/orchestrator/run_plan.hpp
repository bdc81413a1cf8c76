#pragma once
// What a run consists of: fixed when it is asked for, and kept with it.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interval_set.hpp"
#include "base/strong_type.hpp"
#include "project/project.hpp"

namespace ingot::orchestrator {

using RunId = StrongType<struct RunIdTag, std::string>;
/// Position of a task in its plan.
using TaskIndex = StrongType<struct TaskIndexTag, std::uint32_t>;
using When = project::PipelineTask::When;

/// How often, and after which waits, a failed task is tried again.
struct RetryRule {
    int retries = 0;
    Duration delay{};
    double backoff = 1;
    friend bool operator==(const RetryRule&, const RetryRule&) = default;
};

/// A task that asks until something is there.
struct SensorRule {
    Duration every{};             ///< Between two checks.
    bool skip_when_over = false;  ///< When its time is over: skipped instead of failed.
    friend bool operator==(const SensorRule&, const SensorRule&) = default;
};

/// Where a task finds its items: it becomes one copy for each once they are known.
struct ItemsRule {
    std::vector<TaskIndex> from;                  ///< What gives them; among `after`.
    std::vector<std::string> path = {};           ///< Of keys into what they gave.
    int at_most = project::ItemsFrom::kItemsMax;  ///< More than so many fail the task.
    std::string text = {};                        ///< `{tasks.list.files}`
    std::string place = {};  ///< `pipelines/hourly.yml:7:3`; says nothing of the work.
    friend bool operator==(const ItemsRule& a, const ItemsRule& b) {
        return a.from == b.from && a.path == b.path && a.at_most == b.at_most && a.text == b.text;
    }
};

struct PlannedTask {
    /// `report`; `report[eu]` for an item of `each`; `load[0]` for one that is known late.
    std::string name;
    std::string definition;                  ///< Name of the task in the pipeline's file.
    std::optional<std::uint32_t> item = {};  ///< Position among its items.
    std::string work = {};                   ///< What it does: `models silver.* gold.*`.
    std::vector<TaskIndex> after = {};       ///< Smaller than its own; each once, ascending.
    When when = When::kSuccess;
    bool tolerated = false;  ///< Its failure counts as success for the run and what comes after.
    std::string pool = {};   ///< Empty: none.
    int priority = 0;
    RetryRule retry = {};
    std::optional<Duration> timeout = {};  ///< Of one attempt; of a sensor: over all its checks.
    std::optional<SensorRule> sensor = {};
    std::vector<TaskIndex> values_from = {};  ///< Before it; what they gave is used.
    std::optional<ItemsRule> items = {};      ///< Its copies come from what others gave.
    /// Checks across tables that go with what it builds and are left to a task after it.
    std::vector<std::string> left_checks = {};
    friend bool operator==(const PlannedTask&, const PlannedTask&) = default;
};

struct RunPlan {
    std::string pipeline;
    std::string queue = {};                ///< Runs that share a limit; empty: the pipeline's.
    int active_runs = 1;                   ///< Of the queue at a time.
    std::optional<int> active_tasks = {};  ///< Of this run at a time.
    std::vector<PlannedTask> tasks = {};   ///< Not empty.
    friend bool operator==(const RunPlan&, const RunPlan&) = default;
};

/// One run as it was asked for. Two that are equal do the same.
struct RunSpec {
    RunPlan plan;
    std::optional<Interval> window = {};
    std::string lake = {};
    std::string environment = {};
    std::string params = {};  ///< Final values, as a JSON object.
    bool full = false;        ///< Everything again, whatever tables say is done.
    friend bool operator==(const RunSpec&, const RunSpec&) = default;
};

/// Why a run is there: told with it, and no part of what it does.
struct RunOrigin {
    /// kTables, kFiles: what it waits for has changed.
    enum class Cause : std::uint8_t { kManual, kScheduled, kTables, kFiles, kWebhook, kBackfill };
    Cause cause = Cause::kManual;
    std::string by = {};        ///< Who asked, or what: a user, `tick of ...`, tables.
    std::string code = {};      ///< Version of the project: a commit, or a hash of its files.
    std::string backfill = {};  ///< Id of the backfill that it is part of.
    friend bool operator==(const RunOrigin&, const RunOrigin&) = default;
};
std::string_view cause_name(RunOrigin::Cause cause);  ///< `scheduled`
Result<RunOrigin::Cause> parse_cause(std::string_view name);

/// The tasks of a pipeline: copies for `each`; after what `after` names, and after the tasks whose
/// tables they read or also write. A check across tables runs once, in the last task that it goes
/// with. kUnsupported names the place of what is not carried out yet.
Result<RunPlan> plan_run(const project::Project& project, const project::Pipeline& pipeline);

/// The tasks and all that come after them, ascending.
std::vector<TaskIndex> with_those_after(const RunPlan& plan, const std::vector<TaskIndex>& tasks);

/// Of the plan: its own, or the pipeline.
const std::string& queue_of(const RunPlan& plan);

/// docs/formats/run_store.md
std::string spec_to_json(const RunSpec& spec);
/// kCorruptData: no spec, or one that this version does not understand.
Result<RunSpec> parse_spec(std::string_view json);

}  // namespace ingot::orchestrator

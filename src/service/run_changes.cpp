#include "service/run_changes.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "orchestrator/machine.hpp"
#include "service/only_id.hpp"
#include "service/run_view.hpp"

#include "base/nearest_name.hpp"

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;

Result<std::vector<orc::RunHead>> other_windows(orc::Store& store, const orc::RunHead& run,
                                                const ClearRequest& request);
bool is_there(const orc::TaskStatus& task);
std::set<std::uint32_t> tasks_named(const orc::RunStatus& run,
                                    const std::vector<std::string>& names);
std::vector<ClearedRun::Task> tasks_to_clear(const orc::RunStatus& run,
                                             std::set<std::uint32_t> chosen,
                                             const ClearRequest& request);
Status is_not_being_cancelled(const orc::RunStatus& run);

}  // namespace

Result<orc::RunStatus> status_of(orc::Store& store, const orc::RunId& run) {
    INGOT_TRY_ASSIGN(const orc::StoredRun stored, store.load(run));
    orc::Machine machine({std::numeric_limits<int>::max(), {}});
    for (const orc::Event& event : stored.events) {
        INGOT_TRY_WITH(machine.replay(event), "while reading the run " + run.value());
    }
    return *machine.find(run);
}

Result<std::vector<ClearedRun>> plan_clear(orc::Store& store, const orc::RunId& run,
                                           const ClearRequest& request, const std::string& lake) {
    INGOT_TRY_ASSIGN(const orc::RunStatus asked, status_of(store, run));
    if (asked.spec->lake != lake) {
        return make_error(ErrorCode::kInvalidArgument,
                          "the run {} is about another lake, {}: it runs again only where that is "
                          "the lake",
                          run.value(), asked.spec->lake);
    }
    INGOT_TRY(chosen_tasks(asked, request.tasks));
    INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> others,
                     other_windows(store, orc::head_of(asked), request));
    std::vector<ClearedRun> plan;
    const auto add = [&](const orc::RunStatus& status) -> Status {
        ClearedRun cleared{orc::head_of(status),
                           tasks_to_clear(status, tasks_named(status, request.tasks), request)};
        const bool changes = std::any_of(
            cleared.tasks.begin(), cleared.tasks.end(), [](const ClearedRun::Task& task) {
                return orc::has_ended(task.state) || task.state == orc::TaskState::kExpanded;
            });
        if (!changes) return {};
        plan.push_back(std::move(cleared));
        return is_not_being_cancelled(status);
    };
    INGOT_TRY(add(asked));
    for (const orc::RunHead& head : others) {
        INGOT_TRY_ASSIGN(const orc::RunStatus status, status_of(store, head.id));
        if (status.spec->lake == lake) INGOT_TRY(add(status));
    }
    std::sort(plan.begin(), plan.end(), [](const ClearedRun& a, const ClearedRun& b) {
        return a.head.window < b.head.window;
    });
    return plan;
}

Status clear_runs(orc::Orchestrator& orchestrator, const std::vector<ClearedRun>& runs) {
    std::vector<std::pair<orc::RunId, orc::Change>> changes;
    for (const ClearedRun& run : runs) {
        // Asked again: it may have begun to be cancelled after this was planned.
        if (const orc::RunStatus* status = orchestrator.machine().find(run.head.id)) {
            INGOT_TRY(is_not_being_cancelled(*status));
        }
        orc::TasksCleared cleared;
        for (const ClearedRun::Task& task : run.tasks) cleared.tasks.push_back(task.index);
        changes.emplace_back(run.head.id, std::move(cleared));
    }
    return orchestrator.give(changes);
}

nlohmann::ordered_json cleared_json(const std::vector<ClearedRun>& runs, bool dry_run) {
    using Json = nlohmann::ordered_json;
    Json json{{"runs", Json::array()}, {"dry_run", dry_run}};
    for (const ClearedRun& run : runs) {
        Json tasks = Json::array();
        for (const ClearedRun::Task& task : run.tasks) {
            tasks.push_back({{"task", task.name}, {"state", orc::task_state_name(task.state)}});
        }
        json["runs"].push_back({{"run_id", run.head.id.value()},
                                {"window", window_json(run.head.window)},
                                {"tasks", std::move(tasks)}});
    }
    return json;
}

Result<orc::RunId> find_run(orc::Store& store, const std::string& id) {
    INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> heads,
                     store.list({.id_prefix = id, .at_most = 2}));
    std::vector<std::string> found;
    for (const orc::RunHead& head : heads) found.push_back(head.id.value());
    INGOT_TRY_ASSIGN(std::string only, only_id("run", id, found));
    return orc::RunId(std::move(only));
}

orc::RunCancelled cancelled_by(const std::string& by, const std::string& reason) {
    return {reason.empty() ? "it was asked to stop" : reason, by};
}

Result<orc::TaskMarked::As> parse_mark(const std::string& state) {
    if (state == "success") return orc::TaskMarked::As::kSuccess;
    if (state == "failed") return orc::TaskMarked::As::kFailed;
    if (state == "skipped") return orc::TaskMarked::As::kSkipped;
    return make_error(ErrorCode::kInvalidArgument,
                      "a task is marked as success, failed or skipped, not as '{}'", state);
}

Result<std::set<std::uint32_t>> chosen_tasks(const orc::RunStatus& run,
                                             const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
        if (is_there(run.tasks[i])) known.push_back(run.planned(orc::TaskIndex(i)).name);
    }
    for (const std::string& name : names) {
        if (!tasks_named(run, {name}).empty()) continue;
        return make_error(ErrorCode::kInvalidArgument, "the run has no task '{}'{}", name,
                          did_you_mean(name, known));
    }
    return tasks_named(run, names);
}

Status mark_tasks(orc::Orchestrator& orchestrator, const orc::RunId& run,
                  const std::set<std::uint32_t>& tasks, orc::TaskMarked::As as,
                  const std::string& by) {
    std::vector<std::pair<orc::RunId, orc::Change>> changes;
    for (const std::uint32_t task : tasks) {
        changes.emplace_back(run, orc::TaskMarked{orc::TaskIndex(task), as, by});
    }
    return orchestrator.give(changes);
}

namespace {

/// The newest run of each of the windows that are asked for beside this one's.
Result<std::vector<orc::RunHead>> other_windows(orc::Store& store, const orc::RunHead& run,
                                                const ClearRequest& request) {
    std::vector<orc::RunHead> chosen;
    if (!request.past && !request.future) return chosen;
    if (!run.window) {
        return make_error(ErrorCode::kInvalidArgument,
                          "the run {} has no window: earlier and later runs cannot be told by it",
                          run.id.value());
    }
    std::set<Interval> seen;
    orc::RunFilter filter{.pipeline = run.pipeline, .at_most = 10'000};
    while (true) {
        INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> page, store.list(filter));
        for (const orc::RunHead& head : page) {
            const bool asked =
                head.window && ((request.past && head.window->start < run.window->start) ||
                                (request.future && head.window->start > run.window->start));
            if (!asked || !seen.insert(*head.window).second) continue;
            if (request.failed_only && head.state == orc::RunState::kSuccess) continue;
            chosen.push_back(head);
        }
        if (page.size() < filter.at_most) break;
        filter.before = page.back().id;
    }
    if (chosen.size() < kClearedRunsMax) return chosen;
    return make_error(ErrorCode::kInvalidArgument,
                      "this asks for {} runs beside {}, and one clear takes {} runs at most: clear "
                      "only what failed, or run a range of windows again with a backfill",
                      chosen.size(), run.id.value(), kClearedRunsMax);
}

/// No copy whose item is gone.
bool is_there(const orc::TaskStatus& task) {
    return task.state != orc::TaskState::kRemoved && !task.withdrawn;
}

/// Those of the run that there are. A copy has no name but its own.
std::set<std::uint32_t> tasks_named(const orc::RunStatus& run,
                                    const std::vector<std::string>& names) {
    const std::set<std::string> asked(names.begin(), names.end());
    std::set<std::uint32_t> chosen;
    for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
        const orc::PlannedTask& task = run.planned(orc::TaskIndex(i));
        const bool is_copy = run.tasks[i].copy_of.has_value();
        const bool in_plan = !is_copy && (names.empty() || asked.contains(task.definition));
        if (is_there(run.tasks[i]) && (in_plan || asked.contains(task.name))) chosen.insert(i);
    }
    return chosen;
}

bool did_not_succeed(const orc::TaskStatus& task) {
    return orc::has_ended(task.state) && task.state != orc::TaskState::kSuccess &&
           task.state != orc::TaskState::kSkipped;
}

/// Of a task that has copies not itself, which would withdraw them all, but those that failed.
std::set<std::uint32_t> failed_ones(const orc::RunStatus& run,
                                    const std::set<std::uint32_t>& chosen) {
    std::set<std::uint32_t> failed;
    const auto look_at = [&](std::uint32_t task) {
        if (did_not_succeed(run.tasks[task])) failed.insert(task);
    };
    for (const std::uint32_t index : chosen) {
        const orc::TaskStatus& task = run.tasks[index];
        if (task.items == 0) look_at(index);
        for (std::uint32_t i = 0; i < task.items; ++i) look_at(task.copies[i].value());
    }
    return failed;
}

/// A copy comes after what its task comes after.
void add_those_before(const orc::RunStatus& run, std::set<std::uint32_t>& chosen) {
    for (auto i = static_cast<std::uint32_t>(run.tasks.size()); i-- > 0;) {
        if (!chosen.contains(i)) continue;
        const orc::TaskIndex planned = run.tasks[i].copy_of.value_or(orc::TaskIndex(i));
        for (const orc::TaskIndex before : run.planned(planned).after) {
            chosen.insert(before.value());
        }
    }
}

std::vector<ClearedRun::Task> tasks_to_clear(const orc::RunStatus& run,
                                             std::set<std::uint32_t> chosen,
                                             const ClearRequest& request) {
    if (request.failed_only) chosen = failed_ones(run, chosen);
    if (request.upstream) add_those_before(run, chosen);
    std::vector<orc::TaskIndex> indexes;
    for (const std::uint32_t task : chosen) indexes.emplace_back(task);
    if (request.downstream) indexes = orc::with_those_after(run, indexes);
    std::vector<ClearedRun::Task> tasks;
    for (const orc::TaskIndex index : indexes) {
        tasks.push_back({index, run.planned(index).name, run.tasks[index.value()].state});
    }
    return tasks;
}

Status is_not_being_cancelled(const orc::RunStatus& run) {
    if (!run.cancelled || orc::has_ended(run.state)) return {};
    return make_error(ErrorCode::kAlreadyExists,
                      "the run {} is being cancelled: wait until it is over, then clear again",
                      run.id.value());
}

}  // namespace
}  // namespace ingot::service

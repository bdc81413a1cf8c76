#include <algorithm>

#include "project/window.hpp"
#include "publish/staleness.hpp"
#include "quality/readiness.hpp"
#include "task/ingest_plan_internal.hpp"

namespace ingot::task {
namespace {

/// What a table knows of its inputs.
struct Known {
    publish::Progress progress;
    publish::Identities identities;
};

Result<IngestWork> plan_windows(const project::Source& source, const Known& known,
                                ingest::InputFinder& finder, const TaskContext& context);
Result<IngestWork> plan_files(const project::Source& source, const Known& known,
                              ingest::InputFinder& finder, const TaskContext& context);

Result<Known> read_known(const project::TableName& table, const TaskContext& context) {
    Known known;
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, context.pins.snapshot(table));
    if (!snapshot) return known;
    INGOT_TRY_ASSIGN(publish::StoredProgress stored, publish::load_progress(*snapshot));
    INGOT_TRY_ASSIGN(known.identities,
                     publish::load_identities(snapshot->location(), stored.progress));
    known.progress = std::move(stored.progress);
    return known;
}

}  // namespace

Result<IngestWork> plan_ingest(const project::Source& source, const project::TableName& table,
                               ingest::InputFinder& finder, const TaskContext& context) {
    INGOT_TRY_ASSIGN(const Known known, read_known(table, context));
    if (source.load == project::LoadKind::kWindow)
        return plan_windows(source, known, finder, context);
    return plan_files(source, known, finder, context);
}

namespace {

/// Same file as far as anybody can tell without reading it.
bool same_identity(const std::vector<publish::InputIdentity>& before,
                   const std::vector<publish::InputIdentity>& now) {
    return std::equal(before.begin(), before.end(), now.begin(), now.end(),
                      [](const publish::InputIdentity& a, const publish::InputIdentity& b) {
                          return a.name == b.name && a.size == b.size && a.etag == b.etag &&
                                 a.modified == b.modified;
                      });
}

/// The windows of this run, with the inputs that were found while listing them.
struct Candidates {
    std::vector<Interval> windows;
    std::map<Timestamp, ingest::Input> listed;
};

Result<Candidates> candidates_of(const project::Source& source, const Known& known,
                                 ingest::InputFinder& finder, const TaskContext& context) {
    Candidates candidates;
    if (context.options.window) {
        INGOT_TRY_ASSIGN(
            candidates.windows,
            project::windows_overlapping(*source.window, IntervalSet({*context.options.window})));
        return candidates;
    }
    INGOT_TRY_ASSIGN(std::optional<std::vector<ingest::Input>> listed, finder.list());
    if (!listed) {
        INGOT_TRY_ASSIGN(const Interval last,
                         project::last_closed_window(*source.window, context.run.time));
        candidates.windows.push_back(last);
    } else {
        for (ingest::Input& input : *listed) {
            candidates.windows.push_back(*input.window);
            candidates.listed.emplace(input.window->start, std::move(input));
        }
    }
    // Windows that were missing are looked for again.
    INGOT_TRY_ASSIGN(const std::vector<Interval> missing,
                     project::windows_overlapping(
                         *source.window, known.progress.in_state(publish::WindowState::kMissing)));
    candidates.windows.insert(candidates.windows.end(), missing.begin(), missing.end());
    std::sort(candidates.windows.begin(), candidates.windows.end());
    candidates.windows.erase(std::unique(candidates.windows.begin(), candidates.windows.end()),
                             candidates.windows.end());
    return candidates;
}

const publish::ProgressEntry* entry_at(const publish::Progress& progress, const Interval& window) {
    for (const publish::ProgressEntry& entry : progress.entries()) {
        if (entry.interval.contains(window.start)) return &entry;
    }
    return nullptr;
}

Result<ingest::Input> look_up(const Candidates& candidates, const Interval& window,
                              ingest::InputFinder& finder) {
    if (const auto found = candidates.listed.find(window.start); found != candidates.listed.end())
        return found->second;
    return finder.find(window);
}

/// Adds done windows whose file is another one than was loaded.
Status add_changed_files(const Candidates& candidates, const Known& known,
                         ingest::InputFinder& finder, std::vector<publish::WindowWork>& todo) {
    for (const Interval& window : candidates.windows) {
        const bool planned = std::any_of(todo.begin(), todo.end(),
                                         [&](const auto& work) { return work.window == window; });
        const auto before = known.identities.find(window.start.to_string());
        if (planned || before == known.identities.end()) continue;
        INGOT_TRY_ASSIGN(const ingest::Input input, look_up(candidates, window, finder));
        if (input.found && !same_identity(before->second, input.identities)) {
            todo.push_back({window, publish::WorkReason::kInputChanged,
                            input.looked_for + " changed since it was loaded"});
        }
    }
    std::sort(todo.begin(), todo.end(),
              [](const auto& a, const auto& b) { return a.window < b.window; });
    return {};
}

Result<IngestWork> plan_windows(const project::Source& source, const Known& known,
                                ingest::InputFinder& finder, const TaskContext& context) {
    INGOT_TRY_ASSIGN(const Candidates candidates, candidates_of(source, known, finder, context));
    publish::StalenessQuestion question;
    question.windows = candidates.windows;
    question.code_hash = source.code_hash;
    question.forced = context.options.full;
    question.now = context.run.time;
    question.retry_missing_for = source.missing.retry_for;
    std::vector<publish::WindowWork> todo = publish::windows_to_do(known.progress, question);
    INGOT_TRY(add_changed_files(candidates, known, finder, todo));

    IngestWork work;
    work.reason = summarize(todo);
    std::string example;
    for (const publish::WindowWork& each : todo) {
        INGOT_TRY_ASSIGN(ingest::Input input, look_up(candidates, each.window, finder));
        if (input.found) {
            work.load.push_back(std::move(input));
            continue;
        }
        const publish::ProgressEntry* before = entry_at(known.progress, each.window);
        if (!input.skipped.empty()) {
            work.warnings.push_back(
                fmt::format("window {}: {}", each.window.to_string(), input.skipped));
            work.absent.push_back(
                {each.window, publish::WindowState::kEmpty, source.code_hash, {}, std::nullopt});
        } else if (before != nullptr && before->state != publish::WindowState::kMissing) {
            work.warnings.push_back(fmt::format(
                "{} is gone; the rows that were loaded from it stay", input.looked_for));
        } else {
            if (example.empty()) example = input.looked_for;
            ++work.missing;
            if (before == nullptr) {
                work.absent.push_back({each.window,
                                       publish::WindowState::kMissing,
                                       source.code_hash,
                                       {},
                                       context.run.time});
            }
        }
    }
    const quality::Judgement judgement = quality::judge_missing(
        source.missing,
        {static_cast<std::int64_t>(candidates.windows.size()), work.missing, example});
    if (!judgement.ok()) return make_error(ErrorCode::kNotFound, "{}", judgement.sentence);
    if (judgement.verdict == quality::Verdict::kWarn) work.warnings.push_back(judgement.sentence);
    return work;
}

/// Files, snapshots and appends: everything that `from` names.
Result<IngestWork> plan_files(const project::Source& source, const Known& known,
                              ingest::InputFinder& finder, const TaskContext& context) {
    INGOT_TRY_ASSIGN(std::optional<std::vector<ingest::Input>> listed, finder.list());
    if (!listed)
        return make_error(ErrorCode::kUnsupported, "{}: this source cannot be listed",
                          source.place.to_string());
    IngestWork work;
    std::string example;
    std::int64_t there = 0;
    for (ingest::Input& input : *listed) {
        if (example.empty()) example = input.looked_for;
        if (!input.found) continue;
        ++there;
        const auto before = known.identities.find(input.key);
        const bool changed =
            before != known.identities.end() && !same_identity(before->second, input.identities);
        if (source.load == project::LoadKind::kFiles && changed && !context.options.full) {
            work.warnings.push_back(fmt::format(
                "{} changed after it was loaded; files are loaded once: use `load: window` or "
                "`snapshot`, or --full",
                input.key));
            continue;
        }
        const bool again = source.load == project::LoadKind::kAppend || context.options.full;
        if (before == known.identities.end() || changed || again)
            work.load.push_back(std::move(input));
    }
    if (there == 0) {
        return make_error(ErrorCode::kNotFound,
                          "no file at {}: check the path, or the parameter that it comes from",
                          example.empty() ? source.place.to_string() : example);
    }
    if (!work.load.empty()) work.reason = fmt::format("{} new or changed", work.load.size());
    return work;
}

}  // namespace
}  // namespace ingot::task

#include <algorithm>
#include <map>
#include <set>

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

const publish::ProgressEntry* entry_at(const publish::Progress& progress, const Interval& window) {
    for (const publish::ProgressEntry& entry : progress.entries()) {
        if (entry.interval.contains(window.start)) return &entry;
    }
    return nullptr;
}

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

Status note_absent(IngestWork& work, const project::Source& source, const ingest::Input& input,
                   Timestamp run_time) {
    if (!input.window) {
        return make_error(ErrorCode::kNotFound, "{}: there is nothing at {}",
                          source.place.to_string(), input.looked_for);
    }
    const publish::ProgressEntry* before = entry_at(work.known, *input.window);
    if (!input.skipped.empty()) {
        work.warnings.push_back(
            fmt::format("window {}: {}", input.window->to_string(), input.skipped));
        work.absent.push_back(
            {*input.window, publish::WindowState::kEmpty, source.code_hash, {}, std::nullopt});
        return {};
    }
    if (before != nullptr && before->state != publish::WindowState::kMissing) {
        work.warnings.push_back(
            fmt::format("{} is gone; the rows that were loaded from it stay", input.looked_for));
        return {};
    }
    if (work.missing_example.empty()) work.missing_example = input.looked_for;
    ++work.missing;
    if (before == nullptr) {
        work.absent.push_back(
            {*input.window, publish::WindowState::kMissing, source.code_hash, {}, run_time});
    }
    return {};
}

Result<std::string> judge_absent(const IngestWork& work, const project::Source& source) {
    const quality::Judgement judgement =
        quality::judge_missing(source.missing, {work.expected, work.missing, work.missing_example});
    if (!judgement.ok()) return make_error(ErrorCode::kNotFound, "{}", judgement.sentence);
    return judgement.verdict == quality::Verdict::kWarn ? judgement.sentence : std::string();
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

Result<ingest::Input> look_up(const Candidates& candidates, const Interval& window,
                              ingest::InputFinder& finder) {
    if (const auto found = candidates.listed.find(window.start); found != candidates.listed.end())
        return found->second;
    return finder.find(window);
}

/// Adds done windows whose file is another one than was loaded.
Status add_changed_files(const Candidates& candidates, const Known& known,
                         ingest::InputFinder& finder, std::vector<publish::WindowWork>& todo) {
    std::set<Interval> planned;
    for (const publish::WindowWork& work : todo) planned.insert(work.window);
    for (const Interval& window : candidates.windows) {
        const auto before = known.identities.find(window.start.to_string());
        if (planned.contains(window) || before == known.identities.end()) continue;
        INGOT_TRY_ASSIGN(const ingest::Input input, look_up(candidates, window, finder));
        const bool known_only_when_fetched = input.identities.empty();
        if (input.found && !known_only_when_fetched &&
            !same_identity(before->second, input.identities)) {
            todo.push_back({window, publish::WorkReason::kInputChanged,
                            input.looked_for + " changed since it was loaded"});
        }
    }
    std::sort(todo.begin(), todo.end(),
              [](const auto& a, const auto& b) { return a.window < b.window; });
    return {};
}

/// Rows are joined to their window by their file, so each window needs files of its own.
Status check_windows_share_no_file(const project::Source& source,
                                   const std::vector<ingest::Input>& inputs) {
    std::map<std::string, Interval> windows;
    for (const ingest::Input& input : inputs) {
        for (const format::InputFile& file : input.files) {
            const auto [first, is_new] = windows.emplace(file.path, *input.window);
            if (is_new) continue;
            return make_error(ErrorCode::kInvalidArgument,
                              "{}: {} is the input of two windows, {} and {}: let the path name "
                              "the window, or choose a `window` as long as what a file holds",
                              source.place.to_string(), file.path, first->second.to_string(),
                              input.window->to_string());
        }
    }
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
    work.known = known.progress;
    work.expected = static_cast<std::int64_t>(candidates.windows.size());
    for (const publish::WindowWork& each : todo) {
        INGOT_TRY_ASSIGN(ingest::Input input, look_up(candidates, each.window, finder));
        if (input.found) {
            work.load.push_back(std::move(input));
        } else {
            INGOT_TRY(note_absent(work, source, input, context.run.time));
        }
    }
    INGOT_TRY(check_windows_share_no_file(source, work.load));
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
    for (ingest::Input& input : *listed) {
        if (!input.found) {
            return make_error(ErrorCode::kNotFound,
                              "{}: no file at {}: check the path, or the parameter that it comes "
                              "from",
                              source.place.to_string(), input.looked_for);
        }
        const auto before = known.identities.find(input.key);
        const bool snapshot = source.load == project::LoadKind::kSnapshot;
        const bool known_only_when_fetched = input.identities.empty();
        const bool changed =
            before != known.identities.end() &&
            (known_only_when_fetched ? snapshot : !same_identity(before->second, input.identities));
        const bool other_code = snapshot && known.progress.whole() &&
                                known.progress.whole()->code_hash != source.code_hash;
        // With what is known of it, the fetch may find that only its time has changed.
        if (changed && snapshot && !other_code && !context.options.full)
            input.before = before->second;
        if (source.load == project::LoadKind::kFiles && changed && !context.options.full) {
            work.warnings.push_back(fmt::format(
                "{} changed after it was loaded; files are loaded once: use `load: window` or "
                "`snapshot`, or --full",
                input.key));
            continue;
        }
        const bool again =
            source.load == project::LoadKind::kAppend || context.options.full || other_code;
        if (before == known.identities.end() || changed || again)
            work.load.push_back(std::move(input));
    }
    if (!work.load.empty()) work.reason = fmt::format("{} new or changed", work.load.size());
    return work;
}

}  // namespace
}  // namespace ingot::task

#include "publish/staleness.hpp"

#include <algorithm>

namespace ingot::publish {
namespace {

struct Touch {
    std::string table;
    delta::TableVersion version;
};

/// The first change of an input after what `known` has taken in that touches `window`.
std::optional<Touch> touched_by(const InputVersions& known,
                                const std::map<std::string, InputHistory>& inputs,
                                const Interval& window) {
    for (const auto& [table, history] : inputs) {
        const auto recorded = known.find(table);
        if (recorded == known.end()) return Touch{table, history.now.version};
        if (history.now.version < recorded->second.version)
            return Touch{table, history.now.version};
        for (const InputChange& change : history.changes) {
            if (change.version <= recorded->second.version) continue;
            if (change.everything || change.touched.overlaps(window))
                return Touch{table, change.version};
        }
    }
    return std::nullopt;
}

std::string changed_sentence(const Touch& touch) {
    return fmt::format("{} changed in version {}", touch.table, touch.version.value());
}

std::optional<WindowWork> judge(const ProgressEntry& entry, const Interval& window,
                                const StalenessQuestion& question) {
    if (entry.state == WindowState::kMissing) {
        const bool given_up = question.retry_missing_for && entry.missing_since &&
                              question.now - *entry.missing_since > *question.retry_missing_for;
        if (given_up) return std::nullopt;
        return WindowWork{window, WorkReason::kMissing,
                          "its input was missing and is looked for again"};
    }
    if (entry.code_hash != question.code_hash &&
        question.on_code_change == project::OnCodeChange::kRebuild) {
        return WindowWork{window, WorkReason::kCodeChanged,
                          "its definition changed since it was built"};
    }
    const std::optional<Touch> touch = touched_by(entry.inputs, question.inputs, window);
    if (touch) return WindowWork{window, WorkReason::kInputChanged, changed_sentence(*touch)};
    return std::nullopt;
}

/// What has to be done about one window, given the entries that overlap it.
std::optional<WindowWork> judge_window(const Progress& progress, const Interval& window,
                                       const StalenessQuestion& question) {
    if (question.forced) return WindowWork{window, WorkReason::kForced, "asked for with --full"};
    const std::vector<ProgressEntry>& entries = progress.entries();
    auto entry = std::lower_bound(
        entries.begin(), entries.end(), window.start,
        [](const ProgressEntry& e, Timestamp start) { return e.interval.end <= start; });
    Timestamp covered = window.start;
    for (; entry != entries.end() && entry->interval.start < window.end; ++entry) {
        if (covered < entry->interval.start) break;
        if (std::optional<WindowWork> work = judge(*entry, window, question)) return work;
        covered = entry->interval.end;
    }
    if (covered < window.end)
        return WindowWork{window, WorkReason::kNew, "it has not been built yet"};
    return std::nullopt;
}

}  // namespace

std::string_view work_reason_name(WorkReason reason) {
    switch (reason) {
        case WorkReason::kNew:
            return "new";
        case WorkReason::kMissing:
            return "missing";
        case WorkReason::kCodeChanged:
            return "code changed";
        case WorkReason::kInputChanged:
            return "input changed";
        case WorkReason::kForced:
            return "forced";
    }
    return "unknown";
}

std::vector<WindowWork> windows_to_do(const Progress& progress, const StalenessQuestion& question) {
    std::vector<WindowWork> work;
    for (const Interval& window : question.windows) {
        if (std::optional<WindowWork> each = judge_window(progress, window, question))
            work.push_back(*std::move(each));
    }
    return work;
}

IntervalSet stale_parts(const Progress& progress,
                        const std::map<std::string, InputHistory>& inputs) {
    IntervalSet stale;
    for (const ProgressEntry& entry : progress.entries()) {
        for (const auto& [table, history] : inputs) {
            const auto recorded = entry.inputs.find(table);
            if (recorded == entry.inputs.end() || history.now.version < recorded->second.version) {
                stale.add(entry.interval);
                continue;
            }
            for (const InputChange& change : history.changes) {
                if (change.version <= recorded->second.version) continue;
                const IntervalSet whole({entry.interval});
                stale = stale.united(change.everything ? whole : whole.intersected(change.touched));
            }
        }
    }
    return stale;
}

std::optional<WindowWork> whole_to_do(const Progress& progress, const StalenessQuestion& question) {
    const Interval always{Timestamp::from_micros(0), Timestamp::from_micros(1)};
    if (question.forced) return WindowWork{always, WorkReason::kForced, "asked for with --full"};
    if (!progress.whole()) return WindowWork{always, WorkReason::kNew, "it has not been built yet"};
    if (progress.whole()->code_hash != question.code_hash) {
        return WindowWork{always, WorkReason::kCodeChanged,
                          "its definition changed since it was built"};
    }
    for (const auto& [table, history] : question.inputs) {
        const auto recorded = progress.whole()->inputs.find(table);
        const bool same = recorded != progress.whole()->inputs.end() &&
                          recorded->second.version == history.now.version;
        if (same) continue;
        if (recorded == progress.whole()->inputs.end() || !history.changes.empty()) {
            return WindowWork{always, WorkReason::kInputChanged,
                              changed_sentence({table, history.now.version})};
        }
    }
    return std::nullopt;
}

InputVersions oldest_inputs(const Progress& progress) {
    InputVersions oldest;
    const auto lower = [&](const InputVersions& inputs) {
        for (const auto& [table, input] : inputs) {
            const auto [at, inserted] = oldest.emplace(table, input);
            if (!inserted && input.version < at->second.version) at->second = input;
        }
    };
    for (const ProgressEntry& entry : progress.entries()) lower(entry.inputs);
    if (progress.whole()) lower(progress.whole()->inputs);
    return oldest;
}

}  // namespace ingot::publish

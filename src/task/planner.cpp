#include "task/planner.hpp"

#include <algorithm>

#include "project/history.hpp"
#include "project/lineage.hpp"
#include "project/window.hpp"

namespace ingot::task {
namespace {

Result<std::map<std::string, publish::InputHistory>> input_histories(
    const project::Model& model, const Workspace& workspace, Pins& pins,
    const publish::Progress& progress);
Result<std::vector<Interval>> candidate_windows(const project::Model& model,
                                                const Workspace& workspace, Pins& pins,
                                                const RunOptions& options, Timestamp now);
bool merges_other_code(const project::Model& model, const publish::Progress& progress);

}  // namespace

Result<ModelWork> plan_model(const project::Model& model, const Workspace& workspace, Pins& pins,
                             const RunOptions& options, Timestamp now) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(model.name));
    publish::StoredProgress stored;
    if (snapshot) {
        INGOT_TRY_ASSIGN(stored, publish::load_progress(*snapshot));
    }
    ModelWork work;
    INGOT_TRY_ASSIGN(work.inputs, input_histories(model, workspace, pins, stored.progress));

    publish::StalenessQuestion question;
    question.code_hash = model.code_hash;
    const bool appends = model.kind == project::ModelKind::kAppend;
    // Appended rows cannot be taken back one window at a time.
    question.on_code_change = appends ? project::OnCodeChange::kForward : model.on_code_change;
    question.forced = options.full;
    question.now = now;
    // What was appended or frozen stays as it is: later changes of its inputs concern later
    // windows.
    const bool reprocesses = !appends && model.late == project::LatePolicy::kReprocess;
    if (reprocesses) question.inputs = work.inputs;

    if (!model.is_windowed()) {
        // What a history holds is nowhere else.
        const bool keeps = model.kind == project::ModelKind::kScd2 && snapshot &&
                           project::holds_history(model, snapshot->schema());
        work.anew = options.full && !keeps;
        work.whole = publish::whole_to_do(stored.progress, question);
        return work;
    }
    if (options.full && options.window && appends) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} appends, so that one window cannot be built again: run it with "
                          "--full and without --window",
                          model.name.text());
    }
    RunOptions windows = options;
    work.anew = options.full && !options.window;
    if (merges_other_code(model, stored.progress)) {
        // Rows of the old code would win against those of the new one.
        work.anew = true;
        windows.window.reset();
    }
    INGOT_TRY_ASSIGN(question.windows, candidate_windows(model, workspace, pins, windows, now));
    question.forced = work.anew || options.full;
    if (question.windows.empty() && options.window)
        work.warning = "its inputs have nothing in " + options.window->to_string();
    work.windows = publish::windows_to_do(stored.progress, question);
    if (work.anew && !options.full) {
        for (publish::WindowWork& each : work.windows) {
            each.reason = publish::WorkReason::kCodeChanged;
            each.detail = "the definition changed since the table was built";
        }
    }
    return work;
}

std::vector<project::TableName> base_inputs(const project::Project& project,
                                            const project::Model& model) {
    return project::base_tables(project, model.inputs);
}

std::string summarize(const std::vector<publish::WindowWork>& windows) {
    std::map<publish::WorkReason, std::int64_t> counts;
    std::string detail;
    for (const publish::WindowWork& work : windows) {
        ++counts[work.reason];
        if (detail.empty() && work.reason == publish::WorkReason::kInputChanged)
            detail = work.detail;
    }
    std::string text;
    for (const auto& [reason, count] : counts) {
        if (!text.empty()) text += ", ";
        text += fmt::format("{} window{} {}", count, count == 1 ? "" : "s",
                            publish::work_reason_name(reason));
    }
    return detail.empty() ? text : text + " (" + detail + ")";
}

std::vector<Interval> contiguous_ranges(const std::vector<publish::WindowWork>& windows) {
    std::vector<Interval> all;
    all.reserve(windows.size());
    for (const publish::WindowWork& work : windows) all.push_back(work.window);
    return IntervalSet(std::move(all)).intervals();
}

namespace {

/// Whether a table merged by key holds rows of another definition, which is to be rebuilt.
bool merges_other_code(const project::Model& model, const publish::Progress& progress) {
    if (model.kind != project::ModelKind::kMerge && model.kind != project::ModelKind::kScd2)
        return false;
    if (model.on_code_change != project::OnCodeChange::kRebuild) return false;
    return std::any_of(progress.entries().begin(), progress.entries().end(),
                       [&](const auto& entry) { return entry.code_hash != model.code_hash; });
}

/// The column that holds the time of a row in an input: what the input says of itself, else the
/// consumer's own.
std::string time_column_of(const project::Project& project, const project::TableName& input,
                           const project::Model& consumer) {
    const project::Model* model = project.find_model(input);
    return model != nullptr && !model->time.empty() ? model->time : consumer.time;
}

Result<std::map<std::string, publish::InputHistory>> input_histories(
    const project::Model& model, const Workspace& workspace, Pins& pins,
    const publish::Progress& progress) {
    const publish::InputVersions oldest = publish::oldest_inputs(progress);
    std::map<std::string, publish::InputHistory> histories;
    for (const project::TableName& table : base_inputs(*workspace.project, model)) {
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr input, pins.snapshot(table));
        if (!input) {
            return make_error(ErrorCode::kNotFound,
                              "{} reads {}, which has not been built yet: run `ingot run +{}`",
                              model.name.text(), table.text(), model.name.text());
        }
        const auto since = oldest.find(table.text());
        if (since == oldest.end()) {
            histories.emplace(table.text(),
                              publish::InputHistory{{input->version(), input->timestamp()}, {}});
            continue;
        }
        INGOT_TRY_ASSIGN(publish::InputHistory history,
                         publish::input_changes(*input, since->second,
                                                time_column_of(*workspace.project, table, model)));
        histories.emplace(table.text(), std::move(history));
    }
    return histories;
}

/// What the windowed inputs have, missing windows not included; nothing when no input has windows.
Result<std::optional<IntervalSet>> input_coverage(const project::Model& model,
                                                  const Workspace& workspace, Pins& pins) {
    std::optional<IntervalSet> coverage;
    for (const project::TableName& table : base_inputs(*workspace.project, model)) {
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr input, pins.snapshot(table));
        if (!input) continue;
        INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(*input));
        for (const publish::ProgressEntry& entry : stored.progress.entries()) {
            if (!coverage) coverage.emplace();
            if (entry.state != publish::WindowState::kMissing) coverage->add(entry.interval);
        }
    }
    return coverage;
}

Result<std::vector<Interval>> candidate_windows(const project::Model& model,
                                                const Workspace& workspace, Pins& pins,
                                                const RunOptions& options, Timestamp now) {
    INGOT_TRY_ASSIGN(const std::optional<IntervalSet> coverage,
                     input_coverage(model, workspace, pins));
    if (coverage) {
        const IntervalSet wanted =
            options.window ? coverage->intersected(IntervalSet({*options.window})) : *coverage;
        return project::windows_overlapping(*model.window, wanted);
    }
    if (options.window)
        return project::windows_overlapping(*model.window, IntervalSet({*options.window}));
    if (!model.start) {
        INGOT_TRY_ASSIGN(const Interval last, project::last_closed_window(*model.window, now));
        return std::vector<Interval>{last};
    }
    INGOT_TRY_ASSIGN(const std::optional<Interval> range,
                     project::closed_range(*model.window, *model.start, now));
    if (!range) return std::vector<Interval>{};
    return project::enumerate_windows(*model.window, *range);
}

}  // namespace
}  // namespace ingot::task

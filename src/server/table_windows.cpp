#include "server/table_windows.hpp"

#include <set>

#include "publish/progress.hpp"
#include "task/planner.hpp"

namespace ingot::server {
namespace {

constexpr int kWindowsUnlessAsked = 240;

Result<Interval> range_of(const WindowQuestion& question) {
    // The last one: it may not be over.
    INGOT_TRY_ASSIGN(const Interval last,
                     project::window_at(question.unit, question.to.value_or(question.now) -
                                                           std::chrono::microseconds(1)));
    Timestamp start = last.start;
    if (question.from) {
        INGOT_TRY_ASSIGN(const Interval first, project::window_at(question.unit, *question.from));
        start = first.start;
    } else {
        for (int back = 1; back < kWindowsUnlessAsked; ++back) {
            INGOT_TRY_ASSIGN(
                const Interval before,
                project::window_at(question.unit, start - std::chrono::microseconds(1)));
            start = before.start;
        }
    }
    if (start < last.end) return Interval{start, last.end};
    return make_error(ErrorCode::kInvalidArgument, "the range begins at {}, after its end",
                      start.to_string());
}

/// The windows that a run would make anew though they are there; of a source none is known to be.
Result<std::set<Interval>> stale_windows(const task::Workspace& workspace,
                                         const WindowQuestion& question, const Interval& range) {
    std::set<Interval> stale;
    const project::Model* model = workspace.project->find_model(question.table);
    if (model == nullptr) return stale;
    task::Pins pins(workspace);
    task::RunOptions options;
    options.window = range;
    const auto work = task::plan_model(*model, workspace, pins, options, question.now);
    // An input that is not there yet makes nothing stale.
    if (!work && work.error().code == ErrorCode::kNotFound) return stale;
    if (!work) return work.error();
    for (const publish::WindowWork& it : work->windows)
        if (it.reason != publish::WorkReason::kNew && it.reason != publish::WorkReason::kMissing)
            stale.insert(it.window);
    return stale;
}

/// What is known of the windows of a table.
struct Known {
    IntervalSet done;
    IntervalSet empty;
    std::set<Interval> stale;
};

const char* state_of(const Interval& window, const Known& known, Timestamp now) {
    if (known.stale.contains(window)) return "stale";
    if (known.done.contains(window)) return "done";
    if (known.empty.contains(window)) return "empty";
    return window.end > now ? "open" : "missing";
}

}  // namespace

Result<std::vector<TableWindow>> windows_of_table(const task::Workspace& workspace,
                                                  const WindowQuestion& question) {
    INGOT_TRY_ASSIGN(const Interval range, range_of(question));
    INGOT_TRY_ASSIGN_WITH(
        const std::vector<Interval> windows,
        project::enumerate_windows(question.unit, range, kTableWindowsMax),
        fmt::format("{} are shown at a time: ask for a shorter range", kTableWindowsMax));
    task::Pins pins(workspace);
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(question.table));
    Known known;
    if (snapshot) {
        INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(*snapshot));
        known.done = stored.progress.in_state(publish::WindowState::kDone);
        known.empty = stored.progress.in_state(publish::WindowState::kEmpty);
        INGOT_TRY_ASSIGN(known.stale, stale_windows(workspace, question, range));
    }
    std::vector<TableWindow> result;
    for (const Interval& window : windows)
        result.push_back({window, state_of(window, known, question.now)});
    return result;
}

}  // namespace ingot::server

#pragma once
// Which windows a run has to do, and why. Pure.
#include <map>
#include <string>
#include <vector>

#include "project/model.hpp"
#include "publish/input_changes.hpp"
#include "publish/progress.hpp"

namespace ingot::publish {

enum class WorkReason : std::uint8_t { kNew, kMissing, kCodeChanged, kInputChanged, kForced };
std::string_view work_reason_name(WorkReason reason);

struct WindowWork {
    Interval window;
    WorkReason reason = WorkReason::kNew;
    std::string detail;  ///< One sentence for a person: `bronze.events changed in version 12`.
};

struct StalenessQuestion {
    std::vector<Interval> windows;  ///< Candidates, in order.
    std::string code_hash;
    project::OnCodeChange on_code_change = project::OnCodeChange::kRebuild;
    std::map<std::string, InputHistory>
        inputs;           ///< By table, since the oldest version recorded in `progress`.
    bool forced = false;  ///< `--full`
    Timestamp now;
    std::optional<Duration>
        retry_missing_for;  ///< How long a missing window is looked for again; absent: always.
};

/// The windows that are new, missing or stale, in order.
std::vector<WindowWork> windows_to_do(const Progress& progress, const StalenessQuestion& question);

/// The parts of `progress` that its inputs' changes touch: what a commit must not restamp.
IntervalSet stale_parts(const Progress& progress,
                        const std::map<std::string, InputHistory>& inputs);

/// Whether a table without windows has to be built again, and why; nothing when it is up to date.
std::optional<WindowWork> whole_to_do(const Progress& progress, const StalenessQuestion& question);

/// For each input, the oldest version that an entry records; absent when an entry does not know the
/// input at all.
InputVersions oldest_inputs(const Progress& progress);

}  // namespace ingot::publish

#pragma once
// What has happened to an input table since a version that a consumer has taken in.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interval_set.hpp"
#include "publish/progress.hpp"

namespace ingot::publish {

/// The key in commitInfo.operationParameters under which a commit of ours says which windows it
/// wrote (write_windows).
inline constexpr std::string_view kWindowsParameter = "ingot.windows";

/// The key under which it says where in time the rows lay that it took away, as far as that is
/// outside those windows (write_times): a row may leave its window's file though its own time is
/// in another.
inline constexpr std::string_view kRemovedParameter = "ingot.removed";

/// The tag on files that hold only rows which were in the table before: they tell nothing new.
inline constexpr std::string_view kRewrittenTag = "ingot.rewritten";

std::string write_windows(const IntervalSet& windows);
Result<IntervalSet> read_windows(std::string_view text);

/// Times by column, under its physical name; nothing: it cannot be told.
using TimesByColumn = std::map<std::string, std::optional<IntervalSet>>;

std::string write_times(const TimesByColumn& times);
Result<TimesByColumn> read_times(std::string_view text);

/// One commit that changed rows.
struct InputChange {
    delta::TableVersion version;
    bool everything = false;  ///< It cannot be told which part of time it touched.
    IntervalSet touched;
};

/// The changes of an input after some version, oldest first, up to `now`.
struct InputHistory {
    InputVersion now;
    std::vector<InputChange> changes;
};

/// Reads the commits in (since, input.version()]. `time_column`: the input's column that holds the
/// time of a row, empty when it has none. A commit touches the windows it names, the times that it
/// says it removed, and the range of `time_column` in the files it added (in all files it added or
/// removed when it names no windows; everything when that range is unknown). Commits that log
/// cleanup removed touch everything. A version that went backwards (a restored or replaced table)
/// touches everything.
Result<InputHistory> input_changes(const delta::Snapshot& input, const InputVersion& since,
                                   std::string_view time_column);

}  // namespace ingot::publish

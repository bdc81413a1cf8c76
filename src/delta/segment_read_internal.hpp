#pragma once
// Reading a version by whichever files of its log are whole.
#include <functional>
#include <optional>

#include "delta/log_segment_internal.hpp"

namespace ingot::delta {

/// Reads a segment from the beginning, whatever an earlier call has read. Gives back why the
/// checkpoint can't be read, or nothing.
using ReadSegment = std::function<Result<std::optional<Error>>(const LogSegment&)>;

/// Calls `read` with the files that make up `version` (newest: nullopt), and as long as it finds
/// their checkpoint damaged, with the next ones that lead to the same version: another checkpoint
/// of it, or an older one and more commits. Returns the segment that was read. A damaged checkpoint
/// is logged as a warning, once in a process. Errors: what `read` gives; what is wrong with the
/// newest checkpoint when no other files lead there.
Result<LogSegment> read_any_segment(const TableLocation& location,
                                    std::optional<TableVersion> version, const ReadSegment& read);

}  // namespace ingot::delta

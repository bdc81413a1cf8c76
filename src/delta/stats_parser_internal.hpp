#pragma once
// File statistics: JSON text to typed columns.
#include <memory>
#include <string_view>
#include <vector>

#include "delta/file_segment_internal.hpp"

namespace ingot::delta {

/// One pass over all texts (padded, empty: no statistics) for the wanted columns. What can't be
/// read as a bound of its type is unknown, which never excludes a file.
std::vector<std::shared_ptr<const StatsColumn>> parse_stats_columns(
    const TextPool& stats, const std::vector<StatsKey>& keys);

/// -1 when there is none.
std::int64_t parse_num_records(std::string_view stats);

/// `tightBounds` is false.
bool stats_have_wide_bounds(std::string_view stats);

}  // namespace ingot::delta

#pragma once
// Data skipping: which files may hold a row for which a predicate is true.
#include <vector>

#include "delta/file_index_internal.hpp"

namespace ingot::delta {

/// The subset of `rows` (rows of the part's segment, ascending) that may match. Excludes a file
/// only when partition values, bounds or null counts prove that no row of it can match.
std::vector<std::uint32_t> rows_that_may_match(const TableConfig& config,
                                               const Predicate& predicate, const IndexPart& part,
                                               const std::vector<std::uint32_t>& rows);

}  // namespace ingot::delta

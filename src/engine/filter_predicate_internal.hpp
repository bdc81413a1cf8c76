#pragma once
// The engine's filters as predicates of the table layer. What has no translation is left out, which
// only means that fewer files are pruned: the scan applies every filter itself.
#include "delta/snapshot.hpp"
#include "engine/duckdb_compat/multi_file.hpp"

namespace ingot::engine {

/// Filters known while planning.
delta::Predicate predicate_of_expressions(
    duckdb::ClientContext& context, const delta::Snapshot& snapshot,
    const duckdb::MultiFilePushdownInfo& info,
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters);

/// Filters known when the scan starts (joins, top-N), by position in `column_ids`.
delta::Predicate predicate_of_filters(const delta::Snapshot& snapshot,
                                      const duckdb::vector<duckdb::column_t>& column_ids,
                                      const duckdb::TableFilterSet& filters);

}  // namespace ingot::engine

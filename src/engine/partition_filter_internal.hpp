#pragma once
// Conditions over partition columns that no Predicate expresses (`year(day) = 2015`), computed on
// the partition values themselves.
#include "delta/snapshot.hpp"
#include "engine/duckdb_compat/multi_file.hpp"

namespace ingot::engine {

/// The files whose partition values satisfy those of the filters that refer to partition columns
/// alone; other filters, and those whose evaluation fails, exclude nothing.
delta::FileSelection select_by_partition(
    duckdb::ClientContext& context, const delta::Snapshot& snapshot,
    const duckdb::MultiFilePushdownInfo& info,
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters,
    delta::FileSelection files);

}  // namespace ingot::engine

#pragma once
// What is known of the windows of a pipeline, and backfills planned from it.
#include <map>
#include <optional>
#include <string>

#include "orchestrator/backfill.hpp"
#include "orchestrator/policy.hpp"
#include "orchestrator/store.hpp"
#include "service/definitions.hpp"

#include "base/interval_set.hpp"

namespace ingot::service {

struct BackfillRequest {
    std::string pipeline;  ///< Of a file, or `name_of_selection`.
    Interval range;
    std::optional<orchestrator::BackfillOrder> order = {};  ///< None: as the pipeline says.
    std::optional<orchestrator::BackfillRedo> redo = {};
    std::optional<int> active_runs = {};
    std::map<std::string, project::Value> params = {};
};

/// The windows that all tables of the pipeline's ingest and models tasks have, of those that keep
/// windows; nothing when none does.
Result<std::optional<IntervalSet>> windows_in_tables(const Definitions& definitions,
                                                     const project::Pipeline& pipeline);

/// What a backfill of the request would do with each window of the range that is over; nothing is
/// begun. kInvalidArgument: the pipeline has no windows, or the range none that is over.
Result<orchestrator::Backfill> plan_backfill(const Definitions& definitions,
                                             const BackfillRequest& request,
                                             orchestrator::Store& store, Timestamp now,
                                             const std::string& by);

/// The run of a backfill for one of its windows.
Result<orchestrator::PreparedRun> prepare_run(const Definitions& definitions,
                                              const orchestrator::Backfill& backfill,
                                              const Interval& window);

}  // namespace ingot::service

#pragma once
// A backfill as people and programs see it.
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/backfill.hpp"
#include "orchestrator/store.hpp"

namespace ingot::service {

std::string_view order_name(orchestrator::BackfillOrder order);  ///< `oldest_first`
std::string_view redo_name(orchestrator::BackfillRedo redo);     ///< `failed`
/// kInvalidArgument: there is none of that name.
Result<orchestrator::BackfillOrder> parse_order(std::string_view name);
Result<orchestrator::BackfillRedo> parse_redo(std::string_view name);

/// kNotFound, kCorruptData
Result<orchestrator::Backfill> stored_backfill(orchestrator::Store& store, const std::string& id);
/// The id that begins with `id`. kNotFound: none does; kInvalidArgument: several do.
Result<std::string> find_backfill(orchestrator::Store& store, const std::string& id);
/// The newest run of each window of a backfill.
using BackfillRuns = std::map<Interval, orchestrator::RunHead>;
/// As lists have it: `id`, `pipeline`, `state`, ..., and `counts` of windows by their state.
nlohmann::ordered_json backfill_head_json(const orchestrator::Backfill& backfill,
                                          const BackfillRuns& runs);
/// The same, window by window.
nlohmann::ordered_json backfill_json(const orchestrator::Backfill& backfill,
                                     const BackfillRuns& runs);
/// That of the store. kNotFound, kCorruptData
Result<nlohmann::ordered_json> stored_backfill_json(orchestrator::Store& store,
                                                    const std::string& id);

}  // namespace ingot::service

#include "service/backfill_view.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "orchestrator/backfills.hpp"
#include "service/only_id.hpp"

namespace ingot::service {
namespace {

namespace orc = ingot::orchestrator;
using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 2> kOrders = {"oldest_first", "newest_first"};
constexpr std::array<std::string_view, 3> kRedos = {"none", "failed", "all"};

/// `waiting` before it has a run, `skipped` when it gets none.
std::string state_of(const orc::BackfillWindow& window, const BackfillRuns& runs) {
    if (!window.runs) return "skipped";
    const auto run = runs.find(window.window);
    if (run == runs.end()) return "waiting";
    const orc::RunState state = run->second.state;
    return std::string(state == orc::RunState::kQueued ? "waiting" : orc::run_state_name(state));
}

template <class Enum>
Result<Enum> parse_name(std::span<const std::string_view> names, std::string_view name,
                        std::string_view what) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<Enum>(found - names.begin());
    return make_error(ErrorCode::kInvalidArgument, "'{}' is no {} of a backfill", name, what);
}

}  // namespace

std::string_view order_name(orc::BackfillOrder order) {
    return kOrders.at(static_cast<std::size_t>(order));
}

std::string_view redo_name(orc::BackfillRedo redo) {
    return kRedos.at(static_cast<std::size_t>(redo));
}

Result<orc::BackfillOrder> parse_order(std::string_view name) {
    return parse_name<orc::BackfillOrder>(kOrders, name, "order");
}

Result<orc::BackfillRedo> parse_redo(std::string_view name) {
    return parse_name<orc::BackfillRedo>(kRedos, name, "redo");
}

Result<orc::Backfill> stored_backfill(orc::Store& store, const std::string& id) {
    INGOT_TRY_ASSIGN(const auto records, store.records(orc::kBackfillRecord));
    const auto record = records.find(id);
    if (record == records.end()) {
        return make_error(ErrorCode::kNotFound, "there is no backfill {}", id);
    }
    return orc::parse_backfill(record->second);
}

Result<std::string> find_backfill(orc::Store& store, const std::string& id) {
    INGOT_TRY_ASSIGN(const auto records, store.records(orc::kBackfillRecord));
    std::vector<std::string> found;
    for (auto at = records.lower_bound(id); at != records.end(); ++at) {
        if (!at->first.starts_with(id)) break;
        found.push_back(at->first);
    }
    return only_id("backfill", id, found);
}

Json backfill_head_json(const orc::Backfill& backfill, const BackfillRuns& runs) {
    Json counts{{"waiting", 0}, {"running", 0},   {"success", 0},
                {"failed", 0},  {"cancelled", 0}, {"skipped", 0}};
    for (const orc::BackfillWindow& window : backfill.windows) {
        Json& count = counts[state_of(window, runs)];
        count = count.get<int>() + 1;
    }
    return {{"id", backfill.id},
            {"pipeline", backfill.pipeline},
            {"from", backfill.range.start.to_string()},
            {"to", backfill.range.end.to_string()},
            {"order", order_name(backfill.order)},
            {"redo", redo_name(backfill.redo)},
            {"active_runs", backfill.active_runs},
            {"by", backfill.by},
            {"state", orc::backfill_state_name(backfill.state)},
            {"problem", backfill.problem},
            {"created_at", backfill.created_at.to_string()},
            {"ended_at", backfill.ended_at ? Json(backfill.ended_at->to_string()) : Json()},
            {"counts", std::move(counts)}};
}

Json backfill_json(const orc::Backfill& backfill, const BackfillRuns& runs) {
    Json json = backfill_head_json(backfill, runs);
    json["windows"] = Json::array();
    for (const orc::BackfillWindow& window : backfill.windows) {
        const auto run = runs.find(window.window);
        json["windows"].push_back(
            {{"start", window.window.start.to_string()},
             {"end", window.window.end.to_string()},
             {"action", window.runs ? "run" : "skip"},
             {"reason", window.reason},
             {"state", state_of(window, runs)},
             {"run_id", run == runs.end() ? Json() : Json(run->second.id.value())}});
    }
    return json;
}

Result<Json> stored_backfill_json(orc::Store& store, const std::string& id) {
    INGOT_TRY_ASSIGN(const orc::Backfill backfill, stored_backfill(store, id));
    INGOT_TRY_ASSIGN(const BackfillRuns runs, orc::runs_of(backfill, store));
    return backfill_json(backfill, runs);
}

}  // namespace ingot::service

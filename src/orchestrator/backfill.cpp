#include "orchestrator/backfill.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace ingot::orchestrator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kStates = {"running", "paused", "cancelled", "done"};

BackfillWindow decide(const Interval& window, const WindowHistory& history, BackfillRedo redo) {
    if (history.newest_run && !has_ended(*history.newest_run)) {
        return {window, false, "in flight"};
    }
    const bool done =
        history.newest_run ? *history.newest_run == RunState::kSuccess : history.in_tables;
    if (done) {
        const char* reason = history.newest_run ? "done" : "done: the tables have it";
        return {window, redo == BackfillRedo::kAll, reason};
    }
    if (!history.newest_run) return {window, true, "missing"};
    const char* reason = *history.newest_run == RunState::kFailed ? "failed" : "cancelled";
    return {window, redo != BackfillRedo::kNone, reason};
}

Json window_json(const BackfillWindow& window) {
    return {window.window.start.micros(), window.window.end.micros(), window.runs, window.reason};
}

BackfillWindow window_of(const Json& json) {
    return {{Timestamp::from_micros(json.at(0).get<std::int64_t>()),
             Timestamp::from_micros(json.at(1).get<std::int64_t>())},
            json.at(2).get<bool>(),
            json.at(3).get<std::string>()};
}

template <class Enum>
Enum enum_of(const Json& json, const char* key, int last) {
    const int value = json.at(key).get<int>();
    if (value < 0 || value > last) throw std::out_of_range(key);
    return static_cast<Enum>(value);
}

}  // namespace

std::string_view backfill_state_name(Backfill::State state) {
    return kStates.at(static_cast<std::size_t>(state));
}

std::vector<BackfillWindow> plan_backfill(const std::vector<Interval>& windows,
                                          const std::map<Interval, WindowHistory>& history,
                                          BackfillOrder order, BackfillRedo redo) {
    std::vector<BackfillWindow> plan;
    for (const Interval& window : windows) {
        const auto found = history.find(window);
        plan.push_back(
            decide(window, found == history.end() ? WindowHistory{} : found->second, redo));
    }
    if (order == BackfillOrder::kNewestFirst) std::reverse(plan.begin(), plan.end());
    return plan;
}

std::string backfill_to_json(const Backfill& backfill) {
    Json json{{"id", backfill.id},
              {"pipeline", backfill.pipeline},
              {"range_us", {backfill.range.start.micros(), backfill.range.end.micros()}},
              {"order", static_cast<int>(backfill.order)},
              {"redo", static_cast<int>(backfill.redo)},
              {"active_runs", backfill.active_runs},
              {"by", backfill.by},
              {"created_at_us", backfill.created_at.micros()},
              {"state", static_cast<int>(backfill.state)},
              {"params", backfill.params},
              {"problem", backfill.problem}};
    if (backfill.ended_at) json["ended_at_us"] = backfill.ended_at->micros();
    json["windows"] = Json::array();
    for (const BackfillWindow& window : backfill.windows) {
        json["windows"].push_back(window_json(window));
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Backfill> parse_backfill(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        Backfill backfill;
        backfill.id = json.at("id").get<std::string>();
        backfill.pipeline = json.at("pipeline").get<std::string>();
        backfill.range = {Timestamp::from_micros(json.at("range_us").at(0).get<std::int64_t>()),
                          Timestamp::from_micros(json.at("range_us").at(1).get<std::int64_t>())};
        backfill.order = enum_of<BackfillOrder>(json, "order", 1);
        backfill.redo = enum_of<BackfillRedo>(json, "redo", 2);
        backfill.active_runs = json.at("active_runs").get<int>();
        backfill.by = json.at("by").get<std::string>();
        backfill.created_at = Timestamp::from_micros(json.at("created_at_us").get<std::int64_t>());
        backfill.state = enum_of<Backfill::State>(json, "state", 3);
        backfill.params = json.at("params").get<std::string>();
        backfill.problem = json.at("problem").get<std::string>();
        if (json.contains("ended_at_us")) {
            backfill.ended_at = Timestamp::from_micros(json["ended_at_us"].get<std::int64_t>());
        }
        for (const Json& window : json.at("windows")) {
            backfill.windows.push_back(window_of(window));
        }
        return backfill;
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData, "a stored backfill is not understood: {}",
                          e.what());
    }
}

BackfillProgress::BackfillProgress(Backfill backfill, const std::map<Interval, RunState>& runs)
    : backfill_(std::move(backfill)) {
    for (auto each = backfill_.windows.rbegin(); each != backfill_.windows.rend(); ++each) {
        if (!each->runs) continue;
        const auto run = runs.find(each->window);
        if (run == runs.end()) {
            waiting_.push_back(each->window);
        } else if (!has_ended(run->second)) {
            active_.insert(each->window);
        }
    }
}

void BackfillProgress::set_state(Backfill::State state, std::string problem) {
    backfill_.state = state;
    backfill_.problem = std::move(problem);
}

std::optional<Interval> BackfillProgress::next() const {
    const bool may_start = backfill_.state == Backfill::State::kRunning && !waiting_.empty() &&
                           active_.size() < static_cast<std::size_t>(backfill_.active_runs);
    return may_start ? std::optional(waiting_.back()) : std::nullopt;
}

void BackfillProgress::queued(const Interval& window) {
    if (!waiting_.empty() && waiting_.back() == window) waiting_.pop_back();
    active_.insert(window);
}

void BackfillProgress::ended(const Interval& window) {
    active_.erase(window);
}

bool BackfillProgress::is_over() const {
    const bool starts_more =
        backfill_.state == Backfill::State::kRunning || backfill_.state == Backfill::State::kPaused;
    return active_.empty() && (waiting_.empty() || !starts_more);
}

}  // namespace ingot::orchestrator

#include "orchestrator/freshness.hpp"

#include <nlohmann/json.hpp>

namespace ingot::orchestrator {

std::string_view staleness_name(Staleness level) {
    switch (level) {
        case Staleness::kFresh:
            return "fresh";
        case Staleness::kWarning:
            return "warning";
        case Staleness::kError:
            return "error";
    }
    return "";
}

std::string freshness_to_json(const FreshnessState& state) {
    return nlohmann::ordered_json{{"since_us", state.since.micros()},
                                  {"level", static_cast<int>(state.level)}}
        .dump();
}

Result<FreshnessState> parse_freshness(std::string_view text) {
    try {
        const auto json = nlohmann::json::parse(text);
        const int level = json.at("level").get<int>();
        if (level < 0 || level > 2) throw std::out_of_range("an unknown level");
        return FreshnessState{Timestamp::from_micros(json.at("since_us").get<std::int64_t>()),
                              static_cast<Staleness>(level)};
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData,
                          "the stored freshness of a table is not understood: {}", e.what());
    }
}

void FreshnessWatch::define(std::map<TableName, FreshnessRule> rules,
                            const std::map<TableName, FreshnessState>& kept, Timestamp now) {
    rules_ = std::move(rules);
    std::map<TableName, FreshnessState> states;
    for (const auto& [table, rule] : rules_) {
        if (const auto known = states_.find(table); known != states_.end()) {
            states.insert(*known);
        } else if (const auto stored = kept.find(table); stored != kept.end()) {
            states.insert(*stored);
        } else {
            states[table] = {now, Staleness::kFresh};
        }
    }
    states_ = std::move(states);
    timers_.clear();
    timer_of_.clear();
    for (const auto& [table, rule] : rules_) set_timer(table);
}

std::optional<FreshnessChanged> FreshnessWatch::loaded(const TableName& table, Timestamp at) {
    const auto found = states_.find(table);
    if (found == states_.end() || at <= found->second.since) return std::nullopt;
    FreshnessState& state = found->second;
    const Staleness before = std::exchange(state.level, Staleness::kFresh);
    state.since = at;
    set_timer(table);
    if (before == Staleness::kFresh) return std::nullopt;
    return FreshnessChanged{table, state.level, at, rules_.at(table)};
}

std::vector<FreshnessChanged> FreshnessWatch::reach(Timestamp now) {
    std::vector<FreshnessChanged> changed;
    while (!timers_.empty() && timers_.begin()->first <= now) {
        const TableName table = timers_.begin()->second;
        const FreshnessRule& rule = rules_.at(table);
        FreshnessState& state = states_.at(table);
        const bool error = rule.error && state.since + *rule.error <= now;
        state.level = error ? Staleness::kError : Staleness::kWarning;
        changed.push_back({table, state.level, state.since, rule});
        set_timer(table);
    }
    return changed;
}

std::optional<Timestamp> FreshnessWatch::next_wake() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
}

void FreshnessWatch::set_timer(const TableName& table) {
    if (const auto timer = timer_of_.find(table); timer != timer_of_.end()) {
        timers_.erase({timer->second, table});
        timer_of_.erase(timer);
    }
    const FreshnessRule& rule = rules_.at(table);
    const FreshnessState& state = states_.at(table);
    std::optional<Timestamp> next;
    if (rule.error && state.level != Staleness::kError) next = state.since + *rule.error;
    if (rule.warn && state.level == Staleness::kFresh) {
        const Timestamp warn = state.since + *rule.warn;
        next = next ? std::min(*next, warn) : warn;
    }
    if (!next) return;
    timer_of_[table] = *next;
    timers_.emplace(*next, table);
}

}  // namespace ingot::orchestrator

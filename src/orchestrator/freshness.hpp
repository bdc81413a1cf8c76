#pragma once
// How old the newest load of tables is. Pure: time comes in. Each level is decided once, until the
// table is fresh again.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "project/names.hpp"

namespace ingot::orchestrator {

using project::TableName;

struct FreshnessRule {
    std::optional<Duration> warn;
    std::optional<Duration> error;
    std::string notify;
    friend bool operator==(const FreshnessRule&, const FreshnessRule&) = default;
};

enum class Staleness : std::uint8_t { kFresh, kWarning, kError };
std::string_view staleness_name(Staleness level);  ///< `fresh`, `warning`, `error`

/// What is kept of a table.
struct FreshnessState {
    Timestamp since;  ///< Its newest load; before there is one, when it was first looked for.
    Staleness level = Staleness::kFresh;
    friend bool operator==(const FreshnessState&, const FreshnessState&) = default;
};
std::string freshness_to_json(const FreshnessState& state);
Result<FreshnessState> parse_freshness(std::string_view json);

struct FreshnessChanged {
    TableName table;
    Staleness level = Staleness::kFresh;
    Timestamp since;
    FreshnessRule rule;
};

/// Not thread-safe.
class FreshnessWatch {
public:
    /// What is watched now. `kept` fills in what is not known yet, at start.
    void define(std::map<TableName, FreshnessRule> rules,
                const std::map<TableName, FreshnessState>& kept, Timestamp now);
    /// The table was loaded. A time before the one that is known is none. Nothing: it was fresh, or
    /// is not watched.
    std::optional<FreshnessChanged> loaded(const TableName& table, Timestamp at);
    /// Those that have become older than they may be, each level once.
    std::vector<FreshnessChanged> reach(Timestamp now);
    std::optional<Timestamp> next_wake() const;
    const std::map<TableName, FreshnessState>& states() const { return states_; }

private:
    void set_timer(const TableName& table);

    std::map<TableName, FreshnessRule> rules_;
    std::map<TableName, FreshnessState> states_;
    std::map<TableName, Timestamp> timer_of_;
    std::set<std::pair<Timestamp, TableName>> timers_;
};

}  // namespace ingot::orchestrator

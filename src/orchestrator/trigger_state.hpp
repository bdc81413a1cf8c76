#pragma once
// What is remembered of one pipeline's trigger, so that no tick, change or file starts two runs or
// none, whatever restarts. docs/formats/run_store.md
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"
#include "project/names.hpp"

namespace ingot::orchestrator {

using project::TableName;

struct TriggerState {
    struct Table {
        std::int64_t seen = -1;      ///< The newest version that was heard of; -1: none.
        std::int64_t consumed = -1;  ///< The newest one when the last run was decided.
        std::string id = {};         ///< Of the table: one made anew counts its versions anew.
        Timestamp seen_at = {};
        friend bool operator==(const Table&, const Table&) = default;
    };
    struct File {
        std::int64_t size = 0;
        Timestamp modified;
        friend bool operator==(const File&, const File&) = default;
    };

    bool paused = false;
    std::string schedule = {};  ///< What `ticked_to` counts ticks of, in words.
    /// All ticks up to here, this instant included, are dealt with: given a run or passed over.
    Timestamp ticked_to;
    std::map<TableName, Table> tables = {};
    /// Cron lines of the expression that have ticked since the last run, and when.
    std::map<std::string, Timestamp> ticked = {};
    /// What the pattern finds and a run was decided for, kFilesMax at most.
    std::map<std::string, File> files = {};
    /// The first call that no run has been decided for.
    std::optional<Timestamp> called_at = {};
    /// When the last run was decided.
    std::optional<Timestamp> last_run_at = {};

    friend bool operator==(const TriggerState&, const TriggerState&) = default;
};

inline constexpr std::size_t kFilesMax = 20'000;

std::string trigger_state_to_json(const TriggerState& state);
/// kCorruptData: damaged, or written by a newer version.
Result<TriggerState> parse_trigger_state(std::string_view json);

}  // namespace ingot::orchestrator

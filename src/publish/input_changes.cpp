#include "publish/input_changes.hpp"

#include <nlohmann/json.hpp>

namespace ingot::publish {
namespace {

using Json = nlohmann::json;

/// Finds the range of one column in a file's statistics.
class TimeRange {
public:
    TimeRange(const delta::Snapshot& input, std::string_view column) {
        if (column.empty()) return;
        for (const delta::TableColumn& each : input.columns()) {
            if (each.field.name != column) continue;
            type_ = each.field.type.id();
            physical_name_ = each.physical_name;
        }
    }

    /// What `times` say of the column: nothing when they do not name it.
    const std::optional<IntervalSet>* in(const TimesByColumn& times) const {
        const auto found = times.find(physical_name_);
        return found == times.end() ? nullptr : &found->second;
    }

    /// Closed range of the column as half-open interval; nothing when the statistics do not tell.
    std::optional<Interval> of(const std::optional<std::string>& stats) const {
        if (physical_name_.empty() || !stats) return std::nullopt;
        const Json json = Json::parse(*stats, nullptr, false);
        if (!json.is_object()) return std::nullopt;
        const std::optional<Timestamp> min = bound(json, "minValues");
        const std::optional<Timestamp> max = bound(json, "maxValues");
        if (!min || !max) return std::nullopt;
        return Interval{*min, *max + slack()};
    }

private:
    std::optional<Timestamp> bound(const Json& stats, const char* which) const {
        const auto values = stats.find(which);
        if (values == stats.end() || !values->is_object()) return std::nullopt;
        const auto value = values->find(physical_name_);
        if (value == values->end() || !value->is_string()) return std::nullopt;
        const Result<Timestamp> at = parse_timestamp(value->get<std::string>());
        return at ? std::optional(*at) : std::nullopt;
    }

    /// Statistics cut timestamps to the millisecond; a date stands for its whole day.
    Duration slack() const {
        return type_ == TypeId::kDate ? Duration(std::chrono::hours(24))
                                      : Duration(std::chrono::milliseconds(1));
    }

    TypeId type_ = TypeId::kVoid;
    std::string physical_name_;
};

void touch(InputChange& change, const std::optional<Interval>& range) {
    if (range) {
        change.touched.add(*range);
    } else {
        change.everything = true;
    }
}

/// Nothing when the commit changed no rows.
Result<std::optional<InputChange>> change_of(delta::TableVersion version,
                                             const std::vector<delta::Action>& actions,
                                             const TimeRange& time) {
    InputChange change{version, false, {}};
    bool changed = false;
    bool names_windows = false;
    for (const delta::Action& action : actions) {
        const auto* info = std::get_if<delta::CommitInfo>(&action);
        if (info == nullptr) continue;
        const auto windows = info->operation_parameters.find(std::string(kWindowsParameter));
        if (windows == info->operation_parameters.end()) continue;
        INGOT_TRY_ASSIGN(change.touched, read_windows(windows->second));
        names_windows = true;
        const auto removed = info->operation_parameters.find(std::string(kRemovedParameter));
        if (removed == info->operation_parameters.end()) continue;
        INGOT_TRY_ASSIGN(const TimesByColumn times, read_times(removed->second));
        if (const std::optional<IntervalSet>* touched = time.in(times)) {
            change.everything |= !touched->has_value();
            if (*touched) change.touched = change.touched.united(**touched);
        }
    }
    for (const delta::Action& action : actions) {
        if (const auto* add = std::get_if<delta::Add>(&action);
            add != nullptr && add->data_change) {
            changed = true;
            if (add->tags.contains(std::string(kRewrittenTag))) continue;
            const std::optional<Interval> range = time.of(add->stats);
            if (range || !names_windows) touch(change, range);
        } else if (const auto* remove = std::get_if<delta::Remove>(&action);
                   remove != nullptr && remove->data_change) {
            changed = true;
            if (!names_windows) touch(change, time.of(remove->stats));
        }
    }
    return changed ? std::optional(std::move(change)) : std::nullopt;
}

Json windows_json(const IntervalSet& windows) {
    Json json = Json::array();
    for (const Interval& window : windows.intervals()) {
        json.push_back({window.start.to_string(), window.end.to_string()});
    }
    return json;
}

Result<IntervalSet> parse_windows(const Json& json) {
    if (!json.is_array())
        return make_error(ErrorCode::kCorruptData, "'{}' is not a list of windows", json.dump());
    std::vector<Interval> intervals;
    for (const Json& pair : json) {
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
            return make_error(ErrorCode::kCorruptData, "'{}' is not a window", pair.dump());
        }
        const Result<Timestamp> start = parse_timestamp(pair[0].get<std::string>());
        const Result<Timestamp> end = parse_timestamp(pair[1].get<std::string>());
        if (!start || !end)
            return make_error(ErrorCode::kCorruptData, "'{}' is not a window", pair.dump());
        if (*end <= *start)
            return make_error(ErrorCode::kCorruptData, "window {} is empty", pair.dump());
        intervals.push_back(Interval{*start, *end});
    }
    return IntervalSet(std::move(intervals));
}

}  // namespace

std::string write_windows(const IntervalSet& windows) {
    return windows_json(windows).dump();
}

Result<IntervalSet> read_windows(std::string_view text) {
    return parse_windows(Json::parse(text, nullptr, false));
}

std::string write_times(const TimesByColumn& times) {
    Json json = Json::object();
    for (const auto& [column, ranges] : times) {
        json[column] = ranges ? windows_json(*ranges) : Json();
    }
    return json.dump();
}

Result<TimesByColumn> read_times(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object())
        return make_error(ErrorCode::kCorruptData, "'{}' is no object of times", text);
    TimesByColumn times;
    for (const auto& [column, ranges] : json.items()) {
        std::optional<IntervalSet>& known = times[column];
        if (ranges.is_null()) continue;
        INGOT_TRY_ASSIGN(known, parse_windows(ranges));
    }
    return times;
}

Result<InputHistory> input_changes(const delta::Snapshot& input, const InputVersion& since,
                                   std::string_view time_column) {
    InputHistory history{InputVersion{input.version(), input.timestamp()}, {}};
    if (input.version() == since.version) return history;
    if (input.version() < since.version) {
        history.changes.push_back(InputChange{input.version(), true, {}});
        return history;
    }
    const TimeRange time(input, time_column);
    for (std::int64_t v = since.version.value() + 1; v <= input.version().value(); ++v) {
        const delta::TableVersion version(v);
        Result<std::vector<delta::Action>> actions = delta::read_commit(input.location(), version);
        if (!actions && actions.error().code == ErrorCode::kNotFound) {
            // Log cleanup removed it, and nothing left tells which rows it took away.
            history.changes = {InputChange{version, true, {}}};
            continue;
        }
        if (!actions) return std::move(actions).error();
        INGOT_TRY_ASSIGN(std::optional<InputChange> change, change_of(version, *actions, time));
        if (change) history.changes.push_back(*std::move(change));
    }
    return history;
}

}  // namespace ingot::publish

#pragma once
#include <stop_token>
#include <string>

#include "engine/engine.hpp"
#include "publish/input_changes.hpp"

namespace ingot::publish {

/// A bound of a timestamp or date column as an instant.
Timestamp as_instant(const Scalar& bound);

/// Collects where in time the rows lie that leave a table, for each of its date and timestamp
/// columns.
class RemovedTimes {
public:
    explicit RemovedTimes(const delta::Snapshot& base);

    /// All rows of a file go: read off its statistics.
    void add_file(delta::FileOrdinal file);
    /// The rows of `table` that are `gone` (SQL) go, each `group` (SQL) a range of its own.
    Status add_rows(engine::Session& session, const std::string& table, const std::string& gone,
                    const std::string& group, std::stop_token stop);

    /// What lies outside `windows`; columns without such times are absent.
    TimesByColumn outside(const IntervalSet& windows) const;

private:
    struct TimeColumn {
        std::string name;
        std::string physical_name;
        bool is_date = false;
        std::optional<std::vector<Interval>> ranges = std::vector<Interval>();
    };
    void add(TimeColumn& column, Timestamp first, Timestamp last);

    const delta::Snapshot& base_;
    std::vector<TimeColumn> columns_;
};

}  // namespace ingot::publish

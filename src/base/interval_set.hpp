#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace ingot {

/// A half-open range of time [start, end). Requires start < end.
struct Interval {
    Timestamp start;
    Timestamp end;
    friend auto operator<=>(const Interval&, const Interval&) = default;
    bool contains(Timestamp at) const { return start <= at && at < end; }
    bool overlaps(const Interval& other) const { return start < other.end && other.start < end; }
    std::string to_string() const;  ///< `2015-01-01T00:00:00Z..2015-01-01T01:00:00Z`
};

/// A set of instants as sorted, disjoint, non-adjacent intervals (touching ones are merged). A
/// value type.
class IntervalSet {
public:
    IntervalSet() = default;
    explicit IntervalSet(std::vector<Interval> intervals);  ///< Any order, overlaps allowed.

    const std::vector<Interval>& intervals() const { return intervals_; }
    bool empty() const { return intervals_.empty(); }
    bool contains(const Interval& interval) const;
    bool overlaps(const Interval& interval) const;
    void add(const Interval& interval);
    void subtract(const Interval& interval);
    IntervalSet united(const IntervalSet& other) const;
    IntervalSet minus(const IntervalSet& other) const;
    IntervalSet intersected(const IntervalSet& other) const;
    std::optional<Interval> hull() const;  ///< From the first start to the last end.
    friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

private:
    std::vector<Interval> intervals_;
};

}  // namespace ingot

#include "base/interval_set.hpp"

#include <algorithm>

namespace ingot {

namespace {

/// Appends to a list sorted by start, merging with its last interval when they touch.
void append_merged(std::vector<Interval>& merged, const Interval& interval) {
    if (!merged.empty() && interval.start <= merged.back().end) {
        merged.back().end = std::max(merged.back().end, interval.end);
    } else {
        merged.push_back(interval);
    }
}

void check_interval(const Interval& interval) {
    INGOT_CHECK(interval.start < interval.end, interval.to_string());
}

}  // namespace

std::string Interval::to_string() const {
    return start.to_string() + ".." + end.to_string();
}

IntervalSet::IntervalSet(std::vector<Interval> intervals) {
    std::sort(intervals.begin(), intervals.end());
    intervals_.reserve(intervals.size());
    for (const Interval& interval : intervals) {
        check_interval(interval);
        append_merged(intervals_, interval);
    }
}

bool IntervalSet::contains(const Interval& interval) const {
    check_interval(interval);
    const auto first =
        std::partition_point(intervals_.begin(), intervals_.end(),
                             [&](const Interval& i) { return i.end <= interval.start; });
    return first != intervals_.end() && first->start <= interval.start &&
           interval.end <= first->end;
}

bool IntervalSet::overlaps(const Interval& interval) const {
    check_interval(interval);
    const auto first =
        std::partition_point(intervals_.begin(), intervals_.end(),
                             [&](const Interval& i) { return i.end <= interval.start; });
    return first != intervals_.end() && first->start < interval.end;
}

void IntervalSet::add(const Interval& interval) {
    check_interval(interval);
    // Touching intervals are part of the range that is replaced, hence `<` and `<=`.
    const auto first =
        std::partition_point(intervals_.begin(), intervals_.end(),
                             [&](const Interval& i) { return i.end < interval.start; });
    const auto last = std::partition_point(
        first, intervals_.end(), [&](const Interval& i) { return i.start <= interval.end; });
    if (first == last) {
        intervals_.insert(first, interval);
        return;
    }
    first->start = std::min(first->start, interval.start);
    first->end = std::max(std::prev(last)->end, interval.end);
    intervals_.erase(std::next(first), last);
}

void IntervalSet::subtract(const Interval& interval) {
    check_interval(interval);
    const auto first =
        std::partition_point(intervals_.begin(), intervals_.end(),
                             [&](const Interval& i) { return i.end <= interval.start; });
    const auto last = std::partition_point(
        first, intervals_.end(), [&](const Interval& i) { return i.start < interval.end; });
    if (first == last) return;
    std::vector<Interval> kept;
    if (first->start < interval.start) kept.push_back({first->start, interval.start});
    if (interval.end < std::prev(last)->end) kept.push_back({interval.end, std::prev(last)->end});
    const auto position = intervals_.erase(first, last);
    intervals_.insert(position, kept.begin(), kept.end());
}

IntervalSet IntervalSet::united(const IntervalSet& other) const {
    std::vector<Interval> all;
    all.reserve(intervals_.size() + other.intervals_.size());
    std::merge(intervals_.begin(), intervals_.end(), other.intervals_.begin(),
               other.intervals_.end(), std::back_inserter(all));
    IntervalSet result;
    for (const Interval& interval : all) append_merged(result.intervals_, interval);
    return result;
}

IntervalSet IntervalSet::minus(const IntervalSet& other) const {
    IntervalSet result;
    auto hole = other.intervals_.begin();
    for (const Interval& interval : intervals_) {
        Timestamp start = interval.start;
        while (hole != other.intervals_.end() && hole->end <= start) ++hole;
        // A hole may reach into the next interval, so it is only passed by the loop above.
        for (auto cut = hole; cut != other.intervals_.end() && cut->start < interval.end; ++cut) {
            if (start < cut->start) result.intervals_.push_back({start, cut->start});
            start = cut->end;
        }
        if (start < interval.end) result.intervals_.push_back({start, interval.end});
    }
    return result;
}

IntervalSet IntervalSet::intersected(const IntervalSet& other) const {
    IntervalSet result;
    auto a = intervals_.begin();
    auto b = other.intervals_.begin();
    while (a != intervals_.end() && b != other.intervals_.end()) {
        const Interval shared{std::max(a->start, b->start), std::min(a->end, b->end)};
        if (shared.start < shared.end) result.intervals_.push_back(shared);
        if (a->end < b->end) {
            ++a;
        } else {
            ++b;
        }
    }
    return result;
}

std::optional<Interval> IntervalSet::hull() const {
    if (intervals_.empty()) return std::nullopt;
    return Interval{intervals_.front().start, intervals_.back().end};
}

}  // namespace ingot

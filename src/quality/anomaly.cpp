#include "quality/anomaly.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <vector>

namespace ingot::quality {
namespace {

// Makes the median absolute deviation of normally distributed values their standard deviation.
constexpr double kNormalConsistency = 1.4826;

/// Requires at least one value.
double median_of(std::vector<double> values) {
    const std::size_t middle = values.size() / 2;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(middle);
    std::nth_element(values.begin(), at, values.end());
    if (values.size() % 2 == 1) return *at;
    const double below = *std::max_element(values.begin(), at);
    return below + (*at - below) / 2;
}

std::vector<double> usable(std::span<const double> history, int at_most) {
    std::vector<double> values;
    for (const double value : history) {
        if (static_cast<int>(values.size()) == at_most) break;
        if (std::isfinite(value)) values.push_back(value);
    }
    return values;
}

}  // namespace

AnomalyVerdict judge_anomaly(double value, std::span<const double> history,
                             const AnomalyRule& rule) {
    using Direction = AnomalyRule::Direction;
    const std::vector<double> values = usable(history, rule.history);
    AnomalyVerdict verdict;
    if (values.empty() || static_cast<int>(values.size()) < rule.min_history) {
        verdict.sentence = fmt::format("{} earlier values are known and {} are needed",
                                       values.size(), std::max(rule.min_history, 1));
        return verdict;
    }
    verdict.decided = true;
    verdict.median = median_of(values);
    std::vector<double> distances;
    for (const double earlier : values) distances.push_back(std::abs(earlier - verdict.median));
    const double spread = kNormalConsistency * median_of(std::move(distances));
    const double allowed =
        std::max(rule.deviations * spread, rule.min_tolerance * std::abs(verdict.median));
    verdict.low = verdict.median - allowed;
    verdict.high = verdict.median + allowed;
    const bool too_low = !(value >= verdict.low) && rule.direction != Direction::kUp;
    const bool too_high = !(value <= verdict.high) && rule.direction != Direction::kDown;
    verdict.anomalous = too_low || too_high || !std::isfinite(value);
    verdict.sentence =
        fmt::format("{:.6g} {} {:.6g} to {:.6g} (median {:.6g} of the last {} values)", value,
                    verdict.anomalous ? "is outside" : "is within", verdict.low, verdict.high,
                    verdict.median, values.size());
    return verdict;
}

}  // namespace ingot::quality

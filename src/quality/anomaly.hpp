#pragma once
#include <optional>
#include <span>
#include <string>

namespace ingot::quality {

struct AnomalyRule {
    enum class Direction { kBoth, kUp, kDown };
    double deviations = 3;  ///< Allowed distance from the median, in robust standard deviations.
    int history = 30;       ///< At most this many of the newest values count.
    int min_history = 7;    ///< Fewer: not decided.
    Direction direction = Direction::kBoth;
    /// The band is never narrower than this share of the median: values that never changed would
    /// otherwise make any change an anomaly.
    double min_tolerance = 0.01;
};

struct AnomalyVerdict {
    bool decided = false;
    bool anomalous = false;
    double median = 0;
    double low = 0;  ///< The band that the value was compared with.
    double high = 0;
    std::string sentence;
};

/// Compares a value with earlier ones, newest first. Robust: the median, and 1.4826 times the
/// median absolute deviation, so that one earlier outlier neither hides nor makes an anomaly. NaN
/// and infinite earlier values are left out; such a value is itself anomalous.
AnomalyVerdict judge_anomaly(double value, std::span<const double> history,
                             const AnomalyRule& rule);

}  // namespace ingot::quality

#pragma once
// One sample as StatsD has it.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "project/project.hpp"

namespace ingot::telemetry {

struct StatsdSample {
    enum class Type : std::uint8_t { kCounter, kGauge, kTimer };
    Type type = Type::kCounter;
    std::string name;  ///< Without the prefix.
    double value = 1;  ///< Of a timer: seconds.
    std::vector<std::pair<std::string, std::string>> tags = {};
    friend bool operator==(const StatsdSample&, const StatsdSample&) = default;
};

/// A part of a dotted name, or a tag: what would be taken for something else becomes `_`.
std::string statsd_word(std::string_view text);

/// `airflow.task.duration:12.5|ms`, with the tags as the settings want them; no line break.
std::string statsd_line(const StatsdSample& sample, const project::StatsdSettings& settings);

}  // namespace ingot::telemetry

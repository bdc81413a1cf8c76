#include "telemetry/statsd_line.hpp"

#include <cmath>
#include <fmt/format.h>

namespace ingot::telemetry {
namespace {

using Tags = project::StatsdSettings::Tags;

std::string value_of(const StatsdSample& sample) {
    switch (sample.type) {
        case StatsdSample::Type::kCounter:
            return fmt::format("{}|c", sample.value);
        case StatsdSample::Type::kGauge:
            return fmt::format("{}|g", sample.value);
        case StatsdSample::Type::kTimer:
            break;
    }
    return fmt::format("{}|ms", std::round(sample.value * 1e6) / 1e3);
}

}  // namespace

std::string statsd_word(std::string_view text) {
    std::string word(text);
    for (char& c : word) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!plain) c = '_';
    }
    return word;
}

std::string statsd_line(const StatsdSample& sample, const project::StatsdSettings& settings) {
    std::string line = settings.prefix.empty() ? sample.name : settings.prefix + "." + sample.name;
    const auto add_tags = [&](std::string_view before_each, char between) {
        std::string_view separator = before_each;
        const auto add = [&](const std::string& name, const std::string& value) {
            line +=
                fmt::format("{}{}{}{}", separator, statsd_word(name), between, statsd_word(value));
            separator = ",";
        };
        for (const auto& [name, value] : sample.tags) add(name, value);
        for (const auto& [name, value] : settings.constant_tags) add(name, value);
    };
    if (settings.tags == Tags::kInfluxdb) add_tags(",", '=');
    line += ":" + value_of(sample);
    if (settings.tags == Tags::kDatadog) add_tags("|#", ':');
    return line;
}

}  // namespace ingot::telemetry

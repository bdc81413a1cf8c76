#pragma once
#include <vector>

#include "telemetry/measurement.hpp"
#include "telemetry/statsd_line.hpp"

namespace ingot::telemetry {

/// The measurement under the names that Airflow has for it: the tagged one and, where there is one,
/// the older one with the ids in the name. Empty: Airflow knows nothing like it.
std::vector<StatsdSample> airflow_samples(const Measurement& measurement);

}  // namespace ingot::telemetry

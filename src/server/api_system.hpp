#pragma once
#include <functional>
#include <vector>

#include "server/endpoint.hpp"
#include "server/event_hub.hpp"
#include "server/metrics.hpp"

namespace ingot::server {

struct SystemParts {
    const EventHub& events;
    const RequestMetrics& requests;
    std::function<Status()> ready;  ///< Whether the server can do its work, or why not.
    MetricsSource metrics;          ///< Numbers of the rest of the program; may be empty.
};

/// Health, readiness, metrics, live events. What `parts` names outlives them.
std::vector<Endpoint> system_endpoints(SystemParts parts);

/// The document of all endpoints, itself included.
Endpoint openapi_endpoint(const std::vector<Endpoint>& others);

}  // namespace ingot::server

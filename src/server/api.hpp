#pragma once
// One request from its arrival to its answer: find, let in, check, do, record.
#include <vector>

#include "server/audit_log.hpp"
#include "server/guard.hpp"
#include "server/metrics.hpp"
#include "server/router.hpp"
#include "server/web_files.hpp"

namespace ingot::server {

/// All outlive it.
struct ApiParts {
    Guard& guard;
    AuditLog& audit;
    RequestMetrics& metrics;
    const WebFiles& web;
    const Clock& clock;
};

/// Thread-safe.
class Api {
public:
    Api(ApiParts parts, std::vector<Endpoint> endpoints)
        : parts_(parts), router_(std::move(endpoints)) {}

    Reply handle(const Request& request) const;
    const Router& router() const { return router_; }

private:
    Reply answer(const Request& request, const Router::Found& found) const;
    void record(const Request& request, const Endpoint& endpoint, const Guard::Entry& entry,
                int status) const;
    void count(const Request& request, std::string_view route, const Reply& reply,
               Duration begun) const;

    ApiParts parts_;
    Router router_;
};

}  // namespace ingot::server

#pragma once
#include <vector>

#include "server/audit_log.hpp"
#include "server/endpoint.hpp"
#include "server/guard.hpp"

namespace ingot::server {

/// Logging in and out, users, tokens, the audit log. All outlive the endpoints.
std::vector<Endpoint> account_endpoints(Accounts& accounts, Guard& guard, AuditLog& audit);

}  // namespace ingot::server

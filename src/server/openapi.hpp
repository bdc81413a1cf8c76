#pragma once
#include <vector>

#include "server/endpoint.hpp"

namespace ingot::server {

/// The OpenAPI 3.1 document of the endpoints.
Json openapi_document(const std::vector<Endpoint>& endpoints);

}  // namespace ingot::server

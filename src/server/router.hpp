#pragma once
// From a request to the endpoint it means, with everything in it checked.
#include <variant>
#include <vector>

#include "server/endpoint.hpp"

namespace ingot::server {

/// Immutable, thread-safe.
class Router {
public:
    /// Requires unique names, and one endpoint per method and path.
    explicit Router(std::vector<Endpoint> endpoints);

    struct Found {
        const Endpoint* endpoint;
        std::vector<std::string> values;  ///< Of the path's parameters, decoded, in their order.
    };
    /// Or why there is none: a path that cannot be read (400), is unknown (404), another method
    /// (405), or the answer to OPTIONS.
    std::variant<Found, Response> find(const Request& request) const;

    /// The request as a call, without who makes it; or what is wrong with it: 400, 415 or 422.
    static std::variant<Call, Response> read(const Found& found, const Request& request);

    const std::vector<Endpoint>& endpoints() const { return endpoints_; }

private:
    struct Route {
        std::vector<std::string> segments;  ///< A parameter is `{name}`.
        std::vector<const Endpoint*> endpoints;
    };
    const Route* match(const std::vector<std::string>& segments) const;

    std::vector<Endpoint> endpoints_;
    std::vector<Route> routes_;  ///< Those with more fixed segments first.
};

/// The segments of a path, decoded; nothing when it cannot be read. `/a/b%2Fc` has two.
std::optional<std::vector<std::string>> path_segments(std::string_view path);
/// `a=1&b=x%20y` as pairs; nothing when it cannot be read.
std::optional<std::vector<std::pair<std::string, std::string>>> query_pairs(std::string_view query);

}  // namespace ingot::server

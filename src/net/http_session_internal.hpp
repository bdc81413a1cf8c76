#pragma once
// One exchange with a server, on libcurl. Redirects and retries are decided above.
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/http_client.hpp"
#include "net/retry_internal.hpp"

namespace ingot::net {

/// Context of an error before anything was sent.
inline constexpr std::string_view kNotSent = "nothing was sent";

struct ExchangeRequest {
    std::string url;
    std::vector<std::string> header_lines;  ///< `Name: value`
    HttpLimits limits;                      ///< redirects_max is not looked at.
    std::string method = "GET";
    std::string body = {};  ///< Of a GET: none.
    std::string unix_socket = {};
};

struct ExchangeReply {
    int status = 0;
    HttpHeaders headers;
    std::string redirect_url;  ///< Absolute; empty without a Location header. Not known yet in
                               ///< BodySink::begin.
};

/// Where the body goes. An error ends the exchange and comes back as it is.
class BodySink {
public:
    virtual ~BodySink() = default;
    /// Once, after the headers and before the first byte, also when the body is empty.
    virtual Status begin(const ExchangeReply& reply) = 0;
    virtual Status append(std::string_view bytes) = 0;
};

/// Keeps its connection for the next exchange. Not thread-safe.
class HttpSession {
public:
    HttpSession();
    ~HttpSession();
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    /// A reply that came whole, whatever its status, or why it did not. The error does not name the
    /// URL.
    std::variant<ExchangeReply, AttemptFailure> exchange(const ExchangeRequest& request,
                                                         BodySink& sink,
                                                         const std::stop_token& stop);

private:
    struct Handles;
    std::unique_ptr<Handles> handles_;
};

}  // namespace ingot::net

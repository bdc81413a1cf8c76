#pragma once
// HTTP/1.1 over TCP and TLS: reads requests within limits, has them answered by threads of its own,
// and holds what waits without one (docs/adr/0011-server.md).
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/http_message.hpp"

#include "base/result.hpp"

namespace ingot::server {

struct HttpLimits {
    std::size_t header_bytes = 16 * 1024;
    std::size_t body_bytes = 1024 * 1024;
    Duration header_time = std::chrono::seconds(10);  ///< From the first byte of a request.
    Duration body_time = std::chrono::seconds(30);
    Duration idle_time = std::chrono::seconds(75);   ///< Between requests.
    Duration write_time = std::chrono::seconds(30);  ///< A piece of an answer.
    Duration drain_time = std::chrono::seconds(10);  ///< For what is at work when it stops.
    Duration heartbeat = std::chrono::seconds(15);
    std::size_t connections = 2000;
};

struct ListenOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8420;         ///< 0: any that is free.
    std::string tls_certificate = {};  ///< A chain in PEM; empty: no TLS.
    std::string tls_key = {};
    Duration look_at_certificate = std::chrono::seconds(1);  ///< Whether its files have changed.
    /// A file that becomes a socket beside the port, for this process's user and root alone; empty:
    /// none. Where the file system has no sockets there is none either, and the log says so.
    std::string socket = {};
    std::size_t handler_threads = 4;
    HttpLimits limits = {};
};

/// `127.0.0.1:8420`, `[::1]:8420`, `0.0.0.0` (the default port), `:8420` (the default address).
Result<ListenOptions> parse_listen(std::string_view text, ListenOptions options = {});
/// 127.0.0.0/8 and ::1: reached from this machine alone.
bool is_loopback(std::string_view address);

/// What is known of the server's certificate.
struct CertificateState {
    Timestamp expires;
    std::string problem;  ///< Why a newer one cannot be used; empty: there is none.
};

class HttpServer {
public:
    /// Called on a handler thread, by several at once. What it throws becomes a 500.
    using Application = std::function<Reply(const Request&)>;
    /// How requests that never reach the application are refused.
    using Refusal = std::function<Response(int status, std::string_view detail)>;

    /// Listens, and serves from then on. Errors: an address that is taken or not of this machine
    /// (kIo), a certificate that cannot be read or does not fit its key (kInvalidArgument).
    static Result<std::unique_ptr<HttpServer>> start(ListenOptions options, Application application,
                                                     Refusal refusal);
    /// As `stop`.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Goes on answering, and ends each connection with its next answer. Thread-safe, returns at
    /// once.
    void drain();
    /// Takes no more connections, lets requests at work end, answers what waits, then closes
    /// everything. Not from a handler.
    void stop();

    /// Has everything that waits for `topic` look again. Thread-safe, returns at once.
    void wake(std::string_view topic);

    std::uint16_t port() const;
    std::size_t connections() const;
    /// Nothing: no TLS.
    std::optional<CertificateState> certificate() const;

private:
    struct Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::server

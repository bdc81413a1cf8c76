#pragma once
// The server as a whole: listener, accounts, endpoints.
#include <memory>

#include "server/endpoint.hpp"
#include "server/event_hub.hpp"
#include "server/guard.hpp"
#include "server/http_server.hpp"
#include "server/metrics.hpp"

namespace ingot::server {

struct ServerOptions {
    ListenOptions listen = {};
    std::string accounts;       ///< `accounts_path`
    bool behind_proxy = false;  ///< On this machine: X-Forwarded-For and -Proto count.
    RateLimit::Settings request_rate = {};
    std::function<Status()> ready = {};
    MetricsSource metrics = {};
    std::vector<Endpoint> endpoints = {};  ///< Beside those of accounts and of the server itself.
};

class Server {
public:
    /// Listens when it returns. `events` outlives it. kInvalidArgument: an address that others
    /// reach, and no account.
    static Result<std::unique_ptr<Server>> start(ServerOptions options, EventHub& events,
                                                 const Clock& clock = system_clock());
    /// As `stop`.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Not ready any more, so that others send their requests elsewhere; those that come are
    /// answered, and their connections end. Thread-safe, returns at once.
    void drain();
    /// Ends requests at work, then closes everything.
    void stop();
    void wake(std::string_view topic);
    /// `http://127.0.0.1:8420`
    std::string address() const;
    std::uint16_t port() const;
    /// Nobody has to log in.
    Result<bool> local_mode() const;
    const std::vector<Endpoint>& endpoints() const;

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::server

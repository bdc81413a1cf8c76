#include "server/server.hpp"

#include <atomic>

#include "server/api.hpp"
#include "server/api_accounts.hpp"
#include "server/api_system.hpp"
#include "server/problem.hpp"

#include "base/log.hpp"

namespace ingot::server {

struct Server::Impl {
    Impl(ServerOptions chosen, EventHub& hub, const Clock& the_clock)
        : options(std::move(chosen)), events(hub), clock(the_clock) {}

    Status open();
    Status may_listen() const;
    std::vector<Endpoint> all_endpoints();
    Status readiness() const;
    void write_metrics(MetricsText& text) const;

    ServerOptions options;
    EventHub& events;
    const Clock& clock;
    WebFiles web{built_web_files()};
    RequestMetrics metrics;
    std::unique_ptr<Accounts> accounts;
    std::unique_ptr<AuditLog> audit;
    std::unique_ptr<Guard> guard;
    std::unique_ptr<Api> api;
    std::atomic<bool> draining = false;
    std::unique_ptr<HttpServer> http;  ///< The last: its threads use the rest.
};

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, EventHub& events,
                                              const Clock& clock) {
    auto impl = std::make_unique<Impl>(std::move(options), events, clock);
    INGOT_TRY(impl->open());
    INGOT_TRY(impl->may_listen());
    impl->api =
        std::make_unique<Api>(ApiParts{*impl->guard, *impl->audit, impl->metrics, impl->web, clock},
                              impl->all_endpoints());
    const auto refusal = [](int status, std::string_view detail) {
        return problem(status, "refused", detail);
    };
    INGOT_TRY_ASSIGN(
        impl->http,
        HttpServer::start(
            impl->options.listen,
            [raw = impl.get()](const Request& it) { return raw->api->handle(it); }, refusal));
    events.on_event([raw = impl.get()](std::string_view topic) { raw->http->wake(topic); });
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Status Server::Impl::open() {
    INGOT_TRY_ASSIGN(accounts, Accounts::open(options.accounts, clock));
    INGOT_TRY_ASSIGN(audit, AuditLog::open(options.accounts, clock));
    guard = std::make_unique<Guard>(*accounts,
                                    GuardSettings{.loopback = is_loopback(options.listen.address),
                                                  .behind_proxy = options.behind_proxy,
                                                  .requests = options.request_rate},
                                    clock);
    return {};
}

Status Server::Impl::may_listen() const {
    if (is_loopback(options.listen.address)) return {};
    INGOT_TRY_ASSIGN(const bool any, accounts->any());
    if (!any) {
        return make_error(ErrorCode::kInvalidArgument,
                          "--listen {}: others can reach this address, and everybody would be an "
                          "admin: make an account first, with `ingot user add NAME --role admin`",
                          options.listen.address);
    }
    if (options.listen.tls_certificate.empty()) {
        log_warning(
            "passwords cross the network readable: use --tls-cert and --tls-key, or a "
            "proxy on this machine that does TLS");
    }
    return {};
}

std::vector<Endpoint> Server::Impl::all_endpoints() {
    std::vector<Endpoint> all = account_endpoints(*accounts, *guard, *audit);
    const auto add = [&all](std::vector<Endpoint> more) {
        all.insert(all.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    };
    add(system_endpoints({events, metrics, [this] { return readiness(); },
                          [this](MetricsText& text) { write_metrics(text); }}));
    add(std::move(options.endpoints));
    all.push_back(openapi_endpoint(all));
    return all;
}

Status Server::Impl::readiness() const {
    if (draining) {
        return make_error(ErrorCode::kCancelled,
                          "the server is stopping: what runs may end, nothing starts");
    }
    return options.ready ? options.ready() : Status();
}

void Server::Impl::write_metrics(MetricsText& text) const {
    text.family("ingot_http_connections", "gauge", "Open connections");
    text.sample(static_cast<double>(http->connections()));
    if (const std::optional<CertificateState> certificate = http->certificate()) {
        text.family("ingot_tls_certificate_expiry_timestamp_seconds", "gauge",
                    "When the certificate that is used expires");
        text.sample(static_cast<double>(certificate->expires.millis() / 1000));
        text.family("ingot_tls_certificate_problems", "gauge",
                    "1: the files hold a certificate that cannot be used, the one before is");
        text.sample(certificate->problem.empty() ? 0 : 1);
    }
    if (options.metrics) options.metrics(text);
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
    stop();
}

void Server::drain() {
    impl_->draining = true;
    impl_->http->drain();
}

void Server::stop() {
    impl_->events.on_event({});
    impl_->http->stop();
}

void Server::wake(std::string_view topic) {
    impl_->http->wake(topic);
}

std::string Server::address() const {
    const ListenOptions& listen = impl_->options.listen;
    const bool v6 = listen.address.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", listen.tls_certificate.empty() ? "http" : "https",
                       v6 ? "[" : "", listen.address, v6 ? "]" : "", port());
}

std::uint16_t Server::port() const {
    return impl_->http->port();
}

Result<bool> Server::local_mode() const {
    return impl_->guard->local_mode();
}

const std::vector<Endpoint>& Server::endpoints() const {
    return impl_->api->router().endpoints();
}

}  // namespace ingot::server

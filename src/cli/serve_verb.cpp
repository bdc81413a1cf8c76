#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include "server/api_platform.hpp"
#include "server/server.hpp"
#include "service/service.hpp"

#include "cli/account_file.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

struct ServeArguments {
    int workers = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
    unsigned parallel = 1;
    bool replace = false;
    std::string drain = "30s";
    std::string listen = "127.0.0.1:8420";
    std::string certificate;
    std::string key;
    bool behind_proxy = false;
};

Result<service::ServiceOptions> service_options(const Invocation& invocation,
                                                const ServeArguments& arguments);
Result<std::unique_ptr<server::Server>> listen(service::Service& service, server::EventHub& events,
                                               const server::PlatformMetrics& metrics,
                                               const ServeArguments& arguments);
void announce(const server::Server& server, const service::Service& service);

Result<int> serve(Invocation& invocation, const ServeArguments& arguments) {
    INGOT_TRY_ASSIGN(service::ServiceOptions options, service_options(invocation, arguments));
    invocation.leave_columns_for_later();
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    server::EventHub events;  // Both outlive the service, which tells them what changes.
    server::PlatformMetrics metrics;
    INGOT_TRY_ASSIGN(const std::unique_ptr<service::Service> service,
                     service::Service::open(project, *engine, system_clock(), std::move(options)));
    server::publish_changes(*service, events, metrics);
    INGOT_TRY_ASSIGN(const std::unique_ptr<server::Server> server,
                     listen(*service, events, metrics, arguments));
    if (!invocation.quiet()) announce(*server, *service);
    const std::stop_callback drain(invocation.stop(), [&server] { server->drain(); });
    const Status ran = service->run(invocation.stop());
    server->stop();  // Before what its handlers ask is gone.
    INGOT_TRY(ran);
    return kExitOk;
}

Result<service::ServiceOptions> service_options(const Invocation& invocation,
                                                const ServeArguments& arguments) {
    service::ServiceOptions options;
    INGOT_TRY_ASSIGN(options.load, invocation.load_options());
    options.load.lineage = true;
    options.workers = arguments.workers;
    options.parallel = arguments.parallel;
    options.replace = arguments.replace;
    INGOT_TRY_ASSIGN_WITH(options.drain_time, parse_duration(arguments.drain), "in --drain");
    return options;
}

Result<std::unique_ptr<server::Server>> listen(service::Service& service, server::EventHub& events,
                                               const server::PlatformMetrics& metrics,
                                               const ServeArguments& arguments) {
    server::ServerOptions options;
    INGOT_TRY_ASSIGN_WITH(options.listen, server::parse_listen(arguments.listen), "in --listen");
    options.listen.tls_certificate = arguments.certificate;
    options.listen.tls_key = arguments.key;
    options.listen.socket = service.folder().server_socket();
    options.behind_proxy = arguments.behind_proxy;
    options.accounts = accounts_file(service.definitions()->project());
    options.metrics = [&service, &metrics](server::MetricsText& text) {
        metrics.write(service, text);
    };
    options.ready = [&service] { return server::readiness_of(service); };
    // Endpoints are made before the server that answers this is there.
    const auto itself = std::make_shared<std::atomic<const server::Server*>>(nullptr);
    options.endpoints = server::platform_endpoints(service, [itself]() -> Result<bool> {
        const server::Server* server = *itself;
        return server == nullptr ? Result<bool>(false) : server->local_mode();
    });
    INGOT_TRY_ASSIGN(std::unique_ptr<server::Server> server,
                     server::Server::start(std::move(options), events));
    *itself = server.get();
    return server;
}

/// Where the server is, so that a person can open it.
void announce(const server::Server& server, const service::Service& service) {
    const auto& pipelines = service.definitions()->pipelines;
    const auto scheduled = std::count_if(pipelines.begin(), pipelines.end(), [](const auto& each) {
        return each.second.pipeline->schedule.has_value();
    });
    std::fprintf(stderr, "ingot serve: %s (%zu pipelines, %td of them by schedule)\n",
                 server.address().c_str(), pipelines.size(), scheduled);
}

}  // namespace

void add_serve(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand(
        "serve", "Run pipelines by their schedules, with pages and an API, until it is stopped");
    auto arguments = std::make_shared<ServeArguments>();
    verb->add_option("--listen", arguments->listen,
                     "Address and port; port 0 is any that is free. Others than this machine "
                     "reach it only when there are accounts: `ingot user add`")
        ->type_name("ADDRESS:PORT");
    CLI::Option* const certificate =
        verb->add_option("--tls-cert", arguments->certificate, "Certificates of the server, PEM")
            ->type_name("FILE");
    verb->add_option("--tls-key", arguments->key, "Their key, PEM")
        ->type_name("FILE")
        ->needs(certificate);
    verb->add_flag("--behind-proxy", arguments->behind_proxy,
                   "A proxy on this machine says in X-Forwarded-For who asks");
    verb->add_option("--workers", arguments->workers, "Tasks at work at once")
        ->check(CLI::Range(1, 1024));
    verb->add_option("--parallel", arguments->parallel, "Tables at work at once within a task")
        ->check(CLI::Range(1, 64));
    verb->add_option("--drain", arguments->drain,
                     "How long what runs may go on when it is stopped; 30s")
        ->type_name("DURATION");
    verb->add_flag("--replace", arguments->replace,
                   "Take the place of a server that is stopped and does not answer");
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return serve(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

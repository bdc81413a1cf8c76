#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "service/service.hpp"

#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

struct ServeArguments {
    int workers = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
    unsigned parallel = 1;
    bool replace = false;
    std::string drain = "30s";
};

Result<int> serve(Invocation& invocation, const ServeArguments& arguments) {
    service::ServiceOptions options;
    INGOT_TRY_ASSIGN(options.load, invocation.load_options());
    options.workers = arguments.workers;
    options.parallel = arguments.parallel;
    options.replace = arguments.replace;
    INGOT_TRY_ASSIGN_WITH(options.drain_time, parse_duration(arguments.drain), "in --drain");
    INGOT_TRY(invocation.project());  // Also sets the engine up as the project says.
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    INGOT_TRY_ASSIGN(const std::unique_ptr<service::Service> service,
                     service::Service::open(*engine, system_clock(), std::move(options)));
    INGOT_TRY(service->run(invocation.stop()));
    return kExitOk;
}

}  // namespace

void add_serve(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand(
        "serve", "Run pipelines by their schedules, and what is asked for, until it is stopped");
    auto arguments = std::make_shared<ServeArguments>();
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

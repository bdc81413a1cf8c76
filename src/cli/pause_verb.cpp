#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/control_verbs.hpp"
#include "cli/run_control.hpp"

namespace ingot::cli {
namespace {

struct PauseArguments {
    std::string pipeline;
    std::string server;
};

Result<int> set_paused(Invocation& invocation, const PauseArguments& arguments, bool paused) {
    INGOT_TRY_ASSIGN(ServerClient server, server_of(invocation, arguments.server));
    INGOT_TRY_ASSIGN(const Json pipeline, server.set_paused(arguments.pipeline, paused));
    if (invocation.json()) {
        std::printf("%s\n", pipeline.dump(2).c_str());
    } else if (!invocation.quiet()) {
        std::printf("%s %s\n", arguments.pipeline.c_str(),
                    paused ? "is paused: nothing starts it by itself" : "goes by its schedule");
    }
    return kExitOk;
}

}  // namespace

void add_pause(CLI::App& app, const Chosen& chosen) {
    auto arguments = std::make_shared<PauseArguments>();
    const auto add = [&](const char* name, const char* description, bool paused) {
        CLI::App* verb = app.add_subcommand(name, description);
        verb->add_option("pipeline", arguments->pipeline, "Name of a pipeline")->required();
        add_server_option(*verb, arguments->server);
        verb->callback([&chosen, arguments, paused] {
            chosen(
                [=](Invocation& invocation) { return set_paused(invocation, *arguments, paused); });
        });
    };
    add("pause", "Have the server start nothing of a pipeline by itself", true);
    add("unpause", "Let the schedule of a pipeline go on", false);
}

}  // namespace ingot::cli

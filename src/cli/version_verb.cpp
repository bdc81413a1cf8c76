#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"

namespace ingot::cli {

void add_version(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("version", "Print the version");
    verb->callback([&chosen] {
        chosen([](Invocation& invocation) -> Result<int> {
            if (invocation.json()) {
                std::printf("%s\n", nlohmann::json{{"version", INGOT_VERSION}}.dump().c_str());
            } else {
                std::printf("ingot %s\n", INGOT_VERSION);
            }
            return kExitOk;
        });
    });
}

}  // namespace ingot::cli

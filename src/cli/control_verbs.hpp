#pragma once
// Verbs that act on what a server carries out.
#include <vector>

#include "cli/verbs.hpp"

namespace CLI {
class Option;
}

namespace ingot::cli {

/// `ingot pause` and `ingot unpause`.
void add_pause(CLI::App& app, const Chosen& chosen);
/// `ingot runs cancel`, `clear`, `mark` and `note`.
void add_run_controls(CLI::App& runs, const Chosen& chosen);

/// Of a verb that lists, shows the one that is named, or acts by its subcommands, once it has
/// these: an option that would have no effect is an error.
void refuse_without_effect(CLI::App& verb, CLI::Option& one,
                           const std::vector<CLI::Option*>& of_list, CLI::Option& server);

}  // namespace ingot::cli

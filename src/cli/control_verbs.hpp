#pragma once
// Verbs that act on what a server carries out.
#include "cli/verbs.hpp"

namespace ingot::cli {

/// `ingot pause` and `ingot unpause`.
void add_pause(CLI::App& app, const Chosen& chosen);
/// `ingot runs cancel`, `clear`, `mark` and `note`.
void add_run_controls(CLI::App& runs, const Chosen& chosen);

}  // namespace ingot::cli

#pragma once
// `[SELECT...] [--exclude] [--window]`: options that several verbs share.
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.hpp"

namespace ingot::cli {

struct SelectionArguments {
    std::vector<std::string> select;
    std::string exclude;
    std::string window;

    std::string text() const;  ///< The parts of `select`, with blanks between.
};

void add_selection_options(CLI::App& verb, SelectionArguments& arguments);
void add_window_option(CLI::App& verb, SelectionArguments& arguments);

/// The selected tables of the project, each after its inputs.
Result<std::vector<project::TableName>> selected_tables(const project::Project& project,
                                                        const SelectionArguments& arguments);
/// `--window`, in the project's zone; nothing when it was not given.
Result<std::optional<Interval>> selected_window(const project::Project& project,
                                                const SelectionArguments& arguments);

}  // namespace ingot::cli

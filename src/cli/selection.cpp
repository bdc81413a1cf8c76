#include "cli/selection.hpp"

#include <CLI/CLI.hpp>

#include "project/selector.hpp"
#include "project/window.hpp"

namespace ingot::cli {

std::string SelectionArguments::text() const {
    std::string all;
    for (const std::string& part : select) all += (all.empty() ? "" : " ") + part;
    return all;
}

void add_selection_options(CLI::App& verb, SelectionArguments& arguments) {
    verb.add_option("select", arguments.select,
                    "Tables: names, globs, +x, x+, @x, tag:, path:, source:; absent: all");
    verb.add_option("--exclude", arguments.exclude, "Tables to leave out, the same language")
        ->type_name("SELECT");
}

void add_window_option(CLI::App& verb, SelectionArguments& arguments) {
    verb.add_option("--window", arguments.window, "START..END, half open, or one day or hour")
        ->type_name("RANGE");
}

Result<std::vector<project::TableName>> selected_tables(const project::Project& project,
                                                        const SelectionArguments& arguments) {
    const project::TableGraph graph(project);
    return project::select_tables(project, graph, {arguments.text(), arguments.exclude, nullptr});
}

Result<std::optional<Interval>> selected_window(const project::Project& project,
                                                const SelectionArguments& arguments) {
    if (arguments.window.empty()) return std::optional<Interval>();
    INGOT_TRY_ASSIGN_WITH(const Interval window,
                          project::parse_interval(arguments.window, project.defaults.timezone),
                          "in --window");
    return std::optional(window);
}

}  // namespace ingot::cli

#pragma once
// Statements typed at a terminal.
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot::cli {

/// What the shell can ask for. Errors are printed, and the shell goes on.
struct ShellActions {
    std::function<Status(const std::string& statement)> run;
    std::function<std::vector<std::string>()> tables;
    std::function<Status(const std::string& table)> schema;
    std::function<bool()> stopped;
};

/// Reads statements that end with `;` and the commands `.tables`, `.schema TABLE`, `.help`, `.quit`
/// until the input ends.
void run_sql_shell(std::istream& input, const ShellActions& actions);

/// Whether a text ends with a `;` that is in no quote and no comment.
bool is_complete_statement(std::string_view text);

}  // namespace ingot::cli

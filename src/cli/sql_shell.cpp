#include "cli/sql_shell.hpp"

#include <algorithm>
#include <cstdio>
#include <istream>
#include <sstream>

#include "cli/invocation.hpp"

namespace ingot::cli {
namespace {

constexpr const char* kHelp =
    "Statements end with ;\n"
    "  .tables         the project's tables\n"
    "  .schema TABLE   the columns of a table\n"
    "  .quit           leave (so does Ctrl-D)\n";

void print_problem(const Status& done) {
    if (!done) print_error(done.error(), false);
}

/// False: leave.
bool run_command(const std::string& line, const ShellActions& actions) {
    std::istringstream words(line);
    std::string command;
    std::string argument;
    words >> command >> argument;
    if (command == ".quit" || command == ".exit") return false;
    if (command == ".tables") {
        for (const std::string& table : actions.tables()) std::printf("%s\n", table.c_str());
    } else if (command == ".schema" && !argument.empty()) {
        print_problem(actions.schema(argument));
    } else {
        std::fputs(kHelp, stdout);
    }
    return true;
}

}  // namespace

bool is_complete_statement(std::string_view text) {
    char quote = 0;
    bool complete = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quote != 0) {
            if (c == quote) quote = 0;
            continue;
        }
        if (c == '-' && text.substr(at, 2) == "--") {
            at = std::min(text.find('\n', at), text.size());
            continue;
        }
        if (c == '\'' || c == '"') quote = c;
        if (c == ';') {
            complete = true;
        } else if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
            complete = false;
        }
    }
    return complete && quote == 0;
}

void run_sql_shell(std::istream& input, const ShellActions& actions) {
    std::fputs("Statements end with ; and .help shows commands\n", stdout);
    std::string statement;
    std::string line;
    while (!actions.stopped()) {
        std::fputs(statement.empty() ? "ingot> " : "  ...> ", stdout);
        std::fflush(stdout);
        if (!std::getline(input, line)) break;
        const std::size_t first = line.find_first_not_of(" \t\r");
        if (statement.empty() && first == std::string::npos) continue;
        if (statement.empty() && line[first] == '.') {
            if (!run_command(line.substr(first), actions)) return;
            continue;
        }
        statement += line + "\n";
        if (!is_complete_statement(statement)) continue;
        print_problem(actions.run(statement));
        statement.clear();
    }
    std::fputc('\n', stdout);
}

}  // namespace ingot::cli

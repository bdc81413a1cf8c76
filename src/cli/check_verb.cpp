#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/output.hpp"
#include "cli/selection.hpp"
#include "cli/verbs.hpp"
#include "project/selector.hpp"
#include "quality/tables.hpp"
#include "task/check_tables.hpp"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct CheckArguments {
    SelectionArguments selection;
    bool last = false;
};

/// One line: a check that ran now, or a row of `ingot.check_results`.
struct CheckLine {
    std::string table;
    std::string check;
    std::string status;
    std::string message;
    std::string place;
    std::string checked_at;
    std::vector<std::string> samples = {};
};

CheckLine line_of(const quality::CheckResult& result) {
    return {result.table.text(),
            result.name,
            std::string(quality::check_status_name(result.status)),
            result.message,
            result.place.to_string(),
            "",
            result.samples};
}

struct CheckLines {
    std::vector<CheckLine> lines;
    std::vector<std::string> unbuilt;
};

Result<CheckLines> run_now(Invocation& invocation, const CheckArguments& arguments) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    task::RunOptions options;
    options.select = arguments.selection.text();
    options.exclude = arguments.selection.exclude;
    INGOT_TRY_ASSIGN(const task::CheckedTables checked,
                     task::check_tables(*workspace, options, invocation.stop()));
    CheckLines found;
    for (const task::CheckedTable& table : checked.tables) {
        if (!table.version) found.unbuilt.push_back(table.table.text());
        for (const quality::CheckResult& result : table.results)
            found.lines.push_back(line_of(result));
    }
    for (const quality::CheckResult& result : checked.across)
        found.lines.push_back(line_of(result));
    return found;
}

/// The newest stored result of each check of the selected tables.
Result<CheckLines> stored(Invocation& invocation, const CheckArguments& arguments) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    const project::TableGraph graph(*workspace->project);
    INGOT_TRY_ASSIGN(
        const project::SelectedWork work,
        project::select_work(*workspace->project, graph,
                             {arguments.selection.text(), arguments.selection.exclude, nullptr}));
    task::Pins pins(*workspace);
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr results,
                     pins.snapshot(quality::check_results_table()));
    if (!results) {
        return make_error(ErrorCode::kNotFound,
                          "no check has run in this lake yet: `ingot run` runs and stores them");
    }
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session,
                     pins.open_session({{"staged.results", results}}));
    INGOT_TRY_ASSIGN(const ColumnBatch rows,
                     session->query_all({R"(SELECT "table", "check", status, coalesce(message, ''),
                       coalesce(file || ':' || line, ''), strftime(checked_at, '%Y-%m-%dT%H:%M:%SZ')
                FROM staged.results
                QUALIFY row_number() OVER (PARTITION BY "table", "check"
                                           ORDER BY checked_at DESC, run_id DESC) = 1
                ORDER BY 1, 2)",
                                         {}},
                                        invocation.stop()));
    std::set<std::string> selected;
    for (const project::TableName& name : work.tables) selected.insert(name.text());
    for (const project::TableCheckFile* file : work.checks)
        selected.insert(project::name_of_check(*file).text());
    CheckLines found;
    for (std::int64_t row = 0; row < rows.rows; ++row) {
        const auto text = [&](std::size_t column) { return value_text(rows.columns[column], row); };
        if (!selected.contains(text(0))) continue;
        found.lines.push_back({text(0), text(1), text(2), text(3), text(4), text(5)});
    }
    return found;
}

struct Counts {
    int passed = 0;
    int warned = 0;
    int failed = 0;  ///< `failed` and `error`.
    int skipped = 0;
};

Counts count(const std::vector<CheckLine>& lines) {
    Counts counts;
    for (const CheckLine& line : lines) {
        int& number = line.status == "passed"    ? counts.passed
                      : line.status == "warned"  ? counts.warned
                      : line.status == "skipped" ? counts.skipped
                                                 : counts.failed;
        ++number;
    }
    return counts;
}

void print_lines(const CheckLines& found, const Counts& counts, const quality::QualityScore& score,
                 bool last) {
    TextTable table(last ? std::vector<std::string>{"table", "check", "status", "message", "at"}
                         : std::vector<std::string>{"table", "check", "status", "message"});
    for (const CheckLine& line : found.lines) {
        std::vector<std::string> cells{line.table, line.check, line.status,
                                       line.status == "passed" ? "" : line.message};
        if (last) cells.push_back(line.checked_at);
        table.add(std::move(cells));
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    for (const CheckLine& line : found.lines) {
        for (const std::string& sample : line.samples)
            std::printf("%s %s: %s\n", line.table.c_str(), line.check.c_str(), sample.c_str());
    }
    for (const std::string& name : found.unbuilt)
        std::printf("%s has not been built yet: nothing to check\n", name.c_str());
    if (found.lines.empty()) {
        std::puts("no checks");
        return;
    }
    std::printf("%d passed, %d warned, %d failed, %d skipped; quality %.1f %% (%s)\n",
                counts.passed, counts.warned, counts.failed, counts.skipped, score.percent,
                std::string(score.grade).c_str());
}

void print_json(const CheckLines& found, const quality::QualityScore& score) {
    Json json{{"score", score.percent}, {"grade", score.grade}, {"unbuilt", found.unbuilt}};
    json["checks"] = Json::array();
    for (const CheckLine& line : found.lines) {
        json["checks"].push_back({{"table", line.table},
                                  {"check", line.check},
                                  {"status", line.status},
                                  {"message", line.message},
                                  {"samples", line.samples},
                                  {"place", line.place},
                                  {"checked_at", line.checked_at}});
    }
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

Result<int> check(Invocation& invocation, const CheckArguments& arguments) {
    INGOT_TRY_ASSIGN(const CheckLines found, arguments.last ? stored(invocation, arguments)
                                                            : run_now(invocation, arguments));
    const Counts counts = count(found.lines);
    const quality::QualityScore score =
        quality::quality_score(counts.passed, counts.passed + counts.warned + counts.failed);
    if (invocation.json()) {
        print_json(found, score);
    } else {
        print_lines(found, counts, score, arguments.last);
    }
    return counts.failed == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void add_check(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("check", "Run the checks of published tables; writes nothing");
    auto arguments = std::make_shared<CheckArguments>();
    add_selection_options(*verb, arguments->selection);
    verb->add_flag("--last", arguments->last,
                   "Show the stored results of the last runs instead of checking now");
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return check(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

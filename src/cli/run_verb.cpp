#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "orchestrator/run_folder.hpp"

#include "cli/output.hpp"
#include "cli/run_control.hpp"
#include "cli/run_on_server.hpp"
#include "cli/run_pipeline.hpp"
#include "cli/table_report.hpp"
#include "cli/verbs.hpp"
#include "project/selector.hpp"
#include "project/window.hpp"
#include "task/run_plan.hpp"
#include "task/runner.hpp"

namespace ingot::cli {
namespace {

struct RunArguments {
    std::vector<std::string> select;
    std::string exclude;
    std::string window;
    bool full = false;
    unsigned parallel = 2;
    bool yes = false;
    std::string pipeline;
    std::vector<std::string> pipeline_params;
    std::string server;
    bool detach = false;
};

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : " ") + part;
    return text;
}

nlohmann::ordered_json checks_json(const std::vector<quality::CheckResult>& checks) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const quality::CheckResult& check : checks) {
        json.push_back({{"name", check.name},
                        {"kind", check.kind},
                        {"status", quality::check_status_name(check.status)},
                        {"message", check.message},
                        {"samples", check.samples},
                        {"place", check.place.to_string()}});
    }
    return json;
}

nlohmann::ordered_json table_json(const task::TableReport& report) {
    nlohmann::ordered_json json{{"table", report.table.text()},
                                {"status", task::table_status_name(report.status)},
                                {"reason", report.reason},
                                {"windows",
                                 {{"done", report.windows_done},
                                  {"empty", report.windows_empty},
                                  {"missing", report.windows_missing},
                                  {"failed", report.windows_failed}}},
                                {"rows",
                                 {{"selected", report.rows_selected},
                                  {"published", report.rows_published},
                                  {"merged", report.rows_merged},
                                  {"rejected", report.rows_rejected},
                                  {"dropped", report.rows_dropped}}},
                                {"reasons", report.reasons},
                                {"dropped", report.dropped},
                                {"bytes_written", report.bytes_written},
                                {"seconds", seconds(report.elapsed)},
                                {"warnings", report.warnings}};
    json["version"] =
        report.version ? nlohmann::ordered_json(report.version->value()) : nlohmann::ordered_json();
    json["error"] =
        report.error ? nlohmann::ordered_json(report.error->to_string()) : nlohmann::ordered_json();
    json["checks"] = checks_json(report.checks);
    return json;
}

void print_summary(const task::RunReport& report, bool json) {
    if (json) {
        nlohmann::ordered_json object{
            {"run_id", report.run_id}, {"ok", report.ok()}, {"seconds", seconds(report.elapsed)}};
        object["tables"] = nlohmann::ordered_json::array();
        for (const task::TableReport& table : report.tables)
            object["tables"].push_back(table_json(table));
        object["checks"] = checks_json(report.checks);
        std::printf("%s\n",
                    object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
        return;
    }
    std::map<task::TableStatus, int> counts;
    for (const task::TableReport& table : report.tables) ++counts[table.status];
    std::string text;
    for (const auto& [status, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count,
                            task::table_status_name(status));
    }
    const auto red = std::count_if(report.checks.begin(), report.checks.end(),
                                   [](const auto& check) { return check.blocks(); });
    if (red > 0)
        text += fmt::format("{}{} across tables red", text.empty() ? "" : ", ",
                            red == 1 ? "a check" : fmt::format("{} checks", red));
    if (text.empty()) text = "no table was selected,";
    std::fprintf(stderr, "%s: %s in %.2fs\n", report.ok() ? "ok" : "FAILED", text.c_str(),
                 seconds(report.elapsed));
}

/// `checks: 41 passed, 1 warned; quality 97.6 % (excellent)`; nothing without checks.
void print_quality(const task::RunReport& report) {
    std::vector<quality::CheckResult> results;
    for (const task::TableReport& table : report.tables)
        results.insert(results.end(), table.checks.begin(), table.checks.end());
    results.insert(results.end(), report.checks.begin(), report.checks.end());
    if (results.empty()) return;
    std::map<quality::CheckStatus, int> counts;
    for (const quality::CheckResult& result : results) ++counts[result.status];
    std::string text;
    for (const auto& [status, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count,
                            quality::check_status_name(status));
    }
    const quality::QualityScore score = quality::quality_score(results);
    std::fprintf(stderr, "checks: %s; quality %.1f %% (%s)\n", text.c_str(), score.percent,
                 std::string(score.grade).c_str());
}

/// On a terminal: which tables are at work, on one line that the next report overwrites.
class StatusLine {
public:
    StatusLine(bool shown, std::size_t total) : shown_(shown), total_(total) {}
    void started(const project::TableName& table) {
        working_.push_back(table.text());
        draw();
    }
    void finished(const project::TableName& table) {
        std::erase(working_, table.text());
        ++done_;
    }
    void clear() const {
        if (shown_) std::fputs("\r\033[K", stderr);
    }
    void draw() const {
        if (!shown_ || working_.empty()) return;
        constexpr std::size_t kBarCells = 20;
        const std::size_t full = total_ == 0 ? 0 : kBarCells * done_ / total_;
        std::string bar;
        for (std::size_t cell = 0; cell < kBarCells; ++cell) bar += cell < full ? "█" : "░";
        std::fprintf(stderr, "\r\033[K%s %zu/%zu %s", bar.c_str(), done_, total_,
                     joined(working_).c_str());
    }

private:
    bool shown_;
    std::size_t total_;
    std::size_t done_ = 0;
    std::vector<std::string> working_;
};

constexpr std::int64_t kDownloadsUnasked = 100;

/// Many downloads are somebody else's bandwidth and this person's disk: not without `--yes`.
Status ask_before_downloads(const task::Workspace& workspace, const task::RunOptions& options) {
    INGOT_TRY_ASSIGN(const std::int64_t downloads, task::downloads_ahead(workspace, options));
    if (downloads <= kDownloadsUnasked) return {};
    return make_error(ErrorCode::kInvalidArgument,
                      "--yes is needed: this run would download {} windows ({}); `ingot plan` "
                      "shows what would be built",
                      with_thousands(downloads), options.window->to_string());
}

/// An environment with `confirm: true` is not changed by a slip of the keyboard.
Status ask_before_changing(const project::Project& project) {
    if (!project.confirm) return {};
    return make_error(ErrorCode::kInvalidArgument,
                      "--yes is needed: this would change the environment {} ({}), which says "
                      "`confirm: true`; `ingot plan` shows what would be built",
                      project.environment, project.lake);
}

/// Both commit to the same tables, which bear it; but the server's limits do not hold here.
void say_that_a_server_runs(const Invocation& invocation, const project::Project& project,
                            const char* instead = "") {
    if (invocation.quiet()) return;
    const orchestrator::RunFolder folder(orchestrator::store_file(project));
    const Result<std::string> server = folder.server();
    if (!server || server->empty()) return;
    std::fprintf(stderr, "beside a server (%s): its limits and pools do not count this run%s\n",
                 server->c_str(), instead);
}

Result<int> run_tables(Invocation& invocation, const RunArguments& arguments) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    if (!arguments.yes) INGOT_TRY(ask_before_changing(*workspace->project));
    say_that_a_server_runs(invocation, *workspace->project);
    task::RunOptions options;
    options.select = joined(arguments.select);
    options.exclude = arguments.exclude;
    options.full = arguments.full;
    options.parallel = arguments.parallel;
    if (!arguments.window.empty()) {
        INGOT_TRY_ASSIGN_WITH(
            options.window,
            project::parse_interval(arguments.window, workspace->project->defaults.timezone),
            "in --window");
    }
    if (!arguments.yes) INGOT_TRY(ask_before_downloads(*workspace, options));
    task::RunProgress progress;
    const project::TableGraph graph(*workspace->project);
    INGOT_TRY_ASSIGN(const project::SelectedWork selected,
                     project::select_work(*workspace->project, graph,
                                          {options.select, options.exclude, nullptr}));
    StatusLine line(invocation.terminal(), selected.tables.size());
    if (!invocation.quiet() && !invocation.json()) {
        progress.started = [&](const project::TableName& table) { line.started(table); };
        progress.finished = [&](const task::TableReport& report) {
            line.finished(report.table);
            line.clear();
            print_table_report(report);
            line.draw();
        };
    }
    INGOT_TRY_ASSIGN(const task::RunReport report,
                     task::run_tables(*workspace, options, progress, invocation.stop()));
    if (!invocation.quiet() && !invocation.json()) {
        print_checks_across(report);
        print_quality(report);
    }
    print_summary(report, invocation.json());
    return report.ok() ? kExitOk : kExitFailed;
}

Result<int> run_tasks(Invocation& invocation, const RunArguments& arguments) {
    const PipelineArguments asked{arguments.pipeline, arguments.window, arguments.full,
                                  arguments.pipeline_params, arguments.parallel};
    if (!arguments.server.empty()) {
        if (arguments.server == kLocalServer && !arguments.yes) {
            INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
            INGOT_TRY(ask_before_changing(*project));
        }
        INGOT_TRY_ASSIGN(ServerClient server, server_of(invocation, arguments.server));
        return run_on_server(invocation, server, asked, arguments.detach);
    }
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    if (!arguments.yes) INGOT_TRY(ask_before_changing(*project));
    say_that_a_server_runs(invocation, *project, "; --server local has it do the run");
    return run_pipeline(invocation, asked);
}

}  // namespace

void add_run(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("run", "Bring tables up to date: missing and stale windows only");
    auto arguments = std::make_shared<RunArguments>();
    CLI::Option* const select =
        verb->add_option("select", arguments->select,
                         "Tables: names, globs, +x, x+, @x, tag:, path:, source:; absent: all");
    CLI::Option* const exclude =
        verb->add_option("--exclude", arguments->exclude, "Tables to leave out, the same language");
    verb->add_option("--pipeline", arguments->pipeline,
                     "All tasks of a pipeline; a run of this window that was interrupted goes on")
        ->type_name("NAME")
        ->excludes(select)
        ->excludes(exclude);
    CLI::Option* const pipeline = verb->get_option("--pipeline");
    add_server_option(*verb, arguments->server);
    CLI::Option* const server = verb->get_option("--server")->needs(pipeline);
    verb->add_flag("--detach", arguments->detach, "Do not wait until the server is done")
        ->needs(server);
    verb->add_option("--pipeline-param", arguments->pipeline_params,
                     "Parameter of the pipeline, or another value for one of the project")
        ->type_name("NAME=VALUE");
    verb->add_option("--window", arguments->window, "START..END, half open, or one day or hour")
        ->type_name("RANGE");
    verb->add_flag("--full", arguments->full, "Everything again, whatever is done");
    verb->add_flag("--yes", arguments->yes,
                   "Go on without asking: in an environment with `confirm`, however many downloads "
                   "it takes");
    verb->add_option("--parallel", arguments->parallel,
                     "Tables at work at once; of a pipeline also tasks")
        ->check(CLI::Range(1, 64));
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) {
            return arguments->pipeline.empty() ? run_tables(invocation, *arguments)
                                               : run_tasks(invocation, *arguments);
        });
    });
}

}  // namespace ingot::cli

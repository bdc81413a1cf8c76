#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
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
};

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : " ") + part;
    return text;
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string windows_text(const task::TableReport& report) {
    std::string text;
    const auto add = [&](std::int64_t count, const char* what) {
        if (count > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", with_thousands(count), what);
    };
    add(report.windows_done, "done");
    add(report.windows_empty, "empty");
    add(report.windows_missing, "missing");
    add(report.windows_failed, "failed");
    return text;
}

/// Nothing for a check that passed or had nothing to compare with.
void print_check(const quality::CheckResult& check) {
    if (check.status == quality::CheckStatus::kPassed ||
        check.status == quality::CheckStatus::kSkipped)
        return;
    std::fprintf(stderr, "           %s: %s: %s (%s)\n",
                 std::string(quality::check_status_name(check.status)).c_str(), check.name.c_str(),
                 check.message.c_str(), check.place.to_string().c_str());
    for (const std::string& sample : check.samples)
        std::fprintf(stderr, "             %s\n", sample.c_str());
}

/// The checks across tables, which no table's line shows.
void print_checks_across(const task::RunReport& report) {
    for (const quality::CheckResult& check : report.checks) {
        const bool skipped = check.status == quality::CheckStatus::kSkipped;
        std::fprintf(stderr, "%-10s %-32s%s%s\n",
                     std::string(quality::check_status_name(check.status)).c_str(),
                     check.table.text().c_str(), skipped ? " " : "",
                     skipped ? check.message.c_str() : "");
        print_check(check);
    }
}

void print_finished(const task::TableReport& report) {
    std::string line =
        fmt::format("{:<10} {:<32}", task::table_status_name(report.status), report.table.text());
    if (report.status == task::TableStatus::kPublished) {
        line += fmt::format(" {:>12} rows {:>8.2f}s", with_thousands(report.rows_published),
                            seconds(report.elapsed));
        if (report.rows_rejected > 0)
            line += fmt::format("  {} rejected", with_thousands(report.rows_rejected));
        if (report.rows_dropped > 0)
            line += fmt::format("  {} dropped", with_thousands(report.rows_dropped));
        if (const std::string windows = windows_text(report); !windows.empty())
            line += "  windows: " + windows;
    } else if (!report.reason.empty() && report.status == task::TableStatus::kSkipped) {
        line += " " + report.reason;
    }
    std::fprintf(stderr, "%s\n", line.c_str());
    for (const auto& [reason, count] : report.reasons) {
        std::fprintf(stderr, "           rejected %s: %s\n", with_thousands(count).c_str(),
                     reason.c_str());
    }
    for (const auto& [reason, count] : report.dropped) {
        std::fprintf(stderr, "           dropped %s: %s\n", with_thousands(count).c_str(),
                     reason.c_str());
    }
    for (const std::string& warning : report.warnings)
        std::fprintf(stderr, "           warning: %s\n", warning.c_str());
    for (const quality::CheckResult& check : report.checks) print_check(check);
    if (report.error)
        std::fprintf(stderr, "           error: %s\n", report.error->to_string().c_str());
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

Result<int> run_tables(Invocation& invocation, const RunArguments& arguments) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    if (!arguments.yes) INGOT_TRY(ask_before_changing(*workspace->project));
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
            print_finished(report);
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

}  // namespace

void add_run(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("run", "Bring tables up to date: missing and stale windows only");
    auto arguments = std::make_shared<RunArguments>();
    verb->add_option("select", arguments->select,
                     "Tables: names, globs, +x, x+, @x, tag:, path:, source:; absent: all");
    verb->add_option("--exclude", arguments->exclude, "Tables to leave out, the same language");
    verb->add_option("--window", arguments->window, "START..END, half open, or one day or hour")
        ->type_name("RANGE");
    verb->add_flag("--full", arguments->full, "Everything again, whatever is done");
    verb->add_flag("--yes", arguments->yes,
                   "Go on without asking: in an environment with `confirm`, however many downloads "
                   "it takes");
    verb->add_option("--parallel", arguments->parallel, "Tables at work at once")
        ->check(CLI::Range(1, 64));
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return run_tables(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "project/window.hpp"
#include "task/runner.hpp"

namespace ingot::cli {
namespace {

struct RunArguments {
    std::vector<std::string> select;
    std::string exclude;
    std::string window;
    bool full = false;
    unsigned parallel = 2;
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

void print_finished(const task::TableReport& report) {
    std::string line =
        fmt::format("{:<10} {:<32}", task::table_status_name(report.status), report.table.text());
    if (report.status == task::TableStatus::kPublished) {
        line += fmt::format(" {:>12} rows {:>8.2f}s", with_thousands(report.rows_published),
                            seconds(report.elapsed));
        if (report.rows_rejected > 0)
            line += fmt::format("  {} rejected", with_thousands(report.rows_rejected));
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
    for (const std::string& warning : report.warnings)
        std::fprintf(stderr, "           warning: %s\n", warning.c_str());
    for (const quality::CheckResult& check : report.checks) {
        if (check.status == quality::CheckStatus::kPassed ||
            check.status == quality::CheckStatus::kSkipped)
            continue;
        std::fprintf(stderr, "           %s: %s: %s (%s)\n",
                     std::string(quality::check_status_name(check.status)).c_str(),
                     check.name.c_str(), check.message.c_str(), check.place.to_string().c_str());
    }
    if (report.error)
        std::fprintf(stderr, "           error: %s\n", report.error->to_string().c_str());
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
                                  {"rejected", report.rows_rejected}}},
                                {"reasons", report.reasons},
                                {"bytes_written", report.bytes_written},
                                {"seconds", seconds(report.elapsed)},
                                {"warnings", report.warnings}};
    json["version"] =
        report.version ? nlohmann::ordered_json(report.version->value()) : nlohmann::ordered_json();
    json["error"] =
        report.error ? nlohmann::ordered_json(report.error->to_string()) : nlohmann::ordered_json();
    json["checks"] = nlohmann::ordered_json::array();
    for (const quality::CheckResult& check : report.checks) {
        json["checks"].push_back({{"name", check.name},
                                  {"kind", check.kind},
                                  {"status", quality::check_status_name(check.status)},
                                  {"message", check.message},
                                  {"place", check.place.to_string()}});
    }
    return json;
}

void print_summary(const task::RunReport& report, bool json) {
    if (json) {
        nlohmann::ordered_json object{
            {"run_id", report.run_id}, {"ok", report.ok()}, {"seconds", seconds(report.elapsed)}};
        object["tables"] = nlohmann::ordered_json::array();
        for (const task::TableReport& table : report.tables)
            object["tables"].push_back(table_json(table));
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
    std::fprintf(stderr, "%s: %s in %.2fs\n", report.ok() ? "ok" : "FAILED", text.c_str(),
                 seconds(report.elapsed));
}

Result<int> run_tables(Invocation& invocation, const RunArguments& arguments) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
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
    task::RunProgress progress;
    if (!invocation.quiet() && !invocation.json()) progress.finished = print_finished;
    INGOT_TRY_ASSIGN(const task::RunReport report,
                     task::run_tables(*workspace, options, progress, invocation.stop()));
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
    verb->add_option("--parallel", arguments->parallel, "Tables at work at once")
        ->check(CLI::Range(1, 64));
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return run_tables(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

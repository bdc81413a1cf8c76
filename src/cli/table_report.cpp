#include "cli/table_report.hpp"

#include <cstdio>

#include "cli/output.hpp"

namespace ingot::cli {
namespace {

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

}  // namespace

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

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

void print_table_report(const task::TableReport& report) {
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

}  // namespace ingot::cli

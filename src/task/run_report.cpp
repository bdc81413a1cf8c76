#include "task/run_report.hpp"

#include <algorithm>

#include "task/report_internal.hpp"

namespace ingot::task {

std::string_view table_status_name(TableStatus status) {
    switch (status) {
        case TableStatus::kUpToDate:
            return "up to date";
        case TableStatus::kPublished:
            return "published";
        case TableStatus::kFailed:
            return "failed";
        case TableStatus::kSkipped:
            return "skipped";
        case TableStatus::kView:
            return "view";
    }
    return "unknown";
}

bool RunReport::ok() const {
    const bool tables_are_ok =
        std::none_of(tables.begin(), tables.end(), [](const TableReport& table) {
            return table.status == TableStatus::kFailed || table.status == TableStatus::kSkipped;
        });
    return tables_are_ok && std::none_of(checks.begin(), checks.end(),
                                         [](const auto& check) { return check.blocks(); });
}

void add_result(const publish::PublishResult& result, TableReport& report) {
    if (result.version) report.version = result.version;
    report.rows_selected += result.rows_selected;
    report.rows_published += result.rows_published;
    report.rows_merged += result.rows_merged;
    report.rows_rejected += result.rows_rejected;
    for (const auto& [reason, count] : result.reasons) report.reasons[reason] += count;
    report.rows_dropped += result.rows_dropped;
    for (const auto& [reason, count] : result.dropped) report.dropped[reason] += count;
    report.bytes_written += result.bytes_written;
}

}  // namespace ingot::task

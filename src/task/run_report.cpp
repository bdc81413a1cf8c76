#include "task/run_report.hpp"

#include <algorithm>

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

}  // namespace ingot::task

#pragma once
#include <utility>

#include "task/run_report.hpp"

namespace ingot::task {

/// Runs `work(report)` (which returns a Status), measures it and puts its error into the report.
template <class Work>
TableReport reported(const project::TableName& table, const Clock& clock, Work work) {
    TableReport report;
    report.table = table;
    const Duration begin = clock.steady();
    Status done = work(report);
    report.elapsed = clock.steady() - begin;
    if (!done) {
        report.status = TableStatus::kFailed;
        report.error = std::move(done).error();
    }
    return report;
}

}  // namespace ingot::task

#pragma once
// What a run did, table by table.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/interval_set.hpp"
#include "base/time.hpp"
#include "delta/ids.hpp"
#include "project/names.hpp"
#include "quality/check_result.hpp"

namespace ingot::task {

enum class TableStatus : std::uint8_t { kUpToDate, kPublished, kFailed, kSkipped, kView };
std::string_view table_status_name(TableStatus status);

struct TableReport {
    project::TableName table;
    TableStatus status = TableStatus::kUpToDate;
    std::string reason;                          ///< Why it ran: `3 windows new, 1 input changed`.
    std::optional<Error> error;                  ///< kFailed
    std::optional<delta::TableVersion> version;  ///< Newest published one.
    std::int64_t windows_done = 0;
    std::int64_t windows_empty = 0;
    std::int64_t windows_missing = 0;
    std::int64_t windows_failed = 0;
    std::int64_t rows_selected = 0;
    std::int64_t rows_published = 0;
    std::int64_t rows_merged = 0;
    std::int64_t rows_rejected = 0;
    std::map<std::string, std::int64_t> reasons;  ///< Rejected rows by reason.
    std::int64_t rows_dropped = 0;                ///< Duplicates that nobody needs to see.
    std::map<std::string, std::int64_t> dropped;  ///< Dropped rows by reason.
    std::uint64_t bytes_written = 0;
    Duration elapsed{};
    std::vector<std::string> warnings;
    std::vector<quality::CheckResult> checks;
};

struct RunReport {
    std::string run_id;
    Timestamp started;
    Duration elapsed{};
    std::vector<TableReport> tables;           ///< In the order in which they were run.
    std::vector<quality::CheckResult> checks;  ///< Across tables, and of sources' freshness.
    bool ok() const;
};

}  // namespace ingot::task

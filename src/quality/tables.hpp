#pragma once
// The tables that quality keeps: `ingot.check_results` (docs/formats/check_results.md) and
// `quarantine.<layer>_<name>` (docs/formats/quarantine.md).
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/column_batch.hpp"
#include "base/time.hpp"
#include "quality/check_result.hpp"

namespace ingot::quality {

inline constexpr std::string_view kRejectReasonColumn = "_reject_reason";

project::TableName check_results_table();  ///< `ingot.check_results`
Schema check_results_schema();

/// What all results of one audit share.
struct ResultStamp {
    std::string run_id;
    Timestamp checked_at;
    std::optional<Timestamp> window_start;
    std::optional<Timestamp> window_end;
};
ColumnBatch check_results_batch(std::span<const CheckResult> results, const ResultStamp& stamp);

/// SQL for the newest measured values of a check that published, newest first, in a column
/// `measured`: the history of an anomaly check. `results` is what can stand after FROM.
std::string history_sql(std::string_view results, const project::TableName& table,
                        std::string_view check, int limit);

/// A SELECT of check and status as they were last kept, of the tables of a layer.
std::string last_status_sql(std::string_view results, std::string_view layer);

/// All quarantine tables have this schema.
Schema quarantine_schema();

/// A rejected record of a file; rejected rows of models come from compile_rows.
struct RejectedRecord {
    std::string reason;
    std::string file;
    std::optional<std::int64_t> line;
    std::string raw;
    std::optional<Timestamp> window_start;
};
ColumnBatch quarantine_batch(std::span<const RejectedRecord> records, std::string_view run_id,
                             Timestamp rejected_at);

}  // namespace ingot::quality

#include "quality/tables.hpp"

#include <fmt/format.h>

#include "quality/sql_text.hpp"

namespace ingot::quality {
namespace {

/// Columns of check_results, by position.
enum ResultColumn : std::size_t {
    kRunId,
    kTable,
    kCheck,
    kKind,
    kScope,
    kOnFail,
    kStatus,
    kMeasured,
    kExpected,
    kFailingRows,
    kSamples,
    kMessage,
    kFile,
    kLine,
    kWindowStart,
    kWindowEnd,
    kCheckedAt,
};

/// Columns of a quarantine table, by position.
enum QuarantineColumn : std::size_t {
    kReason,
    kRejectedRun,
    kRejectedAt,
    kRejectedFile,
    kRejectedLine,
    kRaw,
    kRejectedWindow,
};

Field field(std::string name, DataType type) {
    return Field{std::move(name), std::move(type), true, {}};
}

void append_time(ColumnBuilder& column, std::optional<Timestamp> at) {
    if (at) {
        column.append_integer(at->micros());
    } else {
        column.append_null();
    }
}

void append_optional_text(ColumnBuilder& column, std::string_view text) {
    if (text.empty()) {
        column.append_null();
    } else {
        column.append_text(text);
    }
}

void append_count(ColumnBuilder& column, std::optional<std::int64_t> count) {
    if (count) {
        column.append_integer(*count);
    } else {
        column.append_null();
    }
}

void append_result(BatchBuilder& batch, const CheckResult& result, const ResultStamp& stamp) {
    batch.column(kRunId).append_text(stamp.run_id);
    batch.column(kTable).append_text(result.table.text());
    batch.column(kCheck).append_text(result.name);
    batch.column(kKind).append_text(result.kind);
    batch.column(kScope).append_text(check_scope_name(result.scope));
    batch.column(kOnFail).append_text(result.on_fail == project::OnFail::kFail ? "fail" : "warn");
    batch.column(kStatus).append_text(check_status_name(result.status));
    if (result.measured) {
        batch.column(kMeasured).append_double(*result.measured);
    } else {
        batch.column(kMeasured).append_null();
    }
    append_optional_text(batch.column(kExpected), result.expected);
    append_count(batch.column(kFailingRows), result.failing_rows);
    for (const std::string& sample : result.samples) {
        batch.column(kSamples).child(0).append_text(sample);
    }
    batch.column(kSamples).append_list();
    batch.column(kMessage).append_text(result.message);
    append_optional_text(batch.column(kFile), result.place.file);
    append_count(batch.column(kLine), result.place.line > 0
                                          ? std::optional<std::int64_t>(result.place.line)
                                          : std::nullopt);
    append_time(batch.column(kWindowStart), stamp.window_start);
    append_time(batch.column(kWindowEnd), stamp.window_end);
    append_time(batch.column(kCheckedAt), stamp.checked_at);
}

}  // namespace

project::TableName check_results_table() {
    return {"ingot", "check_results"};
}

Schema check_results_schema() {
    return Schema{{
        field("run_id", TypeId::kString),
        field("table", TypeId::kString),
        field("check", TypeId::kString),
        field("kind", TypeId::kString),
        field("scope", TypeId::kString),
        field("on_fail", TypeId::kString),
        field("status", TypeId::kString),
        field("measured", TypeId::kDouble),
        field("expected", TypeId::kString),
        field("failing_rows", TypeId::kLong),
        field("samples", DataType::array(TypeId::kString)),
        field("message", TypeId::kString),
        field("file", TypeId::kString),
        field("line", TypeId::kLong),
        field("window_start", TypeId::kTimestamp),
        field("window_end", TypeId::kTimestamp),
        field("checked_at", TypeId::kTimestamp),
    }};
}

ColumnBatch check_results_batch(std::span<const CheckResult> results, const ResultStamp& stamp) {
    BatchBuilder batch(check_results_schema());
    for (const CheckResult& result : results) append_result(batch, result, stamp);
    return batch.finish();
}

std::string history_sql(std::string_view results, const project::TableName& table,
                        std::string_view check, int limit) {
    return fmt::format(
        "SELECT measured FROM {} AS \"_ingot_results\" WHERE \"table\" = {} AND \"check\" = {} AND "
        "status IN ('passed', 'warned', 'skipped') AND measured IS NOT NULL ORDER BY checked_at "
        "DESC, "
        "run_id DESC LIMIT {}",
        results, quoted_text(table.text()), quoted_text(check), limit);
}

std::string last_status_sql(std::string_view results, std::string_view layer) {
    return fmt::format(
        "SELECT \"check\", status FROM {} AS \"_ingot_results\" WHERE starts_with(\"table\", {}) "
        "QUALIFY row_number() OVER (PARTITION BY \"table\", \"check\" ORDER BY checked_at DESC, "
        "run_id DESC) = 1",
        results, quoted_text(std::string(layer) + "."));
}

Schema quarantine_schema() {
    return Schema{{
        field("_reason", TypeId::kString),
        field("_run_id", TypeId::kString),
        field("_rejected_at", TypeId::kTimestamp),
        field("_file", TypeId::kString),
        field("_line", TypeId::kLong),
        field("_raw", TypeId::kString),
        field("_window_start", TypeId::kTimestamp),
    }};
}

ColumnBatch quarantine_batch(std::span<const RejectedRecord> records, std::string_view run_id,
                             Timestamp rejected_at) {
    BatchBuilder batch(quarantine_schema());
    for (const RejectedRecord& record : records) {
        batch.column(kReason).append_text(record.reason);
        batch.column(kRejectedRun).append_text(run_id);
        append_time(batch.column(kRejectedAt), rejected_at);
        append_optional_text(batch.column(kRejectedFile), record.file);
        append_count(batch.column(kRejectedLine), record.line);
        batch.column(kRaw).append_text(record.raw);
        append_time(batch.column(kRejectedWindow), record.window_start);
    }
    return batch.finish();
}

}  // namespace ingot::quality

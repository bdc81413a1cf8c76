#include "publish/removed_times_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::publish {
namespace {

/// More ranges than that become one: a commit stays small, and too much is touched, never too
/// little.
constexpr std::size_t kMostRanges = 1000;
constexpr Duration kDay = std::chrono::hours(24);

bool is_time(TypeId type) {
    return type == TypeId::kDate || type == TypeId::kTimestamp || type == TypeId::kTimestampNtz;
}

}  // namespace

Timestamp as_instant(const Scalar& bound) {
    const bool is_date = bound.type().id() == TypeId::kDate;
    return Timestamp::from_micros(0) +
           (is_date ? bound.as_integer() * kDay : Duration(bound.as_integer()));
}

RemovedTimes::RemovedTimes(const delta::Snapshot& base) : base_(base) {
    for (const delta::TableColumn& column : base.columns()) {
        const TypeId type = column.field.type.id();
        if (!is_time(type)) continue;
        columns_.push_back({column.field.name, column.physical_name, type == TypeId::kDate});
    }
}

void RemovedTimes::add(TimeColumn& column, Timestamp first, Timestamp last) {
    if (!column.ranges) return;
    column.ranges->push_back({first, last + (column.is_date ? kDay : Duration(1))});
}

void RemovedTimes::add_file(delta::FileOrdinal file) {
    for (TimeColumn& column : columns_) {
        const delta::ColumnBounds bounds = base_.files().bounds(file, {column.name});
        if (bounds.min && bounds.max) {
            add(column, as_instant(*bounds.min), as_instant(*bounds.max));
        } else if (!bounds.null_count || bounds.null_count != base_.files().num_records(file)) {
            column.ranges.reset();
        }
    }
}

Status RemovedTimes::add_rows(engine::Session& session, const std::string& table,
                              const std::string& gone, const std::string& group,
                              std::stop_token stop) {
    if (columns_.empty()) return {};
    std::string select;
    for (const TimeColumn& column : columns_) {
        const std::string name = quality::quoted_name(column.name);
        for (const char* bound : {"min", "max"}) {
            // As an instant: a date stands for its midnight.
            select += fmt::format("{}epoch_us({}({})::TIMESTAMPTZ)", select.empty() ? "" : ", ",
                                  bound, name);
        }
    }
    const engine::Query query{
        fmt::format("SELECT {} FROM {} WHERE {} GROUP BY {}", select, table, gone, group), {}};
    INGOT_TRY_ASSIGN_WITH(const ColumnBatch bounds, session.query_all(query, stop),
                          "while looking for the times of the rows that are replaced");
    for (std::int64_t row = 0; row < bounds.rows; ++row) {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const Column& first = bounds.columns[2 * i];
            if (first.is_null(row)) continue;
            add(columns_[i], Timestamp::from_micros(first.value<std::int64_t>(row)),
                Timestamp::from_micros(bounds.columns[2 * i + 1].value<std::int64_t>(row)));
        }
    }
    return {};
}

TimesByColumn RemovedTimes::outside(const IntervalSet& windows) const {
    TimesByColumn times;
    for (const TimeColumn& column : columns_) {
        if (!column.ranges) {
            times[column.physical_name] = std::nullopt;
            continue;
        }
        IntervalSet left = IntervalSet(*column.ranges).minus(windows);
        if (left.empty()) continue;
        if (left.intervals().size() > kMostRanges) left = IntervalSet({*left.hull()});
        times[column.physical_name] = std::move(left);
    }
    return times;
}

}  // namespace ingot::publish

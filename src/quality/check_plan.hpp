#pragma once
// Checks of one table, compiled into as few scans as possible. Plan, run the scans, evaluate, run
// the sample queries of what failed: only the running is the caller's.
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"
#include "base/scalar.hpp"
#include "base/time.hpp"
#include "project/model.hpp"
#include "quality/check_result.hpp"
#include "quality/window_sql.hpp"

namespace ingot::quality {

/// What is checked. `rows` and `all` are what can stand after FROM (`"staged"."rows"`, `(SELECT
/// ...)`).
struct CheckTarget {
    project::TableName table;
    Schema schema;
    std::string rows;  ///< CheckScope::kWindow: the rows of this run.
    std::string all;   ///< CheckScope::kTable: the table as it would be. May be the same text.
};

/// A statement about rows that no YAML check says: a warn rule, a row outside its window.
struct RowCondition {
    std::string name;
    std::string kind;
    std::string bad_when;  ///< SQL, bindable; true for a bad row.
    std::string meaning;   ///< "lie outside the run's window": completes "3 rows ...".
    project::OnFail on_fail = project::OnFail::kFail;
    project::CheckScope scope = project::CheckScope::kWindow;
    project::SourcePlace place;
};

/// What follows from the model itself: rows lie in the ranges of the run (incremental, and command
/// by windows), key columns are not null, no two rows share a key (unless duplicates are resolved),
/// and the warn rules. What the model's own checks say is not repeated.
struct ImpliedChecks {
    std::vector<project::Check> checks;
    std::vector<RowCondition> conditions;
};
Result<ImpliedChecks> implied_checks(const project::Model& model, const Schema& schema,
                                     std::span<const Interval> run);
Result<ImpliedChecks> implied_checks(const project::SourceTable& table);

/// One statement that returns one row.
struct CheckScan {
    std::string sql;
    std::vector<std::string> parameters;  ///< `previous__row_count`: bind exactly these.
    std::vector<std::size_t> checks;      ///< Which checks it decides.
};

struct PlannedCheck {
    std::variant<project::Check, RowCondition> what;
    std::size_t scan = 0;
    std::size_t first_value = 0;  ///< Of the scan's columns.
    std::size_t value_count = 1;
    std::vector<std::string> parameters;
    /// Returns failing rows as JSON in its one column `sample`; empty when there is nothing to
    /// show.
    std::string sample_sql;
    std::vector<std::string> sample_parameters;
};

struct CheckPlan {
    project::TableName table;
    std::vector<PlannedCheck> checks;  ///< In the order given: checks, then conditions.
    std::vector<CheckScan> scans;
};

struct PlanOptions {
    int sample_rows = 5;
    /// Columns shown in samples besides those that the check is about, usually the key.
    std::vector<std::string> sample_columns;
    /// One scan per check: to find which check of a scan is the one that cannot run.
    bool isolate = false;
};

/// All checks of one scope that one pass can decide become one SELECT of aggregates; unique,
/// relationships and queries get their own. Errors: kInvalidArgument with the check's place, for a
/// missing column (naming the nearest), a type that the check is not for, or a fragment that is no
/// expression.
Result<CheckPlan> plan_checks(const CheckTarget& target, std::span<const project::Check> checks,
                              std::span<const RowCondition> conditions,
                              const PlanOptions& options = {});

/// What checks are compared with, besides their scans.
struct CheckFacts {
    Timestamp now;                                       ///< The run's time.
    std::optional<std::int64_t> previous_row_count;      ///< Absent: this is the first version.
    std::map<std::string, std::vector<double>> history;  ///< By check name, newest first.
};

/// The values of a scan's one row, or why it could not run.
using ScanOutcome = Result<std::vector<Scalar>>;

/// Pure. Requires one outcome per scan; one result per check comes back, in the plan's order.
std::vector<CheckResult> evaluate(const CheckPlan& plan, std::span<const ScanOutcome> outcomes,
                                  const CheckFacts& facts);

}  // namespace ingot::quality

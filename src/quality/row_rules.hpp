#pragma once
// Rules about rows, compiled into the one SELECT that engine::Session::write_split runs.
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"
#include "base/scalar.hpp"
#include "project/model.hpp"
#include "project/source.hpp"

namespace ingot::quality {

/// What decides whether a row is kept. The order is fixed: `reject` rules in their order, then
/// `not_null`, then duplicates among the rows that are left.
struct RowRules {
    std::vector<project::Rule> reject;
    /// Rows with a null here are rejected as NULL_<COLUMN>.
    std::vector<std::string> not_null;

    project::Duplicates duplicates;
    std::vector<std::string> key;  ///< Empty: no row is a duplicate.
    /// Duplicates::Mode::kNewest: the row with the greatest values stays.
    std::vector<std::string> newest_by;
};

/// The rules of a model. `newest` of a merge or scd2 with an `order_by` is not among them: merging
/// does just that, and counts the rows that lost. Rows of an scd2 with a `time` share a key when
/// they share the time too.
RowRules rules_of(const project::Model& model);
RowRules rules_of(const project::SourceTable& table);

/// Constants that go into the quarantine columns (docs/formats/quarantine.md).
struct QuarantineStamp {
    std::string run_id;
    Timestamp rejected_at;
    /// SQL over the SELECT's columns, or a literal: quarantine_window_sql, Scalar::to_sql. Empty:
    /// null. The same for the two below, where rows know the record that they were read from.
    std::string window_start = {};
    std::string file = {};
    std::string line = {};
};

struct CompiledRows {
    /// The SELECT to run. Without anything to reject it is the given text, byte for byte.
    std::string sql;
    /// True: `sql` has `_reject_reason` (null: accepted) and the quarantine columns behind the
    /// SELECT's own; run it with write_split. False: run it with write.
    bool splits = false;
    std::vector<std::string> parameters;  ///< All that `sql` uses: `window__start`.
    std::vector<std::string> reasons;     ///< All that can occur, in order of precedence.
    /// Reasons of `others: drop` and `newest`: the rows are counted, nobody needs to keep them.
    std::vector<std::string> counted_only;
};

/// Puts the rules around a SELECT (bindable text) with these output columns. A rule whose condition
/// is null does not match. Of rows that share a key the first in the order of `keep` (or
/// `newest_by`, descending) stays; ties are broken by all columns in the SELECT's order, ascending,
/// nulls last: rows that still tie are equal, so the result is deterministic. Null keys are equal
/// to each other here. Cost: reject rules add an expression per row; `keep` and `newest` read the
/// rows twice and sort only those that share a key. Errors: kInvalidArgument naming the rule's
/// place, for a fragment that is no expression, a column that the SELECT lacks, a reason said
/// twice, or a column name that is ours (`_reject_reason`, ...).
Result<CompiledRows> compile_rows(std::string_view select, const Schema& columns,
                                  const RowRules& rules, const QuarantineStamp& stamp);

}  // namespace ingot::quality

#pragma once
// Statements about rows (rules), about tables (checks) and about columns (contracts). Plain data;
// `quality` turns them into SQL.
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/data_type.hpp"
#include "base/time.hpp"
#include "project/names.hpp"
#include "project/value.hpp"

namespace ingot::project {

/// A statement about one row: `when` (SQL over the SELECT's output columns) is true for bad rows.
struct Rule {
    std::string reason;  ///< `INVALID_AQI`: upper case, unique in its list.
    std::string when;
    SourcePlace place;  ///< Of `when`.
};

/// What happens to rows that share a key.
struct Duplicates {
    enum class Mode : std::uint8_t { kError, kNewest, kKeep };
    enum class Others : std::uint8_t { kReject, kDrop };
    Mode mode = Mode::kError;
    std::string keep;  ///< kKeep: an ORDER BY list; its first row stays.
    Others others = Others::kDrop;
    std::string reason = "DUPLICATE";
    SourcePlace place;
};

enum class CheckScope : std::uint8_t { kWindow, kTable };
enum class OnFail : std::uint8_t { kFail, kWarn };

struct NotNullCheck {
    std::vector<std::string> columns;
};
struct UniqueCheck {
    std::vector<std::string> columns;
};
struct AcceptedCheck {
    std::string column;
    std::vector<Value> values;
};
/// Both ends belong to the range. Values are numbers, or strings that the column's type reads.
struct RangeCheck {
    std::string column;
    std::optional<Value> min;
    std::optional<Value> max;
};
struct LengthCheck {
    std::string column;
    std::optional<std::int64_t> min;
    std::optional<std::int64_t> max;
};
/// The whole value must match (RE2 syntax).
struct RegexCheck {
    std::string column;
    std::string pattern;
};
/// At most this share of the rows is null.
struct NullShareCheck {
    std::string column;
    double max = 0;
};
/// Every value of `columns` that is not null occurs in `to_columns` of the table `to`.
struct RelationshipsCheck {
    std::vector<std::string> columns;
    TableName to;
    std::vector<std::string> to_columns;
};
/// Rows of the scope. `max_drop` and `max_growth` are shares against the previous published run:
/// 0.9 and 2.0 fail a table that lost more than 90% or grew by more than 200%.
struct RowCountCheck {
    std::optional<std::int64_t> min;
    std::optional<std::int64_t> max;
    std::optional<double> max_drop;
    std::optional<double> max_growth;
};
/// The greatest value of `column` is not older than `max_age` at run time.
struct FreshnessCheck {
    std::string column;
    Duration max_age{};
};
/// One boolean aggregate expression over the rows: `count(*) > 0.1 * $previous.row_count`.
struct SqlCheck {
    std::string expression;
};
/// A whole SELECT; each row it returns is a failure (`checks/*.sql`, or `query:`).
struct QueryCheck {
    std::string query;
};
/// `metric` (an aggregate; default `count(*)`) stays within `deviations` standard deviations of its
/// last `history` published values; silent until `min_history` of them exist.
struct AnomalyCheck {
    std::string metric = "count(*)";
    double deviations = 3;
    int history = 30;
    int min_history = 7;
};

using CheckBody = std::variant<NotNullCheck, UniqueCheck, AcceptedCheck, RangeCheck, LengthCheck,
                               RegexCheck, NullShareCheck, RelationshipsCheck, RowCountCheck,
                               FreshnessCheck, SqlCheck, QueryCheck, AnomalyCheck>;

struct Check {
    std::string name;  ///< Given, or made from kind and columns: `unique(utc, site)`. Unique in its
                       ///< table.
    CheckBody body;
    CheckScope scope = CheckScope::kWindow;
    OnFail on_fail = OnFail::kFail;
    std::optional<std::string> where;  ///< SQL; only rows for which it is true are looked at.
    std::string description;
    SourcePlace place;
};

/// `not_null`, `unique`, ...: the key that the check has in YAML.
std::string_view check_kind(const Check& check);

/// A file of `checks/`: statements across tables, run by `ingot check` and after the tables that it
/// reads. Its SELECT returns the failing rows.
struct TableCheckFile {
    std::string name;  ///< File name without `.sql`.
    Check check;
    std::vector<TableName> inputs;
    std::vector<std::string> tags;
};

/// What is said about one column.
struct ColumnSpec {
    std::string name;
    std::optional<DataType> type;
    std::optional<std::string> expr;  ///< Sources: SQL over the decoded record.
    bool required = false;            ///< Promised NOT NULL: a not_null check stands for it.
    std::string description;
    std::vector<std::string> tags;
    SourcePlace place;
};

}  // namespace ingot::project

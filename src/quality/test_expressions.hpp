#pragma once
// Random rows and conditions over them, as SQL and as trees with three-valued logic, for tests.
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/data_type.hpp"

namespace ingot::quality {

/// SQL's three truth values.
enum class Truth { kFalse, kNull, kTrue };

struct RandomRow {
    std::optional<int> a;
    std::optional<std::string> b;
    std::optional<double> c;  ///< May be NaN.
};

/// Columns a, b and c of a RandomRow.
Schema random_schema();
RandomRow random_row(std::mt19937& random);
/// `SELECT * FROM (VALUES ...)`; requires at least one row.
std::string values_sql(const std::vector<RandomRow>& rows);
/// `a|b|c|reason`, null as `~`.
std::string row_text(const RandomRow& row, const std::string& reason);

/// A condition over a row.
struct Expression {
    enum class Op { kLess, kEqual, kIsNull, kNotIn, kAnd, kOr, kNot };
    Op op = Op::kIsNull;
    int column = 0;
    int literal = 0;
    std::vector<Expression> parts;
};
Expression random_expression(std::mt19937& random, int depth);
std::string to_sql(const Expression& expression);
Truth value_of(const Expression& expression, const RandomRow& row);

/// The engine's order: NaN equals itself and is greatest.
int compare_values(double x, double y);
int compare_values(int x, int y);
int compare_values(const std::string& x, const std::string& y);

template <class T>
int compare_nulls_last(const std::optional<T>& x, const std::optional<T>& y, bool descending) {
    if (!x || !y) return static_cast<int>(!x) - static_cast<int>(!y);
    const int order = compare_values(*x, *y);
    return descending ? -order : order;
}

}  // namespace ingot::quality

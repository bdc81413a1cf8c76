#include "quality/test_expressions.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "quality/sql_text.hpp"

namespace ingot::quality {
namespace {

Truth truth(bool value) {
    return value ? Truth::kTrue : Truth::kFalse;
}

const std::vector<std::string> kTexts = {"", "x", "y", "NULL", "it's"};
const std::vector<double> kDoubles = {-1.5, 0, 2.5, std::nan("")};

std::string literal_sql(int column, int literal) {
    if (column == 0) return fmt::format("({})", literal - 2);
    if (column == 1) return quoted_text(kTexts[static_cast<std::size_t>(literal) % kTexts.size()]);
    const double value = kDoubles[static_cast<std::size_t>(literal) % kDoubles.size()];
    return std::isnan(value) ? "'nan'::DOUBLE" : fmt::format("({})", value);
}

std::optional<int> compare_with_literal(const RandomRow& row, int column, int literal) {
    if (column == 0)
        return row.a ? std::optional(compare_values(*row.a, literal - 2)) : std::nullopt;
    if (column == 1) {
        const std::string& text = kTexts[static_cast<std::size_t>(literal) % kTexts.size()];
        return row.b ? std::optional(compare_values(*row.b, text)) : std::nullopt;
    }
    const double value = kDoubles[static_cast<std::size_t>(literal) % kDoubles.size()];
    return row.c ? std::optional(compare_values(*row.c, value)) : std::nullopt;
}

}  // namespace

Schema random_schema() {
    const auto column = [](const char* name, TypeId type) { return Field{name, type, true, {}}; };
    return {{column("a", TypeId::kInteger), column("b", TypeId::kString),
             column("c", TypeId::kDouble)}};
}

int compare_values(double x, double y) {
    if (std::isnan(x) || std::isnan(y))
        return static_cast<int>(std::isnan(x)) - static_cast<int>(std::isnan(y));
    return x < y ? -1 : static_cast<int>(x > y);
}
int compare_values(int x, int y) {
    return x < y ? -1 : static_cast<int>(x > y);
}
int compare_values(const std::string& x, const std::string& y) {
    return x < y ? -1 : static_cast<int>(x > y);
}

Expression random_expression(std::mt19937& random, int depth) {
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    Expression expression{
        static_cast<Expression::Op>(pick(depth > 0 ? 7 : 4)), pick(3), pick(5), {}};
    const bool two = expression.op == Expression::Op::kAnd || expression.op == Expression::Op::kOr;
    if (two || expression.op == Expression::Op::kNot) {
        expression.parts.push_back(random_expression(random, depth - 1));
        if (two) expression.parts.push_back(random_expression(random, depth - 1));
    }
    return expression;
}

std::string to_sql(const Expression& e) {
    constexpr const char* kNames[] = {"a", "b", "c"};
    const std::string name = kNames[e.column];
    switch (e.op) {
        case Expression::Op::kLess:
            return name + " < " + literal_sql(e.column, e.literal);
        case Expression::Op::kEqual:
            return name + " = " + literal_sql(e.column, e.literal);
        case Expression::Op::kIsNull:
            return name + " is null";
        case Expression::Op::kNotIn:
            return fmt::format("{} not in ({}, null)", name, literal_sql(e.column, e.literal));
        case Expression::Op::kAnd:
            return "(" + to_sql(e.parts[0]) + ") and (" + to_sql(e.parts[1]) + ")";
        case Expression::Op::kOr:
            return "(" + to_sql(e.parts[0]) + ") or (" + to_sql(e.parts[1]) + ")";
        case Expression::Op::kNot:
            return "not (" + to_sql(e.parts[0]) + ")";
    }
    return "";
}

Truth value_of(const Expression& e, const RandomRow& row) {
    const std::optional<int> order = compare_with_literal(row, e.column, e.literal);
    switch (e.op) {
        case Expression::Op::kLess:
            return order ? truth(*order < 0) : Truth::kNull;
        case Expression::Op::kEqual:
            return order ? truth(*order == 0) : Truth::kNull;
        case Expression::Op::kIsNull:
            return truth(!order);
        case Expression::Op::kNotIn:  // NOT IN with a null in the list: never true.
            return order && *order == 0 ? Truth::kFalse : Truth::kNull;
        case Expression::Op::kAnd:
            return std::min(value_of(e.parts[0], row), value_of(e.parts[1], row));
        case Expression::Op::kOr:
            return std::max(value_of(e.parts[0], row), value_of(e.parts[1], row));
        case Expression::Op::kNot:
            return static_cast<Truth>(2 - static_cast<int>(value_of(e.parts[0], row)));
    }
    return Truth::kNull;
}

RandomRow random_row(std::mt19937& random) {
    RandomRow row;
    if (random() % 4 != 0) row.a = static_cast<int>(random() % 5) - 2;
    if (random() % 4 != 0) row.b = kTexts[random() % kTexts.size()];
    if (random() % 4 != 0) row.c = kDoubles[random() % kDoubles.size()];
    return row;
}

std::string values_sql(const std::vector<RandomRow>& rows) {
    std::string sql;
    for (const RandomRow& row : rows) {
        std::string c = "NULL";
        if (row.c) c = std::isnan(*row.c) ? "'nan'" : fmt::format("{}", *row.c);
        sql += fmt::format("{}({}, {}, {}::DOUBLE)", sql.empty() ? "" : ", ",
                           row.a ? fmt::format("{}", *row.a) : "NULL::INTEGER",
                           row.b ? quoted_text(*row.b) : "NULL::VARCHAR", c);
    }
    return "SELECT * FROM (VALUES " + sql + ") t(a, b, c)";
}

std::string row_text(const RandomRow& row, const std::string& reason) {
    return fmt::format("{}|{}|{}|{}", row.a ? fmt::format("{}", *row.a) : "~", row.b.value_or("~"),
                       row.c ? fmt::format("{}", *row.c) : "~", reason);
}

}  // namespace ingot::quality

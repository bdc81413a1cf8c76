#include "delta/predicate.hpp"

#include <fmt/format.h>

namespace ingot::delta {
namespace {

std::string_view op_text(Predicate::Op op) {
    switch (op) {
        case Predicate::Op::kEq:
            return "=";
        case Predicate::Op::kNe:
            return "<>";
        case Predicate::Op::kLt:
            return "<";
        case Predicate::Op::kLe:
            return "<=";
        case Predicate::Op::kGt:
            return ">";
        case Predicate::Op::kGe:
            return ">=";
    }
    return "?";
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts, separator));
}

}  // namespace

Predicate Predicate::always() {
    return {};
}

Predicate Predicate::never() {
    Predicate result;
    result.kind_ = Kind::kFalse;
    return result;
}

Predicate Predicate::compare(ColumnPath column, Op op, Scalar literal) {
    if (literal.is_null()) return never();
    Predicate result;
    result.kind_ = Kind::kCompare;
    result.op_ = op;
    result.column_ = std::move(column);
    result.literals_.push_back(std::move(literal));
    return result;
}

Predicate Predicate::in(ColumnPath column, std::vector<Scalar> literals) {
    // `x IN (1, NULL)` is true for 1 and never true for anything else.
    std::erase_if(literals, [](const Scalar& literal) { return literal.is_null(); });
    if (literals.empty()) return never();
    Predicate result;
    result.kind_ = Kind::kIn;
    result.column_ = std::move(column);
    result.literals_ = std::move(literals);
    return result;
}

Predicate Predicate::is_null(ColumnPath column) {
    Predicate result;
    result.kind_ = Kind::kIsNull;
    result.column_ = std::move(column);
    return result;
}

Predicate Predicate::is_not_null(ColumnPath column) {
    Predicate result;
    result.kind_ = Kind::kIsNotNull;
    result.column_ = std::move(column);
    return result;
}

Predicate Predicate::all_of(std::vector<Predicate> parts) {
    std::erase_if(parts, [](const Predicate& part) { return part.kind() == Kind::kTrue; });
    for (const Predicate& part : parts) {
        if (part.kind() == Kind::kFalse) return never();
    }
    if (parts.empty()) return always();
    if (parts.size() == 1) return std::move(parts.front());
    Predicate result;
    result.kind_ = Kind::kAnd;
    result.parts_ = std::move(parts);
    return result;
}

Predicate Predicate::any_of(std::vector<Predicate> parts) {
    std::erase_if(parts, [](const Predicate& part) { return part.kind() == Kind::kFalse; });
    for (const Predicate& part : parts) {
        if (part.kind() == Kind::kTrue) return always();
    }
    if (parts.empty()) return never();
    if (parts.size() == 1) return std::move(parts.front());
    Predicate result;
    result.kind_ = Kind::kOr;
    result.parts_ = std::move(parts);
    return result;
}

std::string Predicate::to_string() const {
    std::vector<std::string> texts;
    for (const Scalar& literal : literals_) texts.push_back(literal.to_string());
    for (const Predicate& part : parts_) texts.push_back(part.to_string());
    const std::string column = joined(column_, ".");
    switch (kind_) {
        case Kind::kTrue:
            return "true";
        case Kind::kFalse:
            return "false";
        case Kind::kCompare:
            return fmt::format("{} {} {}", column, op_text(op_), texts.front());
        case Kind::kIn:
            return fmt::format("{} in ({})", column, joined(texts, ", "));
        case Kind::kIsNull:
            return column + " is null";
        case Kind::kIsNotNull:
            return column + " is not null";
        case Kind::kAnd:
            return fmt::format("({})", joined(texts, " and "));
        case Kind::kOr:
            return fmt::format("({})", joined(texts, " or "));
    }
    return "?";
}

}  // namespace ingot::delta

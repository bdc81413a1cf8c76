#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/scalar.hpp"

namespace ingot::delta {

/// A condition over columns, three-valued as SQL's: what data skipping and the conflict checker
/// understand. Immutable value. Columns are logical names from the table's root; a member of a
/// struct is a path of more than one part.
class Predicate {
public:
    enum class Kind : std::uint8_t { kTrue, kFalse, kCompare, kIn, kIsNull, kIsNotNull, kAnd, kOr };
    enum class Op : std::uint8_t { kEq, kNe, kLt, kLe, kGt, kGe };
    using ColumnPath = std::vector<std::string>;

    static Predicate always();
    static Predicate never();
    static Predicate compare(ColumnPath column, Op op,
                             Scalar literal);  ///< A null literal gives never().
    static Predicate in(ColumnPath column, std::vector<Scalar> literals);
    static Predicate is_null(ColumnPath column);
    static Predicate is_not_null(ColumnPath column);
    static Predicate all_of(std::vector<Predicate> parts);
    static Predicate any_of(std::vector<Predicate> parts);

    Kind kind() const { return kind_; }
    Op op() const { return op_; }
    const ColumnPath& column() const { return column_; }
    const std::vector<Scalar>& literals() const { return literals_; }
    const std::vector<Predicate>& parts() const { return parts_; }
    std::string to_string() const;

private:
    Kind kind_ = Kind::kTrue;
    Op op_ = Op::kEq;
    ColumnPath column_;
    std::vector<Scalar> literals_;
    std::vector<Predicate> parts_;
};

}  // namespace ingot::delta

#include "engine/duckdb_compat/expressions.hpp"
#include "engine/filter_predicate_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

using delta::Predicate;
using duckdb::Expression;
using duckdb::ExpressionType;
using Path = Predicate::ColumnPath;

std::optional<Predicate::Op> op_of(ExpressionType type) {
    switch (type) {
        case ExpressionType::COMPARE_EQUAL:
            return Predicate::Op::kEq;
        case ExpressionType::COMPARE_NOTEQUAL:
            return Predicate::Op::kNe;
        case ExpressionType::COMPARE_LESSTHAN:
            return Predicate::Op::kLt;
        case ExpressionType::COMPARE_LESSTHANOREQUALTO:
            return Predicate::Op::kLe;
        case ExpressionType::COMPARE_GREATERTHAN:
            return Predicate::Op::kGt;
        case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
            return Predicate::Op::kGe;
        default:
            return std::nullopt;
    }
}

Predicate compare(const Path& column, ExpressionType type, const duckdb::Value& value) {
    const auto op = op_of(type);
    const auto literal = from_value(value);
    return op && literal ? Predicate::compare(column, *op, *literal) : Predicate::always();
}

Predicate in_list(const Path& column, const duckdb::vector<duckdb::Value>& values) {
    std::vector<Scalar> literals;
    for (const auto& value : values) {
        auto literal = from_value(value);
        if (!literal) {
            return Predicate::always();
        }
        literals.push_back(*std::move(literal));
    }
    return Predicate::in(column, std::move(literals));
}

/// Any part that is always true makes an OR useless, and is left out of an AND.
Predicate joined(bool is_and, std::vector<Predicate> parts) {
    if (is_and) {
        std::erase_if(parts,
                      [](const Predicate& part) { return part.kind() == Predicate::Kind::kTrue; });
        return parts.empty() ? Predicate::always() : Predicate::all_of(std::move(parts));
    }
    for (const auto& part : parts) {
        if (part.kind() == Predicate::Kind::kTrue) {
            return Predicate::always();
        }
    }
    return Predicate::any_of(std::move(parts));
}

/// Translates bound expressions over one scan.
class ExpressionTranslator {
public:
    ExpressionTranslator(duckdb::ClientContext& context, const delta::Snapshot& snapshot,
                         const duckdb::MultiFilePushdownInfo& info)
        : context_(context), snapshot_(snapshot), info_(info) {}

    Predicate translate(const Expression& expression) const {
        switch (expression.GetExpressionClass()) {
            case duckdb::ExpressionClass::BOUND_COMPARISON: {
                const auto& comparison = expression.Cast<duckdb::BoundComparisonExpression>();
                return comparison_of(comparison.GetExpressionType(), *comparison.left,
                                     *comparison.right);
            }
            case duckdb::ExpressionClass::BOUND_CONJUNCTION:
                return conjunction_of(expression.Cast<duckdb::BoundConjunctionExpression>());
            case duckdb::ExpressionClass::BOUND_OPERATOR:
                return operator_of(expression.Cast<duckdb::BoundOperatorExpression>());
            case duckdb::ExpressionClass::BOUND_BETWEEN:
                return between_of(expression.Cast<duckdb::BoundBetweenExpression>());
            default:
                return Predicate::always();
        }
    }

private:
    Predicate comparison_of(ExpressionType type, const Expression& left,
                            const Expression& right) const {
        if (const auto column = column_of(left)) {
            const auto value = constant_of(right);
            return value ? compare(*column, type, *value) : Predicate::always();
        }
        if (const auto column = column_of(right)) {
            const auto value = constant_of(left);
            return value ? compare(*column, duckdb::FlipComparisonExpression(type), *value)
                         : Predicate::always();
        }
        return Predicate::always();
    }

    Predicate conjunction_of(const duckdb::BoundConjunctionExpression& conjunction) const {
        std::vector<Predicate> parts;
        for (const auto& child : conjunction.children) {
            parts.push_back(translate(*child));
        }
        return joined(conjunction.GetExpressionType() == ExpressionType::CONJUNCTION_AND,
                      std::move(parts));
    }

    Predicate operator_of(const duckdb::BoundOperatorExpression& operation) const {
        const auto column = column_of(*operation.children[0]);
        if (!column) {
            return Predicate::always();
        }
        switch (operation.GetExpressionType()) {
            case ExpressionType::OPERATOR_IS_NULL:
                return Predicate::is_null(*column);
            case ExpressionType::OPERATOR_IS_NOT_NULL:
                return Predicate::is_not_null(*column);
            case ExpressionType::COMPARE_IN:
                break;
            default:
                return Predicate::always();
        }
        duckdb::vector<duckdb::Value> values;
        for (std::size_t i = 1; i < operation.children.size(); ++i) {
            auto value = constant_of(*operation.children[i]);
            if (!value) {
                return Predicate::always();
            }
            values.push_back(*std::move(value));
        }
        return in_list(*column, values);
    }

    Predicate between_of(const duckdb::BoundBetweenExpression& between) const {
        return joined(
            true, {comparison_of(between.LowerComparisonType(), *between.input, *between.lower),
                   comparison_of(between.UpperComparisonType(), *between.input, *between.upper)});
    }

    std::optional<duckdb::Value> constant_of(const Expression& expression) const {
        if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT) {
            return expression.Cast<duckdb::BoundConstantExpression>().value;
        }
        duckdb::Value value;
        if (expression.IsFoldable() &&
            duckdb::ExpressionExecutor::TryEvaluateScalar(context_, expression, value)) {
            return value;
        }
        return std::nullopt;
    }

    std::optional<Path> column_of(const Expression& expression) const {
        if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
            const auto& ref = expression.Cast<duckdb::BoundColumnRefExpression>();
            if (ref.binding.table_index != info_.table_index || ref.depth != 0) {
                return std::nullopt;
            }
            const auto column = info_.column_ids[ref.binding.column_index];
            if (duckdb::IsVirtualColumn(column)) {
                return std::nullopt;
            }
            return Path{snapshot_.columns()[column].field.name};
        }
        if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION) {
            return member_of(expression.Cast<duckdb::BoundFunctionExpression>());
        }
        return std::nullopt;
    }

    std::optional<Path> member_of(const duckdb::BoundFunctionExpression& function) const {
        const auto& name = function.function.name;
        if ((name != "struct_extract" && name != "struct_extract_at") ||
            function.children.size() != 2) {
            return std::nullopt;
        }
        const auto& type = function.children[0]->return_type;
        auto path = column_of(*function.children[0]);
        const auto key = constant_of(*function.children[1]);
        if (!path || !key || key->IsNull() || type.id() != duckdb::LogicalTypeId::STRUCT ||
            duckdb::StructType::IsUnnamed(type)) {
            return std::nullopt;
        }
        if (key->type().id() == duckdb::LogicalTypeId::VARCHAR) {
            path->push_back(duckdb::StringValue::Get(*key));
            return path;
        }
        const auto position = key->GetValue<std::int64_t>();
        if (position < 1 ||
            position > static_cast<std::int64_t>(duckdb::StructType::GetChildCount(type))) {
            return std::nullopt;
        }
        path->push_back(
            duckdb::StructType::GetChildName(type, static_cast<duckdb::idx_t>(position - 1)));
        return path;
    }

    duckdb::ClientContext& context_;
    const delta::Snapshot& snapshot_;
    const duckdb::MultiFilePushdownInfo& info_;
};

Predicate translate_filter(const Path& column, const duckdb::TableFilter& filter);

Predicate translate_children(
    bool is_and, const Path& column,
    const duckdb::vector<duckdb::unique_ptr<duckdb::TableFilter>>& filters) {
    std::vector<Predicate> parts;
    for (const auto& child : filters) {
        parts.push_back(translate_filter(column, *child));
    }
    return joined(is_and, std::move(parts));
}

Predicate translate_dynamic(const Path& column, const duckdb::DynamicFilter& filter) {
    if (!filter.filter_data) {
        return Predicate::always();
    }
    const std::lock_guard lock(filter.filter_data->lock);
    return filter.filter_data->initialized ? translate_filter(column, *filter.filter_data->filter)
                                           : Predicate::always();
}

Predicate translate_filter(const Path& column, const duckdb::TableFilter& filter) {
    switch (filter.filter_type) {
        case duckdb::TableFilterType::CONSTANT_COMPARISON: {
            const auto& constant = filter.Cast<duckdb::ConstantFilter>();
            return compare(column, constant.comparison_type, constant.constant);
        }
        case duckdb::TableFilterType::IS_NULL:
            return Predicate::is_null(column);
        case duckdb::TableFilterType::IS_NOT_NULL:
            return Predicate::is_not_null(column);
        case duckdb::TableFilterType::CONJUNCTION_AND:
            return translate_children(true, column,
                                      filter.Cast<duckdb::ConjunctionAndFilter>().child_filters);
        case duckdb::TableFilterType::CONJUNCTION_OR:
            return translate_children(false, column,
                                      filter.Cast<duckdb::ConjunctionOrFilter>().child_filters);
        case duckdb::TableFilterType::IN_FILTER:
            return in_list(column, filter.Cast<duckdb::InFilter>().values);
        case duckdb::TableFilterType::OPTIONAL_FILTER: {
            const auto& optional = filter.Cast<duckdb::OptionalFilter>();
            return optional.child_filter ? translate_filter(column, *optional.child_filter)
                                         : Predicate::always();
        }
        case duckdb::TableFilterType::DYNAMIC_FILTER:
            return translate_dynamic(column, filter.Cast<duckdb::DynamicFilter>());
        case duckdb::TableFilterType::STRUCT_EXTRACT: {
            const auto& member = filter.Cast<duckdb::StructFilter>();
            auto path = column;
            path.push_back(member.child_name);
            return member.child_name.empty() ? Predicate::always()
                                             : translate_filter(path, *member.child_filter);
        }
        default:
            return Predicate::always();
    }
}

}  // namespace

Predicate predicate_of_expressions(duckdb::ClientContext& context, const delta::Snapshot& snapshot,
                                   const duckdb::MultiFilePushdownInfo& info,
                                   const duckdb::vector<duckdb::unique_ptr<Expression>>& filters) {
    const ExpressionTranslator translator(context, snapshot, info);
    std::vector<Predicate> parts;
    for (const auto& filter : filters) {
        parts.push_back(translator.translate(*filter));
    }
    return joined(true, std::move(parts));
}

Predicate predicate_of_filters(const delta::Snapshot& snapshot,
                               const duckdb::vector<duckdb::column_t>& column_ids,
                               const duckdb::TableFilterSet& filters) {
    std::vector<Predicate> parts;
    for (const auto& [position, filter] : filters.filters) {
        const auto column = column_ids[position];
        if (!duckdb::IsVirtualColumn(column)) {
            parts.push_back(translate_filter({snapshot.columns()[column].field.name}, *filter));
        }
    }
    return joined(true, std::move(parts));
}

}  // namespace ingot::engine

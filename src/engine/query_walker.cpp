#include <set>

#include "engine/query_walker_internal.hpp"

namespace ingot::engine {
namespace {

/// Names of the common table expressions in sight, lower case.
using Scope = std::set<std::string>;

class Walker {
public:
    explicit Walker(const QueryVisitor& visitor) : visitor_(visitor) {}

    void node(duckdb::QueryNode& node, Scope scope) const {
        for (auto& [name, definition] : node.cte_map.map) {
            const auto key = duckdb::StringUtil::Lower(name);
            auto inner = scope;
            // A recursive definition sees itself.
            if (definition->query->node->type == duckdb::QueryNodeType::RECURSIVE_CTE_NODE) {
                inner.insert(key);
            }
            this->node(*definition->query->node, std::move(inner));
            scope.insert(key);
        }
        switch (node.type) {
            case duckdb::QueryNodeType::SELECT_NODE:
                select(node.Cast<duckdb::SelectNode>(), scope);
                break;
            case duckdb::QueryNodeType::SET_OPERATION_NODE:
                for (auto& child : node.Cast<duckdb::SetOperationNode>().children) {
                    this->node(*child, scope);
                }
                break;
            case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
                auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
                this->node(*recursive.left, scope);
                auto inner = scope;
                inner.insert(duckdb::StringUtil::Lower(recursive.ctename));
                this->node(*recursive.right, std::move(inner));
                break;
            }
            default:
                break;
        }
        duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(
            node, [&](duckdb::unique_ptr<duckdb::ParsedExpression>& child) {
                expression(*child, scope);
            });
    }

private:
    void select(duckdb::SelectNode& select, const Scope& scope) const {
        const auto visit = [&](const duckdb::unique_ptr<duckdb::ParsedExpression>& child) {
            if (child) {
                expression(*child, scope);
            }
        };
        for (auto& item : select.select_list) {
            visit(item);
        }
        if (select.from_table) {
            table(*select.from_table, scope);
        }
        visit(select.where_clause);
        for (auto& group : select.groups.group_expressions) {
            visit(group);
        }
        visit(select.having);
        visit(select.qualify);
    }

    void table(duckdb::TableRef& ref, const Scope& scope) const {
        switch (ref.type) {
            case duckdb::TableReferenceType::BASE_TABLE: {
                auto& base = ref.Cast<duckdb::BaseTableRef>();
                const auto is_plain = base.schema_name.empty() && base.catalog_name.empty();
                if (!is_plain || !scope.contains(duckdb::StringUtil::Lower(base.table_name))) {
                    visitor_.table(base);
                }
                break;
            }
            case duckdb::TableReferenceType::SUBQUERY:
                node(*ref.Cast<duckdb::SubqueryRef>().subquery->node, scope);
                break;
            case duckdb::TableReferenceType::JOIN: {
                auto& join = ref.Cast<duckdb::JoinRef>();
                table(*join.left, scope);
                table(*join.right, scope);
                if (join.condition) {
                    expression(*join.condition, scope);
                }
                break;
            }
            case duckdb::TableReferenceType::TABLE_FUNCTION: {
                auto& function = ref.Cast<duckdb::TableFunctionRef>();
                expression(*function.function, scope);
                if (function.subquery) {
                    node(*function.subquery->node, scope);
                }
                break;
            }
            case duckdb::TableReferenceType::EXPRESSION_LIST:
                for (auto& row : ref.Cast<duckdb::ExpressionListRef>().values) {
                    for (auto& value : row) {
                        expression(*value, scope);
                    }
                }
                break;
            case duckdb::TableReferenceType::PIVOT:
                pivot(ref.Cast<duckdb::PivotRef>(), scope);
                break;
            case duckdb::TableReferenceType::SHOW_REF: {
                auto& show = ref.Cast<duckdb::ShowRef>();
                if (show.query) {
                    node(*show.query, scope);
                }
                break;
            }
            default:
                break;
        }
    }

    void pivot(duckdb::PivotRef& pivot, const Scope& scope) const {
        table(*pivot.source, scope);
        for (auto& aggregate : pivot.aggregates) {
            expression(*aggregate, scope);
        }
        for (auto& column : pivot.pivots) {
            if (column.subquery) {
                node(*column.subquery, scope);
            }
        }
    }

    void expression(duckdb::ParsedExpression& parsed, const Scope& scope) const {
        if (parsed.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION) {
            const auto& function = parsed.Cast<duckdb::FunctionExpression>();
            if (!function.is_operator) {
                visitor_.function(duckdb::StringUtil::Lower(function.function_name));
            }
        } else if (parsed.GetExpressionClass() == duckdb::ExpressionClass::WINDOW) {
            visitor_.function(
                duckdb::StringUtil::Lower(parsed.Cast<duckdb::WindowExpression>().function_name));
        } else if (parsed.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
            node(*parsed.Cast<duckdb::SubqueryExpression>().subquery->node, scope);
        }
        duckdb::ParsedExpressionIterator::EnumerateChildren(
            parsed, [&](duckdb::ParsedExpression& child) { expression(child, scope); });
    }

    const QueryVisitor& visitor_;
};

}  // namespace

void walk_query(duckdb::QueryNode& node, const QueryVisitor& visitor) {
    Walker(visitor).node(node, {});
}

}  // namespace ingot::engine

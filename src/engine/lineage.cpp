#include <map>
#include <set>

#include "engine/file_scan_internal.hpp"
#include "engine/lineage_internal.hpp"

namespace ingot::engine {
namespace {

using duckdb::LogicalOperatorType;
using Sources = std::set<std::pair<std::string, std::string>>;
using Bindings = duckdb::vector<duckdb::ColumnBinding>;

/// Goes through a plan from its leaves up. Table indexes are unique in a plan, so one map holds the
/// sources of every column of every operator.
class Tracer {
public:
    void trace(duckdb::LogicalOperator& op) {
        switch (op.type) {
            case LogicalOperatorType::LOGICAL_DELIM_JOIN:
                return trace_delim_join(op);
            case LogicalOperatorType::LOGICAL_MATERIALIZED_CTE:
            case LogicalOperatorType::LOGICAL_RECURSIVE_CTE:
                return trace_cte(op);
            default:
                break;
        }
        for (auto& child : op.children) {
            trace(*child);
        }
        define(op);
    }

    Sources of(const duckdb::ColumnBinding& binding) const {
        const auto found = columns_.find({binding.table_index, binding.column_index});
        return found == columns_.end() ? Sources() : found->second;
    }

private:
    void define(duckdb::LogicalOperator& op) {
        switch (op.type) {
            case LogicalOperatorType::LOGICAL_GET:
                return define_get(op.Cast<duckdb::LogicalGet>());
            case LogicalOperatorType::LOGICAL_PROJECTION:
                return define_expressions(op.Cast<duckdb::LogicalProjection>().table_index,
                                          op.expressions);
            case LogicalOperatorType::LOGICAL_WINDOW:
                return define_expressions(op.Cast<duckdb::LogicalWindow>().window_index,
                                          op.expressions);
            case LogicalOperatorType::LOGICAL_UNNEST:
                return define_expressions(op.Cast<duckdb::LogicalUnnest>().unnest_index,
                                          op.expressions);
            case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: {
                auto& aggregate = op.Cast<duckdb::LogicalAggregate>();
                define_expressions(aggregate.group_index, aggregate.groups);
                return define_expressions(aggregate.aggregate_index, op.expressions);
            }
            case LogicalOperatorType::LOGICAL_UNION:
            case LogicalOperatorType::LOGICAL_EXCEPT:
            case LogicalOperatorType::LOGICAL_INTERSECT:
                return define_set(op.Cast<duckdb::LogicalSetOperation>());
            case LogicalOperatorType::LOGICAL_EXPRESSION_GET:
                for (auto& row : op.Cast<duckdb::LogicalExpressionGet>().expressions) {
                    define_expressions(op.Cast<duckdb::LogicalExpressionGet>().table_index, row);
                }
                return;
            case LogicalOperatorType::LOGICAL_CTE_REF: {
                auto& ref = op.Cast<duckdb::LogicalCTERef>();
                return copy(ref.table_index, definitions_[ref.cte_index]);
            }
            case LogicalOperatorType::LOGICAL_DELIM_GET:
                if (!delimited_.empty()) {
                    define_sources(op.Cast<duckdb::LogicalDelimGet>().table_index,
                                   delimited_.back());
                }
                return;
            case LogicalOperatorType::LOGICAL_PIVOT:
                return define_all(op, op.Cast<duckdb::LogicalPivot>().pivot_index);
            case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
                return define_mark(op.Cast<duckdb::LogicalComparisonJoin>());
            default:
                return;
        }
    }

    void define_get(duckdb::LogicalGet& get) {
        if (!get.children.empty()) {
            return define_all(get, get.table_index);
        }
        if (get.function.name != kFileScanFunction) {
            return;
        }
        const auto& name = scan_source_of(*get.bind_data).table;
        const auto& ids = get.GetColumnIds();
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const auto column = ids[i].GetPrimaryIndex();
            if (!duckdb::IsVirtualColumn(column)) {
                add(get.table_index, i, {{name, get.names[column]}});
            }
        }
    }

    void define_expressions(duckdb::idx_t table,
                            const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& list) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            add(table, i, of_expression(*list[i]));
        }
    }

    void define_set(duckdb::LogicalSetOperation& set) {
        for (auto& child : set.children) {
            copy(set.table_index, child->GetColumnBindings());
        }
    }

    /// Every output column may come from every input column.
    void define_all(duckdb::LogicalOperator& op, duckdb::idx_t table) {
        Sources all;
        for (auto& child : op.children) {
            for (const auto& binding : child->GetColumnBindings()) {
                all.merge(of(binding));
            }
        }
        for (const auto& binding : op.GetColumnBindings()) {
            if (binding.table_index == table) {
                add(table, binding.column_index, all);
            }
        }
    }

    /// The column that says whether a row found its match.
    void define_mark(duckdb::LogicalComparisonJoin& join) {
        if (join.join_type != duckdb::JoinType::MARK) {
            return;
        }
        Sources sources;
        for (const auto& condition : join.conditions) {
            sources.merge(of_expression(*condition.left));
            sources.merge(of_expression(*condition.right));
        }
        add(join.mark_index, 0, sources);
    }

    void trace_delim_join(duckdb::LogicalOperator& op) {
        auto& join = op.Cast<duckdb::LogicalComparisonJoin>();
        trace(*op.children[0]);
        std::vector<Sources> outer;
        for (const auto& column : join.duplicate_eliminated_columns) {
            outer.push_back(of_expression(*column));
        }
        delimited_.push_back(std::move(outer));
        trace(*op.children[1]);
        delimited_.pop_back();
        define_mark(join);
    }

    void trace_cte(duckdb::LogicalOperator& op) {
        const auto is_recursive = op.type == LogicalOperatorType::LOGICAL_RECURSIVE_CTE;
        const auto index = is_recursive ? op.Cast<duckdb::LogicalRecursiveCTE>().table_index
                                        : op.Cast<duckdb::LogicalMaterializedCTE>().table_index;
        trace(*op.children[0]);
        definitions_[index] = op.children[0]->GetColumnBindings();
        trace(*op.children[1]);
        if (is_recursive) {
            copy(index, op.children[0]->GetColumnBindings());
            copy(index, op.children[1]->GetColumnBindings());
        }
    }

    Sources of_expression(const duckdb::Expression& expression) const {
        if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
            return of(expression.Cast<duckdb::BoundColumnRefExpression>().binding);
        }
        Sources sources;
        duckdb::ExpressionIterator::EnumerateChildren(
            expression,
            [&](const duckdb::Expression& child) { sources.merge(of_expression(child)); });
        return sources;
    }

    void copy(duckdb::idx_t table, const Bindings& bindings) {
        for (std::size_t i = 0; i < bindings.size(); ++i) {
            add(table, i, of(bindings[i]));
        }
    }

    void define_sources(duckdb::idx_t table, const std::vector<Sources>& list) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            add(table, i, list[i]);
        }
    }

    void add(duckdb::idx_t table, duckdb::idx_t column, Sources sources) {
        columns_[{table, column}].merge(std::move(sources));
    }

    std::map<std::pair<duckdb::idx_t, duckdb::idx_t>, Sources> columns_;
    std::map<duckdb::idx_t, Bindings> definitions_;
    std::vector<std::vector<Sources>> delimited_;
};

}  // namespace

std::vector<ColumnSources> trace_lineage(duckdb::LogicalOperator& plan) {
    Tracer tracer;
    tracer.trace(plan);
    std::vector<ColumnSources> result;
    for (const auto& binding : plan.GetColumnBindings()) {
        const auto sources = tracer.of(binding);
        result.emplace_back(sources.begin(), sources.end());
    }
    return result;
}

}  // namespace ingot::engine

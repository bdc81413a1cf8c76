#include "engine/duckdb_compat/expressions.hpp"
#include "engine/partition_filter_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

/// A filter over the columns of a chunk that holds partition values.
struct PartitionFilter {
    duckdb::unique_ptr<duckdb::Expression> expression;
    std::vector<std::size_t> partition_indexes;  ///< Of the chunk's columns.
    duckdb::vector<duckdb::LogicalType> types;
};

/// Replaces column references by places in the chunk. False when another column is referred to.
bool bind_to_chunk(duckdb::unique_ptr<duckdb::Expression>& expression,
                   const delta::Snapshot& snapshot, const duckdb::MultiFilePushdownInfo& info,
                   PartitionFilter& filter) {
    if (expression->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
        const auto& ref = expression->Cast<duckdb::BoundColumnRefExpression>();
        if (ref.binding.table_index != info.table_index || ref.depth != 0) {
            return false;
        }
        const auto column = info.column_ids[ref.binding.column_index];
        if (duckdb::IsVirtualColumn(column) || !snapshot.columns()[column].partition_index) {
            return false;
        }
        const auto place = filter.types.size();
        filter.partition_indexes.push_back(*snapshot.columns()[column].partition_index);
        filter.types.push_back(ref.return_type);
        expression = duckdb::make_uniq<duckdb::BoundReferenceExpression>(ref.return_type, place);
        return true;
    }
    auto all = expression->GetExpressionClass() != duckdb::ExpressionClass::BOUND_SUBQUERY;
    duckdb::ExpressionIterator::EnumerateChildren(
        *expression, [&](duckdb::unique_ptr<duckdb::Expression>& child) {
            all = bind_to_chunk(child, snapshot, info, filter) && all;
        });
    return all;
}

delta::FileSelection apply(duckdb::ClientContext& context, const delta::FileIndex& index,
                           const PartitionFilter& filter, const delta::FileSelection& files) {
    delta::FileSelection kept;
    duckdb::ExpressionExecutor executor(context, *filter.expression);
    duckdb::DataChunk chunk;
    chunk.Initialize(context, filter.types);
    duckdb::SelectionVector selected(STANDARD_VECTOR_SIZE);
    for (std::size_t begin = 0; begin < files.size(); begin += STANDARD_VECTOR_SIZE) {
        chunk.Reset();
        const auto count = std::min<std::size_t>(files.size() - begin, STANDARD_VECTOR_SIZE);
        for (std::size_t row = 0; row < count; ++row) {
            for (std::size_t i = 0; i < filter.types.size(); ++i) {
                const auto& value =
                    index.partition_value(files[begin + row], filter.partition_indexes[i]);
                chunk.SetValue(i, row,
                               value.is_null() ? duckdb::Value(filter.types[i]) : to_value(value));
            }
        }
        chunk.SetCardinality(count);
        const auto matches = executor.SelectExpression(chunk, selected);
        for (duckdb::idx_t i = 0; i < matches; ++i) {
            kept.push_back(files[begin + selected.get_index(i)]);
        }
    }
    return kept;
}

}  // namespace

delta::FileSelection select_by_partition(
    duckdb::ClientContext& context, const delta::Snapshot& snapshot,
    const duckdb::MultiFilePushdownInfo& info,
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters,
    delta::FileSelection files) {
    for (const auto& expression : filters) {
        PartitionFilter filter;
        filter.expression = expression->Copy();
        if (expression->IsVolatile() || !bind_to_chunk(filter.expression, snapshot, info, filter) ||
            filter.types.empty()) {
            continue;
        }
        try {
            files = apply(context, snapshot.files(), filter, files);
        } catch (const duckdb::Exception&) {
            // The scan meets the same error where a row does, or no row does.
            continue;
        }
    }
    return files;
}

}  // namespace ingot::engine

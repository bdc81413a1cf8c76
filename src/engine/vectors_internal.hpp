#pragma once
// Column batches into the engine's vectors and back.
#include <vector>

#include "base/column_batch.hpp"
#include "engine/duckdb_compat/context.hpp"

namespace ingot::engine {

/// Makes `vector` show the rows [offset, offset + count) of `column`. Strings and fixed-width
/// values at the top level are shared with the column, whose buffers the vector keeps alive.
/// Requires the vector to be fresh (reset) and of type to_logical_type(column.type).
void show_column(duckdb::Vector& vector, const Column& column, std::int64_t offset,
                 std::int64_t count);

/// Collects the engine's chunks into one batch. Types that have no counterpart are cast as
/// from_logical_type says. Throws the engine's exceptions.
class ChunkCollector {
public:
    explicit ChunkCollector(Schema schema);
    ~ChunkCollector();
    ChunkCollector(ChunkCollector&&) noexcept;
    ChunkCollector& operator=(ChunkCollector&&) noexcept;

    void append(duckdb::ClientContext& context, duckdb::DataChunk& chunk);
    std::int64_t rows() const { return rows_; }
    ColumnBatch finish();

private:
    struct Sink;
    Schema schema_;
    duckdb::vector<duckdb::LogicalType> types_;
    std::vector<Sink> sinks_;
    std::int64_t rows_ = 0;
};

}  // namespace ingot::engine

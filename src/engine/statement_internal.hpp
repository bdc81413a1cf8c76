#pragma once
// Running one statement: parameters, cancellation, streamed results.
#include <memory>
#include <stop_token>

#include "engine/duckdb_compat/context.hpp"
#include "engine/engine.hpp"

namespace ingot::engine {

enum class ResultMode : std::uint8_t { kStreamed, kMaterialized };

/// Requires exactly one statement in the text.
Result<duckdb::unique_ptr<duckdb::SQLStatement>> parse_statement(duckdb::Connection& connection,
                                                                 const std::string& sql);

/// Starts the statement; with kStreamed it runs on as rows are taken. A stop that comes at any time
/// ends it with kCancelled.
Result<duckdb::unique_ptr<duckdb::QueryResult>> run_statement(
    duckdb::Connection& connection, duckdb::unique_ptr<duckdb::SQLStatement> statement,
    const std::map<std::string, Scalar>& parameters, std::stop_token stop, ResultMode mode);

/// For statements of our own: one text, no parameters, the whole result.
Result<duckdb::unique_ptr<duckdb::QueryResult>> run_sql(duckdb::Connection& connection,
                                                        const std::string& sql,
                                                        std::stop_token stop = {});

/// Streams a result as batches. Holds the connection until it is destroyed.
Result<std::unique_ptr<QueryResult>> make_query_result(
    std::shared_ptr<duckdb::Connection> connection, duckdb::unique_ptr<duckdb::QueryResult> result,
    std::stop_token stop);

/// All rows of a result in one batch.
Result<ColumnBatch> collect_result(duckdb::Connection& connection, duckdb::QueryResult& result);

}  // namespace ingot::engine

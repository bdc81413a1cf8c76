#pragma once
// The SQL engine. DuckDB behind it; no DuckDB type or exception leaves this module.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/batch_source.hpp"
#include "base/scalar.hpp"
#include "delta/ports.hpp"
#include "delta/snapshot.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::engine {

struct EngineOptions {
    std::uint64_t memory_bytes =
        0;                  ///< What the engine may use; 0: 65% of 60% of this machine's memory.
    unsigned threads = 0;   ///< 0: all cores.
    std::string spill_dir;  ///< Empty: nothing spills. Made when first needed.
};

/// SQL with its bound parameters: `$window__start` in the text is parameters["window__start"].
struct Query {
    std::string sql;
    std::map<std::string, Scalar> parameters;
};

/// A table of the project as queries see it: a pinned snapshot, or a view (a SELECT over other
/// tables).
using Relation = std::variant<delta::SnapshotPtr, std::string>;

/// Resolves `layer.name` for one session. Called while binding, from the session's thread. Lookups
/// answer the same for the whole life of a session: that is what pins a run's inputs.
class TableLookup {
public:
    virtual ~TableLookup() = default;
    /// Nothing when there is no such table. `version`: from `AT (VERSION => n)`.
    virtual Result<std::optional<Relation>> find(std::string_view layer, std::string_view name,
                                                 std::optional<delta::TableVersion> version) = 0;
    /// All names `layer.name`, for messages ("did you mean") and information_schema.
    virtual std::vector<std::string> names() = 0;
};

/// Rows of a running query. Destroying it ends the query.
class QueryResult : public BatchReader {
public:
    virtual const Schema& schema() const = 0;
};

/// Where the rows of a statement go: new Parquet files of a Delta table, not yet in its log.
struct WriteTarget {
    delta::TableLocation location;
    std::vector<delta::TableColumn> columns;  ///< Names and types to write (logical order); SELECT
                                              ///< columns are matched by name and cast.
    std::vector<std::string> partition_columns;  ///< Logical names.
    std::string file_prefix;  ///< File names begin with it: writer id and start time, so that
                              ///< cleanup spares live writers.
    std::string compression = "zstd";
    int compression_level = 1;
    std::uint64_t target_file_bytes = 128ULL << 20;
    /// Statistics are collected for the first 32 leaf columns unless the table says otherwise (-1:
    /// all).
    int stats_columns = 32;
};

struct WriteResult {
    std::vector<delta::Add> files;  ///< With partition values and statistics; data_change true.
    std::int64_t rows = 0;
    std::uint64_t bytes = 0;
};

struct SplitWriteResult {
    WriteResult accepted;
    WriteResult rejected;
    std::map<std::string, std::int64_t> reasons;  ///< Rejected rows by reason.
};

/// One connection: a task's view of the lake. Not thread-safe, except `interrupt`.
class Session {
public:
    virtual ~Session() = default;

    /// Runs one statement and streams its rows.
    virtual Result<std::unique_ptr<QueryResult>> query(const Query& query,
                                                       std::stop_token stop = {}) = 0;
    /// Runs a statement whose result is small: all rows in one batch.
    virtual Result<ColumnBatch> query_all(const Query& query, std::stop_token stop = {}) = 0;
    virtual Status execute(const Query& query, std::stop_token stop = {}) = 0;

    /// Makes a batch source readable as a table of that name in this session (`SELECT ... FROM
    /// "name"`). The source must outlive the session or its removal. Read once per scan, in
    /// parallel up to its max_readers.
    virtual Status add_source(std::string_view name, BatchSource& source) = 0;
    virtual Status remove_source(std::string_view name) = 0;

    /// Writes the rows of a SELECT as data files. No file when there are no rows. On error the
    /// files written so far are removed (best effort; they were never in the log).
    virtual Result<WriteResult> write(const Query& select, const WriteTarget& target,
                                      std::stop_token stop = {}) = 0;

    /// The same in one pass for a SELECT with a column `_reject_reason`: rows where it is null go
    /// to `accepted` (without that column), the others to `rejected`. Every row lands in exactly
    /// one of the two; the counts prove it (else kInternal).
    /// Each target takes the columns that it names; further columns of the SELECT (what the
    /// quarantine table has and the table has not) are left out of it.
    virtual Result<SplitWriteResult> write_split(const Query& select, const WriteTarget& accepted,
                                                 const WriteTarget& rejected,
                                                 std::stop_token stop = {}) = 0;

    /// The columns that a SELECT would return, without running it.
    virtual Result<Schema> describe(const Query& query) = 0;

    /// Stops the running statement from another thread; it returns kCancelled.
    virtual void interrupt() = 0;
};

/// The process's engine. Thread-safe. Sessions must not outlive it.
class Engine {
public:
    virtual ~Engine() = default;
    /// Checks that the library and the headers are the pinned pair; kUnsupported names both when
    /// they are not.
    static Result<std::unique_ptr<Engine>> open(const EngineOptions& options);

    /// `lookup` may be null: then only functions and readers are visible.
    virtual Result<std::unique_ptr<Session>> session(std::shared_ptr<TableLookup> lookup) = 0;
    virtual delta::ParquetIo& parquet() = 0;
    virtual sql::SqlFacts& sql_facts() = 0;
    virtual std::string version() const = 0;  ///< `DuckDB v1.5.6 (069cc9f9b5)`
};

}  // namespace ingot::engine

#pragma once
// Writes rows that arrive on several threads into the data files of one table.
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/duckdb_compat/functions.hpp"
#include "engine/engine.hpp"
#include "engine/file_tasks_internal.hpp"
#include "engine/store_file_system_internal.hpp"

namespace ingot::engine {

/// Names and types of the columns that a SELECT gives.
struct SourceColumns {
    const duckdb::vector<std::string>& names;
    const duckdb::vector<duckdb::LogicalType>& types;
    /// Position by name, any case.
    std::optional<std::size_t> find(std::string_view name) const;
};

/// Rows collect in buffers, one per thread and partition; a full buffer becomes a row group,
/// encoded by the thread that filled it. The first partitions have a file each; rows of more
/// partitions than that go to the overflow, which is written in a second pass, sorted, one
/// partition after the other. Files are finished side by side, beside the rows that still come.
class TargetWriter {
public:
    static constexpr std::size_t kPartitionsOpenMax = 64;

    struct Partition;
    struct Buffer;
    /// What one thread holds.
    class Local {
    public:
        Local();
        ~Local();
        Local(const Local&) = delete;
        Local& operator=(const Local&) = delete;

    private:
        friend class TargetWriter;
        std::unordered_map<duckdb::hash_t, std::unique_ptr<Buffer>> buffers_;
        std::unique_ptr<Buffer> overflow_;
        duckdb::DataChunk typed_;
        Partition* current_ = nullptr;  ///< Sorted pass only.
    };

    TargetWriter(duckdb::ClientContext& context, const WriteTarget& target,
                 const SourceColumns& source, std::shared_ptr<StoreRegistry::Lease> lease);
    ~TargetWriter();
    TargetWriter(const TargetWriter&) = delete;
    TargetWriter& operator=(const TargetWriter&) = delete;

    /// Whether the target has a column of that name.
    bool takes(std::string_view name) const;

    void append(duckdb::ClientContext& context, Local& local, duckdb::DataChunk& rows);
    void combine(duckdb::ClientContext& context, Local& local);
    /// All threads have combined: writes what is left and closes the files.
    void finish(duckdb::ClientContext& context);

    /// Rows for the second pass, in the target's own columns; null when there are none.
    std::unique_ptr<duckdb::ColumnDataCollection> take_overflow();
    const duckdb::vector<std::string>& column_names() const { return names_; }
    const std::vector<std::size_t>& partition_columns() const { return partition_columns_; }
    /// The second pass: rows come from one thread, sorted by partition, with exactly the target's
    /// columns.
    void append_sorted(duckdb::ClientContext& context, Local& local, duckdb::DataChunk& rows);
    void finish_sorted(duckdb::ClientContext& context, Local& local);

    /// Requires finish. kInternal when the files do not hold exactly the rows that came.
    Result<WriteResult> result() const;
    /// Removes every file, best effort.
    void discard();

private:
    struct ColumnPlan {
        std::optional<std::size_t> source;
        duckdb::LogicalType type;
    };
    struct OpenFile;

    void plan_columns(const SourceColumns& source);
    void bind_parquet(duckdb::ClientContext& context);
    void convert(duckdb::ClientContext& context, duckdb::DataChunk& rows, Local& local);
    void check_not_null(duckdb::DataChunk& typed) const;
    void route(duckdb::ClientContext& context, Local& local, duckdb::DataChunk& typed);
    /// False: the rows belong to the overflow, and nothing was done.
    bool route_group(duckdb::ClientContext& context, Local& local, duckdb::DataChunk& group,
                     duckdb::hash_t hash, bool sorted);
    Partition* find_partition(duckdb::DataChunk& rows, duckdb::hash_t hash, bool sorted);
    void append_to(duckdb::ClientContext& context, Local& local, Partition& partition,
                   duckdb::hash_t hash, duckdb::DataChunk& rows);
    void append_overflow(duckdb::ClientContext& context, Local& local, duckdb::DataChunk& rows);
    void enforce_budget(duckdb::ClientContext& context, Local& local);
    void flush(duckdb::ClientContext& context, Partition& partition,
               std::unique_ptr<duckdb::ColumnDataCollection> rows);
    std::shared_ptr<OpenFile> open_file(duckdb::ClientContext& context, Partition& partition);
    void close_file(duckdb::ClientContext& context, Partition& partition, OpenFile& file);
    /// The second pass leaves the partition that it was at.
    void close_current(duckdb::ClientContext& context, Local& local);
    /// close_partition, beside what comes next.
    void close_later(duckdb::ClientContext& context, Partition& partition);
    void close_partition(duckdb::ClientContext& context, Partition& partition);

    const WriteTarget& target_;
    std::shared_ptr<StoreRegistry::Lease> lease_;
    duckdb::vector<std::string> names_;
    std::vector<ColumnPlan> columns_;
    std::vector<std::size_t> partition_columns_;
    std::vector<std::size_t> data_columns_;
    duckdb::vector<duckdb::LogicalType> data_types_;
    duckdb::vector<duckdb::LogicalType> all_types_;
    duckdb::CopyFunction parquet_;
    duckdb::unique_ptr<duckdb::FunctionData> parquet_bind_;
    std::size_t buffer_bytes_max_ = 0;
    std::size_t thread_bytes_max_ = 0;
    bool is_second_pass_ = false;
    std::atomic<std::int64_t> rows_seen_ = 0;

    std::mutex mutex_;  ///< Guards what follows.
    std::unordered_map<duckdb::hash_t, std::unique_ptr<Partition>> partitions_;
    std::unique_ptr<duckdb::ColumnDataCollection> overflow_;
    WriteResult result_;
    std::vector<std::string> objects_;  ///< All files, from before they are opened: one whose end
                                        ///< is unclear may be there.

    std::unique_ptr<FileTasks> tasks_;  ///< Last: they use the other members.
};

}  // namespace ingot::engine

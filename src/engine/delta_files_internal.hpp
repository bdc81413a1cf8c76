#pragma once
// The files of a snapshot as the engine's multi-file reader sees them.
#include <atomic>

#include "engine/file_scan_internal.hpp"

namespace ingot::engine {

/// The selected files of one snapshot. Pruning makes a new list with fewer files.
class DeltaFileList final : public duckdb::MultiFileList {
public:
    DeltaFileList(ScanSourcePtr source, std::shared_ptr<const delta::FileSelection> files);

    const ScanSource& source() const { return *source_; }
    const delta::Snapshot& snapshot() const { return *source_->snapshot; }
    const delta::FileSelection& files() const { return *files_; }

    duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
        duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
        duckdb::MultiFilePushdownInfo& info,
        duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) const override;
    duckdb::unique_ptr<duckdb::MultiFileList> DynamicFilterPushdown(
        duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
        const duckdb::vector<std::string>& names, const duckdb::vector<duckdb::LogicalType>& types,
        const duckdb::vector<duckdb::column_t>& column_ids,
        duckdb::TableFilterSet& filters) const override;
    duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override;
    duckdb::FileExpandResult GetExpandResult() const override;
    duckdb::idx_t GetTotalFileCount() const override { return files_->size(); }
    duckdb::MultiFileCount GetFileCount(duckdb::idx_t) const override {
        return duckdb::MultiFileCount(files_->size());
    }
    duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(
        duckdb::ClientContext& context) const override;
    duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override;

protected:
    duckdb::OpenFileInfo GetFile(duckdb::idx_t index) const override;

private:
    /// Null when the selection is the same.
    duckdb::unique_ptr<duckdb::MultiFileList> with_files(delta::FileSelection kept) const;

    ScanSourcePtr source_;
    std::shared_ptr<const delta::FileSelection> files_;
};

duckdb::shared_ptr<duckdb::MultiFileList> make_delta_file_list(ScanSourcePtr source);

/// Null when the list is another one.
const DeltaFileList* as_delta_file_list(const duckdb::MultiFileList& files);

/// Gives an opened file of a snapshot its partition constants and its deletion vector.
void finalize_delta_file(duckdb::MultiFileReaderData& data,
                         const duckdb::vector<duckdb::ColumnIndex>& column_ids,
                         const duckdb::MultiFileList& files);

/// count(*) from the log, where every file says how many rows it has.
duckdb::vector<duckdb::PartitionStatistics> delta_partition_stats(
    duckdb::ClientContext& context, duckdb::GetPartitionStatsInput& input);

}  // namespace ingot::engine

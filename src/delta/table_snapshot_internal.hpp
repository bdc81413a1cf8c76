#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delta/file_index_internal.hpp"
#include "delta/log_segment_internal.hpp"
#include "delta/replay_internal.hpp"
#include "delta/snapshot.hpp"
#include "delta/table_config_internal.hpp"

namespace ingot::delta {

class TableSnapshot final : public Snapshot {
public:
    struct State {
        TableLocation location;
        TableVersion version;
        Timestamp timestamp;
        std::shared_ptr<const TableConfig> config;
        std::shared_ptr<const ColumnarFileIndex> files;
        std::map<std::string, Txn> txns;
        std::map<std::string, DomainMetadata> domains;
        /// The commit file of this version as it was read: what proves on a refresh that it is
        /// still the same table.
        std::optional<storage::ObjectInfo> tip;
    };
    explicit TableSnapshot(State state) : state_(std::move(state)) {}

    const TableLocation& location() const override { return state_.location; }
    TableVersion version() const override { return state_.version; }
    Timestamp timestamp() const override { return state_.timestamp; }
    const Metadata& metadata() const override { return state_.config->metadata(); }
    const Protocol& protocol() const override { return state_.config->protocol(); }
    const Schema& schema() const override { return state_.config->schema(); }
    const std::vector<TableColumn>& columns() const override { return state_.config->columns(); }
    ColumnMappingMode column_mapping() const override { return state_.config->column_mapping(); }
    const FileIndex& files() const override { return *state_.files; }
    std::optional<std::int64_t> txn(std::string_view app_id) const override;
    std::map<std::string, Txn> txns() const override { return state_.txns; }
    std::optional<std::string> domain(std::string_view name) const override;
    Result<std::string> data_file_path(FileOrdinal file) const override;
    Result<std::shared_ptr<const std::vector<std::uint64_t>>> deleted_rows(
        FileOrdinal file) const override;

    const State& state() const { return state_; }
    const TableConfig& config() const { return *state_.config; }
    const ColumnarFileIndex& index() const { return *state_.files; }

private:
    State state_;
};

using TableSnapshotPtr = std::shared_ptr<const TableSnapshot>;

/// The state, changed by what the replay found (its files are in the draft already). Errors:
/// kUnsupported naming the reader feature, kCorruptData.
Result<TableSnapshotPtr> make_table_snapshot(TableSnapshot::State state, LogReplay replay,
                                             FileIndexDraft draft);

/// A commit that follows a snapshot.
struct NextCommit {
    TableVersion version;
    LogText text;
    Timestamp timestamp;  ///< By modification time.
    std::optional<storage::ObjectInfo> object;
};

/// The table after these commits (oldest first), without reading anything.
Result<TableSnapshotPtr> advance(const TableSnapshot& base, const std::vector<NextCommit>& commits);
/// The table that the commits make from nothing; the first is version 0.
Result<TableSnapshotPtr> begin(const TableLocation& location,
                               const std::vector<NextCommit>& commits);

/// The path of a file of the table: relative to the store, or absolute as Snapshot::data_file_path
/// says. `path` as in the log.
Result<std::string> resolve_data_path(const TableLocation& location, std::string_view path);

}  // namespace ingot::delta

#include <algorithm>
#include <limits>

#include "delta/checkpoint_internal.hpp"
#include "delta/checkpoint_schema_internal.hpp"
#include "delta/commit.hpp"
#include "delta/segment_read_internal.hpp"
#include "delta/tombstones.hpp"

namespace ingot::delta {
namespace {

void append_text(ColumnBuilder& builder, const std::optional<std::string>& value) {
    value ? builder.append_text(*value) : builder.append_null();
}

void append_long(ColumnBuilder& builder, const std::optional<std::int64_t>& value) {
    value ? builder.append_integer(*value) : builder.append_null();
}

template <class Value>
void append_map(ColumnBuilder& builder, const std::map<std::string, Value>& values) {
    ColumnBuilder& entries = builder.child(0);
    for (const auto& [key, value] : values) {
        entries.child(0).append_text(key);
        append_text(entries.child(1), value);
        entries.append_struct();
    }
    builder.append_list();
}

void append_tags(ColumnBuilder& builder, const std::map<std::string, std::string>& tags) {
    tags.empty() ? builder.append_null() : append_map(builder, tags);
}

void append_strings(ColumnBuilder& builder, const std::optional<std::vector<std::string>>& values) {
    if (!values) {
        builder.append_null();
        return;
    }
    for (const auto& value : *values) builder.child(0).append_text(value);
    builder.append_list();
}

void append_vector(ColumnBuilder& builder, const std::optional<DeletionVectorDescriptor>& vector) {
    if (!vector) {
        builder.append_null();
        return;
    }
    builder.child(0).append_text(std::string_view(&vector->storage_type, 1));
    builder.child(1).append_text(vector->path_or_inline_dv);
    append_long(builder.child(2), vector->offset);
    builder.child(3).append_integer(vector->size_in_bytes);
    builder.child(4).append_integer(vector->cardinality);
    builder.append_struct();
}

/// One row per action: its column set, all others null.
class RowWriter {
public:
    explicit RowWriter(BatchBuilder& batch) : batch_(batch) {}

    void write(const Action& action) {
        const std::size_t column = std::visit(*this, action);
        for (std::size_t i = 0; i < batch_.column_count(); ++i) {
            if (i != column) batch_.column(i).append_null();
        }
    }

    // The places follow checkpoint_schema().
    std::size_t operator()(const Txn& txn) const {
        ColumnBuilder& column = batch_.column(0);
        column.child(0).append_text(txn.app_id);
        column.child(1).append_integer(txn.version);
        append_long(column.child(2), txn.last_updated);
        column.append_struct();
        return 0;
    }
    std::size_t operator()(const Add& add) const {
        ColumnBuilder& column = batch_.column(1);
        column.child(0).append_text(add.path);
        append_map(column.child(1), add.partition_values);
        column.child(2).append_integer(add.size);
        column.child(3).append_integer(add.modification_time);
        column.child(4).append_boolean(false);
        append_text(column.child(5), add.stats);
        append_tags(column.child(6), add.tags);
        append_vector(column.child(7), add.deletion_vector);
        append_long(column.child(8), add.base_row_id);
        append_long(column.child(9), add.default_row_commit_version);
        append_text(column.child(10), add.clustering_provider);
        column.append_struct();
        return 1;
    }
    std::size_t operator()(const Remove& remove) const {
        ColumnBuilder& column = batch_.column(2);
        column.child(0).append_text(remove.path);
        append_long(column.child(1), remove.deletion_timestamp);
        column.child(2).append_boolean(false);
        column.child(3).append_boolean(remove.extended_file_metadata);
        if (remove.extended_file_metadata) {
            append_map(column.child(4), remove.partition_values);
        } else {
            column.child(4).append_null();
        }
        append_long(column.child(5), remove.size);
        append_tags(column.child(6), remove.tags);
        append_vector(column.child(7), remove.deletion_vector);
        append_long(column.child(8), remove.base_row_id);
        append_long(column.child(9), remove.default_row_commit_version);
        column.append_struct();
        return 2;
    }
    std::size_t operator()(const Metadata& metadata) const {
        ColumnBuilder& column = batch_.column(3);
        column.child(0).append_text(metadata.id);
        append_text(column.child(1), metadata.name);
        append_text(column.child(2), metadata.description);
        column.child(3).child(0).append_text(metadata.format_provider);
        append_map(column.child(3).child(1), metadata.format_options);
        column.child(3).append_struct();
        column.child(4).append_text(metadata.schema_string);
        append_strings(column.child(5), metadata.partition_columns);
        append_map(column.child(6), metadata.configuration);
        append_long(column.child(7), metadata.created_time);
        column.append_struct();
        return 3;
    }
    std::size_t operator()(const Protocol& protocol) const {
        ColumnBuilder& column = batch_.column(4);
        column.child(0).append_integer(protocol.min_reader_version);
        column.child(1).append_integer(protocol.min_writer_version);
        append_strings(column.child(2), protocol.reader_features);
        append_strings(column.child(3), protocol.writer_features);
        column.append_struct();
        return 4;
    }
    std::size_t operator()(const DomainMetadata& domain) const {
        ColumnBuilder& column = batch_.column(5);
        column.child(0).append_text(domain.domain);
        column.child(1).append_text(domain.configuration);
        column.child(2).append_boolean(domain.removed);
        column.append_struct();
        return 5;
    }
    template <class Other>
    std::size_t operator()(const Other& /*action*/) const {
        check_failed(__FILE__, __LINE__, "an action that checkpoints keep", "checkpoint");
    }

private:
    BatchBuilder& batch_;
};

/// The actions of a checkpoint in batches: first those without files, then tombstones, then the
/// files straight from the index.
class CheckpointRows final : public BatchReader {
public:
    CheckpointRows(const FileIndex& index, std::vector<Action> first)
        : index_(index), first_(std::move(first)), files_(index.all()) {}

    Result<std::optional<ColumnBatch>> next() override {
        BatchBuilder batch(checkpoint_schema());
        RowWriter writer(batch);
        while (batch.rows() < BatchBuilder::kBatchRows) {
            if (next_first_ < first_.size()) {
                writer.write(first_[next_first_++]);
            } else if (next_file_ < files_.size()) {
                writer.write(index_.add(files_[next_file_++]));
            } else {
                break;
            }
        }
        if (batch.rows() == 0) return std::optional<ColumnBatch>();
        return std::optional<ColumnBatch>(batch.finish());
    }

    std::int64_t rows() const { return static_cast<std::int64_t>(first_.size() + files_.size()); }

private:
    const FileIndex& index_;
    std::vector<Action> first_;
    FileSelection files_;
    std::size_t next_first_ = 0;
    std::size_t next_file_ = 0;
};

Result<std::optional<Error>> tombstones_of(const TableLocation& location, const LogSegment& segment,
                                           ParquetIo& parquet, std::int64_t cutoff,
                                           std::vector<Action>& result);

/// Removes that are younger than `cutoff` (ms) and whose file has not come back: vacuum needs them.
Result<std::vector<Action>> tombstones(const Snapshot& snapshot, ParquetIo& parquet,
                                       std::int64_t cutoff) {
    std::vector<Action> result;
    INGOT_TRY(
        read_any_segment(snapshot.location(), snapshot.version(), [&](const LogSegment& segment) {
            result.clear();
            return tombstones_of(snapshot.location(), segment, parquet, cutoff, result);
        }));
    return result;
}

/// Appends the tombstones of a segment to `result`; or why its checkpoint can't be read.
Result<std::optional<Error>> tombstones_of(const TableLocation& location, const LogSegment& segment,
                                           ParquetIo& parquet, std::int64_t cutoff,
                                           std::vector<Action>& result) {
    FileKeyBuilder keys;
    FileKeySet seen;  // What newer commits say about a file counts.
    const auto keep = [&](Remove remove) {
        const auto& vector = remove.deletion_vector;
        if (!seen.insert(keys.key(remove.path, vector ? &*vector : nullptr))) return;
        if (remove.deletion_timestamp.value_or(0) > cutoff) result.emplace_back(std::move(remove));
    };
    for (auto commit = segment.commits.rbegin(); commit != segment.commits.rend(); ++commit) {
        INGOT_TRY_ASSIGN(const LogText text, read_log_file(location, commit->object));
        INGOT_TRY_ASSIGN(auto actions, parse_actions(text));
        for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
            if (auto* remove = std::get_if<Remove>(&*action)) keep(std::move(*remove));
            if (const auto* add = std::get_if<Add>(&*action)) {
                const auto& vector = add->deletion_vector;
                seen.insert(keys.key(add->path, vector ? &*vector : nullptr));
            }
        }
    }
    if (!segment.checkpoint) return std::optional<Error>();
    return damage_of(each_checkpoint_tombstone(location, *segment.checkpoint, parquet, keep));
}

Result<std::vector<Action>> actions_without_files(const Snapshot& snapshot) {
    std::vector<Action> actions{snapshot.protocol(), snapshot.metadata()};
    for (const auto& [id, txn] : snapshot.txns()) actions.emplace_back(txn);
    if (const auto* table = dynamic_cast<const TableSnapshot*>(&snapshot)) {
        for (const auto& [name, domain] : table->state().domains) {
            if (!domain.removed) actions.emplace_back(domain);
        }
        return actions;
    }
    return make_error(ErrorCode::kInvalidArgument,
                      "a checkpoint is written of a snapshot that open_snapshot gave");
}

}  // namespace

Result<std::vector<Remove>> read_tombstones(const Snapshot& snapshot, ParquetIo& parquet) {
    INGOT_TRY_ASSIGN(auto actions,
                     tombstones(snapshot, parquet, std::numeric_limits<std::int64_t>::min()));
    std::vector<Remove> removes;
    removes.reserve(actions.size());
    for (Action& action : actions) removes.push_back(std::get<Remove>(std::move(action)));
    return removes;
}

Status write_checkpoint(const Snapshot& snapshot, ParquetIo& parquet, Clock& clock) {
    INGOT_TRY_ASSIGN(auto actions, actions_without_files(snapshot));
    INGOT_TRY_ASSIGN(const auto config,
                     TableConfig::make(snapshot.protocol(), snapshot.metadata()));
    INGOT_TRY(config->check_writable());
    const Timestamp cutoff = clock.now() - config->deleted_file_retention();
    INGOT_TRY_ASSIGN(auto removed, tombstones(snapshot, parquet, cutoff.millis()));
    std::move(removed.begin(), removed.end(), std::back_inserter(actions));
    CheckpointRows rows(snapshot.files(), std::move(actions));
    const auto& location = snapshot.location();
    INGOT_TRY_ASSIGN(
        const std::uint64_t bytes,
        parquet.write(*location.store, location.object(checkpoint_path(snapshot.version())),
                      checkpoint_schema(), rows));
    // The hint is a hint: an older one in its place would only cost a longer listing.
    return location.store->put(
        location.object(kLastCheckpoint),
        checkpoint_hint_json(snapshot.version(), rows.rows(), static_cast<std::int64_t>(bytes),
                             static_cast<std::int64_t>(snapshot.files().live_count())));
}

}  // namespace ingot::delta

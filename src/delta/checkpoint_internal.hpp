#pragma once
// Checkpoints: reading every kind, writing the classic one.
#include "delta/log_segment_internal.hpp"
#include "delta/ports.hpp"
#include "delta/replay_internal.hpp"
#include "delta/table_snapshot_internal.hpp"

namespace ingot::delta {

/// Feeds the checkpoint's actions to the replay: classic, multi-part, and V2 with its sidecars.
Status read_checkpoint(const TableLocation& location, const CheckpointFiles& files,
                       ParquetIo& parquet, LogReplay& replay);

/// What reading a checkpoint gave, as a value: nothing, or why its files can't be read. Other
/// errors (the store failed, cancelled) say nothing about the checkpoint and stay errors.
Result<std::optional<Error>> damage_of(Status read);

/// Calls `visit` for each tombstone of the checkpoint.
Status each_checkpoint_tombstone(const TableLocation& location, const CheckpointFiles& files,
                                 ParquetIo& parquet, const std::function<void(Remove)>& visit);

}  // namespace ingot::delta

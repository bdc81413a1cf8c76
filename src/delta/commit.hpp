#pragma once
// Committing to a table: one attempt is one put-if-absent of <version>.json; losing the race goes
// through one pure conflict check.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "delta/snapshot.hpp"

namespace ingot::delta {

/// What a transaction has read, for the conflict check.
struct ReadSet {
    bool whole_table = false;
    std::vector<Predicate> predicates;  ///< Rows that were read. Partition predicates decide about
                                        ///< files that others added.
    std::vector<std::string>
        app_ids;  ///< txn entries that were read: a winner that wrote one of them conflicts.
    std::vector<std::string> domains;
};

struct CommitRequest {
    TableLocation location;
    SnapshotPtr base;  ///< What was read; null to create the table (version 0).
    ReadSet reads;
    std::vector<Action>
        actions;  ///< Add, Remove, Cdc, Metadata, Protocol, Txn, DomainMetadata; no CommitInfo.
    std::string operation;  ///< commitInfo.operation
    std::map<std::string, std::string> operation_parameters;
    std::map<std::string, std::string> operation_metrics;
    bool data_change = true;  ///< False for OPTIMIZE-like rewrites.
    int attempts = 20;        ///< Lost races that are rebased before kCommitConflict.
};

enum class ConflictKind : std::uint8_t {
    kProtocolChanged,
    kMetadataChanged,
    kConcurrentAppend,
    kConcurrentDeleteRead,
    kConcurrentDeleteDelete,
    kConcurrentTransaction,
    kDomainMetadata,
    kTableCreated,
};

struct Committed {
    TableVersion version;
    SnapshotPtr snapshot;  ///< The table right after the commit.
    /// What failed after the commit (checkpoint, checksum, log cleanup); it stands all the same.
    std::vector<std::string> warnings = {};
};

/// Another commit came first and what we did no longer holds. Nothing was written; the caller
/// re-reads and decides.
struct Conflict {
    ConflictKind kind;
    TableVersion winner;
    std::string detail;  ///< One sentence with the names that collided.
};

using CommitOutcome = std::variant<Committed, Conflict>;

/// Commits the actions in one new version. Checks them first (protocol support, append-only,
/// duplicate paths, txn going backwards). An ambiguous write is settled by reading the log for our
/// own commitInfo.txnId. A metaData whose schema needs the feature timestampNtz brings the protocol
/// action for it along. After a commit, a due checkpoint and version checksum are written; their
/// failure is a warning, not a failed commit. Errors: kUnsupported (a writer feature by name),
/// kInvalidArgument, kIo, kCommitConflict when `attempts` are spent, kCommitUnknown when the
/// outcome could not be learned. In the last case alone files of the request must not be deleted.
Result<CommitOutcome> commit(const CommitRequest& request, ParquetIo& parquet, Clock& clock);

/// The metaData and protocol actions that create a table of this schema.
struct CreateOptions {
    Schema schema;
    std::vector<std::string> partition_columns;
    std::map<std::string, std::string> configuration;
    std::string description;
};
Result<std::vector<Action>> create_table_actions(const CreateOptions& options, Clock& clock);

/// The metaData action that changes the schema by adding columns (nullable, at the end) and by the
/// widenings that need no type-widening feature; nothing when `wanted` adds nothing.
/// kInvalidArgument names each incompatible column.
Result<std::optional<Metadata>> evolve_schema(const Snapshot& base, const Schema& wanted);

/// Schema JSON of the Delta protocol.
std::string schema_to_json(const Schema& schema);
Result<Schema> schema_from_json(std::string_view json);

/// Partition value as the log writes it; nullopt for null.
std::optional<std::string> serialize_partition_value(const Scalar& value);
Result<Scalar> parse_partition_value(const DataType& type, const std::optional<std::string>& text);

/// Writes a checkpoint of that snapshot (classic Parquet, V1) and `_last_checkpoint`.
Status write_checkpoint(const Snapshot& snapshot, ParquetIo& parquet, Clock& clock);

}  // namespace ingot::delta

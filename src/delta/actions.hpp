#pragma once
// The actions of the Delta transaction log, in the protocol's own words (PROTOCOL.md, "Actions").
// Plain data.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/data_type.hpp"
#include "base/time.hpp"

namespace ingot::delta {

/// By physical column name; nullopt is a null partition value (the log writes "" or null).
using PartitionValues = std::map<std::string, std::optional<std::string>>;

struct DeletionVectorDescriptor {
    char storage_type = 'u';  ///< u: relative with uuid, i: inline, p: absolute path
    std::string path_or_inline_dv;
    std::optional<std::int32_t> offset;
    std::int32_t size_in_bytes = 0;
    std::int64_t cardinality = 0;
    /// type + path [+ "@" + offset]: half of the key under which the log keeps files.
    std::string unique_id() const;
    friend bool operator==(const DeletionVectorDescriptor&,
                           const DeletionVectorDescriptor&) = default;
};

struct Add {
    std::string path;  ///< As in the log: URI-encoded, relative to the table or absolute.
    PartitionValues partition_values;
    std::int64_t size = 0;
    std::int64_t modification_time = 0;  ///< ms since the epoch
    bool data_change = true;
    std::optional<std::string> stats;  ///< JSON text
    std::map<std::string, std::string> tags;
    std::optional<DeletionVectorDescriptor> deletion_vector;
    std::optional<std::int64_t> base_row_id;
    std::optional<std::int64_t> default_row_commit_version;
    std::optional<std::string> clustering_provider;
};

struct Remove {
    std::string path;
    std::optional<std::int64_t> deletion_timestamp;  ///< ms since the epoch
    bool data_change = true;
    bool extended_file_metadata = false;
    PartitionValues partition_values;
    std::optional<std::int64_t> size;
    std::optional<std::string> stats;
    std::map<std::string, std::string> tags;
    std::optional<DeletionVectorDescriptor> deletion_vector;
    std::optional<std::int64_t> base_row_id;
    std::optional<std::int64_t> default_row_commit_version;
};

struct Cdc {
    std::string path;
    PartitionValues partition_values;
    std::int64_t size = 0;
    std::map<std::string, std::string> tags;
};

struct Metadata {
    std::string id;
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::string schema_string;  ///< Delta's schema JSON
    std::vector<std::string> partition_columns;
    std::optional<std::int64_t> created_time;  ///< ms since the epoch
    std::map<std::string, std::string> configuration;
    std::string format_provider = "parquet";
    std::map<std::string, std::string> format_options;
};

struct Protocol {
    std::int32_t min_reader_version = 1;
    std::int32_t min_writer_version = 2;
    std::optional<std::vector<std::string>>
        reader_features;  ///< present iff min_reader_version is 3
    std::optional<std::vector<std::string>>
        writer_features;  ///< present iff min_writer_version is 7
    friend bool operator==(const Protocol&, const Protocol&) = default;
};

struct Txn {
    std::string app_id;
    std::int64_t version = 0;
    std::optional<std::int64_t> last_updated;  ///< ms since the epoch
};

struct DomainMetadata {
    std::string domain;
    std::string configuration;
    bool removed = false;
};

/// Provenance; free JSON by the protocol. `extra` keeps members that have no field here, as JSON
/// text.
struct CommitInfo {
    std::optional<std::int64_t> timestamp;            ///< ms since the epoch
    std::optional<std::int64_t> in_commit_timestamp;  ///< ms since the epoch
    std::string operation;                            ///< WRITE, MERGE, CREATE TABLE, ...
    std::map<std::string, std::string> operation_parameters;
    std::map<std::string, std::string> operation_metrics;
    std::optional<std::int64_t> read_version;
    std::optional<std::string> isolation_level;
    std::optional<bool> is_blind_append;
    std::optional<std::string> engine_info;
    std::optional<std::string> txn_id;
    std::map<std::string, std::string> extra;
};

struct CheckpointMetadata {
    std::int64_t version = 0;
    std::map<std::string, std::string> tags;
};

struct Sidecar {
    std::string path;
    std::int64_t size_in_bytes = 0;
    std::int64_t modification_time = 0;
    std::map<std::string, std::string> tags;
};

using Action = std::variant<Add, Remove, Cdc, Metadata, Protocol, Txn, DomainMetadata, CommitInfo,
                            CheckpointMetadata, Sidecar>;

}  // namespace ingot::delta

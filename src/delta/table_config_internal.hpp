#pragma once
// The one validated view of a table's protocol, metadata and properties.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.hpp"
#include "delta/predicate.hpp"
#include "delta/snapshot.hpp"

namespace ingot::delta {

class TableConfig {
public:
    /// Checks that the table can be read. Errors: kUnsupported naming the feature, kCorruptData.
    static Result<std::shared_ptr<const TableConfig>> make(Protocol protocol, Metadata metadata);

    const Protocol& protocol() const { return protocol_; }
    const Metadata& metadata() const { return metadata_; }
    const Schema& schema() const { return schema_; }
    const std::vector<TableColumn>& columns() const { return columns_; }
    ColumnMappingMode column_mapping() const { return mapping_; }
    /// For each partition column its place among the columns.
    const std::vector<std::size_t>& partition_columns() const { return partition_columns_; }

    /// A column or a member of a struct, as statistics and partition values name it.
    struct Resolved {
        std::vector<std::string> physical_path;
        DataType type;
        std::optional<std::size_t> partition_index;
    };
    /// By logical names in any case; nothing when there is no such column.
    std::optional<Resolved> resolve(const Predicate::ColumnPath& path) const;

    std::optional<std::string> property(const std::string& name) const;
    bool is_true(const std::string& name) const;
    bool append_only() const;
    bool in_commit_timestamps() const;
    std::int64_t checkpoint_interval() const;  ///< Commits between two checkpoints; at least 1.
    Duration log_retention() const;
    Duration deleted_file_retention() const;
    bool log_cleanup_enabled() const;

    /// kUnsupported naming the feature that keeps Ingot from writing to the table.
    Status check_writable() const;

private:
    TableConfig() = default;

    Protocol protocol_;
    Metadata metadata_;
    Schema schema_;
    std::vector<TableColumn> columns_;
    ColumnMappingMode mapping_ = ColumnMappingMode::kNone;
    std::vector<std::size_t> partition_columns_;
};

/// `interval 30 days`, `168 hours` and the like; nothing for anything else.
std::optional<Duration> parse_interval(std::string_view text);

/// Whether the type or anything inside it is a timestamp without zone.
bool has_timestamp_ntz(const DataType& type);

}  // namespace ingot::delta

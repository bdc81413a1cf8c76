#pragma once
// How a table's columns and partitions are named in its files.
#include <optional>
#include <string>

#include "engine/duckdb_compat/context.hpp"
#include "engine/engine.hpp"

namespace ingot::engine {

/// The name under which a struct member is kept in data files.
std::string physical_member_name(const Field& member);
std::optional<std::int32_t> field_id(const Field& field);

/// The engine's type with physical names in structs.
duckdb::LogicalType physical_type(const DataType& type);

/// The FIELD_IDS option for the columns of those positions; nothing when none has an id.
std::optional<duckdb::Value> field_ids(const WriteTarget& target,
                                       const std::vector<std::size_t>& columns);

/// `name=value/`, escaped as Hive does.
std::string partition_folder(std::string_view physical_name,
                             const std::optional<std::string>& value);

/// A fresh name for a data file.
std::string data_file_name(std::string_view prefix);

/// A path as the log writes it: URI-encoded.
std::string encoded_path(std::string_view path);

}  // namespace ingot::engine

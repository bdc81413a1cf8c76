#include <algorithm>

#include "base/percent.hpp"
#include "engine/physical_layout_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

std::optional<std::string> metadata_of(const Field& field, const char* key) {
    const auto found = field.metadata.find(key);
    if (found == field.metadata.end()) {
        return std::nullopt;
    }
    const auto& json = found->second;
    const auto is_quoted = json.size() >= 2 && json.front() == '"' && json.back() == '"';
    return is_quoted ? json.substr(1, json.size() - 2) : json;
}

bool has_ids(const DataType& type) {
    return std::any_of(type.fields().begin(), type.fields().end(), [](const Field& part) {
        return field_id(part).has_value() || has_ids(part.type);
    });
}

duckdb::Value id_value(std::optional<std::int32_t> id, const DataType& type);

/// The ids of the parts of a nested type, by the names that the writer gives them.
duckdb::child_list_t<duckdb::Value> part_ids(const DataType& type) {
    duckdb::child_list_t<duckdb::Value> parts;
    const auto add = [&](std::string name, const Field& part) {
        if (field_id(part) || has_ids(part.type)) {
            parts.emplace_back(std::move(name), id_value(field_id(part), part.type));
        }
    };
    if (type.id() == TypeId::kStruct) {
        for (const auto& member : type.fields()) {
            add(physical_member_name(member), member);
        }
    } else if (type.id() == TypeId::kArray) {
        add("element", type.fields()[0]);
    } else if (type.id() == TypeId::kMap) {
        add("key", type.fields()[0]);
        add("value", type.fields()[1]);
    }
    return parts;
}

duckdb::Value id_value(std::optional<std::int32_t> id, const DataType& type) {
    auto parts = part_ids(type);
    if (parts.empty()) {
        return duckdb::Value::INTEGER(*id);
    }
    if (id) {
        parts.emplace(parts.begin(), "__duckdb_field_id", duckdb::Value::INTEGER(*id));
    }
    return duckdb::Value::STRUCT(std::move(parts));
}

}  // namespace

std::string physical_member_name(const Field& member) {
    return metadata_of(member, "delta.columnMapping.physicalName").value_or(member.name);
}

std::optional<std::int32_t> field_id(const Field& field) {
    const auto id = metadata_of(field, "delta.columnMapping.id");
    return id ? std::optional(std::stoi(*id)) : std::nullopt;
}

duckdb::LogicalType physical_type(const DataType& type) {
    switch (type.id()) {
        case TypeId::kStruct: {
            duckdb::child_list_t<duckdb::LogicalType> members;
            for (const auto& member : type.fields()) {
                members.emplace_back(physical_member_name(member), physical_type(member.type));
            }
            return duckdb::LogicalType::STRUCT(std::move(members));
        }
        case TypeId::kArray:
            return duckdb::LogicalType::LIST(physical_type(type.fields()[0].type));
        case TypeId::kMap:
            return duckdb::LogicalType::MAP(physical_type(type.fields()[0].type),
                                            physical_type(type.fields()[1].type));
        default:
            return to_logical_type(type);
    }
}

std::optional<duckdb::Value> field_ids(const WriteTarget& target,
                                       const std::vector<std::size_t>& columns) {
    duckdb::child_list_t<duckdb::Value> ids;
    for (const auto index : columns) {
        const auto& column = target.columns[index];
        if (column.field_id) {
            ids.emplace_back(column.physical_name, id_value(column.field_id, column.field.type));
        }
    }
    if (ids.empty()) {
        return std::nullopt;
    }
    return duckdb::Value::STRUCT(std::move(ids));
}

std::string partition_folder(std::string_view physical_name,
                             const std::optional<std::string>& value) {
    // What Hive keeps as it is, as far as every file system and store takes it.
    constexpr std::string_view kKept = "-_. +,@!()~&;$";
    // Names of folders are limited, and only for people: the value is in the log.
    constexpr std::size_t kFolderBytesMax = 120;
    auto folder = value && !value->empty() ? percent_encode(*value, kKept)
                                           : std::string("__HIVE_DEFAULT_PARTITION__");
    if (folder.size() > kFolderBytesMax) {
        folder = folder.substr(0, kFolderBytesMax) +
                 fmt::format("~{:016x}", std::hash<std::string_view>{}(*value));
    }
    return percent_encode(physical_name, kKept) + "=" + folder + "/";
}

std::string data_file_name(std::string_view prefix) {
    std::string name(prefix);
    if (!name.empty() && name.back() != '-') {
        name += '-';
    }
    return name + duckdb::UUID::ToString(duckdb::UUID::GenerateRandomUUID()) + ".parquet";
}

std::string encoded_path(std::string_view path) {
    return percent_encode(path, "-_.~/=");
}

}  // namespace ingot::engine

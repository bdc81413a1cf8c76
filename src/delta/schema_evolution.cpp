#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

#include "delta/commit.hpp"
#include "delta/identity_internal.hpp"
#include "delta/json_internal.hpp"
#include "delta/table_config_internal.hpp"

namespace ingot::delta {
namespace {

constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";

/// Properties that need a feature which a new table of ours does not have.
struct FeatureProperty {
    std::string_view property;  ///< Ends with a dot: a prefix.
    std::string_view harmless;  ///< The value that needs nothing.
    std::string_view feature;
};
constexpr FeatureProperty kFeatureProperties[] = {
    {"delta.columnMapping.mode", "none", "columnMapping"},
    {"delta.enableDeletionVectors", "false", "deletionVectors"},
    {"delta.enableInCommitTimestamps", "false", "inCommitTimestamp"},
    {"delta.enableChangeDataFeed", "false", "changeDataFeed"},
    {"delta.enableRowTracking", "false", "rowTracking"},
    {"delta.enableTypeWidening", "false", "typeWidening"},
    {"delta.enableIcebergCompatV1", "false", "icebergCompatV1"},
    {"delta.enableIcebergCompatV2", "false", "icebergCompatV2"},
    {"delta.enableIcebergCompatV3", "false", "icebergCompatV3"},
    {"delta.checkpointPolicy", "classic", "v2Checkpoint"},
    {"delta.constraints.", "", "checkConstraints"},
    {"delta.feature.", "", "by that name"},
};

Status check_properties(const std::map<std::string, std::string>& configuration) {
    for (const auto& [key, value] : configuration) {
        for (const auto& known : kFeatureProperties) {
            const bool matches = known.property.ends_with('.')
                                     ? std::string_view(key).starts_with(known.property)
                                     : key == known.property;
            if (!matches || value == known.harmless) continue;
            return make_error(ErrorCode::kUnsupported,
                              "'{}' = '{}' needs the feature '{}', which Ingot does not give to "
                              "new tables",
                              key, value, known.feature);
        }
    }
    return {};
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

Status check_names(const std::vector<Field>& fields, const std::string& parent) {
    std::set<std::string> names;
    for (const Field& field : fields) {
        const std::string path = parent.empty() ? field.name : parent + "." + field.name;
        if (field.name.empty() || field.name.find_first_of(" ,;{}()\n\t=") != std::string::npos) {
            return make_error(ErrorCode::kInvalidArgument,
                              "column name '{}' has a character of ' ,;{{}}()=', which Delta "
                              "forbids without column mapping",
                              path);
        }
        if (!names.insert(lower(field.name)).second) {
            return make_error(ErrorCode::kInvalidArgument, "column '{}' is there twice", path);
        }
        const bool is_struct = field.type.id() == TypeId::kStruct;
        if (is_struct) INGOT_TRY(check_names(field.type.fields(), path));
    }
    return {};
}

Status check_partition_columns(const CreateOptions& options) {
    for (const auto& name : options.partition_columns) {
        const Field* field = options.schema.find(name);
        if (field == nullptr) {
            return make_error(ErrorCode::kInvalidArgument,
                              "partition column '{}' is not in the schema", name);
        }
        if (field->type.is_nested() || field->type.id() == TypeId::kVoid) {
            return make_error(ErrorCode::kInvalidArgument,
                              "partition column '{}' can't be of type {}", name,
                              field->type.to_string());
        }
    }
    if (!options.schema.fields.empty() &&
        options.partition_columns.size() >= options.schema.fields.size()) {
        return make_error(ErrorCode::kInvalidArgument, "a table can't have partition columns only");
    }
    return {};
}

/// Widenings that every reader copes with, because Parquet stores both types alike.
bool widens_freely(const DataType& from, const DataType& to) {
    if (from.id() == TypeId::kVoid) return true;
    if (from.id() == TypeId::kByte) return to.id() == TypeId::kShort || to.id() == TypeId::kInteger;
    return from.id() == TypeId::kShort && to.id() == TypeId::kInteger;
}

/// Merges what is wanted into what the table has; collects what does not fit.
class Evolution {
public:
    Evolution(ColumnMappingMode mapping, std::int64_t max_column_id)
        : mapping_(mapping), max_column_id_(max_column_id) {}

    std::vector<Field> merge_fields(const std::vector<Field>& have, const std::vector<Field>& want,
                                    const std::string& parent) {
        std::vector<Field> result = have;
        for (const Field& field : want) {
            const std::string path = parent.empty() ? field.name : parent + "." + field.name;
            const auto found = std::find_if(result.begin(), result.end(), [&](const Field& f) {
                return lower(f.name) == lower(field.name);
            });
            if (found == result.end()) {
                result.push_back(new_field(field));
                changed_ = true;
            } else {
                found->type = merge_type(found->type, field.type, path);
            }
        }
        return result;
    }

    bool changed() const { return changed_; }
    std::int64_t max_column_id() const { return max_column_id_; }
    const std::vector<std::string>& problems() const { return problems_; }

private:
    DataType merge_type(const DataType& have, const DataType& want, const std::string& path) {
        if (have == want) return have;
        if (have.id() == TypeId::kStruct && want.id() == TypeId::kStruct) {
            return DataType::structure(merge_fields(have.fields(), want.fields(), path));
        }
        if (have.id() == TypeId::kArray && want.id() == TypeId::kArray) {
            return DataType::array(
                merge_type(have.fields()[0].type, want.fields()[0].type, path + ".element"),
                have.fields()[0].nullable);
        }
        if (have.id() == TypeId::kMap && want.id() == TypeId::kMap) {
            return DataType::map(
                merge_type(have.fields()[0].type, want.fields()[0].type, path + ".key"),
                merge_type(have.fields()[1].type, want.fields()[1].type, path + ".value"),
                have.fields()[1].nullable);
        }
        if (widens_freely(have, want)) {
            changed_ = true;
            return have.id() == TypeId::kVoid ? new_type(want) : want;
        }
        const auto common = common_type(have, want);
        if (!common || *common != have) {
            problems_.push_back(fmt::format("column '{}' is {} and can't become {}", path,
                                            have.to_string(), want.to_string()));
        }
        return have;
    }

    /// A new column is nullable: the rows that are there have no value for it.
    Field new_field(const Field& field) {
        Field result{field.name, new_type(field.type), true, field.metadata};
        if (mapping_ != ColumnMappingMode::kNone) {
            result.metadata["delta.columnMapping.id"] = std::to_string(++max_column_id_);
            result.metadata["delta.columnMapping.physicalName"] =
                json::quoted("col-" + random_uuid());
        }
        return result;
    }

    DataType new_type(const DataType& type) {
        if (mapping_ == ColumnMappingMode::kNone) return type;
        const auto& parts = type.fields();
        switch (type.id()) {
            case TypeId::kStruct: {
                std::vector<Field> fields;
                for (const Field& part : parts) fields.push_back(new_field(part));
                return DataType::structure(std::move(fields));
            }
            case TypeId::kArray:
                return DataType::array(new_type(parts[0].type), parts[0].nullable);
            case TypeId::kMap:
                return DataType::map(new_type(parts[0].type), new_type(parts[1].type),
                                     parts[1].nullable);
            default:
                return type;
        }
    }

    ColumnMappingMode mapping_;
    std::int64_t max_column_id_;
    bool changed_ = false;
    std::vector<std::string> problems_;
};

}  // namespace

Result<std::vector<Action>> create_table_actions(const CreateOptions& options, Clock& clock) {
    INGOT_TRY(check_properties(options.configuration));
    INGOT_TRY(check_names(options.schema.fields, ""));
    INGOT_TRY(check_partition_columns(options));
    Metadata metadata;
    metadata.id = random_uuid();
    if (!options.description.empty()) metadata.description = options.description;
    metadata.schema_string = schema_to_json(options.schema);
    for (const auto& name : options.partition_columns) {
        metadata.partition_columns.push_back(options.schema.find(name)->name);
    }
    metadata.created_time = clock.now().millis();
    metadata.configuration = options.configuration;
    const auto& fields = options.schema.fields;
    const bool has_ntz = std::any_of(fields.begin(), fields.end(), [](const Field& field) {
        return has_timestamp_ntz(field.type);
    });
    const Protocol plain;
    return std::vector<Action>{has_ntz ? with_timestamp_ntz(plain) : plain, std::move(metadata)};
}

Result<std::optional<Metadata>> evolve_schema(const Snapshot& base, const Schema& wanted) {
    Metadata metadata = base.metadata();
    std::int64_t max_column_id = 0;
    if (base.column_mapping() != ColumnMappingMode::kNone) {
        const std::string& text = metadata.configuration[kMaxColumnId];
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), max_column_id);
        if (error != std::errc() || end != text.data() + text.size()) {
            return make_error(ErrorCode::kCorruptData, "'{}' is '{}'", kMaxColumnId, text);
        }
    } else {
        INGOT_TRY(check_names(wanted.fields, ""));
    }
    Evolution evolution(base.column_mapping(), max_column_id);
    const Schema merged{evolution.merge_fields(base.schema().fields, wanted.fields, "")};
    if (!evolution.problems().empty()) {
        return make_error(ErrorCode::kInvalidArgument, "{}", fmt::join(evolution.problems(), "; "));
    }
    if (!evolution.changed()) return std::optional<Metadata>();
    metadata.schema_string = schema_to_json(merged);
    if (base.column_mapping() != ColumnMappingMode::kNone) {
        metadata.configuration[kMaxColumnId] = std::to_string(evolution.max_column_id());
    }
    return std::optional<Metadata>(std::move(metadata));
}

}  // namespace ingot::delta

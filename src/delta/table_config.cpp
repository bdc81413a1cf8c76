#include <algorithm>
#include <cctype>
#include <charconv>

#include "delta/commit.hpp"
#include "delta/json_internal.hpp"
#include "delta/table_config_internal.hpp"
#include "delta/table_feature_internal.hpp"

namespace ingot::delta {
namespace {

constexpr std::string_view kPhysicalName = "delta.columnMapping.physicalName";
constexpr std::string_view kColumnId = "delta.columnMapping.id";

Result<ColumnMappingMode> mapping_mode(const Protocol& protocol, const Metadata& metadata) {
    const auto found = metadata.configuration.find("delta.columnMapping.mode");
    if (found == metadata.configuration.end() || found->second == "none" ||
        !has_feature(protocol, "columnMapping")) {
        return ColumnMappingMode::kNone;
    }
    if (found->second == "name") return ColumnMappingMode::kName;
    if (found->second == "id") return ColumnMappingMode::kId;
    return make_error(ErrorCode::kUnsupported, "column mapping mode '{}' is not supported",
                      found->second);
}

std::string physical_name(const Field& field, ColumnMappingMode mode) {
    if (mode == ColumnMappingMode::kNone) return field.name;
    const auto found = field.metadata.find(std::string(kPhysicalName));
    if (found == field.metadata.end()) return field.name;
    return json::string_of(found->second).value_or(field.name);
}

Result<TableColumn> table_column(const Field& field, ColumnMappingMode mode) {
    TableColumn column{field, physical_name(field, mode), std::nullopt, std::nullopt};
    if (mode == ColumnMappingMode::kNone) return column;
    const auto found = field.metadata.find(std::string(kColumnId));
    const auto id = found == field.metadata.end() ? std::nullopt : json::integer_of(found->second);
    if (id && *id == static_cast<std::int32_t>(*id)) column.field_id = static_cast<int>(*id);
    if (mode == ColumnMappingMode::kId && !column.field_id) {
        return make_error(ErrorCode::kCorruptData, "column '{}' has no {}", field.name, kColumnId);
    }
    return column;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
    for (const Field& field : fields) {
        if (same_name(field.name, name)) return &field;
    }
    return nullptr;
}

/// The first column below `fields` whose metadata has a key that begins so.
std::optional<std::string> column_with(const std::vector<Field>& fields, std::string_view key) {
    for (const Field& field : fields) {
        const auto found = field.metadata.lower_bound(std::string(key));
        if (found != field.metadata.end() && found->first.starts_with(key)) return field.name;
        if (auto inner = column_with(field.type.fields(), key)) return field.name + "." + *inner;
    }
    return std::nullopt;
}

/// Where the table uses a feature that is fine while unused; nothing when it does not.
std::optional<std::string> use_of(const TableConfig& config, std::string_view feature) {
    const auto column = [&](std::string_view key) -> std::optional<std::string> {
        auto name = column_with(config.schema().fields, key);
        if (name) return fmt::format("column '{}'", *name);
        return std::nullopt;
    };
    if (feature == "invariants") return column("delta.invariants");
    if (feature == "generatedColumns") return column("delta.generationExpression");
    if (feature == "identityColumns") return column("delta.identity.");
    if (feature == "allowColumnDefaults") return column("CURRENT_DEFAULT");
    if (feature == "checkConstraints") {
        const auto& properties = config.metadata().configuration;
        const auto found = properties.lower_bound("delta.constraints.");
        if (found != properties.end() && found->first.starts_with("delta.constraints.")) {
            return fmt::format("property '{}'", found->first);
        }
    }
    return std::nullopt;
}

const FeatureInfo* find_feature(std::string_view name) {
    for (const auto& feature : kFeatures) {
        if (feature.name == name) return &feature;
    }
    return nullptr;
}

Error unsupported_feature(std::string_view verb, std::string_view feature) {
    return make_error(ErrorCode::kUnsupported,
                      "the table needs the feature '{}', which Ingot does not {}", feature, verb);
}

}  // namespace

Status check_readable(const Protocol& protocol) {
    if (protocol.min_reader_version < 1 || protocol.min_reader_version > 3) {
        return make_error(ErrorCode::kUnsupported,
                          "the table needs reader version {}; Ingot reads versions 1 to 3",
                          protocol.min_reader_version);
    }
    if (protocol.min_reader_version < 3) return {};
    if (!protocol.reader_features) {
        return make_error(ErrorCode::kCorruptData,
                          "protocol of reader version 3 without readerFeatures");
    }
    for (const auto& name : *protocol.reader_features) {
        const FeatureInfo* feature = find_feature(name);
        if (feature == nullptr || feature->read != FeatureSupport::kYes) {
            return unsupported_feature("read", name);
        }
    }
    return {};
}

bool has_feature(const Protocol& protocol, std::string_view feature) {
    const auto listed = [&](const std::optional<std::vector<std::string>>& names) {
        return names && std::find(names->begin(), names->end(), feature) != names->end();
    };
    if (listed(protocol.writer_features) || listed(protocol.reader_features)) return true;
    const FeatureInfo* info = find_feature(feature);
    if (info == nullptr) return false;
    const bool by_writer = info->legacy_writer != 0 && protocol.min_writer_version < 7 &&
                           protocol.min_writer_version >= info->legacy_writer;
    const bool by_reader = info->legacy_reader != 0 && protocol.min_reader_version < 3 &&
                           protocol.min_reader_version >= info->legacy_reader;
    return by_writer || by_reader;
}

Result<std::shared_ptr<const TableConfig>> TableConfig::make(Protocol protocol, Metadata metadata) {
    INGOT_TRY(check_readable(protocol));
    std::shared_ptr<TableConfig> config(new TableConfig());
    // A table that has been declared but not yet given columns.
    if (!metadata.schema_string.empty()) {
        INGOT_TRY_ASSIGN(config->schema_, schema_from_json(metadata.schema_string));
    }
    INGOT_TRY_ASSIGN(config->mapping_, mapping_mode(protocol, metadata));
    for (const Field& field : config->schema_.fields) {
        INGOT_TRY_ASSIGN(auto column, table_column(field, config->mapping_));
        config->columns_.push_back(std::move(column));
    }
    for (const auto& name : metadata.partition_columns) {
        const auto index = config->schema_.index_of(name);
        if (!index) {
            return make_error(ErrorCode::kCorruptData,
                              "partition column '{}' is not in the table's schema", name);
        }
        if (config->columns_[*index].field.type.is_nested()) {
            return make_error(ErrorCode::kCorruptData, "partition column '{}' is of nested type",
                              name);
        }
        config->columns_[*index].partition_index = config->partition_columns_.size();
        config->partition_columns_.push_back(*index);
    }
    config->protocol_ = std::move(protocol);
    config->metadata_ = std::move(metadata);
    return std::shared_ptr<const TableConfig>(std::move(config));
}

std::optional<TableConfig::Resolved> TableConfig::resolve(const Predicate::ColumnPath& path) const {
    if (path.empty()) return std::nullopt;
    const auto index = schema_.index_of(path.front());
    if (!index) return std::nullopt;
    const TableColumn& column = columns_[*index];
    Resolved result{{column.physical_name}, column.field.type, column.partition_index};
    for (std::size_t i = 1; i < path.size(); ++i) {
        if (result.type.id() != TypeId::kStruct) return std::nullopt;
        const DataType parent = result.type;
        const Field* member = find_field(parent.fields(), path[i]);
        if (member == nullptr) return std::nullopt;
        result.physical_path.push_back(physical_name(*member, mapping_));
        result.type = member->type;
    }
    return result;
}

std::optional<std::string> TableConfig::property(const std::string& name) const {
    const auto found = metadata_.configuration.find(name);
    if (found == metadata_.configuration.end()) return std::nullopt;
    return found->second;
}

bool TableConfig::is_true(const std::string& name) const {
    return same_name(property(name).value_or("false"), "true");
}

bool TableConfig::append_only() const {
    return has_feature(protocol_, "appendOnly") && is_true("delta.appendOnly");
}

bool TableConfig::in_commit_timestamps() const {
    return has_feature(protocol_, "inCommitTimestamp") && is_true("delta.enableInCommitTimestamps");
}

std::int64_t TableConfig::checkpoint_interval() const {
    constexpr std::int64_t kDefault = 10;
    const std::string text = property("delta.checkpointInterval").value_or("");
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value > 0 ? value : kDefault;
}

Duration TableConfig::log_retention() const {
    return parse_interval(property("delta.logRetentionDuration").value_or(""))
        .value_or(std::chrono::hours(30 * 24));
}

Duration TableConfig::deleted_file_retention() const {
    return parse_interval(property("delta.deletedFileRetentionDuration").value_or(""))
        .value_or(std::chrono::hours(7 * 24));
}

bool TableConfig::log_cleanup_enabled() const {
    return same_name(property("delta.enableExpiredLogCleanup").value_or("true"), "true");
}

Status TableConfig::check_writable() const {
    if (protocol_.min_writer_version < 1 || protocol_.min_writer_version > 7) {
        return make_error(ErrorCode::kUnsupported,
                          "the table needs writer version {}; Ingot writes versions 1 to 7",
                          protocol_.min_writer_version);
    }
    for (const auto& name : protocol_.writer_features.value_or(std::vector<std::string>{})) {
        const FeatureInfo* feature = find_feature(name);
        if (feature == nullptr || feature->write == FeatureSupport::kNo) {
            return unsupported_feature("write", name);
        }
    }
    for (const auto& feature : kFeatures) {
        if (feature.write != FeatureSupport::kUnlessUsed || !has_feature(protocol_, feature.name)) {
            continue;
        }
        if (const auto use = use_of(*this, feature.name)) {
            return make_error(ErrorCode::kUnsupported,
                              "{} uses the feature '{}', which Ingot does not write", *use,
                              feature.name);
        }
    }
    return {};
}

std::optional<Duration> parse_interval(std::string_view text) {
    using std::chrono::hours;
    struct Unit {
        std::string_view name;
        Duration length;
    };
    static constexpr Unit kUnits[] = {
        {"week", hours(7 * 24)},
        {"day", hours(24)},
        {"hour", hours(1)},
        {"minute", std::chrono::minutes(1)},
        {"second", std::chrono::seconds(1)},
        {"millisecond", std::chrono::milliseconds(1)},
        {"microsecond", Duration(1)},
    };
    if (text.size() > 9 && same_name(text.substr(0, 9), "interval ")) text.remove_prefix(9);
    Duration total{0};
    bool any = false;
    while (!text.empty()) {
        if (text.front() == ' ') {
            text.remove_prefix(1);
            continue;
        }
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (error != std::errc() || count < 0 || count > 1'000'000) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        while (text.starts_with(' ')) text.remove_prefix(1);
        std::string_view name = text.substr(0, text.find(' '));
        text.remove_prefix(name.size());
        if (!name.empty() && std::tolower(static_cast<unsigned char>(name.back())) == 's') {
            name.remove_suffix(1);
        }
        const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                        [&](const Unit& u) { return same_name(u.name, name); });
        if (unit == std::end(kUnits)) return std::nullopt;
        total += unit->length * count;
        any = true;
    }
    return any ? std::optional(total) : std::nullopt;
}

bool has_timestamp_ntz(const DataType& type) {
    if (type.id() == TypeId::kTimestampNtz) return true;
    return std::any_of(type.fields().begin(), type.fields().end(),
                       [](const Field& field) { return has_timestamp_ntz(field.type); });
}

}  // namespace ingot::delta

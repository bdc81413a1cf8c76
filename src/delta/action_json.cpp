#include <algorithm>
#include <cstring>
#include <simdjson.h>

#include "delta/action_json_internal.hpp"
#include "delta/json_internal.hpp"
#include "delta/json_read_internal.hpp"

namespace ingot::delta {
namespace {

namespace od = simdjson::ondemand;

// The readers below throw simdjson_error; ActionParser::parse catches it.

std::string read_string(od::value& value) {
    return std::string(value.get_string().value());
}

std::int32_t read_int32(od::value& value) {
    const std::int64_t wide = value.get_int64().value();
    if (wide != static_cast<std::int32_t>(wide)) {
        throw simdjson::simdjson_error(simdjson::NUMBER_OUT_OF_RANGE);
    }
    return static_cast<std::int32_t>(wide);
}

/// Strings as they are, other values as JSON text, nulls left out.
std::map<std::string, std::string> read_text_map(od::value& value) {
    std::map<std::string, std::string> result;
    for (auto field : value.get_object()) {
        std::string key(std::string_view(field.unescaped_key()));
        od::value member = field.value();
        if (member.is_null()) continue;
        result[std::move(key)] = member.type().value() == od::json_type::string
                                     ? read_string(member)
                                     : std::string(simdjson::to_json_string(member).value());
    }
    return result;
}

std::vector<std::string> read_strings(od::value& value) {
    std::vector<std::string> result;
    for (auto element : value.get_array()) {
        result.emplace_back(std::string_view(element.get_string()));
    }
    return result;
}

/// Calls `visit(key, value)` for each member that is not null.
template <class Visit>
void each_member(od::value& object, Visit&& visit) {
    for (auto field : object.get_object()) {
        const std::string_view key = field.unescaped_key();
        od::value member = field.value();
        if (!member.is_null()) visit(key, member);
    }
}

DeletionVectorDescriptor read_deletion_vector(od::value& object) {
    DeletionVectorDescriptor result;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "storageType") {
            const std::string_view type = value.get_string();
            if (type.size() != 1) throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
            result.storage_type = type.front();
        } else if (key == "pathOrInlineDv") {
            result.path_or_inline_dv = read_string(value);
        } else if (key == "offset") {
            result.offset = read_int32(value);
        } else if (key == "sizeInBytes") {
            result.size_in_bytes = read_int32(value);
        } else if (key == "cardinality") {
            result.cardinality = value.get_int64();
        }
    });
    return result;
}

using PartitionView = std::vector<std::pair<std::string_view, std::optional<std::string_view>>>;

void read_partition_values(od::value& object, PartitionView& out) {
    for (auto field : object.get_object()) {
        const std::string_view key = field.unescaped_key();
        od::value value = field.value();
        std::optional<std::string_view> text;
        if (!value.is_null()) text = value.get_string().value();
        if (text && text->empty()) text.reset();
        out.emplace_back(key, text);
    }
}

PartitionValues to_map(const PartitionView& view) {
    PartitionValues result;
    for (const auto& [key, value] : view) {
        result.emplace(key, value ? std::optional<std::string>(*value) : std::nullopt);
    }
    return result;
}

/// Members that add and remove share; false when `key` is none of them.
template <class File>
bool read_row_ids(std::string_view key, od::value& value, File& file) {
    if (key == "tags") {
        file.tags = read_text_map(value);
    } else if (key == "baseRowId") {
        file.base_row_id = value.get_int64().value();
    } else if (key == "defaultRowCommitVersion") {
        file.default_row_commit_version = value.get_int64().value();
    } else {
        return false;
    }
    return true;
}

void read_add(od::value& object, AddView& add) {
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "path") {
            add.path = value.get_string();
        } else if (key == "partitionValues") {
            read_partition_values(value, add.partition_values);
        } else if (key == "size") {
            add.size = value.get_int64();
        } else if (key == "modificationTime") {
            add.modification_time = value.get_int64();
        } else if (key == "dataChange") {
            add.data_change = value.get_bool();
        } else if (key == "stats") {
            add.stats = value.get_string().value();
        } else if (key == "deletionVector") {
            add.deletion_vector = read_deletion_vector(value);
        } else if (key == "clusteringProvider") {
            add.extras.clustering_provider = read_string(value);
        } else {
            read_row_ids(key, value, add.extras);
        }
    });
}

Remove read_remove(od::value& object) {
    Remove remove;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "path") {
            remove.path = read_string(value);
        } else if (key == "deletionTimestamp") {
            remove.deletion_timestamp = value.get_int64().value();
        } else if (key == "dataChange") {
            remove.data_change = value.get_bool();
        } else if (key == "extendedFileMetadata") {
            remove.extended_file_metadata = value.get_bool();
        } else if (key == "partitionValues") {
            PartitionView view;
            read_partition_values(value, view);
            remove.partition_values = to_map(view);
        } else if (key == "size") {
            remove.size = value.get_int64().value();
        } else if (key == "stats") {
            remove.stats = read_string(value);
        } else if (key == "deletionVector") {
            remove.deletion_vector = read_deletion_vector(value);
        } else {
            read_row_ids(key, value, remove);
        }
    });
    return remove;
}

Cdc read_cdc(od::value& object) {
    Cdc cdc;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "path") {
            cdc.path = read_string(value);
        } else if (key == "partitionValues") {
            PartitionView view;
            read_partition_values(value, view);
            cdc.partition_values = to_map(view);
        } else if (key == "size") {
            cdc.size = value.get_int64();
        } else if (key == "tags") {
            cdc.tags = read_text_map(value);
        }
    });
    return cdc;
}

Metadata read_metadata(od::value& object) {
    Metadata metadata;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "id") {
            metadata.id = read_string(value);
        } else if (key == "name") {
            metadata.name = read_string(value);
        } else if (key == "description") {
            metadata.description = read_string(value);
        } else if (key == "schemaString") {
            metadata.schema_string = read_string(value);
        } else if (key == "partitionColumns") {
            metadata.partition_columns = read_strings(value);
        } else if (key == "createdTime") {
            metadata.created_time = value.get_int64().value();
        } else if (key == "configuration") {
            metadata.configuration = read_text_map(value);
        } else if (key == "format") {
            each_member(value, [&](std::string_view part, od::value& inner) {
                if (part == "provider") {
                    metadata.format_provider = read_string(inner);
                } else if (part == "options") {
                    metadata.format_options = read_text_map(inner);
                }
            });
        }
    });
    return metadata;
}

Protocol read_protocol(od::value& object) {
    Protocol protocol;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "minReaderVersion") {
            protocol.min_reader_version = read_int32(value);
        } else if (key == "minWriterVersion") {
            protocol.min_writer_version = read_int32(value);
        } else if (key == "readerFeatures") {
            protocol.reader_features = read_strings(value);
        } else if (key == "writerFeatures") {
            protocol.writer_features = read_strings(value);
        }
    });
    return protocol;
}

Txn read_txn(od::value& object) {
    Txn txn;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "appId") {
            txn.app_id = read_string(value);
        } else if (key == "version") {
            txn.version = value.get_int64();
        } else if (key == "lastUpdated") {
            txn.last_updated = value.get_int64().value();
        }
    });
    return txn;
}

DomainMetadata read_domain(od::value& object) {
    DomainMetadata domain;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "domain") {
            domain.domain = read_string(value);
        } else if (key == "configuration") {
            domain.configuration = read_string(value);
        } else if (key == "removed") {
            domain.removed = value.get_bool();
        }
    });
    return domain;
}

/// commitInfo is free JSON: a member of an unexpected type goes to `extra`, it is no error.
CommitInfo read_commit_info(od::value& object) {
    CommitInfo info;
    each_member(object, [&](std::string_view key, od::value& value) {
        const od::json_type type = value.type();
        const std::string name(key);
        const std::string_view raw = simdjson::to_json_string(value).value();
        const auto text = [&](auto& field) {
            if (type != od::json_type::string) return false;
            field = json::string_of(raw).value_or("");
            return true;
        };
        const auto integer = [&](std::optional<std::int64_t>& field) {
            field = json::integer_of(raw);
            return field.has_value();
        };
        const auto map = [&](std::map<std::string, std::string>& field) {
            if (type != od::json_type::object) return false;
            auto members = json::members_of(raw);
            if (!members) return false;
            for (const auto& [k, v] : *members) {
                if (v != "null") field[k] = json::string_of(v).value_or(v);
            }
            return true;
        };
        const auto boolean = [&](std::optional<bool>& field) {
            if (type != od::json_type::boolean) return false;
            field = raw == "true";
            return true;
        };
        const bool known = (key == "timestamp" && integer(info.timestamp)) ||
                           (key == "inCommitTimestamp" && integer(info.in_commit_timestamp)) ||
                           (key == "operation" && text(info.operation)) ||
                           (key == "operationParameters" && map(info.operation_parameters)) ||
                           (key == "operationMetrics" && map(info.operation_metrics)) ||
                           (key == "readVersion" && integer(info.read_version)) ||
                           (key == "isolationLevel" && text(info.isolation_level)) ||
                           (key == "isBlindAppend" && boolean(info.is_blind_append)) ||
                           (key == "engineInfo" && text(info.engine_info)) ||
                           (key == "txnId" && text(info.txn_id));
        if (!known) info.extra[name] = std::string(raw);
    });
    return info;
}

CheckpointMetadata read_checkpoint_metadata(od::value& object) {
    CheckpointMetadata result;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "version") {
            result.version = value.get_int64();
        } else if (key == "tags") {
            result.tags = read_text_map(value);
        }
    });
    return result;
}

Sidecar read_sidecar(od::value& object) {
    Sidecar sidecar;
    each_member(object, [&](std::string_view key, od::value& value) {
        if (key == "path") {
            sidecar.path = read_string(value);
        } else if (key == "sizeInBytes") {
            sidecar.size_in_bytes = value.get_int64();
        } else if (key == "modificationTime") {
            sidecar.modification_time = value.get_int64();
        } else if (key == "tags") {
            sidecar.tags = read_text_map(value);
        }
    });
    return sidecar;
}

std::optional<Action> read_other(std::string_view kind, od::value& value) {
    if (kind == "remove") return read_remove(value);
    if (kind == "metaData") return read_metadata(value);
    if (kind == "protocol") return read_protocol(value);
    if (kind == "txn") return read_txn(value);
    if (kind == "domainMetadata") return read_domain(value);
    if (kind == "commitInfo") return read_commit_info(value);
    if (kind == "cdc") return read_cdc(value);
    if (kind == "checkpointMetadata") return read_checkpoint_metadata(value);
    if (kind == "sidecar") return read_sidecar(value);
    return std::nullopt;
}

/// What an action must have to mean anything; empty when it has.
std::string_view missing_field(const Action& action) {
    if (const auto* remove = std::get_if<Remove>(&action); remove && remove->path.empty()) {
        return "remove.path";
    }
    if (const auto* txn = std::get_if<Txn>(&action); txn && txn->app_id.empty()) {
        return "txn.appId";
    }
    if (const auto* sidecar = std::get_if<Sidecar>(&action); sidecar && sidecar->path.empty()) {
        return "sidecar.path";
    }
    return {};
}

void append_deletion_vector(json::Writer& json,
                            const std::optional<DeletionVectorDescriptor>& vector) {
    if (!vector) return;
    json.key("deletionVector").begin_object();
    json.key("storageType").string(std::string_view(&vector->storage_type, 1));
    json.member("pathOrInlineDv", vector->path_or_inline_dv);
    if (vector->offset) json.member("offset", std::int64_t{*vector->offset});
    json.member("sizeInBytes", std::int64_t{vector->size_in_bytes});
    json.member("cardinality", vector->cardinality);
    json.end_object();
}

void append_strings(json::Writer& json, std::string_view name,
                    const std::vector<std::string>& values) {
    json.key(name).begin_array();
    for (const auto& value : values) json.string(value);
    json.end_array();
}

void append_tags(json::Writer& json, const std::map<std::string, std::string>& tags) {
    if (!tags.empty()) json.member("tags", tags);
}

struct ActionWriter {
    std::string& out;

    void operator()(const Add& add) const {
        json::Writer json(out);
        json.begin_object().key("add").begin_object();
        json.member("path", add.path).member("partitionValues", add.partition_values);
        json.member("size", add.size).member("modificationTime", add.modification_time);
        json.flag("dataChange", add.data_change).member("stats", add.stats);
        append_tags(json, add.tags);
        append_deletion_vector(json, add.deletion_vector);
        json.member("baseRowId", add.base_row_id);
        json.member("defaultRowCommitVersion", add.default_row_commit_version);
        json.member("clusteringProvider", add.clustering_provider);
        json.end_object().end_object();
    }
    void operator()(const Remove& remove) const {
        json::Writer json(out);
        json.begin_object().key("remove").begin_object();
        json.member("path", remove.path).member("deletionTimestamp", remove.deletion_timestamp);
        json.flag("dataChange", remove.data_change);
        json.flag("extendedFileMetadata", remove.extended_file_metadata);
        if (remove.extended_file_metadata) {
            json.member("partitionValues", remove.partition_values);
        }
        json.member("size", remove.size).member("stats", remove.stats);
        append_tags(json, remove.tags);
        append_deletion_vector(json, remove.deletion_vector);
        json.member("baseRowId", remove.base_row_id);
        json.member("defaultRowCommitVersion", remove.default_row_commit_version);
        json.end_object().end_object();
    }
    void operator()(const Cdc& cdc) const {
        json::Writer json(out);
        json.begin_object().key("cdc").begin_object();
        json.member("path", cdc.path).member("partitionValues", cdc.partition_values);
        json.member("size", cdc.size).flag("dataChange", false);
        append_tags(json, cdc.tags);
        json.end_object().end_object();
    }
    void operator()(const Metadata& metadata) const {
        out += "{\"metaData\":";
        append_metadata_json(out, metadata);
        out += '}';
    }
    void operator()(const Protocol& protocol) const {
        out += "{\"protocol\":";
        append_protocol_json(out, protocol);
        out += '}';
    }
    void operator()(const Txn& txn) const {
        json::Writer json(out);
        json.begin_object().key("txn").begin_object();
        json.member("appId", txn.app_id).member("version", txn.version);
        json.member("lastUpdated", txn.last_updated).end_object().end_object();
    }
    void operator()(const DomainMetadata& domain) const {
        json::Writer json(out);
        json.begin_object().key("domainMetadata").begin_object();
        json.member("domain", domain.domain).member("configuration", domain.configuration);
        json.flag("removed", domain.removed).end_object().end_object();
    }
    void operator()(const CommitInfo& info) const {
        json::Writer json(out);
        json.begin_object().key("commitInfo").begin_object();
        json.member("inCommitTimestamp", info.in_commit_timestamp);
        json.member("timestamp", info.timestamp).member("operation", info.operation);
        json.member("operationParameters", info.operation_parameters);
        json.member("readVersion", info.read_version);
        json.member("isolationLevel", info.isolation_level);
        if (info.is_blind_append) json.flag("isBlindAppend", *info.is_blind_append);
        json.member("operationMetrics", info.operation_metrics);
        json.member("engineInfo", info.engine_info).member("txnId", info.txn_id);
        for (const auto& [key, value] : info.extra) json.key(key).raw(value);
        json.end_object().end_object();
    }
    void operator()(const CheckpointMetadata& metadata) const {
        json::Writer json(out);
        json.begin_object().key("checkpointMetadata").begin_object();
        json.member("version", metadata.version);
        append_tags(json, metadata.tags);
        json.end_object().end_object();
    }
    void operator()(const Sidecar& sidecar) const {
        json::Writer json(out);
        json.begin_object().key("sidecar").begin_object();
        json.member("path", sidecar.path).member("sizeInBytes", sidecar.size_in_bytes);
        json.member("modificationTime", sidecar.modification_time);
        append_tags(json, sidecar.tags);
        json.end_object().end_object();
    }
};

}  // namespace

struct ActionParser::Impl {
    od::parser parser;
    AddView add;

    ParsedLine read(std::string_view line) {
        ParsedLine result;
        od::document document =
            parser.iterate(line.data(), line.size(), line.size() + json::kPadding);
        bool has_path = true;
        for (auto field : document.get_object()) {
            const std::string_view kind = field.unescaped_key();
            od::value value = field.value();
            if (value.is_null()) continue;
            if (kind == "add") {
                add.clear();
                read_add(value, add);
                result.add = &add;
                has_path = !add.path.empty();
            } else if (auto action = read_other(kind, value)) {
                result.action = std::move(action);
            }
        }
        if (!json::at_end(document)) throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
        if (!has_path) throw simdjson::simdjson_error(simdjson::NO_SUCH_FIELD);
        return result;
    }
};

ActionParser::ActionParser() : impl_(std::make_unique<Impl>()) {}
ActionParser::~ActionParser() = default;
ActionParser::ActionParser(ActionParser&&) noexcept = default;

Result<ParsedLine> ActionParser::parse(std::string_view line) {
    try {
        ParsedLine result = impl_->read(line);
        if (result.action) {
            if (const auto missing = missing_field(*result.action); !missing.empty()) {
                return make_error(ErrorCode::kCorruptData, "{} is missing", missing);
            }
        }
        return result;
    } catch (const simdjson::simdjson_error& e) {
        return make_error(ErrorCode::kCorruptData, "not an action of the Delta log ({})", e.what());
    }
}

Add AddView::to_add() const {
    Add result;
    result.path = path;
    result.partition_values = to_map(partition_values);
    result.size = size;
    result.modification_time = modification_time;
    result.data_change = data_change;
    if (stats) result.stats = std::string(*stats);
    result.tags = extras.tags;
    result.deletion_vector = deletion_vector;
    result.base_row_id = extras.base_row_id;
    result.default_row_commit_version = extras.default_row_commit_version;
    result.clustering_provider = extras.clustering_provider;
    return result;
}

void AddView::clear() {
    path = {};
    partition_values.clear();
    size = 0;
    modification_time = 0;
    data_change = true;
    stats.reset();
    deletion_vector.reset();
    if (!extras.empty()) extras = {};
}

LogText::LogText(std::string name, std::string bytes)
    : name_(std::move(name)), bytes_(std::move(bytes)) {
    const std::size_t size = bytes_.size();
    bytes_.append(json::kPadding, '\n');
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < size;) {
        const void* found = std::memchr(bytes_.data() + begin, '\n', size - begin);
        const std::size_t end =
            found != nullptr
                ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes_.data())
                : size;
        ++number;
        const std::string_view text = std::string_view(bytes_).substr(begin, end - begin);
        if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
            lines_.push_back({number, text});
        }
        begin = end + 1;
    }
}

Result<ParsedLine> parse_line(ActionParser& parser, const LogText& text,
                              const LogText::Line& line) {
    auto result = parser.parse(line.text);
    if (!result) {
        Error error = std::move(result).error();
        error.message = fmt::format("{}, line {}: {}", text.name(), line.number, error.message);
        return error;
    }
    return result;
}

Result<std::vector<Action>> parse_actions(const LogText& text) {
    ActionParser parser;
    std::vector<Action> actions;
    for (const auto& line : text.lines()) {
        INGOT_TRY_ASSIGN(auto parsed, parse_line(parser, text, line));
        if (parsed.add != nullptr) actions.emplace_back(parsed.add->to_add());
        if (parsed.action) actions.push_back(std::move(*parsed.action));
    }
    return actions;
}

Result<std::optional<CommitInfo>> find_commit_info(const LogText& text) {
    ActionParser parser;
    for (const auto& line : text.lines()) {
        if (line.text.find("\"commitInfo\"") == std::string_view::npos) continue;
        INGOT_TRY_ASSIGN(auto parsed, parse_line(parser, text, line));
        if (!parsed.action) continue;
        if (auto* info = std::get_if<CommitInfo>(&*parsed.action)) {
            return std::optional<CommitInfo>(std::move(*info));
        }
    }
    return std::optional<CommitInfo>();
}

void append_action_line(std::string& out, const Action& action) {
    std::visit(ActionWriter{out}, action);
    out += '\n';
}

void append_metadata_json(std::string& out, const Metadata& metadata) {
    json::Writer json(out);
    json.begin_object().member("id", metadata.id).member("name", metadata.name);
    json.member("description", metadata.description);
    json.key("format").begin_object().member("provider", metadata.format_provider);
    json.member("options", metadata.format_options).end_object();
    json.member("schemaString", metadata.schema_string);
    append_strings(json, "partitionColumns", metadata.partition_columns);
    json.member("configuration", metadata.configuration);
    json.member("createdTime", metadata.created_time).end_object();
}

void append_protocol_json(std::string& out, const Protocol& protocol) {
    json::Writer json(out);
    json.begin_object().member("minReaderVersion", std::int64_t{protocol.min_reader_version});
    json.member("minWriterVersion", std::int64_t{protocol.min_writer_version});
    if (protocol.reader_features) append_strings(json, "readerFeatures", *protocol.reader_features);
    if (protocol.writer_features) append_strings(json, "writerFeatures", *protocol.writer_features);
    json.end_object();
}

std::string DeletionVectorDescriptor::unique_id() const {
    std::string id = storage_type + path_or_inline_dv;
    if (offset) id += fmt::format("@{}", *offset);
    return id;
}

}  // namespace ingot::delta

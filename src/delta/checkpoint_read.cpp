#include <algorithm>
#include <set>

#include "delta/checkpoint_internal.hpp"
#include "delta/checkpoint_schema_internal.hpp"
#include "delta/column_value_internal.hpp"
#include "delta/commit.hpp"
#include "delta/uri_internal.hpp"

namespace ingot::delta {
namespace {

constexpr std::string_view kSidecarFolder = "_delta_log/_sidecars/";

std::optional<DeletionVectorDescriptor> deletion_vector_at(const Column* column, std::int64_t row) {
    if (column == nullptr || column->is_null(row)) return std::nullopt;
    const auto type = text_at(member(column, "storageType"), row);
    if (!type || type->size() != 1) return std::nullopt;
    DeletionVectorDescriptor vector;
    vector.storage_type = type->front();
    vector.path_or_inline_dv = text_at(member(column, "pathOrInlineDv"), row).value_or("");
    vector.offset = int_at(member(column, "offset"), row);
    vector.size_in_bytes = int_at(member(column, "sizeInBytes"), row).value_or(0);
    vector.cardinality = long_at(member(column, "cardinality"), row).value_or(0);
    return vector;
}

/// How a file of the checkpoint keeps statistics and partition values.
struct AddLayout {
    Field column;            ///< What to read.
    bool from_parsed_stats;  ///< `stats_parsed` instead of `stats`.
    bool from_parsed_partitions;
};

/// Reads the adds of one batch.
class AddReader {
public:
    AddReader(const Column& add, const AddLayout& layout)
        : add_(add),
          layout_(layout),
          path_(member(&add, "path")),
          partitions_(member(
              &add, layout.from_parsed_partitions ? "partitionValues_parsed" : "partitionValues")),
          size_(member(&add, "size")),
          modified_(member(&add, "modificationTime")),
          stats_(member(&add, layout.from_parsed_stats ? "stats_parsed" : "stats")),
          tags_(member(&add, "tags")),
          vector_(member(&add, "deletionVector")),
          row_id_(member(&add, "baseRowId")),
          row_version_(member(&add, "defaultRowCommitVersion")),
          clustering_(member(&add, "clusteringProvider")) {}

    /// False when the row holds no add.
    bool read(std::int64_t row, AddView& view) {
        view.clear();
        if (add_.is_null(row)) return false;
        const auto path = text_at(path_, row);
        if (!path) return false;
        view.path = *path;
        view.size = long_at(size_, row).value_or(0);
        view.modification_time = long_at(modified_, row).value_or(0);
        read_partitions(row, view);
        read_stats(row, view);
        view.deletion_vector = deletion_vector_at(vector_, row);
        view.extras.tags = text_map_at(tags_, row);
        view.extras.base_row_id = long_at(row_id_, row);
        view.extras.default_row_commit_version = long_at(row_version_, row);
        if (const auto name = text_at(clustering_, row)) {
            view.extras.clustering_provider = std::string(*name);
        }
        return true;
    }

private:
    void read_stats(std::int64_t row, AddView& view) {
        if (stats_ == nullptr || stats_->is_null(row)) return;
        if (!layout_.from_parsed_stats) {
            view.stats = stats_->text(row);
            return;
        }
        stats_text_.clear();
        append_json_value(stats_text_, *stats_, row);
        view.stats = stats_text_;
    }

    void read_partitions(std::int64_t row, AddView& view) {
        if (partitions_ == nullptr || partitions_->is_null(row)) return;
        if (layout_.from_parsed_partitions) {
            const auto& fields = partitions_->type.fields();
            partition_texts_.assign(fields.size(), std::nullopt);
            for (std::size_t i = 0; i < fields.size(); ++i) {
                partition_texts_[i] =
                    serialize_partition_value(scalar_at(partitions_->children[i], row));
                view.partition_values.emplace_back(fields[i].name, partition_texts_[i]);
            }
            return;
        }
        const Column& entries = partitions_->children[0];
        const auto [begin, end] = partitions_->list_range(row);
        for (std::int64_t i = begin; i < end; ++i) {
            auto value = text_at(&entries.children[1], i);
            if (value && value->empty()) value.reset();
            view.partition_values.emplace_back(entries.children[0].text(i), value);
        }
    }

    const Column& add_;
    const AddLayout& layout_;
    const Column *path_, *partitions_, *size_, *modified_, *stats_, *tags_, *vector_, *row_id_,
        *row_version_, *clustering_;
    std::string stats_text_;
    std::vector<std::optional<std::string>> partition_texts_;
};

std::optional<Action> other_action_at(const ColumnBatch& batch, std::int64_t row) {
    const auto present = [&](std::string_view name) -> const Column* {
        const Column* column = batch.column(name);
        return column == nullptr || column->is_null(row) ? nullptr : column;
    };
    const auto text = [&](const Column* column, std::string_view name) {
        return std::string(text_at(member(column, name), row).value_or(""));
    };
    const auto optional_text = [&](const Column* column, std::string_view name) {
        const auto value = text_at(member(column, name), row);
        return value ? std::optional<std::string>(*value) : std::nullopt;
    };
    if (const Column* txn = present("txn")) {
        return Txn{text(txn, "appId"), long_at(member(txn, "version"), row).value_or(0),
                   long_at(member(txn, "lastUpdated"), row)};
    }
    if (const Column* metadata = present("metaData")) {
        Metadata result;
        result.id = text(metadata, "id");
        result.name = optional_text(metadata, "name");
        result.description = optional_text(metadata, "description");
        result.schema_string = text(metadata, "schemaString");
        result.partition_columns = strings_at(member(metadata, "partitionColumns"), row)
                                       .value_or(std::vector<std::string>{});
        result.created_time = long_at(member(metadata, "createdTime"), row);
        result.configuration = text_map_at(member(metadata, "configuration"), row);
        const Column* format = member(metadata, "format");
        result.format_provider = optional_text(format, "provider").value_or("parquet");
        result.format_options = text_map_at(member(format, "options"), row);
        return result;
    }
    if (const Column* protocol = present("protocol")) {
        Protocol result;
        result.min_reader_version = int_at(member(protocol, "minReaderVersion"), row).value_or(1);
        result.min_writer_version = int_at(member(protocol, "minWriterVersion"), row).value_or(1);
        if (result.min_reader_version >= 3) {
            result.reader_features = strings_at(member(protocol, "readerFeatures"), row);
        }
        if (result.min_writer_version >= 7) {
            result.writer_features = strings_at(member(protocol, "writerFeatures"), row);
        }
        return result;
    }
    if (const Column* domain = present("domainMetadata")) {
        return DomainMetadata{text(domain, "domain"), text(domain, "configuration"),
                              boolean_at(member(domain, "removed"), row).value_or(false)};
    }
    if (const Column* sidecar = present("sidecar")) {
        Sidecar result;
        result.path = text(sidecar, "path");
        result.size_in_bytes = long_at(member(sidecar, "sizeInBytes"), row).value_or(0);
        result.modification_time = long_at(member(sidecar, "modificationTime"), row).value_or(0);
        return result;
    }
    return std::nullopt;
}

/// Whether any add of the file has its statistics as JSON.
Result<bool> has_json_stats(const TableLocation& location, const std::string& path,
                            ParquetIo& parquet) {
    const Schema wanted{{{"add", DataType::structure({{"stats", TypeId::kString}})}}};
    INGOT_TRY_ASSIGN(const auto reader, parquet.read(*location.store, path, wanted));
    while (true) {
        INGOT_TRY_ASSIGN(const auto batch, reader->next());
        if (!batch) return false;
        const Column* stats = member(batch->column("add"), "stats");
        for (std::int64_t row = 0; stats != nullptr && row < batch->rows; ++row) {
            if (!batch->column("add")->is_null(row) && !stats->is_null(row)) return true;
        }
    }
}

/// What of the add column to read: a checkpoint may hold statistics and partition values as JSON
/// and text, as typed structs, or as both. The texts are taken when they are there.
Result<AddLayout> add_layout(const TableLocation& location, const std::string& path,
                             ParquetIo& parquet) {
    AddLayout layout{checkpoint_column("add"), false, false};
    INGOT_TRY_ASSIGN(const Schema footer, parquet.schema(*location.store, path));
    const Field* add = footer.find("add");
    if (add == nullptr) return layout;
    const auto find = [&](std::string_view name) -> const Field* {
        for (const Field& field : add->type.fields()) {
            if (field.name == name) return &field;
        }
        return nullptr;
    };
    std::vector<Field> members = layout.column.type.fields();
    const Field* parsed_partitions = find("partitionValues_parsed");
    if (find("partitionValues") == nullptr && parsed_partitions != nullptr) {
        layout.from_parsed_partitions = true;
        members.push_back(*parsed_partitions);
    }
    const Field* parsed_stats = find("stats_parsed");
    if (parsed_stats != nullptr) {
        bool use_json = false;
        if (find("stats") != nullptr) {
            INGOT_TRY_ASSIGN(use_json, has_json_stats(location, path, parquet));
        }
        if (!use_json) {
            layout.from_parsed_stats = true;
            members.push_back(*parsed_stats);
        }
    }
    layout.column.type = DataType::structure(std::move(members));
    return layout;
}

/// Reads one Parquet file of a checkpoint. Sidecars that it names are collected.
Status read_parquet(const TableLocation& location, const std::string& path, ParquetIo& parquet,
                    LogReplay& replay, std::vector<Sidecar>& sidecars) {
    INGOT_TRY_ASSIGN(const AddLayout layout, add_layout(location, path, parquet));
    Schema wanted{{layout.column}};
    for (const char* name : {"txn", "metaData", "protocol", "domainMetadata", "sidecar"}) {
        wanted.fields.push_back(checkpoint_column(name));
    }
    INGOT_TRY_ASSIGN(const auto reader, parquet.read(*location.store, path, wanted));
    AddView view;
    while (true) {
        INGOT_TRY_ASSIGN(const auto batch, reader->next());
        if (!batch) break;
        const Column* add = batch->column("add");
        if (add == nullptr) {
            return make_error(ErrorCode::kInternal, "the reader left out the column 'add'");
        }
        AddReader adds(*add, layout);
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            if (adds.read(row, view)) {
                replay.add_checkpoint_file(view);
            } else if (auto action = other_action_at(*batch, row)) {
                if (auto* sidecar = std::get_if<Sidecar>(&*action)) {
                    sidecars.push_back(std::move(*sidecar));
                } else {
                    replay.add_checkpoint_action(std::move(*action));
                }
            }
        }
    }
    replay.close_segment();
    return {};
}

Status read_json(const TableLocation& location, const std::string& path, LogReplay& replay,
                 std::vector<Sidecar>& sidecars) {
    INGOT_TRY_ASSIGN(std::string bytes, location.store->read(path));
    const LogText text(fmt::format("{}/{}", location.store->uri(), path), std::move(bytes));
    ActionParser parser;
    std::set<std::size_t> kinds;
    for (const auto& line : text.lines()) {
        INGOT_TRY_ASSIGN(auto parsed, parse_line(parser, text, line));
        if (parsed.add != nullptr) replay.add_checkpoint_file(*parsed.add);
        if (!parsed.action) continue;
        kinds.insert(parsed.action->index());
        if (auto* sidecar = std::get_if<Sidecar>(&*parsed.action)) {
            sidecars.push_back(std::move(*sidecar));
        } else if (!std::holds_alternative<Remove>(*parsed.action)) {
            replay.add_checkpoint_action(std::move(*parsed.action));
        }
    }
    replay.close_segment();
    // Text has no end mark as Parquet has: what every checkpoint holds must be there.
    for (const Action& needed :
         {Action(CheckpointMetadata{}), Action(Protocol{}), Action(Metadata{})}) {
        if (kinds.contains(needed.index())) continue;
        return make_error(ErrorCode::kCorruptData,
                          "{} is cut off: its protocol, metaData or checkpointMetadata is missing",
                          text.name());
    }
    return {};
}

Result<std::string> sidecar_path(const TableLocation& location, const Sidecar& sidecar) {
    if (is_absolute(sidecar.path)) return resolve_data_path(location, sidecar.path);
    const auto decoded = uri_decode(sidecar.path);
    if (!decoded) {
        return make_error(ErrorCode::kCorruptData, "'{}' in a checkpoint is no URI", sidecar.path);
    }
    return location.object(std::string(kSidecarFolder) + *decoded);
}

/// A file that the checkpoint consists of must be there and readable.
Status in_checkpoint(const TableLocation& location, const std::string& path, Status status) {
    if (status) return status;
    Error error = std::move(status).error();
    if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kCorruptData;
    return std::move(error).with(
        fmt::format("while reading the checkpoint {}/{}", location.store->uri(), path));
}

}  // namespace

Status read_checkpoint(const TableLocation& location, const CheckpointFiles& files,
                       ParquetIo& parquet, LogReplay& replay) {
    std::vector<Sidecar> sidecars;
    for (const auto& file : files.files) {
        INGOT_TRY(in_checkpoint(
            location, file.path,
            files.is_json ? read_json(location, file.path, replay, sidecars)
                          : read_parquet(location, file.path, parquet, replay, sidecars)));
    }
    for (const Sidecar& sidecar : sidecars) {
        INGOT_TRY_ASSIGN(const std::string path, sidecar_path(location, sidecar));
        std::vector<Sidecar> nested;
        INGOT_TRY(
            in_checkpoint(location, path, read_parquet(location, path, parquet, replay, nested)));
    }
    return {};
}

Result<std::optional<Error>> damage_of(Status read) {
    if (read) return std::optional<Error>();
    const ErrorCode code = read.error().code;
    const bool is_damage = code == ErrorCode::kCorruptData || code == ErrorCode::kNotFound;
    if (!is_damage) return std::move(read).error();
    return std::optional<Error>(std::move(read).error());
}

Status each_checkpoint_tombstone(const TableLocation& location, const CheckpointFiles& files,
                                 ParquetIo& parquet, const std::function<void(Remove)>& visit) {
    const auto from_parquet = [&](const std::string& path) -> Status {
        const Schema wanted{{checkpoint_column("remove")}};
        INGOT_TRY_ASSIGN(const auto reader, parquet.read(*location.store, path, wanted));
        while (true) {
            INGOT_TRY_ASSIGN(const auto batch, reader->next());
            if (!batch) return {};
            const Column* column = batch->column("remove");
            for (std::int64_t row = 0; column != nullptr && row < batch->rows; ++row) {
                const auto path_text = text_at(member(column, "path"), row);
                if (column->is_null(row) || !path_text) continue;
                Remove remove;
                remove.path = *path_text;
                remove.deletion_timestamp = long_at(member(column, "deletionTimestamp"), row);
                remove.data_change = boolean_at(member(column, "dataChange"), row).value_or(false);
                remove.extended_file_metadata =
                    boolean_at(member(column, "extendedFileMetadata"), row).value_or(false);
                for (auto& [name, value] : text_map_at(member(column, "partitionValues"), row)) {
                    remove.partition_values.emplace(name, value);
                }
                remove.size = long_at(member(column, "size"), row);
                remove.tags = text_map_at(member(column, "tags"), row);
                remove.deletion_vector = deletion_vector_at(member(column, "deletionVector"), row);
                remove.base_row_id = long_at(member(column, "baseRowId"), row);
                remove.default_row_commit_version =
                    long_at(member(column, "defaultRowCommitVersion"), row);
                visit(std::move(remove));
            }
        }
    };
    const auto from_json = [&](const std::string& path, std::vector<Sidecar>& sidecars) -> Status {
        INGOT_TRY_ASSIGN(std::string bytes, location.store->read(path));
        INGOT_TRY_ASSIGN(auto actions, parse_actions(LogText(path, std::move(bytes))));
        for (Action& action : actions) {
            if (auto* remove = std::get_if<Remove>(&action)) visit(std::move(*remove));
            if (auto* sidecar = std::get_if<Sidecar>(&action)) sidecars.push_back(*sidecar);
        }
        return {};
    };
    const auto sidecars_of = [&](const std::string& path) -> Result<std::vector<Sidecar>> {
        std::vector<Sidecar> sidecars;
        const Schema wanted{{checkpoint_column("sidecar")}};
        INGOT_TRY_ASSIGN(const auto reader, parquet.read(*location.store, path, wanted));
        while (true) {
            INGOT_TRY_ASSIGN(const auto batch, reader->next());
            if (!batch) return sidecars;
            for (std::int64_t row = 0; row < batch->rows; ++row) {
                auto action = other_action_at(*batch, row);
                if (action) sidecars.push_back(std::get<Sidecar>(*action));
            }
        }
    };
    for (const auto& file : files.files) {
        std::vector<Sidecar> sidecars;
        if (files.is_json) {
            INGOT_TRY(from_json(file.path, sidecars));
        } else {
            INGOT_TRY(from_parquet(file.path));
            INGOT_TRY_ASSIGN(sidecars, sidecars_of(file.path));
        }
        for (const Sidecar& sidecar : sidecars) {
            INGOT_TRY_ASSIGN(const std::string path, sidecar_path(location, sidecar));
            INGOT_TRY(from_parquet(path));
        }
    }
    return {};
}

}  // namespace ingot::delta

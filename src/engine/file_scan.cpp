#include <algorithm>

#include "engine/delta_files_internal.hpp"
#include "engine/errors_internal.hpp"
#include "engine/file_scan_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

using Definitions = duckdb::vector<duckdb::MultiFileColumnDefinition>;

/// How the members of a field are found in a file: under a physical name, or a field id.
struct Naming {
    std::string physical_name;
    std::optional<std::int32_t> field_id;
};

std::optional<std::string> metadata_text(const Field& field, const char* key) {
    const auto found = field.metadata.find(key);
    if (found == field.metadata.end()) {
        return std::nullopt;
    }
    const auto& json = found->second;
    const auto is_quoted = json.size() >= 2 && json.front() == '"' && json.back() == '"';
    return is_quoted ? json.substr(1, json.size() - 2) : json;
}

Naming naming_of(const Field& field) {
    Naming naming;
    naming.physical_name =
        metadata_text(field, "delta.columnMapping.physicalName").value_or(field.name);
    if (const auto id = metadata_text(field, "delta.columnMapping.id")) {
        naming.field_id = std::stoi(*id);
    }
    return naming;
}

duckdb::MultiFileColumnDefinition definition_of(const Field& field, const Naming& naming,
                                                bool by_id);

bool holds_struct(const DataType& type) {
    const auto& parts = type.fields();
    return type.id() == TypeId::kStruct ||
           std::any_of(parts.begin(), parts.end(),
                       [](const Field& part) { return holds_struct(part.type); });
}

/// The children under which the engine's column mapper looks for the parts of a nested type. Lists
/// and maps without structs are matched whole: writers name their parts in many ways.
Definitions children_of(const DataType& type, bool by_id) {
    Definitions children;
    if (!holds_struct(type)) {
        return children;
    }
    if (type.id() == TypeId::kStruct) {
        for (const auto& member : type.fields()) {
            children.push_back(definition_of(member, naming_of(member), by_id));
        }
    }
    if (type.id() == TypeId::kArray) {
        const Field element{"list", type.fields()[0].type, true, {}};
        children.push_back(definition_of(element, {"list", std::nullopt}, by_id));
    }
    if (type.id() == TypeId::kMap) {
        const Field key{"key", type.fields()[0].type, true, {}};
        const Field value{"value", type.fields()[1].type, true, {}};
        children.push_back(definition_of(key, {"key", std::nullopt}, by_id));
        children.push_back(definition_of(value, {"value", std::nullopt}, by_id));
    }
    return children;
}

duckdb::MultiFileColumnDefinition definition_of(const Field& field, const Naming& naming,
                                                bool by_id) {
    const auto type = to_logical_type(field.type);
    duckdb::MultiFileColumnDefinition definition(field.name, type);
    definition.identifier = by_id && naming.field_id ? duckdb::Value::INTEGER(*naming.field_id)
                                                     : duckdb::Value(naming.physical_name);
    definition.default_expression =
        duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(type));
    definition.children = children_of(field.type, by_id);
    return definition;
}

struct FileScanInfo final : duckdb::TableFunctionInfo {};

/// One file whose size is known, so that opening it needs no look at the store.
duckdb::OpenFileInfo single_file(const ScanSource& source) {
    duckdb::OpenFileInfo info(source.file);
    info.extended_info = duckdb::make_shared_ptr<duckdb::ExtendedOpenFileInfo>();
    return info;
}

class FileListOfOne final : public duckdb::MultiFileList {
public:
    explicit FileListOfOne(ScanSourcePtr source) : source_(std::move(source)) {}
    const ScanSourcePtr& source() const { return source_; }

    duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override {
        return {single_file(*source_)};
    }
    /// Never SINGLE_FILE: that answer makes the Parquet bind data read fields which only an opened
    /// first file sets.
    duckdb::FileExpandResult GetExpandResult() const override {
        return duckdb::FileExpandResult::MULTIPLE_FILES;
    }
    duckdb::idx_t GetTotalFileCount() const override { return 1; }
    duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(
        duckdb::ClientContext&) const override {
        return nullptr;
    }
    duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override {
        return duckdb::make_uniq<FileListOfOne>(source_);
    }

protected:
    duckdb::OpenFileInfo GetFile(duckdb::idx_t index) const override {
        return index == 0 ? single_file(*source_) : duckdb::OpenFileInfo();
    }

private:
    ScanSourcePtr source_;
};

class FileScanReader final : public duckdb::MultiFileReader {
public:
    static duckdb::unique_ptr<duckdb::MultiFileReader> Create(const duckdb::TableFunction&) {
        return duckdb::make_uniq<FileScanReader>();
    }
    duckdb::unique_ptr<duckdb::MultiFileReader> Copy() const override {
        auto copy = duckdb::make_uniq<FileScanReader>();
        copy->function_name = function_name;
        return copy;
    }

    duckdb::shared_ptr<duckdb::MultiFileList> CreateFileList(
        duckdb::ClientContext& context, const duckdb::vector<std::string>& paths,
        const duckdb::FileGlobInput&) override {
        auto source = SessionScans::of(context)->find(paths.at(0));
        if (source == nullptr) {
            throw_error(make_error(ErrorCode::kInvalidArgument,
                                   "{}({}) names no source of this "
                                   "statement",
                                   kFileScanFunction, paths.at(0)));
        }
        if (source->snapshot) {
            return make_delta_file_list(std::move(source));
        }
        return duckdb::make_shared_ptr<FileListOfOne>(std::move(source));
    }

    /// The schema is known: no file is opened to bind a query.
    bool Bind(duckdb::MultiFileOptions& options, duckdb::MultiFileList& files,
              duckdb::vector<duckdb::LogicalType>& types, duckdb::vector<std::string>& names,
              duckdb::MultiFileReaderBindData& bind_data) override {
        options.auto_detect_hive_partitioning = false;
        options.hive_partitioning = false;
        const auto& source = source_of(files);
        for (const auto& column : source.columns) {
            names.push_back(column.name);
            types.push_back(column.type);
            bind_data.schema.push_back(column);
        }
        bind_data.mapping = source.mapping;
        return true;
    }

    void FinalizeBind(duckdb::MultiFileReaderData& data,
                      const duckdb::MultiFileOptions& file_options,
                      const duckdb::MultiFileReaderBindData& options,
                      const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
                      const duckdb::vector<duckdb::ColumnIndex>& column_ids,
                      duckdb::ClientContext& context,
                      duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> global) override {
        MultiFileReader::FinalizeBind(data, file_options, options, columns, column_ids, context,
                                      global);
        if (as_delta_file_list(*global->file_list) != nullptr) {
            finalize_delta_file(data, column_ids, *global->file_list);
        }
    }

    duckdb::unique_ptr<duckdb::MultiFileReaderGlobalState> InitializeGlobalState(
        duckdb::ClientContext&, const duckdb::MultiFileOptions&,
        const duckdb::MultiFileReaderBindData&, const duckdb::MultiFileList& file_list,
        const duckdb::vector<duckdb::MultiFileColumnDefinition>&,
        const duckdb::vector<duckdb::ColumnIndex>&) override {
        return duckdb::make_uniq<duckdb::MultiFileReaderGlobalState>(
            duckdb::vector<duckdb::LogicalType>(), &file_list);
    }

private:
    static const ScanSource& source_of(const duckdb::MultiFileList& files) {
        if (const auto* delta_files = as_delta_file_list(files)) {
            return delta_files->source();
        }
        return *static_cast<const FileListOfOne&>(files).source();
    }
};

}  // namespace

ScanSourcePtr make_file_source(const Schema& wanted, std::string path, std::uint64_t size) {
    auto source = std::make_shared<ScanSource>();
    for (const auto& field : wanted.fields) {
        source->columns.push_back(definition_of(field, {field.name, std::nullopt}, false));
    }
    source->file = std::move(path);
    source->file_size = size;
    return source;
}

ScanSourcePtr make_schema_source(const Schema& schema, std::string table) {
    auto source = std::make_shared<ScanSource>();
    for (const auto& field : schema.fields) {
        source->columns.push_back(definition_of(field, {field.name, std::nullopt}, false));
    }
    source->table = std::move(table);
    return source;
}

const ScanSource& scan_source_of(const duckdb::FunctionData& bind_data) {
    const auto& files = *bind_data.Cast<duckdb::MultiFileBindData>().file_list;
    if (const auto* delta_files = as_delta_file_list(files)) {
        return delta_files->source();
    }
    return *static_cast<const FileListOfOne&>(files).source();
}

ScanSourcePtr make_snapshot_source(delta::SnapshotPtr snapshot,
                                   const std::shared_ptr<StoreRegistry>& stores) {
    auto source = std::make_shared<ScanSource>();
    const auto by_id = snapshot->column_mapping() == delta::ColumnMappingMode::kId;
    for (const auto& column : snapshot->columns()) {
        source->columns.push_back(
            definition_of(column.field, {column.physical_name, column.field_id}, by_id));
    }
    if (by_id) {
        source->mapping = duckdb::MultiFileColumnMappingMode::BY_FIELD_ID;
    }
    source->lease = StoreRegistry::lease(
        stores, static_cast<const storage::ObjectStore&>(*snapshot->location().store));
    source->snapshot = std::move(snapshot);
    return source;
}

duckdb::shared_ptr<SessionScans> SessionScans::of(duckdb::ClientContext& context) {
    return context.registered_state->GetOrCreate<SessionScans>("ingot_scans");
}

std::string SessionScans::add(ScanSourcePtr source) {
    auto state = state_.lock();
    auto key = std::to_string(state->next++);
    state->sources.emplace(key, std::move(source));
    return key;
}

ScanSourcePtr SessionScans::find(const std::string& key) const {
    auto state = state_.lock();
    const auto found = state->sources.find(key);
    return found == state->sources.end() ? nullptr : found->second;
}

void SessionScans::QueryEnd() {
    state_.lock()->sources.clear();
}

void register_file_scan(duckdb::ExtensionLoader& loader) {
    auto functions = loader.GetTableFunction("parquet_scan").functions;
    functions.name = kFileScanFunction;
    for (auto& function : functions.functions) {
        function.name = kFileScanFunction;
        function.get_multi_file_reader = FileScanReader::Create;
        function.get_partition_stats = delta_partition_stats;
        // These would look only at an opened first file, or forget the source.
        function.statistics = nullptr;
        function.statistics_extended = nullptr;
        function.serialize = nullptr;
        function.deserialize = nullptr;
    }
    loader.RegisterFunction(functions);
}

}  // namespace ingot::engine

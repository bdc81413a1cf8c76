#include <algorithm>

#include "engine/delta_files_internal.hpp"
#include "engine/errors_internal.hpp"
#include "engine/filter_predicate_internal.hpp"
#include "engine/partition_filter_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

constexpr const char* kOrdinalOption = "ingot_file";

/// Rows of one file that a deletion vector hides. Called for every vector of rows, from several
/// threads.
class DeletedRows final : public duckdb::DeleteFilter {
public:
    explicit DeletedRows(std::shared_ptr<const std::vector<std::uint64_t>> rows)
        : rows_(std::move(rows)) {}

    duckdb::idx_t Filter(duckdb::row_t start, duckdb::idx_t count,
                         duckdb::SelectionVector& kept_rows) override {
        if (count == 0) {
            return 0;
        }
        kept_rows.Initialize(STANDARD_VECTOR_SIZE);
        const auto first = static_cast<std::uint64_t>(start);
        auto next = std::lower_bound(rows_->begin(), rows_->end(), first);
        duckdb::idx_t kept = 0;
        for (duckdb::idx_t i = 0; i < count; ++i) {
            if (next != rows_->end() && *next == first + i) {
                ++next;
                continue;
            }
            kept_rows.set_index(kept++, i);
        }
        return kept;
    }

private:
    std::shared_ptr<const std::vector<std::uint64_t>> rows_;
};

/// Data files lie within the table's store, or elsewhere under an absolute path.
std::string engine_path(const ScanSource& source, const std::string& path) {
    if (path.starts_with("file://")) {
        return path.substr(7);
    }
    if (path.starts_with('/')) {
        return path;
    }
    if (path.find("://") != std::string::npos) {
        throw_error(make_error(ErrorCode::kUnsupported,
                               "the table names a data file in another store: {}", path));
    }
    return readable_path(*source.snapshot->location().store, *source.lease, path);
}

}  // namespace

DeltaFileList::DeltaFileList(ScanSourcePtr source,
                             std::shared_ptr<const delta::FileSelection> files)
    : source_(std::move(source)), files_(std::move(files)) {}

duckdb::unique_ptr<duckdb::MultiFileList> DeltaFileList::with_files(
    delta::FileSelection kept) const {
    if (kept.size() == files_->size()) {
        return nullptr;
    }
    return duckdb::make_uniq<DeltaFileList>(
        source_, std::make_shared<const delta::FileSelection>(std::move(kept)));
}

duckdb::unique_ptr<duckdb::MultiFileList> DeltaFileList::ComplexFilterPushdown(
    duckdb::ClientContext& context, const duckdb::MultiFileOptions&,
    duckdb::MultiFilePushdownInfo& info,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) const {
    if (filters.empty()) {
        return nullptr;
    }
    auto kept = snapshot().files().select(
        predicate_of_expressions(context, snapshot(), info, filters), *files_);
    kept = select_by_partition(context, snapshot(), info, filters, std::move(kept));
    auto fewer = with_files(std::move(kept));
    info.extra_info.total_files = files_->size();
    info.extra_info.filtered_files = fewer ? fewer->GetTotalFileCount() : files_->size();
    return fewer;
}

duckdb::unique_ptr<duckdb::MultiFileList> DeltaFileList::DynamicFilterPushdown(
    duckdb::ClientContext&, const duckdb::MultiFileOptions&, const duckdb::vector<std::string>&,
    const duckdb::vector<duckdb::LogicalType>&, const duckdb::vector<duckdb::column_t>& column_ids,
    duckdb::TableFilterSet& filters) const {
    const auto predicate = predicate_of_filters(snapshot(), column_ids, filters);
    return with_files(snapshot().files().select(predicate, *files_));
}

duckdb::vector<duckdb::OpenFileInfo> DeltaFileList::GetAllFiles() const {
    duckdb::vector<duckdb::OpenFileInfo> result;
    for (duckdb::idx_t i = 0; i < files_->size(); ++i) {
        result.push_back(GetFile(i));
    }
    return result;
}

duckdb::FileExpandResult DeltaFileList::GetExpandResult() const {
    // Never SINGLE_FILE: that answer makes the Parquet bind data read fields which only an opened
    // first file sets.
    return files_->empty() ? duckdb::FileExpandResult::NO_FILES
                           : duckdb::FileExpandResult::MULTIPLE_FILES;
}

duckdb::unique_ptr<duckdb::NodeStatistics> DeltaFileList::GetCardinality(
    duckdb::ClientContext&) const {
    // Must be answered: without it the Parquet callback reads fields that nothing has set.
    if (const auto rows = snapshot().files().live_rows(*files_)) {
        const auto count = static_cast<duckdb::idx_t>(std::max<std::int64_t>(*rows, 0));
        return duckdb::make_uniq<duckdb::NodeStatistics>(count, count);
    }
    constexpr duckdb::idx_t kBytesPerRowGuess = 64;
    duckdb::idx_t bytes = 0;
    for (const auto file : *files_) {
        bytes += static_cast<duckdb::idx_t>(snapshot().files().size(file));
    }
    return duckdb::make_uniq<duckdb::NodeStatistics>(bytes / kBytesPerRowGuess);
}

duckdb::unique_ptr<duckdb::MultiFileList> DeltaFileList::Copy() const {
    return duckdb::make_uniq<DeltaFileList>(source_, files_);
}

duckdb::OpenFileInfo DeltaFileList::GetFile(duckdb::idx_t index) const {
    if (index >= files_->size()) {
        return duckdb::OpenFileInfo();
    }
    const auto file = (*files_)[index];
    const auto& index_of_files = snapshot().files();
    duckdb::OpenFileInfo info(
        engine_path(*source_, value_or_throw(snapshot().data_file_path(file))));
    info.extended_info = duckdb::make_shared_ptr<duckdb::ExtendedOpenFileInfo>();
    auto& options = info.extended_info->options;
    options["file_size"] =
        duckdb::Value::UBIGINT(static_cast<std::uint64_t>(index_of_files.size(file)));
    options["has_deletes"] =
        duckdb::Value::BOOLEAN(index_of_files.deletion_vector(file).has_value());
    // Data files never change: what the engine has cached of one stays right.
    options["validate_external_file_cache"] = duckdb::Value::BOOLEAN(false);
    options["etag"] = duckdb::Value("");
    options["last_modified"] = duckdb::Value::TIMESTAMP(
        duckdb::timestamp_t(index_of_files.modification_time(file) * 1000));
    // Positions shift when files are pruned; the ordinal stays.
    options[kOrdinalOption] = duckdb::Value::UINTEGER(file.value());
    return info;
}

duckdb::shared_ptr<duckdb::MultiFileList> make_delta_file_list(ScanSourcePtr source) {
    auto all = std::make_shared<const delta::FileSelection>(source->snapshot->files().all());
    return duckdb::make_shared_ptr<DeltaFileList>(std::move(source), std::move(all));
}

const DeltaFileList* as_delta_file_list(const duckdb::MultiFileList& files) {
    return dynamic_cast<const DeltaFileList*>(&files);
}

void finalize_delta_file(duckdb::MultiFileReaderData& data,
                         const duckdb::vector<duckdb::ColumnIndex>& column_ids,
                         const duckdb::MultiFileList& files) {
    const auto& snapshot = as_delta_file_list(files)->snapshot();
    const auto& options = data.reader->file.extended_info->options;
    const delta::FileOrdinal file(options.at(kOrdinalOption).GetValue<std::uint32_t>());
    for (duckdb::idx_t i = 0; i < column_ids.size(); ++i) {
        const auto column = column_ids[i].GetPrimaryIndex();
        if (duckdb::IsVirtualColumn(column) || !snapshot.columns()[column].partition_index) {
            continue;
        }
        const auto& definition = snapshot.columns()[column];
        const auto& value = snapshot.files().partition_value(file, *definition.partition_index);
        data.constant_map.Add(duckdb::MultiFileGlobalIndex(i),
                              value.is_null()
                                  ? duckdb::Value(to_logical_type(definition.field.type))
                                  : to_value(value));
    }
    if (snapshot.files().deletion_vector(file)) {
        auto rows = value_or_throw(snapshot.deleted_rows(file));
        if (rows) {
            data.reader->deletion_filter = duckdb::make_uniq<DeletedRows>(std::move(rows));
        }
    }
}

duckdb::vector<duckdb::PartitionStatistics> delta_partition_stats(
    duckdb::ClientContext&, duckdb::GetPartitionStatsInput& input) {
    duckdb::vector<duckdb::PartitionStatistics> result;
    const auto& bind_data = input.bind_data->Cast<duckdb::MultiFileBindData>();
    const auto* list = as_delta_file_list(*bind_data.file_list);
    const auto rows =
        list == nullptr ? std::nullopt : list->snapshot().files().live_rows(list->files());
    if (rows) {
        duckdb::PartitionStatistics statistics;
        statistics.count = static_cast<duckdb::idx_t>(*rows);
        statistics.count_type = duckdb::CountType::COUNT_EXACT;
        result.push_back(std::move(statistics));
    }
    return result;
}

}  // namespace ingot::engine

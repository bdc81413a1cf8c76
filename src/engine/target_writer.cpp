#include <algorithm>

#include "base/time.hpp"
#include "delta/commit.hpp"
#include "engine/errors_internal.hpp"
#include "engine/file_statistics_internal.hpp"
#include "engine/null_check_internal.hpp"
#include "engine/physical_layout_internal.hpp"
#include "engine/target_writer_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

constexpr std::size_t kRowGroupRowsMax = 2 * 122'880;
constexpr std::size_t kRowGroupBytesMax = 32U << 20;
/// What a thread has left over at its end is worth a row group of its own from here on; less is put
/// together with what the others have left.
constexpr std::size_t kOwnRowGroupBytesMin = 4U << 20;
constexpr duckdb::hash_t kNoPartitions = 0;

}  // namespace

struct TargetWriter::OpenFile {
    std::string name;    ///< Within the table, not encoded.
    std::string object;  ///< Within the store.
    duckdb::unique_ptr<duckdb::GlobalFunctionData> state;
    duckdb::CopyFunctionFileStatistics statistics;
    int users = 0;
    bool is_full = false;
};

struct TargetWriter::Partition {
    std::vector<duckdb::Value> key;
    delta::PartitionValues values;
    std::string folder;  ///< With a slash at the end, or empty.
    std::mutex mutex;    ///< Guards what follows.
    std::shared_ptr<OpenFile> file;
    std::unique_ptr<duckdb::ColumnDataCollection> left_over;
};

struct TargetWriter::Buffer {
    explicit Buffer(duckdb::ClientContext& context,
                    const duckdb::vector<duckdb::LogicalType>& types, Partition* owner)
        : partition(owner), rows(std::make_unique<duckdb::ColumnDataCollection>(context, types)) {
        rows->InitializeAppend(append);
    }
    Partition* partition;
    std::unique_ptr<duckdb::ColumnDataCollection> rows;
    duckdb::ColumnDataAppendState append;
};

TargetWriter::Local::Local() = default;
TargetWriter::Local::~Local() = default;

std::optional<std::size_t> SourceColumns::find(std::string_view name) const {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (duckdb::StringUtil::CIEquals(names[i], std::string(name))) {
            return i;
        }
    }
    return std::nullopt;
}

TargetWriter::TargetWriter(duckdb::ClientContext& context, const WriteTarget& target,
                           const SourceColumns& source, std::shared_ptr<StoreRegistry::Lease> lease)
    : target_(target), lease_(std::move(lease)), parquet_("parquet") {
    plan_columns(source);
    bind_parquet(context);
    const auto memory = duckdb::BufferManager::GetBufferManager(context).GetMaxMemory();
    const auto threads =
        static_cast<std::size_t>(duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads());
    thread_bytes_max_ = std::clamp<std::size_t>(memory / (8 * std::max<std::size_t>(threads, 1)),
                                                8U << 20, 256U << 20);
    buffer_bytes_max_ = std::min(kRowGroupBytesMax, thread_bytes_max_);
    tasks_ = std::make_unique<FileTasks>(thread_bytes_max_);
}

TargetWriter::~TargetWriter() = default;

bool TargetWriter::takes(std::string_view name) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& column) {
        return duckdb::StringUtil::CIEquals(column, std::string(name));
    });
}

void TargetWriter::append(duckdb::ClientContext& context, Local& local, duckdb::DataChunk& rows) {
    convert(context, rows, local);
    check_not_null(local.typed_);
    rows_seen_ += static_cast<std::int64_t>(rows.size());
    route(context, local, local.typed_);
}

void TargetWriter::combine(duckdb::ClientContext& context, Local& local) {
    for (auto& [hash, buffer] : local.buffers_) {
        auto& partition = *buffer->partition;
        if (buffer->rows->SizeInBytes() >= kOwnRowGroupBytesMin) {
            flush(context, partition, std::move(buffer->rows));
            continue;
        }
        const std::lock_guard lock(partition.mutex);
        if (partition.left_over) {
            partition.left_over->Combine(*buffer->rows);
        } else {
            partition.left_over = std::move(buffer->rows);
        }
    }
    local.buffers_.clear();
    if (local.overflow_) {
        const std::lock_guard lock(mutex_);
        if (overflow_) {
            overflow_->Combine(*local.overflow_->rows);
        } else {
            overflow_ = std::move(local.overflow_->rows);
        }
        local.overflow_.reset();
    }
}

void TargetWriter::finish(duckdb::ClientContext& context) {
    for (auto& [hash, partition] : partitions_) {
        close_later(context, *partition);
    }
    tasks_->wait();
}

void TargetWriter::append_sorted(duckdb::ClientContext& context, Local& local,
                                 duckdb::DataChunk& rows) {
    convert(context, rows, local);
    route(context, local, local.typed_);
}

std::unique_ptr<duckdb::ColumnDataCollection> TargetWriter::take_overflow() {
    // What comes now is the second pass: its columns are the target's own.
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        columns_[i].source = i;
    }
    is_second_pass_ = true;
    return std::move(overflow_);
}

void TargetWriter::finish_sorted(duckdb::ClientContext& context, Local& local) {
    close_current(context, local);
    tasks_->wait();
}

Result<WriteResult> TargetWriter::result() const {
    const auto seen = rows_seen_.load();
    if (result_.rows != seen) {
        return make_error(ErrorCode::kInternal,
                          "{} rows came for {} and its new files hold {}; nothing was published",
                          seen, target_.location.to_string(), result_.rows);
    }
    return result_;
}

void TargetWriter::discard() {
    tasks_->stop();
    for (const auto& object : objects_) {
        // Best effort: the files were never in the log, and a later cleanup finds them.
        static_cast<void>(target_.location.store->remove(object));
    }
    objects_.clear();
}

void TargetWriter::plan_columns(const SourceColumns& source) {
    for (const auto& column : target_.columns) {
        ColumnPlan plan{source.find(column.field.name), to_logical_type(column.field.type)};
        if (!plan.source && !column.field.nullable) {
            throw_error(make_error(ErrorCode::kInvalidArgument,
                                   "the query gives no column {}, which may not be null",
                                   column.field.name));
        }
        const auto is_partition =
            std::any_of(target_.partition_columns.begin(), target_.partition_columns.end(),
                        [&](const std::string& name) {
                            return duckdb::StringUtil::CIEquals(name, column.field.name);
                        });
        const auto index = columns_.size();
        (is_partition ? partition_columns_ : data_columns_).push_back(index);
        if (!is_partition) {
            data_types_.push_back(plan.type);
        }
        all_types_.push_back(plan.type);
        names_.push_back(column.field.name);
        columns_.push_back(std::move(plan));
    }
    if (data_columns_.empty()) {
        throw_error(make_error(ErrorCode::kInvalidArgument,
                               "{} has no column that is not a partition column",
                               target_.location.to_string()));
    }
}

void TargetWriter::bind_parquet(duckdb::ClientContext& context) {
    parquet_ = duckdb::Catalog::GetSystemCatalog(context)
                   .GetEntry<duckdb::CopyFunctionCatalogEntry>(context, DEFAULT_SCHEMA, "parquet")
                   .function;
    duckdb::vector<std::string> names;
    duckdb::vector<duckdb::LogicalType> types;
    for (const auto index : data_columns_) {
        names.push_back(target_.columns[index].physical_name);
        types.push_back(physical_type(target_.columns[index].field.type));
    }
    duckdb::CopyInfo info;
    info.format = "parquet";
    info.options["compression"] = {duckdb::Value(target_.compression)};
    if (target_.compression == "zstd") {
        info.options["compression_level"] = {duckdb::Value::BIGINT(target_.compression_level)};
    }
    if (auto ids = field_ids(target_, data_columns_)) {
        info.options["field_ids"] = {*std::move(ids)};
    }
    duckdb::CopyFunctionBindInput input(info, parquet_.function_info);
    input.file_extension = "parquet";
    parquet_bind_ = parquet_.copy_to_bind(context, input, names, types);
}

void TargetWriter::convert(duckdb::ClientContext& context, duckdb::DataChunk& rows, Local& local) {
    if (local.typed_.ColumnCount() == 0) {
        local.typed_.Initialize(context, all_types_);
    }
    local.typed_.Reset();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        auto& out = local.typed_.data[i];
        if (!columns_[i].source) {
            out.Reference(duckdb::Value(columns_[i].type));
            continue;
        }
        auto& in = rows.data[*columns_[i].source];
        if (in.GetType() == columns_[i].type) {
            out.Reference(in);
            continue;
        }
        std::string problem;
        if (!duckdb::VectorOperations::TryCast(context, in, out, rows.size(), &problem)) {
            throw_error(make_error(ErrorCode::kInvalidArgument,
                                   "column {} cannot be written as {}: {}", names_[i],
                                   target_.columns[i].field.type.to_string(), problem));
        }
    }
    local.typed_.SetCardinality(rows.size());
}

void TargetWriter::check_not_null(duckdb::DataChunk& typed) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (const auto name =
                find_forbidden_null(target_.columns[i].field, typed.data[i], typed.size())) {
            throw_error(make_error(ErrorCode::kInvalidArgument,
                                   "column {} of {} may not be null, and a row has a null there",
                                   *name, target_.location.to_string()));
        }
    }
}

void TargetWriter::route(duckdb::ClientContext& context, Local& local, duckdb::DataChunk& typed) {
    const auto sorted = is_second_pass_;
    if (partition_columns_.empty()) {
        route_group(context, local, typed, kNoPartitions, sorted);
        return;
    }
    duckdb::Vector hashes(duckdb::LogicalType::HASH);
    duckdb::vector<duckdb::idx_t> keys(partition_columns_.begin(), partition_columns_.end());
    typed.Hash(keys, hashes);
    hashes.Flatten(typed.size());
    const auto* values = duckdb::FlatVector::GetData<duckdb::hash_t>(hashes);
    // Groups in the order in which they begin, which keeps sorted rows sorted.
    std::vector<std::pair<duckdb::hash_t, std::vector<duckdb::sel_t>>> groups;
    std::unordered_map<duckdb::hash_t, std::size_t> group_of;
    for (duckdb::idx_t row = 0; row < typed.size(); ++row) {
        if (groups.empty() || groups.back().first != values[row]) {
            const auto [at, is_new] = group_of.emplace(values[row], groups.size());
            if (is_new) {
                groups.emplace_back(values[row], std::vector<duckdb::sel_t>());
            } else {
                groups[at->second].second.push_back(static_cast<duckdb::sel_t>(row));
                continue;
            }
        }
        groups.back().second.push_back(static_cast<duckdb::sel_t>(row));
    }
    if (groups.size() == 1) {
        if (!route_group(context, local, typed, groups.front().first, sorted)) {
            append_overflow(context, local, typed);
        }
        return;
    }
    // Appended at once: many small pieces would make the collection walk its own chunks again.
    std::vector<duckdb::sel_t> overflow;
    for (auto& [hash, rows] : groups) {
        duckdb::SelectionVector selection(rows.data());
        duckdb::DataChunk group;
        group.InitializeEmpty(all_types_);
        group.Slice(typed, selection, rows.size());
        if (!route_group(context, local, group, hash, sorted)) {
            overflow.insert(overflow.end(), rows.begin(), rows.end());
        }
    }
    if (!overflow.empty()) {
        duckdb::SelectionVector selection(overflow.data());
        duckdb::DataChunk rest;
        rest.InitializeEmpty(all_types_);
        rest.Slice(typed, selection, overflow.size());
        append_overflow(context, local, rest);
    }
}

bool TargetWriter::route_group(duckdb::ClientContext& context, Local& local,
                               duckdb::DataChunk& group, duckdb::hash_t hash, bool sorted) {
    const auto known = local.buffers_.find(hash);
    auto* partition = known != local.buffers_.end() ? known->second->partition
                                                    : find_partition(group, hash, sorted);
    if (partition == nullptr) {
        return false;
    }
    if (sorted && local.current_ != partition) {
        close_current(context, local);
        local.current_ = partition;
    }
    append_to(context, local, *partition, hash, group);
    return true;
}

TargetWriter::Partition* TargetWriter::find_partition(duckdb::DataChunk& rows, duckdb::hash_t hash,
                                                      bool sorted) {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(hash);
    if (found != partitions_.end()) {
        for (std::size_t i = 0; i < partition_columns_.size(); ++i) {
            const auto value = rows.GetValue(partition_columns_[i], 0);
            if (!duckdb::Value::NotDistinctFrom(value, found->second->key[i])) {
                throw_error(make_error(ErrorCode::kInternal, "two partitions of {} have one hash",
                                       target_.location.to_string()));
            }
        }
        return found->second.get();
    }
    if (!sorted && partitions_.size() >= kPartitionsOpenMax) {
        return nullptr;
    }
    auto partition = std::make_unique<Partition>();
    for (const auto index : partition_columns_) {
        partition->key.push_back(rows.GetValue(index, 0));
        const auto& column = target_.columns[index];
        const auto text =
            delta::serialize_partition_value(value_or_throw(from_value(partition->key.back())));
        partition->values[column.physical_name] = text;
        partition->folder += partition_folder(column.physical_name, text);
    }
    return partitions_.emplace(hash, std::move(partition)).first->second.get();
}

void TargetWriter::append_to(duckdb::ClientContext& context, Local& local, Partition& partition,
                             duckdb::hash_t hash, duckdb::DataChunk& rows) {
    auto& buffer = local.buffers_[hash];
    if (!buffer) {
        buffer = std::make_unique<Buffer>(context, data_types_, &partition);
    }
    if (partition_columns_.empty()) {
        buffer->rows->Append(buffer->append, rows);
    } else {
        duckdb::DataChunk data;
        data.InitializeEmpty(data_types_);
        for (std::size_t i = 0; i < data_columns_.size(); ++i) {
            data.data[i].Reference(rows.data[data_columns_[i]]);
        }
        data.SetCardinality(rows.size());
        buffer->rows->Append(buffer->append, data);
    }
    if (buffer->rows->Count() >= kRowGroupRowsMax ||
        buffer->rows->SizeInBytes() >= buffer_bytes_max_) {
        auto full = std::move(buffer->rows);
        local.buffers_.erase(hash);
        flush(context, partition, std::move(full));
        return;
    }
    if (local.buffers_.size() > 1) {
        enforce_budget(context, local);
    }
}

void TargetWriter::append_overflow(duckdb::ClientContext& context, Local& local,
                                   duckdb::DataChunk& rows) {
    if (!local.overflow_) {
        local.overflow_ = std::make_unique<Buffer>(context, all_types_, nullptr);
    }
    local.overflow_->rows->Append(local.overflow_->append, rows);
}

void TargetWriter::enforce_budget(duckdb::ClientContext& context, Local& local) {
    std::size_t total = 0;
    auto largest = local.buffers_.begin();
    std::size_t largest_bytes = 0;
    for (auto at = local.buffers_.begin(); at != local.buffers_.end(); ++at) {
        const auto bytes = at->second->rows->AllocationSize();
        total += bytes;
        if (bytes > largest_bytes) {
            largest = at;
            largest_bytes = bytes;
        }
    }
    if (total <= thread_bytes_max_) {
        return;
    }
    auto buffer = std::move(largest->second);
    local.buffers_.erase(largest);
    flush(context, *buffer->partition, std::move(buffer->rows));
}

void TargetWriter::flush(duckdb::ClientContext& context, Partition& partition,
                         std::unique_ptr<duckdb::ColumnDataCollection> rows) {
    auto file = open_file(context, partition);
    // Encoding is the work, and runs beside that of other threads; writing is short.
    duckdb::unique_ptr<duckdb::ColumnDataCollection> owned(rows.release());
    auto group = parquet_.prepare_batch(context, *parquet_bind_, *file->state, std::move(owned));
    auto close = false;
    {
        const std::lock_guard lock(partition.mutex);
        parquet_.flush_batch(context, *parquet_bind_, *file->state, *group);
        if (parquet_.rotate_next_file(*file->state, *parquet_bind_, target_.target_file_bytes)) {
            file->is_full = true;
            if (partition.file == file) {
                partition.file.reset();
            }
        }
        --file->users;
        close = file->is_full && file->users == 0;
    }
    if (close) {
        close_file(context, partition, *file);
    }
}

std::shared_ptr<TargetWriter::OpenFile> TargetWriter::open_file(duckdb::ClientContext& context,
                                                                Partition& partition) {
    const std::lock_guard lock(partition.mutex);
    if (!partition.file) {
        auto file = std::make_shared<OpenFile>();
        file->name = partition.folder + data_file_name(target_.file_prefix);
        file->object = target_.location.object(file->name);
        {
            const std::lock_guard list_lock(mutex_);
            objects_.push_back(file->object);
        }
        file->state =
            parquet_.copy_to_initialize_global(context, *parquet_bind_, lease_->path(file->object));
        parquet_.copy_to_get_written_statistics(context, *parquet_bind_, *file->state,
                                                file->statistics);
        partition.file = std::move(file);
    }
    ++partition.file->users;
    return partition.file;
}

void TargetWriter::close_file(duckdb::ClientContext& context, Partition& partition,
                              OpenFile& file) {
    parquet_.copy_to_finalize(context, *parquet_bind_, *file.state);
    file.state.reset();
    delta::Add add;
    add.path = encoded_path(file.name);
    add.partition_values = partition.values;
    add.size = static_cast<std::int64_t>(file.statistics.file_size_bytes);
    add.modification_time = system_clock().now().millis();
    add.data_change = true;
    add.stats = statistics_json(context, file.statistics, target_);
    const std::lock_guard lock(mutex_);
    result_.rows += static_cast<std::int64_t>(file.statistics.row_count);
    result_.bytes += file.statistics.file_size_bytes;
    result_.files.push_back(std::move(add));
}

void TargetWriter::close_current(duckdb::ClientContext& context, Local& local) {
    combine(context, local);
    if (local.current_ != nullptr) {
        close_later(context, *std::exchange(local.current_, nullptr));
    }
}

void TargetWriter::close_later(duckdb::ClientContext& context, Partition& partition) {
    const auto bytes = partition.left_over ? partition.left_over->AllocationSize() : 0;
    tasks_->submit(bytes, [this, &context, &partition] { close_partition(context, partition); });
}

void TargetWriter::close_partition(duckdb::ClientContext& context, Partition& partition) {
    if (partition.left_over) {
        flush(context, partition, std::move(partition.left_over));
    }
    if (auto file = std::move(partition.file)) {
        close_file(context, partition, *file);
    }
}

}  // namespace ingot::engine

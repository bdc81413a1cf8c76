#include <algorithm>

#include "delta/commit.hpp"
#include "delta/file_index_internal.hpp"
#include "delta/skipping_internal.hpp"

namespace ingot::delta {
namespace {

/// Parts up to this many rows are merged; larger ones are too dear to copy.
constexpr std::uint32_t kMergeRows = 32'768;

IndexPart make_part(SegmentPtr segment) {
    IndexPart part;
    const std::uint32_t rows = segment->rows();
    part.live.assign((rows + 63) / 64, ~std::uint64_t{0});
    if (rows % 64 != 0) part.live.back() = (std::uint64_t{1} << (rows % 64)) - 1;
    part.live_count = rows;
    for (std::uint32_t row = 0; row < rows; ++row) part.live_bytes += segment->size(row);
    part.segment = std::move(segment);
    return part;
}

/// The live rows of the parts as one new part; nothing when there are none.
std::optional<IndexPart> merged(const IndexPart* first, const IndexPart* second) {
    FileSegmentBuilder builder;
    for (const IndexPart* part : {first, second}) {
        if (part == nullptr) continue;
        part->each_live([&](std::uint32_t row) { builder.add(*part->segment, row); });
    }
    SegmentPtr segment = builder.finish();
    if (segment == nullptr) return std::nullopt;
    return make_part(std::move(segment));
}

Result<std::shared_ptr<const TypedPartitions>> type_partitions(const FileSegment& segment,
                                                               const TableConfig& config) {
    auto result = std::make_shared<TypedPartitions>();
    for (const std::size_t index : config.partition_columns()) {
        const TableColumn& column = config.columns()[index];
        result->columns.emplace_back(column.physical_name, column.field.type);
    }
    for (const PartitionValues& raw : segment.partitions()) {
        std::vector<Scalar> typed;
        for (const auto& [name, type] : result->columns) {
            const auto found = raw.find(name);
            // An add may leave out a column whose value is null.
            auto value =
                parse_partition_value(type, found == raw.end() ? std::nullopt : found->second);
            if (!value) {
                return std::move(value).error().with(
                    fmt::format("reading partition column '{}'", name));
            }
            typed.push_back(*std::move(value));
        }
        result->values.push_back(std::move(typed));
    }
    return std::shared_ptr<const TypedPartitions>(std::move(result));
}

bool is_typed_for(const TypedPartitions* partitions, const TableConfig& config) {
    if (partitions == nullptr || partitions->columns.size() != config.partition_columns().size()) {
        return false;
    }
    for (std::size_t i = 0; i < partitions->columns.size(); ++i) {
        const TableColumn& column = config.columns()[config.partition_columns()[i]];
        const auto& [name, type] = partitions->columns[i];
        if (name != column.physical_name || type != column.field.type) return false;
    }
    return true;
}

}  // namespace

std::size_t ColumnarFileIndex::live_count() const {
    std::size_t count = 0;
    for (const auto& part : parts_) count += part.live_count;
    return count;
}

FileSelection ColumnarFileIndex::all() const {
    FileSelection files;
    files.reserve(live_count());
    for (const auto& part : parts_) {
        part.each_live([&](std::uint32_t row) { files.emplace_back(part.base + row); });
    }
    return files;
}

FileSelection ColumnarFileIndex::select(const Predicate& predicate) const {
    FileSelection result;
    std::vector<std::uint32_t> rows;
    for (const auto& part : parts_) {
        rows.clear();
        part.each_live([&](std::uint32_t row) { rows.push_back(row); });
        for (const std::uint32_t row : rows_that_may_match(*config_, predicate, part, rows)) {
            result.emplace_back(part.base + row);
        }
    }
    return result;
}

FileSelection ColumnarFileIndex::select(const Predicate& predicate,
                                        const FileSelection& among) const {
    FileSelection result;
    std::vector<std::uint32_t> rows;
    auto next = among.begin();
    for (const auto& part : parts_) {
        rows.clear();
        const std::uint32_t end = part.base + part.segment->rows();
        for (; next != among.end() && next->value() < end; ++next) {
            rows.push_back(next->value() - part.base);
        }
        if (rows.empty()) continue;
        for (const std::uint32_t row : rows_that_may_match(*config_, predicate, part, rows)) {
            result.emplace_back(part.base + row);
        }
    }
    return result;
}

std::string_view ColumnarFileIndex::path(FileOrdinal file) const {
    const auto [part, row] = place(file);
    return part.segment->path(row);
}

std::int64_t ColumnarFileIndex::size(FileOrdinal file) const {
    const auto [part, row] = place(file);
    return part.segment->size(row);
}

std::int64_t ColumnarFileIndex::modification_time(FileOrdinal file) const {
    const auto [part, row] = place(file);
    return part.segment->modification_time(row);
}

std::optional<std::int64_t> ColumnarFileIndex::num_records(FileOrdinal file) const {
    const auto [part, row] = place(file);
    const std::int64_t count = part.segment->num_records(row);
    return count < 0 ? std::nullopt : std::optional(count);
}

const Scalar& ColumnarFileIndex::partition_value(FileOrdinal file,
                                                 std::size_t partition_column) const {
    const auto [part, row] = place(file);
    return part.partitions->values[part.segment->partition_id(row)].at(partition_column);
}

std::optional<DeletionVectorDescriptor> ColumnarFileIndex::deletion_vector(FileOrdinal file) const {
    const auto [part, row] = place(file);
    const auto* vector = part.segment->deletion_vector(row);
    return vector == nullptr ? std::nullopt : std::optional(*vector);
}

ColumnBounds ColumnarFileIndex::bounds(FileOrdinal file,
                                       const Predicate::ColumnPath& column) const {
    const auto [part, row] = place(file);
    const auto resolved = config_->resolve(column);
    if (!resolved) return {};
    if (resolved->partition_index) {
        const Scalar& value = partition_value(file, *resolved->partition_index);
        if (value.is_null()) return {std::nullopt, std::nullopt, num_records(file)};
        return {value, value, 0};
    }
    const auto stats = part.segment->columns({{resolved->physical_path, resolved->type}}).front();
    ColumnBounds result{stats->min(row), stats->max(row), std::nullopt};
    const std::int64_t nulls = stats->null_count[row];
    // With wide bounds only "no nulls" and "all nulls" are facts.
    const bool exact = nulls == 0 || nulls == part.segment->num_records(row) ||
                       !part.segment->has_wide_bounds(row);
    if (nulls >= 0 && exact) result.null_count = nulls;
    return result;
}

Add ColumnarFileIndex::add(FileOrdinal file) const {
    const auto [part, row] = place(file);
    return part.segment->add(row);
}

Remove ColumnarFileIndex::remove(FileOrdinal file, std::int64_t deletion_timestamp,
                                 bool data_change) const {
    Add add = this->add(file);
    Remove result;
    result.path = std::move(add.path);
    result.deletion_timestamp = deletion_timestamp;
    result.data_change = data_change;
    result.extended_file_metadata = true;
    result.partition_values = std::move(add.partition_values);
    result.size = add.size;
    result.tags = std::move(add.tags);
    result.deletion_vector = std::move(add.deletion_vector);
    result.base_row_id = add.base_row_id;
    result.default_row_commit_version = add.default_row_commit_version;
    return result;
}

std::optional<std::int64_t> ColumnarFileIndex::live_rows(const FileSelection& files) const {
    std::int64_t rows = 0;
    for (const FileOrdinal file : files) {
        const auto [part, row] = place(file);
        const std::int64_t count = part.segment->num_records(row);
        if (count < 0) return std::nullopt;
        const auto* vector = part.segment->deletion_vector(row);
        rows += count - (vector == nullptr ? 0 : vector->cardinality);
    }
    return rows;
}

std::int64_t ColumnarFileIndex::total_size() const {
    std::int64_t bytes = 0;
    for (const auto& part : parts_) bytes += part.live_bytes;
    return bytes;
}

std::optional<FileOrdinal> ColumnarFileIndex::find(std::string_view key) const {
    for (const auto& part : parts_) {
        const auto row = part.segment->find(key);
        if (row && part.is_live(*row)) return FileOrdinal(part.base + *row);
    }
    return std::nullopt;
}

ColumnarFileIndex::Place ColumnarFileIndex::place(FileOrdinal file) const {
    const auto after = std::upper_bound(
        parts_.begin(), parts_.end(), file.value(),
        [](std::uint32_t ordinal, const IndexPart& part) { return ordinal < part.base; });
    INGOT_CHECK(after != parts_.begin(), "a file ordinal of another snapshot");
    const IndexPart& part = *std::prev(after);
    const std::uint32_t row = file.value() - part.base;
    INGOT_CHECK(row < part.segment->rows(), "a file ordinal of another snapshot");
    return {part, row};
}

void FileIndexDraft::remove(std::string_view key) {
    for (auto& part : parts_) {
        const auto row = part.segment->find(key);
        if (!row || !part.is_live(*row)) continue;
        part.live[*row >> 6] &= ~(std::uint64_t{1} << (*row & 63));
        --part.live_count;
        part.live_bytes -= part.segment->size(*row);
        return;
    }
}

void FileIndexDraft::add(SegmentPtr segment) {
    if (segment != nullptr) parts_.push_back(make_part(std::move(segment)));
}

Result<std::shared_ptr<const ColumnarFileIndex>> FileIndexDraft::finish(
    std::shared_ptr<const TableConfig> config) && {
    merge_small_parts();
    auto index = std::make_shared<ColumnarFileIndex>();
    std::uint64_t base = 0;
    for (auto& part : parts_) {
        part.base = static_cast<std::uint32_t>(base);
        base += part.segment->rows();
        if (base > UINT32_MAX) {
            return make_error(ErrorCode::kUnsupported, "a table of more than 4 billion files");
        }
        if (!is_typed_for(part.partitions.get(), *config)) {
            INGOT_TRY_ASSIGN(part.partitions, type_partitions(*part.segment, *config));
        }
    }
    index->config_ = std::move(config);
    index->parts_ = std::move(parts_);
    return std::shared_ptr<const ColumnarFileIndex>(std::move(index));
}

void FileIndexDraft::merge_small_parts() {
    std::vector<IndexPart> kept;
    for (auto& part : parts_) {
        if (part.live_count == 0) continue;
        kept.push_back(std::move(part));
        IndexPart& last = kept.back();
        if (last.live_count < last.segment->rows() / 4) {
            if (auto compacted = merged(&last, nullptr)) last = *std::move(compacted);
        }
        // Sizes fall by half from part to part, as in a log-structured merge tree.
        while (kept.size() >= 2) {
            const IndexPart& older = kept[kept.size() - 2];
            const IndexPart& newer = kept.back();
            const bool worth_it = newer.live_count * 2 >= older.live_count &&
                                  older.live_count + newer.live_count <= kMergeRows;
            if (!worth_it) break;
            auto both = merged(&older, &newer);
            kept.pop_back();
            if (both) kept.back() = *std::move(both);
        }
    }
    parts_ = std::move(kept);
}

}  // namespace ingot::delta

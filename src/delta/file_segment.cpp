#include <charconv>
#include <functional>

#include "delta/file_segment_internal.hpp"
#include "delta/json_internal.hpp"
#include "delta/stats_parser_internal.hpp"

namespace ingot::delta {

std::string StatsKey::text() const {
    std::string text;
    for (const auto& part : path) {
        text += part;
        text += '\0';
    }
    return text + type.to_string();
}

namespace {

std::optional<Scalar> stats_value(const StatsColumn& column, std::size_t row, bool is_max) {
    const std::uint8_t flag = is_max ? StatsColumn::kHasMax : StatsColumn::kHasMin;
    if ((column.known[row] & flag) == 0) return std::nullopt;
    const auto pick = [&](const auto& values) {
        return is_max ? values.max[row] : values.min[row];
    };
    if (const auto* v = std::get_if<StatsColumn::Values<std::int64_t>>(&column.values)) {
        return Scalar::integer(column.type, pick(*v));
    }
    if (const auto* v = std::get_if<StatsColumn::Values<double>>(&column.values)) {
        return Scalar::floating(column.type, pick(*v));
    }
    if (const auto* v = std::get_if<StatsColumn::Values<Int128>>(&column.values)) {
        return Scalar::decimal(column.type, pick(*v));
    }
    if (const auto* v = std::get_if<StatsColumn::Values<std::string>>(&column.values)) {
        return Scalar::text(pick(*v));
    }
    return std::nullopt;
}

}  // namespace

std::optional<Scalar> StatsColumn::min(std::size_t row) const {
    return stats_value(*this, row, false);
}

std::optional<Scalar> StatsColumn::max(std::size_t row) const {
    return stats_value(*this, row, true);
}

std::optional<std::string_view> FileSegment::stats(std::uint32_t row) const {
    const std::string_view text = stats_[row];
    return text.empty() ? std::nullopt : std::optional(text);
}

const DeletionVectorDescriptor* FileSegment::deletion_vector(std::uint32_t row) const {
    const auto found = deletion_vectors_.find(row);
    return found == deletion_vectors_.end() ? nullptr : &found->second;
}

const AddExtras* FileSegment::extras(std::uint32_t row) const {
    const auto found = extras_.find(row);
    return found == extras_.end() ? nullptr : &found->second;
}

Add FileSegment::add(std::uint32_t row) const {
    Add add;
    add.path = path(row);
    add.partition_values = partitions_[partition_ids_[row]];
    add.size = size(row);
    add.modification_time = modification_time(row);
    if (const auto text = stats(row)) add.stats = std::string(*text);
    if (const auto* vector = deletion_vector(row)) add.deletion_vector = *vector;
    if (const auto* more = extras(row)) {
        add.tags = more->tags;
        add.base_row_id = more->base_row_id;
        add.default_row_commit_version = more->default_row_commit_version;
        add.clustering_provider = more->clustering_provider;
    }
    return add;
}

bool FileSegment::has_wide_bounds(std::uint32_t row) const {
    const auto text = stats(row);
    return text && stats_have_wide_bounds(*text);
}

std::vector<std::shared_ptr<const StatsColumn>> FileSegment::columns(
    const std::vector<StatsKey>& keys) const {
    auto cache = stats_cache_.lock();
    std::vector<StatsKey> missing;
    for (const auto& key : keys) {
        if (!cache->contains(key.text())) missing.push_back(key);
    }
    if (!missing.empty()) {
        // All missing columns in one pass over the texts.
        auto parsed = parse_stats_columns(stats_, missing);
        for (std::size_t i = 0; i < missing.size(); ++i) {
            cache->emplace(missing[i].text(), std::move(parsed[i]));
        }
    }
    std::vector<std::shared_ptr<const StatsColumn>> result;
    for (const auto& key : keys) result.push_back(cache->at(key.text()));
    return result;
}

std::optional<std::uint32_t> FileSegment::find(std::string_view key) const {
    const std::hash<std::string_view> hash;
    FileKeyBuilder builder;
    auto slots = key_slots_.lock();
    if (slots->empty()) {
        std::size_t count = 16;
        while (count < std::size_t{rows()} * 2) count *= 2;
        slots->assign(count, 0);
        for (std::uint32_t row = 0; row < rows(); ++row) {
            std::size_t slot = hash(builder.key(path(row), deletion_vector(row))) & (count - 1);
            while ((*slots)[slot] != 0) slot = (slot + 1) & (count - 1);
            (*slots)[slot] = row + 1;
        }
    }
    const std::size_t mask = slots->size() - 1;
    for (std::size_t slot = hash(key) & mask; (*slots)[slot] != 0; slot = (slot + 1) & mask) {
        const std::uint32_t row = (*slots)[slot] - 1;
        if (builder.key(path(row), deletion_vector(row)) == key) return row;
    }
    return std::nullopt;
}

std::unique_ptr<FileSegment> FileSegmentBuilder::make() {
    return std::unique_ptr<FileSegment>(new FileSegment());
}

void FileSegmentBuilder::add(const AddView& add) {
    const std::uint32_t row = rows();
    segment_->paths_.add(add.path);
    segment_->stats_.add(add.stats.value_or(std::string_view()));
    segment_->sizes_.push_back(add.size);
    segment_->modification_times_.push_back(add.modification_time);
    segment_->num_records_.push_back(add.stats ? num_records_of(*add.stats) : -1);
    segment_->partition_ids_.push_back(partition_id(add));
    if (add.deletion_vector) segment_->deletion_vectors_.emplace(row, *add.deletion_vector);
    if (!add.extras.empty()) segment_->extras_.emplace(row, add.extras);
}

void FileSegmentBuilder::add(const FileSegment& other, std::uint32_t row) {
    AddView view;
    view.path = other.path(row);
    for (const auto& [key, value] : other.partitions()[other.partition_id(row)]) {
        view.partition_values.emplace_back(key, value);
    }
    view.size = other.size(row);
    view.modification_time = other.modification_time(row);
    view.stats = other.stats(row);
    if (const auto* vector = other.deletion_vector(row)) view.deletion_vector = *vector;
    if (const auto* extras = other.extras(row)) view.extras = *extras;
    add(view);
}

std::uint32_t FileSegmentBuilder::partition_id(const AddView& add) {
    partition_key_.clear();
    for (const auto& [key, value] : add.partition_values) {
        partition_key_ += std::to_string(key.size());
        partition_key_ += key;
        partition_key_ += value ? std::to_string(value->size()) : "-";
        partition_key_ += ':';
        if (value) partition_key_ += *value;
    }
    const auto next = static_cast<std::uint32_t>(segment_->partitions_.size());
    const auto [found, is_new] = partition_ids_.emplace(partition_key_, next);
    if (is_new) {
        PartitionValues values;
        for (const auto& [key, value] : add.partition_values) {
            values.emplace(key, value ? std::optional<std::string>(*value) : std::nullopt);
        }
        segment_->partitions_.push_back(std::move(values));
    }
    return found->second;
}

SegmentPtr FileSegmentBuilder::finish() {
    if (rows() == 0) return nullptr;
    segment_->stats_.pad(json::kPadding);
    SegmentPtr result = std::move(segment_);
    segment_ = make();
    partition_ids_.clear();
    return result;
}

std::int64_t num_records_of(std::string_view stats) {
    // All writers put it first; the rare other text goes through the parser.
    static constexpr std::string_view kFirst = "{\"numRecords\":";
    if (stats.starts_with(kFirst)) {
        std::int64_t value = -1;
        const char* begin = stats.data() + kFirst.size();
        const auto [end, error] = std::from_chars(begin, stats.data() + stats.size(), value);
        const bool ends_well = end != stats.data() + stats.size() && (*end == ',' || *end == '}');
        if (error == std::errc() && ends_well) return value < 0 ? -1 : value;
    }
    return parse_num_records(stats);
}

}  // namespace ingot::delta

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/guarded.hpp"
#include "format/arrow_source_internal.hpp"
#include "format/arrow_stream.hpp"
#include "format/byte_stream_internal.hpp"

namespace ingot::format {
namespace {

std::string names_of(const Schema& schema) {
    std::string names;
    for (const Field& field : schema.fields) names += (names.empty() ? "" : ", ") + field.name;
    return names;
}

/// Which columns of a stream are taken, in the order of the source's schema.
struct Selection {
    std::vector<std::size_t> indexes;
    Schema schema;
};

Result<Selection> select_columns(const Schema& stream, const FormatSpec& spec,
                                 const std::string& file) {
    Selection selection;
    std::vector<bool> taken(stream.fields.size(), false);
    for (const ColumnSpec& column : spec.columns) {
        const std::string& name = column.source.empty() ? column.name : column.source.front();
        const std::optional<std::size_t> index = stream.index_of(name);
        if (!index) {
            return make_error(ErrorCode::kCorruptData,
                              "{}: the stream has no column '{}'; its columns are: {}", file, name,
                              names_of(stream));
        }
        taken[*index] = true;
        selection.indexes.push_back(*index);
        selection.schema.fields.push_back({column.name, stream.fields[*index].type, true, {}});
    }
    for (std::size_t i = 0; i < stream.fields.size(); ++i) {
        if (taken[i] || (!spec.columns.empty() && spec.unknown_fields == UnknownFields::kIgnore))
            continue;
        if (!spec.columns.empty() && spec.unknown_fields != UnknownFields::kAdd) {
            return make_error(ErrorCode::kCorruptData,
                              "{}: the stream has a column '{}', which is not declared", file,
                              stream.fields[i].name);
        }
        selection.indexes.push_back(i);
        selection.schema.fields.push_back(stream.fields[i]);
    }
    return selection;
}

struct OpenStream {
    std::unique_ptr<ArrowStreamReader> rows;
    Selection selection;
};

Result<OpenStream> open_stream(const InputFile& file, const FormatSpec& spec) {
    INGOT_TRY_ASSIGN(std::shared_ptr<ByteStream> bytes, open_byte_stream(file));
    OpenStream stream;
    INGOT_TRY_ASSIGN(
        stream.rows,
        ArrowStreamReader::open([bytes](std::span<std::byte> into) { return bytes->read(into); },
                                file.display_name()));
    INGOT_TRY_ASSIGN(stream.selection,
                     select_columns(stream.rows->schema(), spec, file.display_name()));
    return stream;
}

class Source final : public FormatSource {
public:
    Source(std::vector<InputFile> files, FormatSpec spec, ScanOptions options, Schema stream_schema)
        : files_(std::move(files)),
          spec_(std::move(spec)),
          options_(std::move(options)),
          stream_schema_(std::move(stream_schema)),
          schema_(stream_schema_),
          rejects_(options_.rejects) {
        for (const MetadataColumn& column : options_.metadata) {
            const bool text = column.kind == MetadataColumn::Kind::kFile;
            schema_.fields.push_back(
                {column.name, text ? TypeId::kString : TypeId::kLong, /*nullable=*/false, {}});
        }
        for (const InputFile& file : files_) {
            totals_.lock()->emplace_back().name = file.display_name();
        }
    }

    const Schema& schema() const override { return schema_; }
    std::size_t max_readers() const override {
        const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
        return std::clamp<std::size_t>(files_.size(), 1,
                                       options_.readers_max > 0 ? options_.readers_max : cores);
    }
    Result<std::unique_ptr<BatchReader>> open_reader() override;
    const FormatSpec& spec() const override { return spec_; }
    const RejectSink& rejects() const override { return rejects_; }
    ScanReport report() const override {
        ScanReport report;
        report.files = *totals_.lock();
        return report;
    }

private:
    friend class Reader;

    std::vector<InputFile> files_;
    FormatSpec spec_;
    ScanOptions options_;
    Schema stream_schema_;  ///< Without the metadata columns.
    Schema schema_;
    RejectSink rejects_;
    Guarded<std::vector<FileTotals>> totals_;
    std::atomic<std::size_t> next_file_ = 0;
    std::atomic<std::size_t> readers_ = 0;
};

/// Reads whole files, each one that no other reader has begun.
class Reader final : public BatchReader {
public:
    explicit Reader(Source& source) : source_(source) {}

    Result<std::optional<ColumnBatch>> next() override {
        while (true) {
            if (!stream_.rows && !begin_file()) return std::optional<ColumnBatch>();
            Result<std::optional<ColumnBatch>> batch = next_of_file();
            if (batch && *batch) return std::optional(with_metadata(**std::move(batch)));
            stream_.rows.reset();
            finish_file(batch);
            if (batch) continue;
            if (source_.options_.on_file_error == OnFileError::kFail) {
                return std::move(batch).error();
            }
        }
    }

private:
    void finish_file(const Result<std::optional<ColumnBatch>>& end) {
        auto totals = source_.totals_.lock();
        totals->at(file_).complete = end.has_value();
        if (!end) totals->at(file_).error = end.error();
    }

    bool begin_file() {
        file_ = source_.next_file_++;
        rows_ = 0;
        return file_ < source_.files_.size();
    }

    Result<std::optional<ColumnBatch>> next_of_file() {
        if (!stream_.rows) INGOT_TRY(open_file());
        return stream_.rows->next();
    }

    Status open_file() {
        const InputFile& file = source_.files_[file_];
        INGOT_TRY_ASSIGN(stream_, open_stream(file, source_.spec_));
        if (stream_.selection.schema == source_.stream_schema_) return {};
        return make_error(ErrorCode::kCorruptData,
                          "{}: its columns are not those of {}: {} instead of {}",
                          file.display_name(), source_.files_.front().display_name(),
                          DataType::structure(stream_.selection.schema.fields).to_string(),
                          DataType::structure(source_.stream_schema_.fields).to_string());
    }

    ColumnBatch with_metadata(ColumnBatch stored) {
        ColumnBatch batch;
        batch.schema = source_.schema_;
        batch.rows = stored.rows;
        for (const std::size_t index : stream_.selection.indexes)
            batch.columns.push_back(stored.columns[index]);
        for (const MetadataColumn& column : source_.options_.metadata) {
            const bool is_file = column.kind == MetadataColumn::Kind::kFile;
            ColumnBuilder builder(is_file ? TypeId::kString : TypeId::kLong);
            for (std::int64_t row = 1; row <= batch.rows; ++row) {
                if (is_file) {
                    builder.append_text(source_.files_[file_].display_name());
                } else {
                    builder.append_integer(rows_ + row);
                }
            }
            batch.columns.push_back(builder.finish());
        }
        rows_ += batch.rows;
        auto totals = source_.totals_.lock();
        FileTotals& file = totals->at(file_);
        file.records += batch.rows;
        file.good += batch.rows;
        file.bytes += static_cast<std::int64_t>(stored.byte_size());
        return batch;
    }

    Source& source_;
    std::size_t file_ = 0;
    std::int64_t rows_ = 0;  ///< Of the file, so far.
    OpenStream stream_;
};

Result<std::unique_ptr<BatchReader>> Source::open_reader() {
    if (readers_++ >= max_readers()) {
        return make_error(ErrorCode::kInvalidArgument,
                          "these files were read already; open them again for another scan");
    }
    return std::unique_ptr<BatchReader>(std::make_unique<Reader>(*this));
}

}  // namespace

Result<std::unique_ptr<FormatSource>> open_arrow_source(std::vector<InputFile> files,
                                                        FormatSpec spec, ScanOptions options) {
    for (const MetadataColumn& column : options.metadata) {
        if (column.kind == MetadataColumn::Kind::kByteOffset)
            return make_error(ErrorCode::kInvalidArgument, "rows of Arrow have no byte offset");
    }
    for (const InputFile& file : files) {
        if (!file.members.empty()) {
            return make_error(ErrorCode::kUnsupported, "{}: Arrow streams in archives are not read",
                              file.display_name());
        }
    }
    Schema schema;
    if (!files.empty()) {
        INGOT_TRY_ASSIGN(OpenStream first, open_stream(files.front(), spec));
        schema = std::move(first.selection.schema);
    }
    return std::unique_ptr<FormatSource>(std::make_unique<Source>(
        std::move(files), std::move(spec), std::move(options), std::move(schema)));
}

}  // namespace ingot::format

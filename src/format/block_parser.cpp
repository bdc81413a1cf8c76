#include <algorithm>

#include "format/block_parser_internal.hpp"

namespace ingot::format {
namespace {

Schema schema_of(const FormatSpec& spec, const ScanOptions& options) {
    Schema schema;
    for (const ColumnSpec& column : spec.columns) {
        schema.fields.push_back(inferred_field(column.name, {column.type, column.is_json}));
    }
    for (const MetadataColumn& column : options.metadata) {
        const bool text = column.kind == MetadataColumn::Kind::kFile;
        schema.fields.push_back(
            {column.name, text ? TypeId::kString : TypeId::kLong, /*nullable=*/false});
    }
    return schema;
}

}  // namespace

ScanState::ScanState(FormatSpec the_spec, bool is_inferred, ScanOptions the_options)
    : spec(std::move(the_spec)),
      inferred(is_inferred),
      schema(schema_of(spec, the_options)),
      options(std::move(the_options)),
      rejects(options.rejects) {}

SharedTotals::SharedTotals(std::string name) : name_(std::move(name)) {
    totals_.lock()->name = name_;
}

void SharedTotals::add(const FileTotals& part) {
    auto totals = totals_.lock();
    totals->records += part.records;
    totals->good += part.good;
    totals->rejected += part.rejected;
    totals->nulled_values += part.nulled_values;
    totals->bytes += part.bytes;
}

void SharedTotals::finish(std::optional<Error> error) {
    auto totals = totals_.lock();
    if (totals->error) return;
    totals->complete = !error;
    totals->error = std::move(error);
}

FileTotals SharedTotals::get() const {
    return *totals_.lock();
}

RowWriter::RowWriter(ScanState& scan) : scan_(scan), rows_(scan.schema) {}

void RowWriter::begin_block(const Block& block, SharedTotals& totals) {
    block_ = &block;
    totals_ = &totals;
    part_ = {};
    part_.bytes = static_cast<std::int64_t>(block.size());
}

void RowWriter::end_block(std::int64_t nulled_values, SurpriseCollector& surprises) {
    part_.nulled_values = nulled_values;
    part_.records = part_.good + part_.rejected;
    totals_->add(part_);
    if (surprises.empty()) return;
    scan_.surprises.lock()->merge(surprises);
    surprises.clear();
}

void RowWriter::accept(std::int64_t line, std::size_t begin, std::size_t end) {
    std::size_t index = scan_.spec.columns.size();
    for (const MetadataColumn& column : scan_.options.metadata) {
        ColumnBuilder& builder = rows_.column(index++);
        switch (column.kind) {
            case MetadataColumn::Kind::kFile:
                builder.append_text(totals_->name());
                break;
            case MetadataColumn::Kind::kLine:
                builder.append_integer(line);
                break;
            case MetadataColumn::Kind::kByteOffset:
                builder.append_integer(block_->byte_offset + static_cast<std::int64_t>(begin));
                break;
        }
    }
    raw_bytes_ += end - begin;
    ++part_.good;
}

Status RowWriter::reject(const RecordProblem& problem, std::int64_t line, std::size_t begin,
                         std::size_t end) {
    const std::int64_t offset = block_->byte_offset + static_cast<std::int64_t>(begin);
    if (problem.fatal || scan_.spec.bad_row == BadRow::kFail) {
        return make_error(ErrorCode::kCorruptData, "{}, line {} (byte {}): {}: {}", totals_->name(),
                          line, offset, problem.reason, problem.detail);
    }
    Reject reject{
        .file = totals_->name(),
        .line = line,
        .byte_offset = offset,
        .reason = problem.reason,
        .detail = problem.detail,
        .raw = std::string(block_->data() + begin, std::min(end - begin, RejectSink::kRawBytesMax)),
        .raw_length = static_cast<std::int64_t>(end - begin)};
    INGOT_TRY(scan_.rejects.add(std::move(reject)));
    ++part_.rejected;
    return {};
}

SurpriseCollector::Place RowWriter::place(std::int64_t line) const {
    return {&totals_->name(), line};
}

std::optional<ColumnBatch> RowWriter::take() {
    raw_bytes_ = 0;
    if (rows_.rows() == 0) return std::nullopt;
    return rows_.finish();
}

}  // namespace ingot::format

#pragma once
// Blocks of records to rows: what readers do outside the file's lock.
#include <cstdint>
#include <memory>
#include <string>

#include "base/column_batch.hpp"
#include "base/guarded.hpp"
#include "format/framer_internal.hpp"
#include "format/json_reader_internal.hpp"
#include "format/rejects.hpp"
#include "format/source.hpp"
#include "format/surprises_internal.hpp"

namespace ingot::format {

/// What all readers of a scan share.
struct ScanState {
    FormatSpec spec;
    bool inferred = false;
    Schema schema;  ///< The spec's columns, then the metadata columns.
    ScanOptions options;
    RejectSink rejects;
    Guarded<SurpriseCollector> surprises;

    ScanState(FormatSpec the_spec, bool is_inferred, ScanOptions the_options);
};

/// Totals of a file or archive member, shared by readers.
class SharedTotals {
public:
    explicit SharedTotals(std::string name);
    const std::string& name() const { return name_; }
    void add(const FileTotals& part);
    void finish(std::optional<Error> error);
    FileTotals get() const;

private:
    std::string name_;
    Guarded<FileTotals> totals_;
};

/// Takes the rows of one reader: metadata columns, rejects and counts.
class RowWriter {
public:
    explicit RowWriter(ScanState& scan);

    BatchBuilder& rows() { return rows_; }
    void begin_block(const Block& block, SharedTotals& totals);
    /// Adds what the block gave to the shared totals.
    void end_block(std::int64_t nulled_values, SurpriseCollector& surprises);

    /// The spec's columns hold one more row: completes it. `begin` and `end`: in the block.
    void accept(std::int64_t line, std::size_t begin, std::size_t end);
    /// kCorruptData when the spec says that the scan must end.
    Status reject(const RecordProblem& problem, std::int64_t line, std::size_t begin,
                  std::size_t end);
    bool full() const { return rows_.rows() >= BatchBuilder::kBatchRows || raw_bytes_ >= kRawMax; }
    SurpriseCollector::Place place(std::int64_t line) const;
    /// Empty when there are no rows.
    std::optional<ColumnBatch> take();

private:
    static constexpr std::size_t kRawMax = 8U << 20;

    ScanState& scan_;
    BatchBuilder rows_;
    const Block* block_ = nullptr;
    SharedTotals* totals_ = nullptr;
    FileTotals part_;
    std::size_t raw_bytes_ = 0;
};

/// Parses one block after the other into its writer's rows.
class BlockParser {
public:
    virtual ~BlockParser() = default;
    /// The block must stay until `parse` has returned true.
    virtual void begin(const Block& block, SharedTotals& totals) = 0;
    /// Goes on until the block ends (true) or the writer is full (false).
    virtual Result<bool> parse() = 0;
};

std::unique_ptr<BlockParser> make_json_parser(ScanState& scan, RowWriter& writer);
std::unique_ptr<BlockParser> make_csv_parser(ScanState& scan, RowWriter& writer);

}  // namespace ingot::format

#pragma once
// Arrow streams (the streaming format of Arrow IPC): how column batches reach other programs and
// come back.
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/batch_source.hpp"

namespace ingot::format {

/// Writes batches of one schema. A timestamp is an Arrow timestamp in microseconds with the zone
/// UTC, a timestamp_ntz one without zone, a decimal has 128 bits. Field metadata is not written.
/// Not thread-safe.
class ArrowStreamWriter {
public:
    /// Takes bytes in order; its error becomes that of the call.
    using Output = std::function<Status(std::string_view)>;

    virtual ~ArrowStreamWriter() = default;
    /// Writes the schema.
    static Result<std::unique_ptr<ArrowStreamWriter>> open(const Schema& schema, Output output);
    /// Requires the columns of the schema.
    virtual Status write(const ColumnBatch& batch) = 0;
    /// Writes the end mark. Without it readers take the stream for whole all the same.
    virtual Status finish() = 0;
};

/// Reads batches of at most BatchBuilder::kBatchRows rows, whatever the writer's were. Memory: one
/// batch of the writer's.
///
/// Times keep microseconds, further digits are cut. Unsigned numbers get the next wider type (64
/// bits: decimal(20,0)), dictionaries are resolved, extension types are read as what they are
/// stored as. All columns are nullable. Bodies may be packed with zstd.
class ArrowStreamReader : public BatchReader {
public:
    /// Fills `into` as far as the stream goes: less than its size only at the end.
    using Input = std::function<Result<std::size_t>(std::span<std::byte>)>;

    /// Reads the schema. `name` is the stream's for messages. kCorruptData: no Arrow stream, cut
    /// off, or damaged; kUnsupported names the column of a type that has no place in a table (times
    /// of day, durations, intervals, unions, decimals beyond 38 digits) or that is laid out in a
    /// way not read yet (string views, list views, run-end encoding).
    static Result<std::unique_ptr<ArrowStreamReader>> open(Input input, std::string name);
    virtual const Schema& schema() const = 0;
};

}  // namespace ingot::format

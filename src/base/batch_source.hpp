#pragma once
#include <memory>
#include <optional>

#include "base/column_batch.hpp"
#include "base/result.hpp"

namespace ingot {

/// A stream of batches of one schema. Not thread-safe: one thread at a time.
class BatchReader {
public:
    virtual ~BatchReader() = default;
    /// The next batch, or nothing at the end. After an error or the end, it is not called again.
    virtual Result<std::optional<ColumnBatch>> next() = 0;
};

/// Rows that several threads read side by side: each thread takes one reader, and the readers share
/// out the work (files or blocks of files) among themselves. `next` may burn CPU (decompress,
/// parse) but never waits for the network, a queue or another thread: it is called from the
/// engine's worker threads. What has to be fetched is fetched to local disk before.
class BatchSource {
public:
    virtual ~BatchSource() = default;
    virtual const Schema& schema() const = 0;
    /// How many readers can be busy at once; at least 1.
    virtual std::size_t max_readers() const = 0;
    /// Thread-safe. Readers refer to this source, which must outlive them.
    virtual Result<std::unique_ptr<BatchReader>> open_reader() = 0;
};

}  // namespace ingot

#pragma once
// What the table layer needs from an engine: Parquet, for checkpoints. `engine` implements it.
#include <memory>
#include <string>
#include <string_view>

#include "base/batch_source.hpp"
#include "storage/object_store.hpp"

namespace ingot::delta {

class ParquetIo {
public:
    virtual ~ParquetIo() = default;

    /// Reads the Parquet object at `path`, projected to `wanted`: columns and struct members are
    /// matched by name (exact case), absent ones are null, others are not read; values are
    /// converted to the wanted types. Errors: kNotFound, kCorruptData, kIo.
    virtual Result<std::unique_ptr<BatchReader>> read(const storage::ObjectStore& store,
                                                      std::string_view path,
                                                      const Schema& wanted) = 0;
    /// The schema in the object's footer.
    virtual Result<Schema> schema(const storage::ObjectStore& store, std::string_view path) = 0;
    /// Writes all batches (of one schema) as one Parquet object (zstd or snappy), visible only when
    /// complete. Returns its size in bytes.
    virtual Result<std::uint64_t> write(storage::ObjectStore& store, std::string_view path,
                                        const Schema& schema, BatchReader& rows) = 0;
};

}  // namespace ingot::delta

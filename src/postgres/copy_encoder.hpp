#pragma once
#include <string>
#include <vector>

#include "postgres/column_types.hpp"

#include "base/column_batch.hpp"

namespace ingot::postgres {

/// A column on its way: its name for messages, and how it travels.
struct WireColumn {
    std::string name;
    WireType type;
};

/// Turns batches into the bytes of COPY ... (FORMAT binary). Structs, arrays and maps have been
/// made JSON text before. Not thread-safe.
class CopyEncoder {
public:
    explicit CopyEncoder(std::vector<WireColumn> columns) : columns_(std::move(columns)) {}

    /// What comes before the first row, and after the last.
    static void begin(std::string& out);
    static void end(std::string& out);

    /// Requires as many columns as given, of types that wire_type() allows. Appends every row.
    /// kInvalidArgument names the column of a value that PostgreSQL cannot hold: a zero byte in a
    /// text, a time out of its range.
    Status append(const ColumnBatch& batch, std::string& out) const;

private:
    std::vector<WireColumn> columns_;
};

}  // namespace ingot::postgres

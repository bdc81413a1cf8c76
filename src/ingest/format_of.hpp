#pragma once
#include "base/result.hpp"
#include "format/format_spec.hpp"
#include "project/source.hpp"

namespace ingot::ingest {

/// How the files of one table are decoded: the source's format with the table's declared columns
/// (those without `expr`). kUnsupported `not yet: ...` for formats that have no reader yet.
Result<format::FormatSpec> format_of(const project::Source& source,
                                     const project::SourceTable& table);

/// How a declared column is read. Requires a type and no expression.
format::ColumnSpec column_to_read(const project::ColumnSpec& column);

}  // namespace ingot::ingest

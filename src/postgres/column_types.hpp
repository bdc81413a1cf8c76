#pragma once
// Which columns of PostgreSQL hold the values of ours.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/data_type.hpp"

namespace ingot::postgres {

/// How a value travels in a binary COPY.
enum class WireType : std::uint8_t {
    kBoolean,
    kInt2,
    kInt4,
    kInt8,
    kFloat4,
    kFloat8,
    kNumeric,
    kText,  ///< text, varchar, json
    kJsonb,
    kBytes,
    kDate,
    kTime,  ///< timestamp, timestamptz
};

/// The type that a new column gets: `bigint`, `numeric(10,2)`; structs, arrays and maps are
/// `jsonb`. A column without values (void) is `text`.
std::string column_type(const DataType& type);

/// How values of `from` are sent to a column of that type, written as format_type() does
/// (`numeric(10,2)`, `character varying(20)`). Nothing when the column cannot hold all of them as
/// they are; a text of limited length is for the server to refuse. Nested values are sent as JSON.
std::optional<WireType> wire_type(const DataType& from, std::string_view to);

}  // namespace ingot::postgres

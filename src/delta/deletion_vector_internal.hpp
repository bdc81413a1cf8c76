#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/snapshot.hpp"

namespace ingot::delta {

/// Reads and verifies a deletion vector: positions of deleted rows, ascending. Errors: kCorruptData
/// for a wrong checksum, format or cardinality, kUnsupported for an unknown storage type, those of
/// the store.
Result<std::vector<std::uint64_t>> read_deletion_vector(const TableLocation& location,
                                                        const DeletionVectorDescriptor& vector);

/// Parses the payload (magic and bitmap), as files and inline vectors hold it.
Result<std::vector<std::uint64_t>> parse_deletion_vector(std::string_view payload);

/// Base 85 in ZeroMQ's alphabet; nothing for text that is none.
std::optional<std::string> z85_decode(std::string_view text);

}  // namespace ingot::delta

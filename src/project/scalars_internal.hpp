#pragma once
// Scalars of the project's YAML, read.
#include <string>
#include <string_view>

#include "project/shape_internal.hpp"

namespace ingot::project {

/// Whether the scalar reads as its kind. An error with an empty message: it is of another type.
Status check_scalar_text(const YamlNode& node, ScalarKind kind);
std::string_view scalar_kind_words(ScalarKind kind);

bool is_identifier(std::string_view text);
Result<double> parse_share(std::string_view text);  ///< `50%`, `0.5`: 0 to 1.
Result<std::uint64_t> parse_bytes(
    std::string_view text);  ///< `16MB`, `64KiB`, `1000`: 1 MB = 2^20.

}  // namespace ingot::project

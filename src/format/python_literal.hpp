#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ingot::format {

/// Reads a value as Python prints it (`[{'id': 1, 'nom': "L'ECOLE", 'fin': None}]`, `nan`) and
/// returns it as JSON text without blanks. JSON itself is read too, so that a column that holds
/// both needs one function.
///
/// Lists, tuples, sets and NumPy's arrays (`array([1, 2], dtype=object)`, `['a' 'b']`) become
/// arrays; dicts become objects whose keys are text; None and nan become null; Decimal and NumPy's
/// scalars become numbers; dates and times become ISO 8601 text. Numbers keep their digits.
/// kInvalidArgument, with the byte position: anything else, infinities, half a surrogate pair,
/// nesting deeper than 128, bytes after the value.
Result<std::string> python_literal_to_json(std::string_view text);

}  // namespace ingot::format

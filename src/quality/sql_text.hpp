#pragma once
// Pieces of SQL that people wrote, made safe to put inside a statement of ours.
#include <string>
#include <string_view>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"
#include "project/value.hpp"

namespace ingot::quality {

/// `"name"`, with quotes doubled.
std::string quoted_name(std::string_view name);
/// `'text'`, with quotes doubled.
std::string quoted_text(std::string_view text);

/// Makes a fragment (an expression, an ORDER BY list, a SELECT) that can stand inside parentheses:
/// `$window.start` becomes the parameter `$window__start`, comments and a final `;` go away.
/// kInvalidArgument with `line:column: message` relative to the fragment for what would escape from
/// its parentheses: an unbalanced bracket, an open quote or comment, a `;`; and for an empty text.
Result<std::string> bindable_fragment(std::string_view text);

/// The parameters of a bindable text (`window__start`), sorted, each once. Quotes are respected.
std::vector<std::string> parameters_of(std::string_view bindable);

/// Renames the parameters `window__start` and `window__end` of a bindable text to
/// `window__start_2`, `window__end_2`, so that texts for several ranges can stand in one statement.
std::string with_numbered_window(std::string_view bindable, std::size_t number);

/// A literal of that column type: a text is read by the type (`CAST('2015-01-01' AS DATE)`).
/// kInvalidArgument for null, lists and maps, and for what is no date or time of that type.
Result<std::string> typed_literal(const project::Value& value, const DataType& type);

}  // namespace ingot::quality

#pragma once
// Pieces of SQL as PostgreSQL reads them.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot::postgres {

/// The longest name; the server would cut a longer one without a word that reaches a person.
inline constexpr std::size_t kNameBytesMax = 63;

/// `"a ""b"""`
std::string quote_name(std::string_view name);
/// `'it''s'`
std::string quote_text(std::string_view text);
/// Quoted names with commas between.
std::string name_list(const std::vector<std::string>& names);

/// One statement; `parameters[0]` is what `$1` in it stands for.
struct Statement {
    std::string sql;
    std::vector<std::string> parameters;  ///< As written, without the `$`: `window.start`.
    int line = 1;                         ///< Where it starts, within the text.
};

/// Cuts a text at its semicolons and replaces `$a.b` by `$1`, `$2`, cast to what `type_of` says of
/// the name. Strings, quoted names, dollar quotes and comments are left as they are.
/// kInvalidArgument with the line: something that is not closed, a `$1` of its own, or what
/// `type_of` says.
Result<std::vector<Statement>> split_statements(
    std::string_view text, const std::function<Result<std::string>(const std::string&)>& type_of);

}  // namespace ingot::postgres

#pragma once
// What can be done with SQL text without a parser: front matter, statements, macros, normal form.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/problems_internal.hpp"
#include "project/yaml_internal.hpp"

namespace ingot::project {

/// A `.sql` file: `/* --- yaml --- */` and the statement after it.
struct SqlFile {
    bool has_front_matter = false;
    std::string_view yaml;
    TextOrigin yaml_origin;
    std::string_view sql;  ///< Without the front matter, blanks around and a last ';'.
    TextOrigin sql_origin;
};
/// `text` must have LF line ends and no BOM (see clean_text); the parts point into it.
SqlFile split_sql_file(std::string_view text, std::string_view file, Problems& problems);

/// Without BOM and with LF line ends.
std::string clean_text(std::string text);

/// False, with a problem at its line, when the text holds a zero byte or bytes that are not UTF-8:
/// parsers end at the one, and no commit can carry the other.
bool is_text(std::string_view text, std::string_view file, int first_line, Problems& problems);

struct SqlToken {
    enum class Kind : std::uint8_t { kWord, kString, kQuoted, kSymbol };
    Kind kind = Kind::kSymbol;
    std::string_view text;
    std::size_t offset = 0;
};
/// Words, literals and symbols; comments and blanks are left out. Never fails: what is not closed
/// goes to the end.
std::vector<SqlToken> tokenize_sql(std::string_view sql);

/// The same statement written the same way: tokens with one blank between, comments left out.
std::string normalize_sql(std::string_view sql);

/// A CREATE MACRO statement of a file.
struct MacroText {
    std::string name;
    std::string_view sql;                  ///< The whole statement.
    std::vector<std::string_view> bodies;  ///< One, or one per overload.
    bool is_table = false;
    std::size_t offset = 0;  ///< Of `sql` in the file's text.
};
std::vector<MacroText> split_macros(std::string_view text, std::string_view file,
                                    Problems& problems);

/// The place of a byte of a text.
SourcePlace place_of(std::string_view text, std::size_t offset, const TextOrigin& origin);

/// Adds an error of SqlFacts (`line:column: message`) at its place. `lines_before` lines were put
/// before the text for parsing.
void report_sql_error(const Error& error, const TextOrigin& origin, Problems& problems,
                      int lines_before = 0);

}  // namespace ingot::project

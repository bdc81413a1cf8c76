#include <algorithm>
#include <cctype>
#include <charconv>

#include "project/scalars_internal.hpp"
#include "project/sql_text_internal.hpp"

namespace ingot::project {

namespace {

constexpr std::string_view kOpen = "/* ---";
constexpr std::string_view kClose = "--- */";
constexpr std::string_view kBlank = " \t\n";

bool is_word_char(char c) {
    const auto u = static_cast<unsigned char>(c);
    return std::isalnum(u) != 0 || c == '_' || c == '$' || u >= 0x80;
}

/// End of a literal that begins at `at` with `quote`, in which a doubled quote stands for itself.
std::size_t end_of_quoted(std::string_view sql, std::size_t at, char quote) {
    for (++at; at < sql.size(); ++at) {
        if (sql[at] != quote) continue;
        if (at + 1 < sql.size() && sql[at + 1] == quote) {
            ++at;
        } else {
            return at + 1;
        }
    }
    return sql.size();
}

/// End of the comment at `at`; `at` itself when there is none.
std::size_t end_of_comment(std::string_view sql, std::size_t at) {
    const std::string_view rest = sql.substr(at);
    if (rest.starts_with("--")) return std::min(sql.find('\n', at), sql.size());
    if (!rest.starts_with("/*")) return at;
    const std::size_t end = sql.find("*/", at + 2);
    return end == std::string_view::npos ? sql.size() : end + 2;
}

/// `$$text$$` or `$tag$text$tag$`; `at` itself when it is none.
std::size_t end_of_dollar_quoted(std::string_view sql, std::size_t at) {
    const std::size_t second = sql.find('$', at + 1);
    if (second == std::string_view::npos) return at;
    const std::string_view tag = sql.substr(at, second - at + 1);
    const std::string_view name = tag.substr(1, tag.size() - 2);
    if (!name.empty() && !is_identifier(name)) return at;
    const std::size_t end = sql.find(tag, second + 1);
    return end == std::string_view::npos ? at : end + tag.size();
}

bool same_word(std::string_view a, std::string_view upper) {
    return a.size() == upper.size() &&
           std::equal(a.begin(), a.end(), upper.begin(), [](char x, char y) {
               return std::toupper(static_cast<unsigned char>(x)) == y;
           });
}

/// Reads one CREATE MACRO statement, token by token.
class MacroReader {
public:
    MacroReader(std::string_view text, std::vector<SqlToken> tokens, std::size_t end)
        : text_(text), tokens_(std::move(tokens)), end_(end) {}

    std::optional<MacroText> read() {
        if (!word("CREATE")) return std::nullopt;
        if (word("OR") && !word("REPLACE")) return std::nullopt;
        if (!word("TEMP")) (void)word("TEMPORARY");
        if (!word("MACRO") && !word("FUNCTION")) return std::nullopt;
        if (word("IF") && !(word("NOT") && word("EXISTS"))) return std::nullopt;
        if (at_ >= tokens_.size()) return std::nullopt;
        MacroText macro;
        const SqlToken& name = tokens_[at_++];
        macro.name = name.kind == SqlToken::Kind::kQuoted
                         ? std::string(name.text.substr(1, name.text.size() - 2))
                         : std::string(name.text);
        if (!is_identifier(macro.name)) return std::nullopt;
        while (true) {
            if (!skip_arguments() || !word("AS")) return std::nullopt;
            macro.is_table = word("TABLE") || macro.is_table;
            if (at_ >= tokens_.size()) return std::nullopt;
            macro.bodies.push_back(body(macro.is_table));
            if (at_ >= tokens_.size()) break;
            ++at_;  // the comma before the next overload
        }
        return macro;
    }

private:
    bool word(std::string_view upper) {
        if (at_ >= tokens_.size() || tokens_[at_].kind != SqlToken::Kind::kWord ||
            !same_word(tokens_[at_].text, upper)) {
            return false;
        }
        ++at_;
        return true;
    }
    bool skip_arguments() {
        if (at_ >= tokens_.size() || tokens_[at_].text != "(") return false;
        int depth = 0;
        for (; at_ < tokens_.size(); ++at_) {
            depth += depth_change(tokens_[at_]);
            if (depth == 0) {
                ++at_;
                return true;
            }
        }
        return false;
    }
    /// Up to the end; a scalar macro's body ends at a comma outside brackets: an overload follows.
    std::string_view body(bool to_end) {
        const std::size_t begin = tokens_[at_].offset;
        int depth = 0;
        for (; at_ < tokens_.size(); ++at_) {
            if (!to_end && depth == 0 && tokens_[at_].text == ",") {
                return trimmed(text_.substr(begin, tokens_[at_].offset - begin));
            }
            depth += depth_change(tokens_[at_]);
        }
        return trimmed(text_.substr(begin, end_ - begin));
    }
    static std::string_view trimmed(std::string_view text) {
        const std::size_t last = text.find_last_not_of(kBlank);
        return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
    }
    static int depth_change(const SqlToken& token) {
        if (token.kind != SqlToken::Kind::kSymbol) return 0;
        if (token.text == "(" || token.text == "[" || token.text == "{") return 1;
        if (token.text == ")" || token.text == "]" || token.text == "}") return -1;
        return 0;
    }

    std::string_view text_;
    std::vector<SqlToken> tokens_;
    std::size_t end_;
    std::size_t at_ = 0;
};

/// Narrows to what is between blanks, and without a last ';'.
void trim_statement(std::string_view text, std::size_t& begin, std::size_t& end) {
    while (begin < end && kBlank.find(text[begin]) != std::string_view::npos) ++begin;
    while (end > begin && (kBlank.find(text[end - 1]) != std::string_view::npos)) --end;
    if (end > begin && text[end - 1] == ';') --end;
    while (end > begin && (kBlank.find(text[end - 1]) != std::string_view::npos)) --end;
}

TextOrigin origin_at(std::string_view text, std::size_t offset, std::string_view file) {
    const SourcePlace place = place_of(text, offset, {file, 1, 1});
    return {file, place.line, place.column};
}

}  // namespace

std::string clean_text(std::string text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (text.find('\r') == std::string::npos) return text;
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        out += text[i];
    }
    return out;
}

namespace {

/// Length of the UTF-8 character in front, or 0.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    if (byte(0) < 0x80) return 1;
    const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const unsigned second = byte(1);
    const bool overlong = (byte(0) == 0xE0 && second < 0xA0) || (byte(0) == 0xF0 && second < 0x90);
    const bool no_character =
        (byte(0) == 0xED && second > 0x9F) || (byte(0) == 0xF4 && second > 0x8F);
    return overlong || no_character ? 0 : length;
}

}  // namespace

bool is_text(std::string_view text, std::string_view file, int first_line, Problems& problems) {
    int line = first_line;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text.substr(at));
        if (text[at] == '\0' || length == 0) {
            problems.add({std::string(file), line, 0},
                         text[at] == '\0' ? "a zero byte: this is not a text file in UTF-8"
                                          : "bytes that are not UTF-8: save the file as UTF-8");
            return false;
        }
        if (text[at] == '\n') ++line;
        at += length;
    }
    return true;
}

SqlFile split_sql_file(std::string_view text, std::string_view file, Problems& problems) {
    SqlFile out;
    std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
    std::size_t end = text.size();
    if (text.substr(begin).starts_with(kOpen)) {
        const std::size_t yaml = begin + kOpen.size();
        const std::size_t close = text.find(kClose, yaml);
        if (close == std::string_view::npos) {
            problems.add(place_of(text, begin, {file, 1, 1}),
                         "the front matter is not closed: '--- */' is missing");
            return out;
        }
        out.has_front_matter = true;
        const std::size_t line_end = std::min(text.find('\n', yaml), close);
        std::size_t yaml_begin = yaml;
        if (line_end < close) {
            // The rest of the first line is a title for people; YAML begins on the next one.
            const std::string_view title = text.substr(yaml, line_end - yaml);
            const std::size_t colon = title.find(':');
            if (colon != std::string_view::npos) {
                std::string_view word = title.substr(0, colon);
                word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
                const bool ends = colon + 1 == title.size() || title[colon + 1] == ' ';
                if (is_identifier(word) && ends) {
                    problems.add(place_of(text, yaml + title.find(word), {file, 1, 1}),
                                 "the front matter begins on the line after '/* ---': move this "
                                 "key there");
                }
            }
            yaml_begin = line_end + 1;
        }
        out.yaml = text.substr(yaml_begin, close - yaml_begin);
        out.yaml_origin = origin_at(text, yaml_begin, file);
        begin = close + kClose.size();
    }
    trim_statement(text, begin, end);
    out.sql = text.substr(begin, end - begin);
    out.sql_origin = origin_at(text, begin, file);
    return out;
}

std::vector<SqlToken> tokenize_sql(std::string_view sql) {
    std::vector<SqlToken> tokens;
    using Kind = SqlToken::Kind;
    for (std::size_t at = 0; at < sql.size();) {
        const char c = sql[at];
        std::size_t end = at + 1;
        Kind kind = Kind::kSymbol;
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            ++at;
            continue;
        }
        if (const std::size_t comment = end_of_comment(sql, at); comment != at) {
            at = comment;
            continue;
        }
        if (c == '\'') {
            kind = Kind::kString;
            end = end_of_quoted(sql, at, c);
        } else if (c == '"') {
            kind = Kind::kQuoted;
            end = end_of_quoted(sql, at, c);
        } else if (const std::size_t dollar = c == '$' ? end_of_dollar_quoted(sql, at) : at;
                   dollar != at) {
            kind = Kind::kString;
            end = dollar;
        } else if (is_word_char(c)) {
            kind = Kind::kWord;
            while (end < sql.size() && is_word_char(sql[end])) ++end;
        }
        tokens.push_back({kind, sql.substr(at, end - at), at});
        at = end;
    }
    return tokens;
}

std::string normalize_sql(std::string_view sql) {
    std::string out;
    std::size_t last_end = 0;
    for (const SqlToken& token : tokenize_sql(sql)) {
        // Blanks inside operators (`>=`) mean something: one where there was any, none where none.
        if (!out.empty() && token.offset != last_end) out += ' ';
        out += token.text;
        last_end = token.offset + token.text.size();
    }
    return out;
}

std::vector<MacroText> split_macros(std::string_view text, std::string_view file,
                                    Problems& problems) {
    std::vector<MacroText> macros;
    std::vector<SqlToken> statement;
    const auto finish = [&](std::size_t end) {
        if (statement.empty()) return;
        const std::size_t begin = statement[0].offset;
        auto macro = MacroReader(text, std::move(statement), end).read();
        statement.clear();
        if (!macro) {
            problems.add(place_of(text, begin, {file, 1, 1}),
                         "a file of macros/ holds only CREATE MACRO name(...) AS ... statements");
            return;
        }
        std::size_t first = begin;
        std::size_t last = end;
        trim_statement(text, first, last);
        macro->sql = text.substr(first, last - first);
        macro->offset = first;
        macros.push_back(std::move(*macro));
    };
    for (const SqlToken& token : tokenize_sql(text)) {
        if (token.kind == SqlToken::Kind::kSymbol && token.text == ";") {
            finish(token.offset);
        } else {
            statement.push_back(token);
        }
    }
    finish(text.size());
    return macros;
}

SourcePlace place_of(std::string_view text, std::size_t offset, const TextOrigin& origin) {
    const std::string_view before = text.substr(0, offset);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0
    const int column = static_cast<int>(offset - line_start);
    return {std::string(origin.file), origin.line + static_cast<int>(lines),
            column + (lines == 0 ? origin.column : 1)};
}

void report_sql_error(const Error& error, const TextOrigin& origin, Problems& problems,
                      int lines_before) {
    int line = 0;
    int column = 0;
    std::string_view message = error.message;
    const char* end = message.data() + message.size();
    const auto read_line = std::from_chars(message.data(), end, line);
    if (read_line.ec == std::errc() && read_line.ptr != end && *read_line.ptr == ':') {
        const auto read_column = std::from_chars(read_line.ptr + 1, end, column);
        if (read_column.ec == std::errc() && read_column.ptr != end && *read_column.ptr == ':') {
            message.remove_prefix(static_cast<std::size_t>(read_column.ptr + 1 - message.data()));
            if (message.starts_with(' ')) message.remove_prefix(1);
        }
    }
    line -= lines_before;
    if (line < 1) column = 1;
    line = std::max(line, 1);
    column = std::max(column, 1);
    SourcePlace place{std::string(origin.file), origin.line + line - 1,
                      line == 1 ? origin.column + column - 1 : column};
    problems.add(std::move(place), std::string(message));
}

}  // namespace ingot::project

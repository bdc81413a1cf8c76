#include "quality/sql_text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <set>

namespace ingot::quality {
namespace {

bool starts_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool continues_identifier(char c) {
    return starts_identifier(c) || (c >= '0' && c <= '9') || c == '$';
}

bool continues_parameter(char c) {
    return continues_identifier(c) && c != '$';
}

/// One piece of SQL text, as far as quoting is concerned.
struct Token {
    enum class Kind : std::uint8_t { kQuoted, kComment, kWord, kParameter, kSymbol };
    Kind kind;
    std::size_t begin;
    std::size_t end;
};

/// Cuts SQL into tokens, after the rules of PostgreSQL's lexer that DuckDB follows.
class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    /// The next token, blanks included as symbols; nothing at the end.
    Result<std::optional<Token>> next() {
        if (at_ == text_.size()) return std::optional<Token>();
        const std::size_t begin = at_;
        INGOT_TRY_ASSIGN(const Token::Kind kind, consume());
        return std::optional<Token>(Token{kind, begin, at_});
    }

    Error error_at(std::size_t offset, std::string_view message) const {
        const std::string_view before = text_.substr(0, offset);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const std::size_t newline = before.rfind('\n');
        const std::size_t column = offset - (newline == before.npos ? 0 : newline + 1) + 1;
        return make_error(ErrorCode::kInvalidArgument, "{}:{}: {}", line, column, message);
    }

private:
    Result<Token::Kind> consume() {
        const char c = text_[at_];
        if (c == '\'') return quoted('\'', false);
        if (c == '"') return quoted('"', false);
        if (looking_at("--")) return line_comment();
        if (looking_at("/*")) return block_comment();
        if (c == '$') return dollar();
        if (starts_identifier(c)) return word();
        ++at_;
        return Token::Kind::kSymbol;
    }

    bool looking_at(std::string_view what) const { return text_.substr(at_, what.size()) == what; }

    Result<Token::Kind> quoted(char quote, bool backslash_escapes) {
        const std::size_t begin = at_++;
        while (at_ < text_.size()) {
            const bool has_next = at_ + 1 < text_.size();
            const bool escapes = backslash_escapes && text_[at_] == '\\' && has_next;
            const bool doubles = text_[at_] == quote && has_next && text_[at_ + 1] == quote;
            if (escapes || doubles) {
                at_ += 2;
            } else if (text_[at_++] == quote) {
                return Token::Kind::kQuoted;
            }
        }
        return error_at(begin, "this quote is never closed");
    }

    Result<Token::Kind> line_comment() {
        const std::size_t end = text_.find('\n', at_);
        at_ = end == text_.npos ? text_.size() : end;
        return Token::Kind::kComment;
    }

    Result<Token::Kind> block_comment() {
        const std::size_t begin = at_;
        int depth = 0;
        while (at_ < text_.size()) {
            if (looking_at("/*")) {
                ++depth;
                at_ += 2;
            } else if (looking_at("*/")) {
                at_ += 2;
                if (--depth == 0) return Token::Kind::kComment;
            } else {
                ++at_;
            }
        }
        return error_at(begin, "this comment is never closed");
    }

    Result<Token::Kind> word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && continues_identifier(text_[at_])) ++at_;
        const bool escape_string = at_ - begin == 1 && (text_[begin] | 0x20) == 'e';
        if (escape_string && at_ < text_.size() && text_[at_] == '\'') return quoted('\'', true);
        return Token::Kind::kWord;
    }

    /// `$tag$ ... $tag$`, or the parameter `$name` or `$name.member`.
    Result<Token::Kind> dollar() {
        const std::size_t begin = at_++;
        while (at_ < text_.size() && continues_parameter(text_[at_])) ++at_;
        if (at_ < text_.size() && text_[at_] == '$') {
            const std::string_view tag = text_.substr(begin, ++at_ - begin);
            const std::size_t close = text_.find(tag, at_);
            if (close == text_.npos) return error_at(begin, "this quote is never closed");
            at_ = close + tag.size();
            return Token::Kind::kQuoted;
        }
        if (at_ == begin + 1 || !starts_identifier(text_[begin + 1])) {
            return error_at(begin, "a parameter is written $window.start or $params.name");
        }
        // A name that was made bindable before is complete: the dot behind it is a member's.
        const bool is_bindable = text_.substr(begin, at_ - begin).find("__") != text_.npos;
        if (!is_bindable && at_ + 1 < text_.size() && text_[at_] == '.' &&
            starts_identifier(text_[at_ + 1])) {
            ++at_;
            while (at_ < text_.size() && continues_parameter(text_[at_])) ++at_;
            // Without its dot it would begin a quote.
            if (at_ < text_.size() && text_[at_] == '$') {
                return error_at(at_, "a parameter cannot be followed by a '$'");
            }
        }
        return Token::Kind::kParameter;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Keeps track of open brackets.
class Brackets {
public:
    Status see(const Lexer& lexer, char c, std::size_t offset) {
        switch (c) {
            case '(':
                open_.push_back({')', offset});
                break;
            case '[':
                open_.push_back({']', offset});
                break;
            case '{':
                open_.push_back({'}', offset});
                break;
            case ')':
            case ']':
            case '}':
                if (open_.empty() || open_.back().close != c) {
                    return lexer.error_at(offset, fmt::format("this '{}' closes nothing", c));
                }
                open_.pop_back();
                break;
            default:
                break;
        }
        return {};
    }

    Status at_end(const Lexer& lexer) const {
        if (open_.empty()) return {};
        return lexer.error_at(
            open_.back().offset,
            fmt::format("the '{}' for this bracket is missing", open_.back().close));
    }

private:
    struct Open {
        char close;
        std::size_t offset;
    };
    std::vector<Open> open_;
};

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\f\v") == text.npos;
}

std::string trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n\f\v");
    if (begin == text.npos) return "";
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n\f\v") - begin + 1));
}

Error misfit(const DataType& type) {
    return make_error(ErrorCode::kInvalidArgument, "this value does not fit the type {}",
                      type.to_string());
}

std::string number_literal(double number) {
    if (!std::isfinite(number)) return fmt::format("CAST('{}' AS DOUBLE)", number);
    return number < 0 ? fmt::format("({})", number) : fmt::format("{}", number);
}

}  // namespace

std::string quoted_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) {
        quoted += c;
        if (c == '"') quoted += c;
    }
    return quoted + '"';
}

std::string quoted_text(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        quoted += c;
        if (c == '\'') quoted += c;
    }
    return quoted + '\'';
}

Result<std::string> bindable_fragment(std::string_view text) {
    Lexer lexer(text);
    Brackets brackets;
    std::string bindable;
    std::optional<std::size_t> semicolon;
    while (true) {
        INGOT_TRY_ASSIGN(const std::optional<Token> token, lexer.next());
        if (!token) break;
        std::string piece(text.substr(token->begin, token->end - token->begin));
        if (token->kind == Token::Kind::kComment) piece = " ";
        if (semicolon && !is_blank(piece)) {
            return lexer.error_at(*semicolon,
                                  "only one expression may stand here, and this ';' ends it");
        }
        if (piece == ";") {
            semicolon = token->begin;
            continue;
        }
        if (token->kind == Token::Kind::kSymbol) {
            INGOT_TRY(brackets.see(lexer, piece.front(), token->begin));
        }
        if (token->kind == Token::Kind::kParameter) {
            const std::size_t dot = piece.find('.');
            if (dot != piece.npos) piece.replace(dot, 1, "__");
        }
        bindable += piece;
    }
    INGOT_TRY(brackets.at_end(lexer));
    bindable = trimmed(bindable);
    if (bindable.empty()) return lexer.error_at(0, "there is no SQL here");
    return bindable;
}

std::vector<std::string> parameters_of(std::string_view bindable) {
    Lexer lexer(bindable);
    std::set<std::string> names;
    while (true) {
        // A text that the lexer refuses has no parameters behind that place: the engine will say
        // why.
        const Result<std::optional<Token>> token = lexer.next();
        if (!token || !*token) break;
        if ((*token)->kind == Token::Kind::kParameter) {
            names.insert(std::string(
                bindable.substr((*token)->begin + 1, (*token)->end - (*token)->begin - 1)));
        }
    }
    return {names.begin(), names.end()};
}

std::string with_numbered_window(std::string_view bindable, std::size_t number) {
    Lexer lexer(bindable);
    std::string text;
    std::size_t copied = 0;
    while (true) {
        const Result<std::optional<Token>> token = lexer.next();
        if (!token || !*token) break;
        const std::string_view word =
            bindable.substr((*token)->begin, (*token)->end - (*token)->begin);
        if (word != "$window__start" && word != "$window__end") continue;
        text += bindable.substr(copied, (*token)->end - copied);
        text += fmt::format("_{}", number);
        copied = (*token)->end;
    }
    return text.append(bindable.substr(copied));
}

Result<std::string> typed_literal(const project::Value& value, const DataType& type) {
    if (type.is_nested() || value.is_null()) return misfit(type);
    if (const std::string* text = value.text()) {
        if (type.id() == TypeId::kString) return quoted_text(*text);
        const bool is_time = type.id() == TypeId::kDate || type.id() == TypeId::kTimestamp ||
                             type.id() == TypeId::kTimestampNtz;
        if (is_time) {
            // A date that does not exist is found here, not when the check runs.
            INGOT_TRY_ASSIGN(const Scalar time, value.to_scalar(type));
            return time.to_sql();
        }
        return fmt::format("CAST({} AS {})", quoted_text(*text), sql_type_name(type));
    }
    if (const bool* boolean = value.boolean()) {
        const std::string_view word = *boolean ? "true" : "false";
        if (type.id() == TypeId::kBoolean) return std::string(word);
        if (type.id() == TypeId::kString) return quoted_text(word);
        return misfit(type);
    }
    const bool is_string = type.id() == TypeId::kString;
    if (!is_string && !type.is_numeric()) return misfit(type);
    if (const std::int64_t* integer = value.integer()) {
        return is_string ? fmt::format("'{}'", *integer) : fmt::format("({})", *integer);
    }
    if (const double* number = value.number()) {
        return is_string ? fmt::format("'{}'", *number) : number_literal(*number);
    }
    return misfit(type);
}

}  // namespace ingot::quality

#include "format/python_literal.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace ingot::format {

namespace {

constexpr int kDepthMax = 128;

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}
bool is_name_start(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

int hex_value(char byte) {
    if (is_digit(byte)) return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](unsigned shift) {
        out.push_back(static_cast<char>(0x80U | ((code >> shift) & 0x3FU)));
    };
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xC0U | (code >> 6U)));
        tail(0);
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xE0U | (code >> 12U)));
        tail(6);
        tail(0);
    } else {
        out.push_back(static_cast<char>(0xF0U | (code >> 18U)));
        tail(12);
        tail(6);
        tail(0);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out.push_back('"');
    for (const char byte : text) {
        switch (byte) {
            case '"':
                out.append("\\\"");
                break;
            case '\\':
                out.append("\\\\");
                break;
            case '\n':
                out.append("\\n");
                break;
            case '\r':
                out.append("\\r");
                break;
            case '\t':
                out.append("\\t");
                break;
            default:
                if (static_cast<unsigned char>(byte) < 0x20) {
                    out.append("\\u00");
                    out.push_back(kDigits[static_cast<unsigned char>(byte) >> 4U]);
                    out.push_back(kDigits[static_cast<unsigned char>(byte) & 15U]);
                } else {
                    out.push_back(byte);
                }
        }
    }
    out.push_back('"');
}

/// A recursive descent over the text. A step returns false after it has called `fail`.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<std::string> run() {
        if (!value() || !end()) {
            return make_error(ErrorCode::kInvalidArgument,
                              "not a printed Python value: {} at byte {}", error_, at_ + 1);
        }
        return std::move(out_);
    }

private:
    bool value() {
        if (++depth_ > kDepthMax) return fail("nested too deeply");
        const bool read = value_of(skip_blanks());
        --depth_;
        return read;
    }

    bool value_of(char first) {
        if (first == '[') return sequence(']');
        if (first == '(') return sequence(')');
        if (first == '{') return braces();
        if (first == '\'' || first == '"') return string_value();
        if (is_digit(first) || first == '-' || first == '+' || first == '.') return number();
        if (is_name_start(first)) return name();
        return fail(at_ == text_.size() ? "a value is missing" : "unexpected character");
    }

    /// A list or a tuple; NumPy prints its arrays without commas.
    bool sequence(char close) {
        ++at_;
        out_.push_back('[');
        return elements(close, true);
    }

    /// The rest of an array whose bracket is written. Only lists do without commas.
    bool elements(char close, bool first) {
        for (;; first = false) {
            if (skip_blanks() == close) break;
            if (!first && peek() == ',') {
                ++at_;
            } else if (!first && close != ']') {
                return fail("',' is missing");
            }
            if (skip_blanks() == close) break;
            if (!first) out_.push_back(',');
            if (!value()) return false;
        }
        ++at_;
        out_.push_back(']');
        return true;
    }

    /// A dict, or a set when no colon follows its first element.
    bool braces() {
        ++at_;
        if (skip_blanks() == '}') {
            ++at_;
            out_.append("{}");
            return true;
        }
        const std::size_t open = out_.size();
        out_.push_back('{');
        if (!value()) return false;
        if (skip_blanks() != ':') {
            out_[open] = '[';
            return elements('}', false);
        }
        if (!finish_key(open + 1) || !member_value()) return false;
        for (;;) {
            if (skip_blanks() == ',') {
                ++at_;
            } else if (peek() != '}') {
                return fail("',' or '}' is missing");
            }
            if (skip_blanks() == '}') break;
            out_.push_back(',');
            const std::size_t key = out_.size();
            if (!value()) return false;
            if (skip_blanks() != ':') return fail("':' is missing");
            if (!finish_key(key) || !member_value()) return false;
        }
        ++at_;
        out_.push_back('}');
        return true;
    }

    bool member_value() {
        ++at_;
        out_.push_back(':');
        return value();
    }

    /// Keys are text in JSON: a number, a boolean or None becomes its text.
    bool finish_key(std::size_t begin) {
        if (out_[begin] == '"') return true;
        if (out_[begin] == '[' || out_[begin] == '{') return fail("a key that is not a scalar");
        out_.insert(begin, 1, '"');
        out_.push_back('"');
        return true;
    }

    bool string_value() {
        std::string content;
        if (!string(content)) return false;
        append_json_string(out_, content);
        return true;
    }

    bool string(std::string& content) {
        const char quote = text_[at_++];
        while (at_ < text_.size()) {
            const char byte = text_[at_];
            if (byte == quote) {
                ++at_;
                return true;
            }
            if (byte != '\\') {
                content.push_back(byte);
                ++at_;
            } else if (!escape(content)) {
                return false;
            }
        }
        return fail("the text does not end");
    }

    bool escape(std::string& content) {
        if (at_ + 1 == text_.size()) return fail("the text does not end");
        const char kind = text_[at_ + 1];
        at_ += 2;
        switch (kind) {
            case '\n':
                return true;
            case 'n':
                content.push_back('\n');
                return true;
            case 't':
                content.push_back('\t');
                return true;
            case 'r':
                content.push_back('\r');
                return true;
            case 'a':
                content.push_back('\a');
                return true;
            case 'b':
                content.push_back('\b');
                return true;
            case 'f':
                content.push_back('\f');
                return true;
            case 'v':
                content.push_back('\v');
                return true;
            case '\\':
            case '\'':
            case '"':
            case '/':
                content.push_back(kind);
                return true;
            case 'x':
                return coded(content, 2);
            case 'u':
                return coded(content, 4);
            case 'U':
                return coded(content, 8);
            case 'N':
                return fail("a character by name");
            default:
                break;
        }
        if (kind >= '0' && kind <= '7') return octal(content);
        content.push_back('\\');
        content.push_back(kind);
        return true;
    }

    std::optional<std::uint32_t> hex(std::size_t digits) {
        if (text_.size() - at_ < digits) return std::nullopt;
        std::uint32_t code = 0;
        for (std::size_t index = 0; index < digits; ++index) {
            const int digit = hex_value(text_[at_ + index]);
            if (digit < 0) return std::nullopt;
            code = code << 4U | static_cast<std::uint32_t>(digit);
        }
        at_ += digits;
        return code;
    }

    bool coded(std::string& content, std::size_t digits) {
        std::optional<std::uint32_t> code = hex(digits);
        if (!code) return fail("hexadecimal digits are missing");
        if (*code >= 0xD800 && *code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            const std::optional<std::uint32_t> low = hex(4);
            if (!low || *low < 0xDC00 || *low > 0xDFFF) return fail("half a surrogate pair");
            code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
        }
        if (*code >= 0xD800 && *code <= 0xDFFF) return fail("half a surrogate pair");
        if (*code > 0x10FFFF) return fail("no such character");
        append_utf8(content, *code);
        return true;
    }

    bool octal(std::string& content) {
        std::uint32_t code = 0;
        --at_;
        for (int digit = 0; digit < 3 && peek() >= '0' && peek() <= '7'; ++digit) {
            code = code * 8 + static_cast<std::uint32_t>(text_[at_++] - '0');
        }
        append_utf8(content, code);
        return true;
    }

    bool number() {
        const std::size_t begin = at_;
        const bool negative = peek() == '-';
        if (negative || peek() == '+') ++at_;
        if (is_name_start(peek())) return signed_name();
        const std::string_view whole = digits();
        std::string_view fraction;
        const bool has_point = peek() == '.';
        if (has_point) {
            ++at_;
            fraction = digits();
        }
        if (whole.empty() && fraction.empty()) return number_error(begin);
        if (whole.size() > 1 && whole.front() == '0') return number_error(begin);
        if (negative) out_.push_back('-');
        out_.append(whole.empty() ? std::string_view("0") : whole);
        if (has_point) {
            out_.push_back('.');
            out_.append(fraction.empty() ? std::string_view("0") : fraction);
        }
        if ((peek() == 'e' || peek() == 'E') && !exponent()) return number_error(begin);
        if (peek() == 'L') ++at_;
        if (is_name_start(peek()) || is_digit(peek())) return number_error(begin);
        return true;
    }

    bool exponent() {
        out_.push_back('e');
        ++at_;
        if (peek() == '-' || peek() == '+') out_.push_back(text_[at_++]);
        const std::string_view power = digits();
        out_.append(power);
        return !power.empty();
    }

    std::string_view digits() {
        const std::size_t begin = at_;
        while (is_digit(peek())) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    bool number_error(std::size_t begin) {
        at_ = begin;
        return fail("not a number");
    }

    bool signed_name() {
        const std::string_view word = dotted_name();
        if (word == "nan") {
            out_.append("null");
            return true;
        }
        return fail(word == "inf" || word == "Infinity" ? "an infinity" : "not a number");
    }

    std::string_view dotted_name() {
        const std::size_t begin = at_;
        while (is_name_start(peek()) || is_digit(peek()) || peek() == '.') ++at_;
        return text_.substr(begin, at_ - begin);
    }

    bool name() {
        const std::size_t begin = at_;
        std::string_view word = dotted_name();
        if ((peek() == '\'' || peek() == '"') && (word == "u" || word == "b"))
            return string_value();
        for (const std::string_view module :
             {"np.", "numpy.", "pd.", "pandas.", "decimal.", "uuid."}) {
            if (word.substr(0, module.size()) == module) word.remove_prefix(module.size());
        }
        if (peek() == '(') return call(word, begin);
        if (word == "None" || word == "null" || word == "nan" || word == "NaN" || word == "NaT" ||
            word == "NA") {
            out_.append("null");
        } else if (word == "True" || word == "true") {
            out_.append("true");
        } else if (word == "False" || word == "false") {
            out_.append("false");
        } else {
            at_ = begin;
            return fail(word == "inf" || word == "Infinity" ? "an infinity" : "unknown name");
        }
        return true;
    }

    bool call(std::string_view function, std::size_t begin) {
        ++at_;
        if (function == "datetime.date" || function == "date") return civil(3, 3);
        if (function == "datetime.datetime" || function == "datetime") return civil(5, 7);
        if (function == "set" || function == "frozenset" || function == "OrderedDict") {
            if (skip_blanks() == ')') {
                ++at_;
                out_.append(function == "OrderedDict" ? "{}" : "[]");
                return true;
            }
        }
        if (function == "Decimal") return decimal();
        constexpr std::array<std::string_view, 19> kWrappers = {
            "array",   "Timestamp", "set",   "frozenset", "UUID",      "float64", "float32",
            "float16", "int64",     "int32", "int16",     "int8",      "uint64",  "uint32",
            "uint16",  "uint8",     "bool_", "str_",      "datetime64"};
        for (const std::string_view wrapper : kWrappers) {
            if (function == wrapper) return value() && rest_of_call();
        }
        at_ = begin;
        return fail("unknown name");
    }

    /// Skips `, dtype=object)` and the like: what follows the value only says how it was kept.
    bool rest_of_call() {
        while (skip_blanks() == ',') {
            ++at_;
            skip_blanks();
            dotted_name();
            if (skip_blanks() == '=') ++at_;
            const std::size_t written = out_.size();
            const char next = skip_blanks();
            if (next == '\'' || next == '"') {
                if (!string_value()) return false;
            } else {
                dotted_name();
            }
            out_.resize(written);
        }
        if (peek() != ')') return fail("')' is missing");
        ++at_;
        return true;
    }

    /// Decimal('1.50') is the number 1.50, with its digits.
    bool decimal() {
        const char first = skip_blanks();
        if (first != '\'' && first != '"') return value() && rest_of_call();
        std::string content;
        if (!string(content)) return false;
        Parser inner(content);
        if (content.empty() ||
            (!is_digit(content.front()) && content.front() != '-' && content.front() != '.') ||
            !inner.number() || inner.at_ != content.size()) {
            return fail("not a number");
        }
        out_.append(inner.out_);
        return rest_of_call();
    }

    bool civil(std::size_t fewest, std::size_t most) {
        std::vector<unsigned> parts;
        while (is_digit(skip_blanks())) {
            const std::string_view text = digits();
            unsigned part = 0;
            if (std::from_chars(text.data(), text.data() + text.size(), part).ec != std::errc{})
                break;
            parts.push_back(part);
            if (skip_blanks() == ',') ++at_;
        }
        if (peek() != ')' || parts.size() < fewest || parts.size() > most)
            return fail("not a date");
        ++at_;
        out_.append(fmt::format("\"{:04}-{:02}-{:02}", parts[0], parts[1], parts[2]));
        if (most > 3) {
            out_.append(fmt::format("T{:02}:{:02}:{:02}", parts[3], parts[4],
                                    parts.size() > 5 ? parts[5] : 0));
            if (parts.size() > 6) out_.append(fmt::format(".{:06}", parts[6]));
        }
        out_.push_back('"');
        return true;
    }

    bool end() {
        return skip_blanks() == '\0' && at_ == text_.size() ? true
                                                            : fail("more text after the value");
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    char skip_blanks() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++at_;
        return peek();
    }
    bool fail(std::string_view error) {
        if (error_.empty()) error_ = error;
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string out_;
    std::string_view error_;
};

}  // namespace

Result<std::string> python_literal_to_json(std::string_view text) {
    return Parser(text).run();
}

}  // namespace ingot::format

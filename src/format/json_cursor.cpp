#include <array>

#include "format/json_cursor_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

/// The kinds of the containers that are open, one bit each: 1 = object.
class Containers {
public:
    bool empty() const { return depth_ == 0; }
    bool in_object() const { return ((bits_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64)) & 1U) != 0; }
    bool push(bool object) {
        if (depth_ == JsonCursor::kDepthMax) return false;
        const std::uint64_t mask = std::uint64_t{1} << (depth_ % 64);
        std::uint64_t& word = bits_[depth_ / 64];
        word = object ? word | mask : word & ~mask;
        ++depth_;
        return true;
    }
    void pop() { --depth_; }

private:
    std::array<std::uint64_t, JsonCursor::kDepthMax / 64> bits_;
    std::size_t depth_ = 0;
};

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The four hexadecimal digits at `at`, or -1.
int code_unit(std::string_view text, std::size_t at) {
    if (at + 4 > text.size()) return -1;
    int value = 0;
    for (std::size_t end = at + 4; at < end; ++at) {
        const int digit = hex_digit(text[at]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

void append_utf8(std::string& into, std::uint32_t code) {
    const auto byte = [&](std::uint32_t value) { into += static_cast<char>(value); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | (code >> 6));
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | (code >> 12));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 0x3F));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

char simple_escape(char c) {
    switch (c) {
        case '"':
        case '\\':
        case '/':
            return c;
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return 0;
    }
}

/// `\uXXXX` with its second half when it is a surrogate; `at` stands after the `u`.
bool unescape_unicode(std::string_view text, std::size_t& at, std::string& into) {
    const int first = code_unit(text, at);
    if (first < 0) return false;
    at += 4;
    auto code = static_cast<std::uint32_t>(first);
    if (code >= 0xDC00 && code < 0xE000) return false;
    if (code >= 0xD800 && code < 0xDC00) {
        if (text.substr(at, 2) != "\\u") return false;
        const int second = code_unit(text, at + 2);
        if (second < 0xDC00 || second >= 0xE000) return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<std::uint32_t>(second) - 0xDC00);
        at += 6;
    }
    append_utf8(into, code);
    return true;
}

}  // namespace

std::optional<std::string_view> JsonCursor::skip_value() {
    const std::uint32_t begin = *at_;
    const char first = peek();
    if (first == '"') {
        const std::string_view body = take_string();
        if (!has_valid_escapes(body)) {
            --at_;
            fail("unknown escape in a string");
            return std::nullopt;
        }
        return std::string_view(body.data() - 1, body.size() + 2);
    }
    if (first != '{' && first != '[') {
        const std::string_view scalar = take_scalar();
        if (!is_json_scalar(scalar)) {
            --at_;
            fail("not a JSON value");
            return std::nullopt;
        }
        return scalar;
    }
    if (!skip_containers()) return std::nullopt;
    const std::uint32_t end = at_[-1] + 1;
    const std::string_view value(text_ + begin, end - begin);
    if (!has_valid_escapes(value)) {
        fail("unknown escape in a string");
        return std::nullopt;
    }
    return value;
}

// One state machine over tokens: after an opening brace or bracket, a value is expected (with its
// key in an object); after a value, a comma or the end of its container.
bool JsonCursor::skip_containers() {
    Containers open;
    while (true) {
        const char c = peek();
        bool value_done = true;
        if (c == '"') {
            ++at_;
        } else if (c == '{' || c == '[') {
            if (!open.push(c == '{')) return fail("nested too deeply");
            ++at_;
            if (peek() == (c == '{' ? '}' : ']')) {
                ++at_;
                open.pop();
            } else {
                value_done = false;
            }
        } else {
            if (!is_json_scalar(take_scalar())) {
                --at_;
                return fail("not a JSON value");
            }
        }
        while (value_done) {
            if (open.empty()) return true;
            const char after = peek();
            if (after == ',') {
                ++at_;
                value_done = false;
            } else if (after == (open.in_object() ? '}' : ']')) {
                ++at_;
                open.pop();
            } else {
                return fail("expected a comma or the end of the object or array");
            }
        }
        if (open.in_object()) {
            if (peek() != '"') return fail("expected a key");
            ++at_;
            if (peek() != ':') return fail("expected a colon");
            ++at_;
        }
    }
}

bool is_json_scalar(std::string_view text) {
    switch (text.empty() ? '\0' : text.front()) {
        case 't':
            return text == "true";
        case 'f':
            return text == "false";
        case 'n':
            return text == "null";
        default:
            return is_json_number(text);
    }
}

bool has_valid_escapes(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        at = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
        if (at == nullptr) return true;
        if (end - at < 2) return false;
        if (at[1] == 'u') {
            if (code_unit(std::string_view(at, static_cast<std::size_t>(end - at)), 2) < 0) {
                return false;
            }
            at += 6;
        } else {
            if (simple_escape(at[1]) == 0) return false;
            at += 2;
        }
    }
}

bool unescape(std::string_view text, std::string& into) {
    into.clear();
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t backslash = std::min(text.find('\\', at), text.size());
        into.append(text, at, backslash - at);
        at = backslash;
        if (at == text.size()) return true;
        if (at + 1 == text.size()) return false;
        const char kind = text[at + 1];
        at += 2;
        if (kind == 'u') {
            if (!unescape_unicode(text, at, into)) return false;
        } else {
            const char resolved = simple_escape(kind);
            if (resolved == 0) return false;
            into += resolved;
        }
    }
    return true;
}

}  // namespace ingot::format

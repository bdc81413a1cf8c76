#pragma once
// A cursor over the indexed tokens of JSON text. It checks the grammar of everything it passes, so
// that a value which was skipped is as valid as one which was read.
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::format {

/// A position between tokens. Reading past the last token is safe: the index ends with positions
/// that point at the zero bytes after the text.
class JsonCursor {
public:
    /// Deeper values are refused.
    static constexpr std::size_t kDepthMax = 1024;

    JsonCursor() = default;
    /// Requires positions as JsonIndex builds them, for text followed by a zero byte.
    JsonCursor(const char* text, const std::uint32_t* at) : text_(text), at_(at) {}

    /// First byte of the token ahead; 0 after the last one.
    char peek() const { return text_[*at_]; }
    std::uint32_t position() const { return *at_; }
    const char* text() const { return text_; }
    const std::uint32_t* mark() const { return at_; }
    void reset(const std::uint32_t* mark) { at_ = mark; }

    /// Passes the one-byte token when it is ahead.
    bool take(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    void advance() { ++at_; }

    /// Requires a string ahead. Its text without quotes, as written; passes it.
    std::string_view take_string() {
        const std::uint32_t begin = *at_ + 1;
        ++at_;
        std::uint32_t end = *at_;
        do {
            --end;
        } while (text_[end] != '"');
        return {text_ + begin, end - begin};
    }
    /// Requires a scalar that is not a string ahead. Its text; passes it.
    std::string_view take_scalar() {
        const std::uint32_t begin = *at_;
        ++at_;
        std::uint32_t end = *at_;
        while (end > begin + 1 && is_blank(text_[end - 1])) --end;
        return {text_ + begin, end - begin};
    }

    /// Passes one value of any kind. Its text as written, or nothing when it is not JSON: then
    /// `problem()` says why and the cursor stands at the offending token.
    std::optional<std::string_view> skip_value();
    /// Why skip_value gave nothing.
    const char* problem() const { return problem_; }

    static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

private:
    bool skip_containers();
    bool fail(const char* problem) {
        problem_ = problem;
        return false;
    }

    const char* text_ = nullptr;
    const std::uint32_t* at_ = nullptr;
    const char* problem_ = "";
};

/// `true`, `false`, `null` or a number.
bool is_json_scalar(std::string_view text);
/// Whether every backslash begins an escape that JSON knows. `text` may hold whole values.
bool has_valid_escapes(std::string_view text);
/// Resolves escapes into `into`. False when an escape is unknown or a surrogate stands alone.
bool unescape(std::string_view text, std::string& into);

inline bool has_backslash(std::string_view text) {
    return std::memchr(text.data(), '\\', text.size()) != nullptr;
}

}  // namespace ingot::format

#include "delta/uri_internal.hpp"

namespace ingot::delta {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void append_percent(std::string& out, char c) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
}

/// Length of `scheme` in `scheme:...`, or 0.
std::size_t scheme_length(std::string_view path) {
    const std::size_t colon = path.find(':');
    // One letter is a drive of another system, not a scheme, and no scheme holds a slash or '='.
    if (colon == std::string_view::npos || colon < 2) return 0;
    for (const char c : path.substr(0, colon)) {
        if (!is_alphanumeric(c) && c != '+' && c != '-' && c != '.') return 0;
    }
    return colon;
}

}  // namespace

std::optional<std::string> uri_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string uri_encode_path(std::string_view path) {
    std::string out;
    out.reserve(path.size());
    for (const char c : path) {
        // RFC 3986: unreserved, sub-delimiters, and what a path may hold besides.
        static constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
        if (is_alphanumeric(c) || kPlain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            append_percent(out, c);
        }
    }
    return out;
}

std::string hive_escape(std::string_view text) {
    static constexpr std::string_view kEscaped = "\"#%'*/:=?\\{[]^";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || kEscaped.find(c) != std::string_view::npos) {
            append_percent(out, c);
        } else {
            out += c;
        }
    }
    return out;
}

bool is_absolute(std::string_view path) {
    return path.starts_with('/') || scheme_length(path) != 0;
}

std::string_view canonical_path(std::string_view path, std::string& scratch) {
    if (path.starts_with("file:")) {
        path.remove_prefix(5);
        while (path.starts_with("//")) path.remove_prefix(1);
    }
    if (path.find('%') == std::string_view::npos) return path;
    auto decoded = uri_decode(path);
    if (!decoded) return path;
    scratch = *std::move(decoded);
    return scratch;
}

}  // namespace ingot::delta

#include <algorithm>
#include <charconv>

#include "delta/decimal_internal.hpp"

namespace ingot::delta {
namespace {

constexpr int kMaxDigits = 38;

/// The digits of a number without sign, point, exponent and leading zeros, and how many of them
/// stand after the point.
struct Digits {
    std::string text;
    int scale = 0;
};

std::optional<Digits> split_number(std::string_view text) {
    Digits digits;
    bool after_point = false;
    bool any = false;
    while (!text.empty() && text.front() != 'e' && text.front() != 'E') {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == '.' && !after_point) {
            after_point = true;
        } else if (c >= '0' && c <= '9') {
            any = true;
            if (c != '0' || !digits.text.empty()) digits.text += c;
            digits.scale += after_point ? 1 : 0;
        } else {
            return std::nullopt;
        }
    }
    if (!any || digits.text.size() > 400 || digits.scale > 400) return std::nullopt;
    if (text.empty()) return digits;
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc() || end != text.data() + text.size() || exponent > 400 ||
        exponent < -400) {
        return std::nullopt;
    }
    digits.scale -= exponent;
    return digits;
}

}  // namespace

std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale) {
    const bool negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (negative || text.front() == '+')) text.remove_prefix(1);
    auto digits = split_number(text);
    if (!digits) return std::nullopt;
    while (digits->scale > scale && !digits->text.empty() && digits->text.back() == '0') {
        digits->text.pop_back();
        --digits->scale;
    }
    if (digits->text.empty()) return Int128{0};
    if (digits->scale > scale) return std::nullopt;
    digits->text.append(static_cast<std::size_t>(scale - digits->scale), '0');
    if (static_cast<int>(digits->text.size()) > std::min(precision, kMaxDigits)) {
        return std::nullopt;
    }
    Int128 value = 0;
    for (const char c : digits->text) value = value * 10 + (c - '0');
    return negative ? -value : value;
}

std::string format_decimal(Int128 unscaled, int scale) {
    const bool negative = unscaled < 0;
    Int128 rest = negative ? -unscaled : unscaled;
    std::string text;
    while (rest != 0 || static_cast<int>(text.size()) <= scale) {
        text += static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
        if (static_cast<int>(text.size()) == scale && scale > 0) text += '.';
    }
    // The point itself counts as one character of the loop's condition: add the digit before it.
    if (text.back() == '.') text += '0';
    if (negative) text += '-';
    std::reverse(text.begin(), text.end());
    return text;
}

}  // namespace ingot::delta

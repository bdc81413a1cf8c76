#include "cli/output.hpp"

#include <algorithm>
#include <array>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ingot::cli {
namespace {

/// Characters that a terminal shows, roughly: code points, not bytes.
std::size_t shown_width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

/// On one line and at most `width` code points long.
std::string fitted(const std::string& text, std::size_t width) {
    std::string flat;
    for (const char c : text) flat += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    if (width == 0 || shown_width(flat) <= width) return flat;
    std::size_t end = 0;
    for (std::size_t shown = 0; end < flat.size(); ++end) {
        const bool starts = (static_cast<unsigned char>(flat[end]) & 0xC0U) != 0x80U;
        if (starts && ++shown == width) break;
    }
    return flat.substr(0, end) + "…";
}

}  // namespace

std::string csv_field(std::string_view text) {
    if (!text.empty() && text.find_first_of(",\"\n\r") == std::string_view::npos)
        return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c;
        if (c == '"') quoted += c;
    }
    return quoted + "\"";
}

TextTable::TextTable(std::vector<std::string> header)
    : header_(std::move(header)), right_(header_.size(), false) {}

void TextTable::add(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
}

std::string TextTable::to_string(std::size_t width) const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < header_.size(); ++i) {
        std::size_t widest = shown_width(header_[i]);
        for (const auto& row : rows_) widest = std::max(widest, shown_width(row[i]));
        widths.push_back(widest);
    }
    const std::size_t gaps = header_.empty() ? 0 : 2 * (header_.size() - 1);
    while (width > 0) {
        std::size_t total = gaps;
        for (const std::size_t each : widths) total += each;
        const auto widest = std::max_element(widths.begin(), widths.end());
        if (total <= width || *widest <= 8) break;
        *widest = std::max<std::size_t>(8, *widest - std::min(*widest, total - width));
    }
    std::string text;
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string out;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string cell = fitted(cells[i], widths[i]);
            const std::string blanks(widths[i] - std::min(widths[i], shown_width(cell)), ' ');
            out += (i > 0 ? "  " : "") + (right_[i] ? blanks + cell : cell + blanks);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        text += out + "\n";
    };
    line(header_);
    std::vector<std::string> rule;
    for (const std::size_t each : widths) {
        rule.emplace_back();
        for (std::size_t i = 0; i < each; ++i) rule.back() += "─";
    }
    line(rule);
    for (const auto& row : rows_) line(row);
    return text;
}

std::size_t terminal_width() {
    winsize size{};
    if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

std::string with_thousands(std::int64_t number) {
    std::string digits = fmt::format("{}", number);
    const std::ptrdiff_t first = digits.front() == '-' ? 1 : 0;
    for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
}

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace ingot::cli

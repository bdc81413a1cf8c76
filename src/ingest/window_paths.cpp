#include <algorithm>
#include <map>

#include "base/glob.hpp"
#include "ingest/finders_internal.hpp"
#include "ingest/window_paths_internal.hpp"

namespace ingot::ingest {

using project::Template;

Result<std::optional<WindowPaths>> WindowPaths::of(const Template& path, const std::string& root,
                                                   const project::WindowSpec& windows,
                                                   const project::TemplateContext& context) {
    const std::optional<WindowPaths> none;
    if (windows.timezone != "UTC") return none;
    WindowPaths paths(windows);
    for (const Template::Part& part : path.parts()) {
        if (const auto* time = std::get_if<Template::Time>(&part)) {
            const bool plain = time->of == Template::Time::Of::kWindowStart && !time->shift;
            if (!plain || !paths.add_format(time->format)) return none;
            continue;
        }
        INGOT_TRY_ASSIGN(const project::Rendered text, Template::render_part(part, context));
        if (!std::holds_alternative<std::string>(text)) return none;
        paths.add_text(std::get<std::string>(text));
    }
    paths.put_below(root);
    if (!paths.can_be_read_back()) return none;
    return std::optional(std::move(paths));
}

std::string WindowPaths::pattern() const {
    std::string pattern;
    for (const Piece& piece : pieces_) {
        const auto* text = std::get_if<std::string>(&piece);
        if (text != nullptr) {
            pattern += *text;
        } else if (!pattern.ends_with('*')) {
            pattern += '*';
        }
    }
    return pattern;
}

std::optional<Interval> WindowPaths::window_of(std::string_view path) const {
    std::map<char, std::string> digits{{'m', "01"}, {'d', "01"}, {'H', "00"}, {'M', "00"}};
    for (const Piece& piece : pieces_) {
        if (const auto* text = std::get_if<std::string>(&piece)) {
            if (!path.starts_with(*text)) return std::nullopt;
            path.remove_prefix(text->size());
            continue;
        }
        const Digits& wanted = std::get<Digits>(piece);
        std::size_t length = 0;
        while (length < std::min(path.size(), wanted.at_most) && path[length] >= '0' &&
               path[length] <= '9') {
            ++length;
        }
        if (length < wanted.at_least) return std::nullopt;
        digits[wanted.specifier] =
            std::string(length < 2 ? 1 : 0, '0') + std::string(path.substr(0, length));
        path.remove_prefix(length);
    }
    if (!path.empty()) return std::nullopt;
    const Result<Timestamp> start = parse_timestamp(fmt::format(
        "{}-{}-{}T{}:{}", digits['Y'], digits['m'], digits['d'], digits['H'], digits['M']));
    if (!start) return std::nullopt;
    const Result<Interval> window = project::window_at(windows_, *start);
    return window && window->start == *start ? std::optional(*window) : std::nullopt;
}

void WindowPaths::add_text(std::string_view text) {
    if (pieces_.empty() || !std::holds_alternative<std::string>(pieces_.back())) {
        pieces_.emplace_back(std::string());
    }
    auto& all = std::get<std::string>(pieces_.back());
    for (const char c : text) {
        if (c != '/' || !all.ends_with('/')) all += c;
    }
}

void WindowPaths::put_below(const std::string& root) {
    if (pieces_.empty() || !std::holds_alternative<std::string>(pieces_.front())) {
        pieces_.insert(pieces_.begin(), std::string());
    }
    auto& first = std::get<std::string>(pieces_.front());
    if (!first.starts_with('/')) first = root + "/" + first;
}

/// False for a format with anything but digits of fixed meaning.
bool WindowPaths::add_format(std::string_view format) {
    for (std::size_t at = 0; at < format.size(); ++at) {
        if (format[at] != '%') {
            add_text(format.substr(at, 1));
            continue;
        }
        const bool padded = !format.substr(at + 1).starts_with('-');
        at += padded ? 1 : 2;
        const char specifier = at < format.size() ? format[at] : '\0';
        if (std::string_view("YmdHM").find(specifier) == std::string_view::npos) return false;
        const std::size_t width = specifier == 'Y' ? 4 : 2;
        pieces_.emplace_back(Digits{specifier, padded || width == 4 ? width : 1, width});
    }
    return !format.empty();
}

bool WindowPaths::can_be_read_back() const {
    std::string_view needed = "YmdHM";
    switch (windows_.step.unit) {
        case CalendarStep::Unit::kYear:
            needed = "Y";
            break;
        case CalendarStep::Unit::kMonth:
            needed = "Ym";
            break;
        case CalendarStep::Unit::kWeek:
        case CalendarStep::Unit::kDay:
            needed = "Ymd";
            break;
        case CalendarStep::Unit::kHour:
            needed = "YmdH";
            break;
        case CalendarStep::Unit::kMinute:
            break;
    }
    std::string found;
    const Digits* before = nullptr;
    for (const Piece& piece : pieces_) {
        const auto* digits = std::get_if<Digits>(&piece);
        if (digits == nullptr) {
            if (has_wildcard(std::get<std::string>(piece))) return false;
        } else {
            // Where digits of a variable number meet digits, nobody can tell them apart.
            if (before != nullptr && before->at_least != before->at_most) return false;
            found += digits->specifier;
        }
        before = digits;
    }
    return std::all_of(needed.begin(), needed.end(),
                       [&](char each) { return found.find(each) != std::string::npos; });
}

}  // namespace ingot::ingest

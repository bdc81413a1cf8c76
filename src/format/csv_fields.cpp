#include <algorithm>

#include "format/csv_fields_internal.hpp"

namespace ingot::format {

const char* CsvSplitter::split(std::string_view record) {
    fields_.clear();
    resolved_.clear();
    resolved_.reserve(record.size());
    for (std::size_t at = 0;; ++at) {
        if (at < record.size() && record[at] == format_.quote) {
            if (const char* problem = quoted_field(record, at)) return problem;
        } else {
            plain_field(record, at);
        }
        if (at == record.size()) return nullptr;
    }
}

/// `at` stands on the opening quote; afterwards on the delimiter, or at the end.
const char* CsvSplitter::quoted_field(std::string_view record, std::size_t& at) {
    const std::size_t begin = resolved_.size();
    std::size_t piece = ++at;
    const auto keep = [&](std::size_t end) { resolved_.append(record, piece, end - piece); };
    for (; at < record.size(); ++at) {
        const char c = record[at];
        const char next = at + 1 < record.size() ? record[at + 1] : '\0';
        if (c == format_.escape && (next == format_.quote || next == format_.escape) &&
            at + 1 < record.size()) {
            keep(at);
            piece = ++at;
        } else if (c == format_.quote) {
            keep(at);
            ++at;
            if (at < record.size() && record[at] != format_.delimiter) {
                return "text after the closing quote";
            }
            const std::string_view text = std::string_view(resolved_).substr(begin);
            fields_.push_back({format_.trim_values ? trimmed(text) : text, true});
            return nullptr;
        }
    }
    return "a quote is not closed";
}

void CsvSplitter::plain_field(std::string_view record, std::size_t& at) {
    const std::size_t begin = at;
    at = std::min(record.find(format_.delimiter, begin), record.size());
    const std::string_view text = record.substr(begin, at - begin);
    fields_.push_back({format_.trim_values ? trimmed(text) : text, false});
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace ingot::format

// Text: a first line with the format, then per entry `M key hash`, and per column `C name type`
// followed by its `S table column`; the hash is of the lines of the entry; fields are divided by
// tabs, and %, tab and line end are written as %25, %09 and %0A.
#include <algorithm>
#include <fmt/format.h>

#include "base/hash.hpp"
#include "project/files_internal.hpp"
#include "project/lineage_cache_internal.hpp"

namespace ingot::project {

namespace {

constexpr std::string_view kFirstLine = "ingot column lineage 1\n";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '%') {
            out += "%25";
        } else if (c == '\t') {
            out += "%09";
        } else if (c == '\n') {
            out += "%0A";
        } else {
            out += c;
        }
    }
    return out;
}

std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = text.substr(i, 3);
        if (rest == "%25" || rest == "%09" || rest == "%0A") {
            out += rest == "%25" ? '%' : rest == "%09" ? '\t' : '\n';
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string as_lines(const std::vector<sql::ColumnLineage>& columns) {
    std::string lines;
    for (const sql::ColumnLineage& column : columns) {
        lines += "C\t" + escaped(column.column.name) + "\t" +
                 escaped(sql_type_name(column.column.type)) + "\n";
        for (const auto& [table, name] : column.sources) {
            lines += "S\t" + escaped(table) + "\t" + escaped(name) + "\n";
        }
    }
    return lines;
}

std::string checksum(std::string_view lines) {
    return fmt::format("{:016x}", hash64(lines));
}

std::optional<std::vector<sql::ColumnLineage>> from_lines(std::string_view lines) {
    std::vector<sql::ColumnLineage> columns;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        const std::size_t tab = line.find('\t', 2);
        if (line.size() < 2 || line[1] != '\t' || tab == std::string_view::npos)
            return std::nullopt;
        std::string first = unescaped(line.substr(2, tab - 2));
        std::string second = unescaped(line.substr(tab + 1));
        if (line[0] == 'C') {
            auto type = parse_data_type(second);
            // A type that does not come back the same is bound again rather than guessed.
            if (!type || sql_type_name(*type) != second) return std::nullopt;
            columns.push_back({{std::move(first), *std::move(type)}, {}});
        } else if (line[0] == 'S' && !columns.empty()) {
            columns.back().sources.emplace_back(std::move(first), std::move(second));
        } else {
            return std::nullopt;
        }
    }
    return columns;
}

}  // namespace

LineageCache::LineageCache(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    const auto text = read_file(path_);
    if (!text || !text->starts_with(kFirstLine)) return;
    std::string_view rest = std::string_view(*text).substr(kFirstLine.size());
    while (rest.starts_with("M\t")) {
        const std::size_t line_end = rest.find('\n');
        if (line_end == std::string_view::npos) return;
        const std::string_view head = rest.substr(2, line_end - 2);
        rest.remove_prefix(line_end + 1);
        std::size_t end = rest.starts_with("M\t") ? 0 : rest.find("\nM\t");
        end = end == std::string_view::npos ? rest.size() : end == 0 ? 0 : end + 1;
        const std::string_view lines = rest.substr(0, end);
        const std::size_t tab = head.find('\t');
        if (tab != std::string_view::npos && head.substr(tab + 1) == checksum(lines)) {
            stored_.emplace(head.substr(0, tab), lines);
        }
        rest.remove_prefix(end);
    }
}

std::optional<std::vector<sql::ColumnLineage>> LineageCache::find(const std::string& key) {
    const auto found = stored_.find(key);
    if (found == stored_.end()) return std::nullopt;
    auto columns = from_lines(found->second);
    if (columns) used_.emplace(key, found->second);
    return columns;
}

void LineageCache::put(const std::string& key, const std::vector<sql::ColumnLineage>& columns) {
    if (path_.empty()) return;
    used_[key] = as_lines(columns);
    changed_ = true;
}

Status LineageCache::save() {
    if (path_.empty() || (!changed_ && used_.size() == stored_.size())) return {};
    std::string text(kFirstLine);
    for (const auto& [key, lines] : used_) {
        text += "M\t" + key + "\t" + checksum(lines) + "\n" + lines;
    }
    const Status written = write_file(path_, text);
    // A read-only project folder can be read all the same; only its next load takes longer.
    if (!written && written.error().code != ErrorCode::kIo) return written;
    return {};
}

}  // namespace ingot::project

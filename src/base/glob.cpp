#include "base/glob.hpp"

#include <algorithm>
#include <filesystem>

namespace ingot {
namespace {

namespace fs = std::filesystem;

/// Matches one path part: `*`, `?` and literal characters.
bool matches(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (n < name.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

/// Linked folders are entered by name and by `*`, not by `**`: a link may lead back up.
void expand(const fs::path& folder, fs::path::const_iterator part, fs::path::const_iterator end,
            std::vector<std::string>& found, std::error_code& error) {
    const std::string pattern = part->string();
    const auto next = std::next(part);
    const bool any_depth = pattern == "**";
    if (any_depth && next != end) expand(folder, next, end, found, error);
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!matches(pattern, name) || (name.starts_with('.') && !pattern.starts_with('.')))
            continue;
        if (any_depth && entry.is_directory()) {
            if (!entry.is_symlink()) expand(entry.path(), part, end, found, error);
        } else if (next == end) {
            if (entry.is_regular_file()) found.push_back(entry.path().string());
        } else if (!any_depth && entry.is_directory()) {
            expand(entry.path(), next, end, found, error);
        }
    }
}

}  // namespace

bool has_wildcard(std::string_view path) {
    return path.find_first_of("*?[") != std::string_view::npos;
}

Result<std::vector<std::string>> glob(const std::string& pattern) {
    const fs::path path(pattern);
    fs::path folder;
    auto part = path.begin();
    while (part != path.end() && !has_wildcard(part->string())) folder /= *part++;
    std::vector<std::string> found;
    std::error_code error;
    if (!fs::exists(folder, error)) return found;
    expand(folder, part, path.end(), found, error);
    if (error)
        return make_error(ErrorCode::kIo, "cannot list {}: {}", folder.string(), error.message());
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace ingot

#include <algorithm>
#include <cctype>
#include <numeric>

#include "engine/nearest_name_internal.hpp"

namespace ingot::engine {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto equal = std::tolower(static_cast<unsigned char>(a[i])) ==
                               std::tolower(static_cast<unsigned char>(b[j]));
            const auto above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (equal ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view name, const std::vector<std::string>& names) {
    const auto limit = std::max<std::size_t>(2, name.size() / 3);
    const std::string* nearest = nullptr;
    auto distance = limit + 1;
    for (const auto& candidate : names) {
        const auto d = edit_distance(name, candidate);
        if (d < distance) {
            nearest = &candidate;
            distance = d;
        }
    }
    return nearest == nullptr ? "" : "; did you mean " + *nearest + "?";
}

}  // namespace ingot::engine

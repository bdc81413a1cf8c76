#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <numeric>

#include "quality/names_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::quality {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

template <class Format>
std::string joined(std::span<const std::string> names, Format format) {
    std::string text;
    for (const std::string& name : names) {
        if (!text.empty()) text += ", ";
        text += format(name);
    }
    return text;
}

}  // namespace

Result<const Field*> find_column(const Schema& schema, std::string_view name) {
    if (const Field* field = schema.find(name)) return field;
    const Field* nearest = nullptr;
    std::size_t distance = std::max<std::size_t>(2, name.size() / 3) + 1;
    for (const Field& field : schema.fields) {
        const std::size_t d = edit_distance(name, field.name);
        if (d >= distance) continue;
        distance = d;
        nearest = &field;
    }
    if (nearest != nullptr) {
        return make_error(ErrorCode::kInvalidArgument,
                          "there is no column '{}': did you mean '{}'?", name, nearest->name);
    }
    std::vector<std::string> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    return make_error(ErrorCode::kInvalidArgument, "there is no column '{}', only: {}", name,
                      plain_list(names));
}

std::string quoted_list(std::span<const std::string> names) {
    return joined(names, [](const std::string& name) { return quoted_name(name); });
}

std::string plain_list(std::span<const std::string> names) {
    return joined(names, [](const std::string& name) { return name; });
}

Error located(Error error, const project::SourcePlace& place, std::string_view what) {
    const std::string where = place.file.empty() ? "" : place.to_string() + ": ";
    error.message = fmt::format("{}{}: {}", where, what, error.message);
    return error;
}

}  // namespace ingot::quality

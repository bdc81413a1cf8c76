#include <fmt/format.h>

#include "base/nearest_name.hpp"
#include "quality/names_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::quality {
namespace {

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
    std::vector<std::string> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    if (const auto nearest = nearest_name(name, names)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "there is no column '{}': did you mean '{}'?", name, *nearest);
    }
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

#include "project/names.hpp"

#include <fmt/format.h>

#include "project/scalars_internal.hpp"

namespace ingot::project {

std::string SourcePlace::to_string() const {
    if (line == 0) return file;
    if (column == 0) return fmt::format("{}:{}", file, line);
    return fmt::format("{}:{}:{}", file, line, column);
}

Result<TableName> TableName::parse(std::string_view text) {
    const std::size_t dot = text.find('.');
    const std::string_view layer = text.substr(0, dot);
    const std::string_view name =
        dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    if (!is_identifier(layer) || !is_identifier(name)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no table name: write layer.name with letters, digits and '_'",
                          text);
    }
    return TableName(std::string(layer), std::string(name));
}

}  // namespace ingot::project

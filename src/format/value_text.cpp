#include "format/value_text.hpp"

#include <nlohmann/json.hpp>

#include "base/scalar.hpp"

namespace ingot::format {
namespace {

std::string struct_json(const Column& column, std::int64_t row) {
    std::string text = "{";
    for (std::size_t i = 0; i < column.children.size(); ++i) {
        if (i > 0) text += ",";
        text += json_text(column.type.fields()[i].name) + ":" + value_json(column.children[i], row);
    }
    return text + "}";
}

std::string list_json(const Column& column, std::int64_t row) {
    std::string text = "[";
    const auto [begin, end] = column.list_range(row);
    for (std::int64_t i = begin; i < end; ++i)
        text += (i > begin ? "," : "") + value_json(column.children.front(), i);
    return text + "]";
}

std::string map_json(const Column& column, std::int64_t row) {
    std::string text = "{";
    const auto [begin, end] = column.list_range(row);
    const Column& entry = column.children.front();
    for (std::int64_t i = begin; i < end; ++i) {
        text += (i > begin ? "," : "") + json_text(value_text(entry.children[0], i)) + ":" +
                value_json(entry.children[1], i);
    }
    return text + "}";
}

}  // namespace

std::string json_text(std::string_view text) {
    return nlohmann::json(std::string(text))
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string value_text(const Column& column, std::int64_t row) {
    if (column.is_null(row)) return "";
    return column.type.is_nested() ? value_json(column, row) : scalar_at(column, row).to_string();
}

std::string value_json(const Column& column, std::int64_t row) {
    if (column.is_null(row)) return "null";
    switch (column.type.id()) {
        case TypeId::kStruct:
            return struct_json(column, row);
        case TypeId::kArray:
            return list_json(column, row);
        case TypeId::kMap:
            return map_json(column, row);
        case TypeId::kBoolean:
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
        case TypeId::kLong:
        case TypeId::kDecimal:
            return scalar_at(column, row).to_string();
        case TypeId::kFloat:
        case TypeId::kDouble: {
            const std::string text = scalar_at(column, row).to_string();
            const bool finite = text.find_first_of("in") == std::string::npos;
            return finite ? text : json_text(text);
        }
        default:
            return json_text(scalar_at(column, row).to_string());
    }
}

}  // namespace ingot::format

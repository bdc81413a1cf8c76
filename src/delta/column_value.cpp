#include <cmath>
#include <fmt/format.h>

#include "delta/civil_internal.hpp"
#include "delta/column_value_internal.hpp"
#include "delta/decimal_internal.hpp"
#include "delta/json_internal.hpp"

namespace ingot::delta {
namespace {

bool is_absent(const Column* column, std::int64_t row) {
    return column == nullptr || column->is_null(row);
}

void append_scalar(json::Writer& json, const Scalar& value) {
    switch (value.type().id()) {
        case TypeId::kBoolean:
            json.boolean(value.as_boolean());
            return;
        case TypeId::kFloat:
        case TypeId::kDouble: {
            const double number = value.as_double();
            if (std::isnan(number)) {
                json.string("NaN");
            } else if (std::isinf(number)) {
                json.string(number > 0 ? "Infinity" : "-Infinity");
            } else {
                json.raw(fmt::format("{}", number));
            }
            return;
        }
        case TypeId::kDecimal:
            json.raw(format_decimal(value.as_decimal(), value.type().scale()));
            return;
        case TypeId::kString:
        case TypeId::kBinary:
            json.string(value.as_text());
            return;
        case TypeId::kDate:
            json.string(format_date(value.as_integer()));
            return;
        case TypeId::kTimestamp:
            json.string(format_instant(value.as_integer(), 'T') + "Z");
            return;
        case TypeId::kTimestampNtz:
            json.string(format_instant(value.as_integer(), 'T'));
            return;
        default:
            json.integer(value.as_integer());
    }
}

void append_value(json::Writer& json, const Column& column, std::int64_t row) {
    if (column.is_null(row)) {
        json.null();
        return;
    }
    if (column.type.id() != TypeId::kStruct) {
        append_scalar(json, scalar_at(column, row));
        return;
    }
    json.begin_object();
    for (std::size_t i = 0; i < column.children.size(); ++i) {
        const Column& child = column.children[i];
        const TypeId type = child.type.id();
        // Statistics have no lists; anything unexpected is no statistic.
        if (child.is_null(row) || type == TypeId::kArray || type == TypeId::kMap) continue;
        json.key(column.type.fields()[i].name);
        append_value(json, child, row);
    }
    json.end_object();
}

}  // namespace

const Column* member(const Column* column, std::string_view name) {
    if (column == nullptr || column->type.id() != TypeId::kStruct) return nullptr;
    const auto& fields = column->type.fields();
    for (std::size_t i = 0; i < fields.size() && i < column->children.size(); ++i) {
        if (fields[i].name == name) return &column->children[i];
    }
    return nullptr;
}

std::optional<std::string_view> text_at(const Column* column, std::int64_t row) {
    if (is_absent(column, row)) return std::nullopt;
    return column->text(row);
}

std::optional<std::int64_t> long_at(const Column* column, std::int64_t row) {
    if (is_absent(column, row)) return std::nullopt;
    return column->value<std::int64_t>(row);
}

std::optional<std::int32_t> int_at(const Column* column, std::int64_t row) {
    if (is_absent(column, row)) return std::nullopt;
    return column->value<std::int32_t>(row);
}

std::optional<bool> boolean_at(const Column* column, std::int64_t row) {
    if (is_absent(column, row)) return std::nullopt;
    return column->boolean(row);
}

std::optional<std::vector<std::string>> strings_at(const Column* column, std::int64_t row) {
    if (is_absent(column, row)) return std::nullopt;
    std::vector<std::string> result;
    const auto [begin, end] = column->list_range(row);
    for (std::int64_t i = begin; i < end; ++i) {
        if (const auto text = text_at(&column->children[0], i)) result.emplace_back(*text);
    }
    return result;
}

std::map<std::string, std::string> text_map_at(const Column* column, std::int64_t row) {
    std::map<std::string, std::string> result;
    if (is_absent(column, row)) return result;
    const Column& entries = column->children[0];
    const auto [begin, end] = column->list_range(row);
    for (std::int64_t i = begin; i < end; ++i) {
        const auto value = text_at(&entries.children[1], i);
        if (value) result.emplace(entries.children[0].text(i), *value);
    }
    return result;
}

void append_json_value(std::string& out, const Column& column, std::int64_t row) {
    json::Writer json(out);
    append_value(json, column, row);
}

}  // namespace ingot::delta

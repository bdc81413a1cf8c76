#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/scalar.hpp"
#include "task/task_values_internal.hpp"

namespace ingot::task {
namespace {

using Json = nlohmann::ordered_json;

struct TooDeep {};

Json parse(std::string_view text) {
    return Json::parse(text, [](int depth, Json::parse_event_t, Json&) {
        // Those of copies are a list of what each of them gave.
        if (depth > keeper::kValuesDepthMax + 1) throw TooDeep();
        return true;
    });
}

project::Value value_of(const Json& json) {
    switch (json.type()) {
        case Json::value_t::boolean:
            return json.get<bool>();
        case Json::value_t::number_integer:
            return json.get<std::int64_t>();
        case Json::value_t::number_unsigned:
            // What does not fit stays as it is written, not as the nearest double.
            if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
                return json.dump();
            }
            return json.get<std::int64_t>();
        case Json::value_t::number_float:
            return json.get<double>();
        case Json::value_t::string:
            return json.get<std::string>();
        case Json::value_t::array: {
            project::ValueList list;
            for (const Json& each : json) list.push_back(value_of(each));
            return list;
        }
        case Json::value_t::object: {
            project::ValueMap map;
            for (const auto& [name, each] : json.items()) map.emplace_back(name, value_of(each));
            return map;
        }
        default:
            return {};
    }
}

Json decimal_json(const std::string& text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    const bool exact = text.size() <= std::numeric_limits<double>::digits10;
    if (error != std::errc() || rest != end || !exact) return text;
    return value;
}

Json cell_json(const Column& column, std::int64_t row);

Json list_json(const Column& column, std::int64_t row) {
    Json json = Json::array();
    const auto [begin, end] = column.list_range(row);
    for (std::int64_t i = begin; i < end; ++i) json.push_back(cell_json(column.children[0], i));
    return json;
}

Json struct_json(const Column& column, std::int64_t row) {
    Json json = Json::object();
    const std::vector<Field>& fields = column.type.fields();
    for (std::size_t i = 0; i < fields.size(); ++i) {
        json[fields[i].name] = cell_json(column.children[i], row);
    }
    return json;
}

Json cell_json(const Column& column, std::int64_t row) {
    if (column.is_null(row)) return nullptr;
    switch (column.type.id()) {
        case TypeId::kArray:
        case TypeId::kMap:
            return list_json(column, row);
        case TypeId::kStruct:
            return struct_json(column, row);
        case TypeId::kBoolean:
            return column.boolean(row);
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
        case TypeId::kLong:
            return scalar_at(column, row).as_integer();
        case TypeId::kFloat:
        case TypeId::kDouble: {
            const double value = scalar_at(column, row).as_double();
            return std::isfinite(value) ? Json(value) : Json(fmt::format("{}", value));
        }
        case TypeId::kDecimal:
            return decimal_json(scalar_at(column, row).to_string());
        default:
            return scalar_at(column, row).to_string();
    }
}

}  // namespace

Result<project::Value> parse_values(std::string_view json) {
    if (json.empty()) return project::Value();
    try {
        return value_of(parse(json));
    } catch (const TooDeep&) {
        return make_error(ErrorCode::kCorruptData, "stored values are too deep");
    } catch (const Json::exception& e) {
        return make_error(ErrorCode::kCorruptData, "stored values are not understood: {}",
                          e.what());
    }
}

std::string row_json(const ColumnBatch& batch, std::int64_t row) {
    Json json = Json::object();
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
        json[batch.schema.fields[i].name] = cell_json(batch.columns[i], row);
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ingot::task

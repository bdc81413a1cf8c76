#include "service/json_value.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace ingot::service {

project::Value value_of(const nlohmann::ordered_json& json) {
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number_unsigned()) {
        const auto number = json.get<std::uint64_t>();
        if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return static_cast<std::int64_t>(number);
        }
        return static_cast<double>(number);
    }
    if (json.is_number_integer()) return json.get<std::int64_t>();
    if (json.is_number()) return json.get<double>();
    if (json.is_string()) return json.get<std::string>();
    if (json.is_array()) {
        project::ValueList list;
        for (const auto& item : json) list.push_back(value_of(item));
        return list;
    }
    if (json.is_object()) {
        project::ValueMap map;
        for (const auto& [name, item] : json.items()) map.emplace_back(name, value_of(item));
        return map;
    }
    return {};
}

}  // namespace ingot::service

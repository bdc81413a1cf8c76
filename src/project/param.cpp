#include "project/param.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <regex>

#include "base/nearest_name.hpp"
#include "base/time.hpp"
#include "project/yaml_internal.hpp"

namespace ingot::project {

namespace {

constexpr std::string_view kTypeNames[] = {"string",  "integer", "number",
                                           "boolean", "array",   "object"};

std::string_view type_name(Param::Type type) {
    return kTypeNames[static_cast<std::size_t>(type)];
}

bool is_of(const Value& value, Param::Type type) {
    switch (type) {
        case Param::Type::kString:
            return value.text() != nullptr;
        case Param::Type::kInteger:
            return value.integer() != nullptr;
        case Param::Type::kNumber:
            return value.integer() != nullptr || value.number() != nullptr;
        case Param::Type::kBoolean:
            return value.boolean() != nullptr;
        case Param::Type::kArray:
            return value.list() != nullptr;
        case Param::Type::kObject:
            return value.map() != nullptr;
    }
    return false;
}

double as_number(const Value& value) {
    return value.integer() != nullptr ? static_cast<double>(*value.integer()) : *value.number();
}

template <class... Args>
Error wrong(const Param& param, fmt::format_string<Args...> text, Args&&... args) {
    return make_error(ErrorCode::kInvalidArgument, "parameter '{}': {}", param.name,
                      fmt::format(text, std::forward<Args>(args)...));
}

Status validate_text(const Param& param, const std::string& text) {
    if (param.format == "date" || param.format == "date-time") {
        const auto read = parse_timestamp(text);
        const bool is_date = text.size() == 10;
        if (!read || (param.format == "date" && !is_date)) {
            return wrong(param, "'{}' is no {}", text, param.format);
        }
    }
    if (param.format == "uri" && text.find(':') == std::string::npos) {
        return wrong(param, "'{}' is no uri", text);
    }
    if (param.pattern) {
        try {
            if (!std::regex_search(text, std::regex(*param.pattern, std::regex::ECMAScript))) {
                return wrong(param, "'{}' does not match {}", text, *param.pattern);
            }
        } catch (const std::regex_error&) {
            return wrong(param, "its pattern {} is no regular expression", *param.pattern);
        }
    }
    return {};
}

/// The type of SQL that values of a JSON Schema type have.
DataType sql_type(Param::Type type) {
    switch (type) {
        case Param::Type::kInteger:
            return TypeId::kLong;
        case Param::Type::kNumber:
            return TypeId::kDouble;
        case Param::Type::kBoolean:
            return TypeId::kBoolean;
        default:
            return TypeId::kString;
    }
}

}  // namespace

Status Param::validate(const Value& value) const {
    if (!is_of(value, type)) {
        return wrong(*this, "expected {}, found {} {}", type_name(type), value.type_name(),
                     value.to_json());
    }
    if (!accepted.empty() && std::find(accepted.begin(), accepted.end(), value) == accepted.end()) {
        std::vector<std::string> names;
        for (const Value& one : accepted) names.push_back(one.to_text());
        return wrong(*this, "'{}' is not allowed; expected {}{}", value.to_text(),
                     one_of_list(names), did_you_mean(value.to_text(), names));
    }
    if (type == Type::kString) return validate_text(*this, *value.text());
    if (type == Type::kInteger || type == Type::kNumber) {
        if (minimum && as_number(value) < *minimum) {
            return wrong(*this, "{} is less than {}", value.to_json(), *minimum);
        }
        if (maximum && as_number(value) > *maximum) {
            return wrong(*this, "{} is more than {}", value.to_json(), *maximum);
        }
    }
    if (type == Type::kArray && items) {
        for (const Value& item : *value.list()) {
            if (!is_of(item, *items)) {
                return wrong(*this, "expected an array of {}, found {} {}", type_name(*items),
                             item.type_name(), item.to_json());
            }
        }
    }
    return {};
}

Result<Value> Param::parse(std::string_view text) const {
    Value value{std::string(text)};
    if (type != Type::kString) {
        Problems problems;
        const YamlNode node = read_yaml(text, {"", 1, 1}, problems);  // JSON is YAML
        if (!problems.empty()) return wrong(*this, "'{}' is no {}", text, type_name(type));
        value = node.value();
    }
    INGOT_TRY(validate(value));
    return value;
}

DataType Param::data_type() const {
    if (type == Type::kString && format == "date") return TypeId::kDate;
    if (type == Type::kString && format == "date-time") return TypeId::kTimestamp;
    if (type == Type::kArray && items) return DataType::array(sql_type(*items));
    if (type == Type::kArray && default_value) return default_value->natural_type();
    if (type == Type::kObject && default_value) return default_value->natural_type();
    return sql_type(type);
}

}  // namespace ingot::project

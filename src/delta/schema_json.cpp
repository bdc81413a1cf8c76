#include <charconv>
#include <simdjson.h>

#include "delta/commit.hpp"
#include "delta/json_internal.hpp"
#include "delta/json_read_internal.hpp"

namespace ingot::delta {
namespace {

namespace od = simdjson::ondemand;

constexpr int kMaxDepth = 100;

// Errors travel as this exception inside the file: the library throws anyway.
struct SchemaError {
    ErrorCode code;
    std::string message;
};

[[noreturn]] void fail(ErrorCode code, std::string message) {
    throw SchemaError{code, std::move(message)};
}

struct PrimitiveName {
    std::string_view name;
    TypeId type;
};
constexpr PrimitiveName kPrimitives[] = {
    {"string", TypeId::kString},       {"long", TypeId::kLong},
    {"integer", TypeId::kInteger},     {"short", TypeId::kShort},
    {"byte", TypeId::kByte},           {"float", TypeId::kFloat},
    {"double", TypeId::kDouble},       {"boolean", TypeId::kBoolean},
    {"binary", TypeId::kBinary},       {"date", TypeId::kDate},
    {"timestamp", TypeId::kTimestamp}, {"timestamp_ntz", TypeId::kTimestampNtz},
    {"void", TypeId::kVoid},           {"null", TypeId::kVoid},
};

DataType parse_decimal_name(std::string_view name) {
    if (name == "decimal") return DataType::decimal(10, 0);
    std::string_view rest = name.substr(std::string_view("decimal").size());
    const auto number = [&](char before) {
        if (rest.empty() || rest.front() != before) return -1;
        rest.remove_prefix(1);
        while (rest.starts_with(' ')) rest.remove_prefix(1);
        int value = -1;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        if (error != std::errc()) return -1;
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        while (rest.starts_with(' ')) rest.remove_prefix(1);
        return value;
    };
    const int precision = number('(');
    const int scale = number(',');
    if (rest != ")" || precision < 1 || precision > 38 || scale < 0 || scale > precision) {
        fail(ErrorCode::kCorruptData, fmt::format("'{}' is no decimal type", name));
    }
    return DataType::decimal(precision, scale);
}

DataType parse_primitive(std::string_view name) {
    for (const auto& primitive : kPrimitives) {
        if (primitive.name == name) return primitive.type;
    }
    if (name.starts_with("decimal")) return parse_decimal_name(name);
    fail(ErrorCode::kUnsupported, fmt::format("data type '{}' is not supported", name));
}

DataType parse_type(od::value value, int depth);

std::map<std::string, std::string> parse_metadata(od::value& value) {
    std::map<std::string, std::string> metadata;
    for (auto member : value.get_object()) {
        std::string key(std::string_view(member.unescaped_key()));
        od::value inner = member.value();
        metadata[std::move(key)] = std::string(simdjson::to_json_string(inner).value());
    }
    return metadata;
}

Field parse_field(od::value value, int depth) {
    Field field;
    bool has_type = false;
    for (auto member : value.get_object()) {
        const std::string_view key = member.unescaped_key();
        od::value inner = member.value();
        if (inner.is_null()) continue;
        if (key == "name") {
            field.name = std::string(inner.get_string().value());
        } else if (key == "type") {
            field.type = parse_type(inner, depth);
            has_type = true;
        } else if (key == "nullable") {
            field.nullable = inner.get_bool();
        } else if (key == "metadata") {
            field.metadata = parse_metadata(inner);
        }
    }
    if (!has_type) {
        fail(ErrorCode::kCorruptData, fmt::format("column '{}' has no type", field.name));
    }
    return field;
}

std::vector<Field> parse_fields(od::value& value, int depth) {
    std::vector<Field> fields;
    for (auto element : value.get_array()) fields.push_back(parse_field(element.value(), depth));
    return fields;
}

/// The members of a nested type come in any order.
struct NestedParts {
    std::string kind;
    std::vector<Field> fields;
    std::optional<DataType> element, key, value;
    bool contains_null = true;
    bool value_contains_null = true;
};

DataType build_nested(NestedParts parts) {
    if (parts.kind == "struct") return DataType::structure(std::move(parts.fields));
    if (parts.kind == "array" && parts.element) {
        return DataType::array(*std::move(parts.element), parts.contains_null);
    }
    if (parts.kind == "map" && parts.key && parts.value) {
        return DataType::map(*std::move(parts.key), *std::move(parts.value),
                             parts.value_contains_null);
    }
    fail(ErrorCode::kUnsupported, fmt::format("data type '{}' is not supported", parts.kind));
}

DataType parse_type(od::value value, int depth) {
    if (depth > kMaxDepth) fail(ErrorCode::kCorruptData, "the schema is nested too deeply");
    if (value.type().value() == od::json_type::string) {
        return parse_primitive(value.get_string().value());
    }
    NestedParts parts;
    for (auto member : value.get_object()) {
        const std::string_view key = member.unescaped_key();
        od::value inner = member.value();
        if (key == "type") {
            parts.kind = std::string(inner.get_string().value());
        } else if (key == "fields") {
            parts.fields = parse_fields(inner, depth + 1);
        } else if (key == "elementType") {
            parts.element = parse_type(inner, depth + 1);
        } else if (key == "keyType") {
            parts.key = parse_type(inner, depth + 1);
        } else if (key == "valueType") {
            parts.value = parse_type(inner, depth + 1);
        } else if (key == "containsNull") {
            parts.contains_null = inner.get_bool();
        } else if (key == "valueContainsNull") {
            parts.value_contains_null = inner.get_bool();
        }
    }
    return build_nested(std::move(parts));
}

void append_type(json::Writer& json, const DataType& type);

void append_struct(json::Writer& json, const std::vector<Field>& fields) {
    json.begin_object().key("type").string("struct").key("fields").begin_array();
    for (const Field& field : fields) {
        json.begin_object().member("name", field.name).key("type");
        append_type(json, field.type);
        json.flag("nullable", field.nullable).key("metadata").begin_object();
        for (const auto& [key, value] : field.metadata) json.key(key).raw(value);
        json.end_object().end_object();
    }
    json.end_array().end_object();
}

void append_type(json::Writer& json, const DataType& type) {
    switch (type.id()) {
        case TypeId::kStruct:
            append_struct(json, type.fields());
            return;
        case TypeId::kArray:
            json.begin_object().key("type").string("array").key("elementType");
            append_type(json, type.fields()[0].type);
            json.flag("containsNull", type.fields()[0].nullable).end_object();
            return;
        case TypeId::kMap:
            json.begin_object().key("type").string("map").key("keyType");
            append_type(json, type.fields()[0].type);
            json.key("valueType");
            append_type(json, type.fields()[1].type);
            json.flag("valueContainsNull", type.fields()[1].nullable).end_object();
            return;
        case TypeId::kDecimal:
            json.string(fmt::format("decimal({},{})", type.precision(), type.scale()));
            return;
        default:
            for (const auto& primitive : kPrimitives) {
                if (primitive.type == type.id()) {
                    json.string(primitive.name);
                    return;
                }
            }
    }
}

}  // namespace

std::string schema_to_json(const Schema& schema) {
    std::string out;
    json::Writer json(out);
    append_struct(json, schema.fields);
    return out;
}

Result<Schema> schema_from_json(std::string_view json) {
    try {
        const simdjson::padded_string padded(json);
        od::parser parser;
        od::document document = parser.iterate(padded);
        const DataType type = parse_type(document.get_value(), 0);
        if (!json::at_end(document) || type.id() != TypeId::kStruct) {
            return make_error(ErrorCode::kCorruptData, "the table's schema is not a struct");
        }
        return Schema{type.fields()};
    } catch (const SchemaError& e) {
        return Error{e.code, e.message, {}};
    } catch (const simdjson::simdjson_error& e) {
        return make_error(ErrorCode::kCorruptData, "the table's schema is broken JSON ({})",
                          e.what());
    }
}

}  // namespace ingot::delta

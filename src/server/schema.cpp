#include "server/schema.hpp"

#include <algorithm>
#include <charconv>
#include <regex>
#include <set>

#include "server/http_message.hpp"

#include "base/time.hpp"

namespace ingot::server {

struct Schema::Node {
    enum class Kind {
        kAny,
        kBoolean,
        kInteger,
        kNumber,
        kText,
        kTime,
        kEnum,
        kArray,
        kObject,
        kMap
    };
    Kind kind = Kind::kAny;
    bool nullable = false;
    std::optional<std::int64_t> least = {};
    std::optional<std::int64_t> most = {};
    std::optional<std::size_t> length_least = {};
    std::optional<std::size_t> length_most = {};
    std::string pattern = {};
    std::shared_ptr<const std::regex> regex = {};
    std::string description = {};
    std::string name = {};
    std::vector<std::string> values = {};
    std::vector<Schema> items = {};  // Of an array or a map: one.
    std::vector<Field> fields = {};
};

Schema::Schema(Node node) : node_(std::make_shared<const Node>(std::move(node))) {}

Schema Schema::any() {
    return Schema(Node{});
}
Schema Schema::boolean() {
    return Schema(Node{.kind = Node::Kind::kBoolean});
}
Schema Schema::integer() {
    return Schema(Node{.kind = Node::Kind::kInteger});
}
Schema Schema::number() {
    return Schema(Node{.kind = Node::Kind::kNumber});
}
Schema Schema::text() {
    return Schema(Node{.kind = Node::Kind::kText});
}
Schema Schema::date_time() {
    return Schema(Node{.kind = Node::Kind::kTime});
}
Schema Schema::one_of(std::vector<std::string> values) {
    return Schema(Node{.kind = Node::Kind::kEnum, .values = std::move(values)});
}
Schema Schema::array(Schema items) {
    return Schema(Node{.kind = Node::Kind::kArray, .items = {std::move(items)}});
}
Schema Schema::object(std::vector<Field> fields) {
    return Schema(Node{.kind = Node::Kind::kObject, .fields = std::move(fields)});
}
Schema Schema::map(Schema values) {
    return Schema(Node{.kind = Node::Kind::kMap, .items = {std::move(values)}});
}
Schema Schema::page(Schema items) {
    return object({{"items", array(std::move(items))},
                   {"next", text().nullable().described("Goes into `after` for the next page")}});
}

Schema Schema::nullable() const {
    Node node = *node_;
    node.nullable = true;
    return Schema(std::move(node));
}
Schema Schema::at_least(std::int64_t least) const {
    Node node = *node_;
    node.least = least;
    return Schema(std::move(node));
}
Schema Schema::at_most(std::int64_t most) const {
    Node node = *node_;
    node.most = most;
    return Schema(std::move(node));
}
Schema Schema::length(std::size_t least, std::size_t most) const {
    Node node = *node_;
    node.length_least = least;
    node.length_most = most;
    return Schema(std::move(node));
}
Schema Schema::items_at_most(std::size_t most) const {
    return length(0, most);
}
Schema Schema::pattern(std::string expression) const {
    Node node = *node_;
    node.regex = std::make_shared<const std::regex>(expression);
    node.pattern = std::move(expression);
    // The matcher's stack grows with the text.
    if (!node.length_most) node.length_most = 200;
    return Schema(std::move(node));
}
Schema Schema::described(std::string description) const {
    Node node = *node_;
    node.description = std::move(description);
    return Schema(std::move(node));
}
Schema Schema::named(std::string name) const {
    Node node = *node_;
    node.name = std::move(name);
    return Schema(std::move(node));
}

/// One walk over a value.
struct SchemaCheck {
    using Node = Schema::Node;
    std::vector<Violation> violations = {};

    void check(const Schema& schema, const Json& value, const std::string& field);
    void add(const std::string& field, std::string message) {
        if (violations.size() < 20) violations.push_back({field, std::move(message)});
    }
    void check_integer(const Node& node, const Json& value, const std::string& field);
    void check_text(const Node& node, const std::string& text, const std::string& field);
    void check_object(const Node& node, const Json& value, const std::string& field);
};

namespace {

std::string child(const std::string& field, const std::string& name) {
    return field.empty() ? name : field + "." + name;
}

std::string joined(const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
    return text;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

bool is_whole(const Json& value) {
    return value.is_number_unsigned() ? value.get<std::uint64_t>() <= INT64_MAX
                                      : value.is_number_integer();
}

}  // namespace

std::vector<Violation> Schema::check(const Json& value) const {
    SchemaCheck walk;
    walk.check(*this, value, "");
    return std::move(walk.violations);
}

void SchemaCheck::check(const Schema& schema, const Json& value, const std::string& field) {
    const Node& node = *schema.node_;
    if (value.is_null() && node.nullable) return;
    switch (node.kind) {
        case Node::Kind::kAny:
            return;
        case Node::Kind::kBoolean:
            if (!value.is_boolean()) add(field, "must be true or false");
            return;
        case Node::Kind::kInteger:
            return check_integer(node, value, field);
        case Node::Kind::kNumber:
            if (!value.is_number()) add(field, "must be a number");
            return;
        case Node::Kind::kText:
        case Node::Kind::kTime:
        case Node::Kind::kEnum:
            if (!value.is_string()) return add(field, "must be a text");
            return check_text(node, value.get_ref<const std::string&>(), field);
        case Node::Kind::kArray:
            if (!value.is_array()) return add(field, "must be a list");
            if (node.length_most && value.size() > *node.length_most)
                add(field, fmt::format("has {} items, at most {} are allowed", value.size(),
                                       *node.length_most));
            for (std::size_t i = 0; i < value.size(); ++i)
                check(node.items.front(), value[i], fmt::format("{}[{}]", field, i));
            return;
        case Node::Kind::kObject:
        case Node::Kind::kMap:
            if (!value.is_object()) return add(field, "must be an object");
            return check_object(node, value, field);
    }
}

void SchemaCheck::check_integer(const Node& node, const Json& value, const std::string& field) {
    if (!is_whole(value)) return add(field, "must be a whole number");
    const auto number = value.get<std::int64_t>();
    if (node.least && number < *node.least) add(field, fmt::format("is less than {}", *node.least));
    if (node.most && number > *node.most) add(field, fmt::format("is more than {}", *node.most));
}

void SchemaCheck::check_text(const Node& node, const std::string& text, const std::string& field) {
    if (node.kind == Node::Kind::kEnum) {
        if (std::find(node.values.begin(), node.values.end(), text) == node.values.end())
            add(field, "must be one of: " + joined(node.values));
        return;
    }
    if (node.kind == Node::Kind::kTime) {
        if (text.size() > 40 || !parse_timestamp(text))
            add(field, "must be a time such as 2015-01-01T15:00:00Z");
        return;
    }
    const std::size_t length = characters(text);
    if (node.length_least && length < *node.length_least)
        add(field, *node.length_least == 1
                       ? "must not be empty"
                       : fmt::format("must have at least {} characters", *node.length_least));
    if (node.length_most && length > *node.length_most) {
        return add(field, fmt::format("has {} characters, at most {} are allowed", length,
                                      *node.length_most));
    }
    if (node.regex && !std::regex_match(text, *node.regex))
        add(field, "must match " + node.pattern);
}

void SchemaCheck::check_object(const Node& node, const Json& value, const std::string& field) {
    if (node.kind == Node::Kind::kMap) {
        for (const auto& [name, inner] : value.items())
            check(node.items.front(), inner, child(field, name));
        return;
    }
    for (const Schema::Field& known : node.fields) {
        const auto found = value.find(known.name);
        if (found != value.end()) {
            check(known.schema, *found, child(field, known.name));
        } else if (known.required) {
            add(child(field, known.name), "is missing");
        }
    }
    for (const auto& [name, inner] : value.items()) {
        const bool known =
            std::any_of(node.fields.begin(), node.fields.end(),
                        [&name = name](const Schema::Field& it) { return it.name == name; });
        if (!known) add(child(field, name), "is not known here");
    }
}

Result<Json> Schema::parse(std::string_view text) const {
    switch (node_->kind) {
        case Node::Kind::kInteger: {
            std::int64_t number = 0;
            const auto [end, failed] =
                std::from_chars(text.data(), text.data() + text.size(), number);
            if (failed == std::errc() && end == text.data() + text.size()) return Json(number);
            return make_error(ErrorCode::kInvalidArgument, "must be a whole number");
        }
        case Node::Kind::kBoolean:
            if (text == "true") return Json(true);
            if (text == "false") return Json(false);
            return make_error(ErrorCode::kInvalidArgument, "must be true or false");
        default:
            return Json(std::string(text));
    }
}

namespace {

const char* type_name(int kind) {
    constexpr const char* kNames[] = {"",       "boolean", "integer", "number", "string",
                                      "string", "string",  "array",   "object", "object"};
    return kNames[kind];
}

}  // namespace

Json Schema::describe(Json& components) const {
    const Node& node = *node_;
    if (!node.name.empty() && components.contains(node.name))
        return {{"$ref", "#/components/schemas/" + node.name}};
    Json json = Json::object();
    if (node.kind != Node::Kind::kAny) {
        const char* type = type_name(static_cast<int>(node.kind));
        json["type"] = node.nullable ? Json::array({type, "null"}) : Json(type);
    }
    if (!node.description.empty()) json["description"] = node.description;
    if (node.kind == Node::Kind::kTime) json["format"] = "date-time";
    if (node.kind == Node::Kind::kEnum) {
        json["enum"] = node.values;
        if (node.nullable) json["enum"].push_back(nullptr);
    }
    if (node.least) json["minimum"] = *node.least;
    if (node.most) json["maximum"] = *node.most;
    const bool list = node.kind == Node::Kind::kArray;
    if (node.length_least) json[list ? "minItems" : "minLength"] = *node.length_least;
    if (node.length_most) json[list ? "maxItems" : "maxLength"] = *node.length_most;
    if (!node.pattern.empty()) json["pattern"] = "^(" + node.pattern + ")$";
    if (list) json["items"] = node.items.front().describe(components);
    if (node.kind == Node::Kind::kMap)
        json["additionalProperties"] = node.items.front().describe(components);
    if (node.kind == Node::Kind::kObject) {
        json["properties"] = Json::object();
        Json required = Json::array();
        for (const Field& field : node.fields) {
            json["properties"][field.name] = field.schema.describe(components);
            if (field.required) required.push_back(field.name);
        }
        if (!required.empty()) json["required"] = std::move(required);
        json["additionalProperties"] = false;
    }
    if (node.name.empty()) return json;
    components[node.name] = std::move(json);
    return {{"$ref", "#/components/schemas/" + node.name}};
}

Result<Json> parse_json(std::string_view text) {
    constexpr int kLevelsMax = 64;
    constexpr int kValuesMax = 100'000;
    std::string refused;
    int values = 0;
    std::vector<std::set<std::string>> keys;
    const auto look = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > kLevelsMax) refused = fmt::format("more than {} levels", kLevelsMax);
        if (++values > kValuesMax) refused = fmt::format("more than {} values", kValuesMax);
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key &&
            !keys.back().insert(parsed.get<std::string>()).second)
            refused = "the key " + parsed.dump() + " comes twice";
        if (!refused.empty()) throw std::length_error(refused);
        return true;
    };
    try {
        return Json::parse(text, look);
    } catch (const Json::exception& e) {
        return make_error(ErrorCode::kInvalidArgument, "{}", e.what());
    } catch (const std::length_error&) {
        return make_error(ErrorCode::kInvalidArgument, "{}", refused);
    }
}

}  // namespace ingot::server

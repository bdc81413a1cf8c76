#include <algorithm>
#include <fmt/format.h>

#include "base/check.hpp"
#include "base/nearest_name.hpp"
#include "project/reader_internal.hpp"
#include "project/scalars_internal.hpp"

namespace ingot::project {

Fields::Fields(const YamlNode& node, const Shape& shape, const ReadContext& context)
    : node_(node), shape_(object_shape(shape)), context_(context) {}

const YamlNode* Fields::find(std::string_view key) const {
    INGOT_CHECK(shape_.find_key(key) != nullptr,
                std::string(key) + " is not a key of a " + shape_.name);
    return node_.find(key);
}

std::optional<Fields> Fields::object(std::string_view key) const {
    const YamlNode* node = find(key);
    if (node == nullptr || node->kind != YamlNode::Kind::kMap) return std::nullopt;
    return Fields(*node, *shape_.find_key(key)->shape, context_);
}

const Shape& Fields::shape_of(std::string_view key) const {
    return object_shape(*shape_.find_key(key)->shape);
}

std::string Fields::text(std::string_view key, std::string otherwise) const {
    const YamlNode* node = find(key);
    return node == nullptr ? std::move(otherwise) : node->text;
}

std::vector<std::string> Fields::texts(std::string_view key) const {
    const YamlNode* node = find(key);
    if (node == nullptr) return {};
    if (node->kind == YamlNode::Kind::kScalar) return {node->text};
    std::vector<std::string> out;
    for (const YamlNode& item : node->items) out.push_back(item.text);
    return out;
}

bool Fields::boolean(std::string_view key, bool otherwise) const {
    const YamlNode* node = find(key);
    return node == nullptr ? otherwise : yaml_boolean(node->text).value_or(otherwise);
}

std::optional<std::int64_t> Fields::integer(std::string_view key) const {
    const YamlNode* node = find(key);
    return node == nullptr ? std::nullopt : yaml_integer(node->text);
}

std::optional<double> Fields::number(std::string_view key) const {
    const YamlNode* node = find(key);
    return node == nullptr ? std::nullopt : yaml_number(node->text);
}

std::optional<double> Fields::share(std::string_view key) const {
    const YamlNode* node = find(key);
    if (node == nullptr) return std::nullopt;
    return *parse_share(node->text);
}

std::optional<Duration> Fields::duration(std::string_view key) const {
    const YamlNode* node = find(key);
    if (node == nullptr) return std::nullopt;
    return *parse_duration(node->text);
}

int Fields::count(std::string_view key, int otherwise, int least) const {
    const auto value = integer(key);
    if (!value) return otherwise;
    if (*value < least || *value > 1'000'000'000) {
        context_.add(*find(key),
                     fmt::format("'{}' must be at least {}, not {}", key, least, *value));
        return otherwise;
    }
    return static_cast<int>(*value);
}

Template Fields::templ(std::string_view key) const {
    const YamlNode* node = find(key);
    return node == nullptr ? Template() : read_template(*node, context_);
}

std::vector<Template> Fields::templates(std::string_view key) const {
    const YamlNode* node = find(key);
    std::vector<Template> out;
    if (node == nullptr) return out;
    if (node->kind == YamlNode::Kind::kScalar) return {read_template(*node, context_)};
    for (const YamlNode& item : node->items) out.push_back(read_template(item, context_));
    return out;
}

std::vector<std::pair<std::string, Template>> Fields::named_templates(std::string_view key) const {
    const YamlNode* node = find(key);
    std::vector<std::pair<std::string, Template>> out;
    if (node == nullptr) return out;
    for (const YamlNode::Entry& entry : node->entries) {
        out.emplace_back(entry.key, read_template(entry.value, context_));
    }
    return out;
}

std::vector<Value> Fields::values(std::string_view key) const {
    const YamlNode* node = find(key);
    std::vector<Value> out;
    if (node == nullptr) return out;
    for (const YamlNode& item : node->items) out.push_back(item.value());
    return out;
}

std::size_t Fields::choice(std::string_view key, const std::vector<std::string_view>& names,
                           std::size_t otherwise) const {
    const YamlNode* node = find(key);
    if (node == nullptr) return otherwise;
    const auto found = std::find(names.begin(), names.end(), node->text);
    INGOT_CHECK(found != names.end(), "'" + node->text + "' is a choice that the reader lacks");
    return static_cast<std::size_t>(found - names.begin());
}

const Shape& object_shape(const Shape& shape) {
    if (shape.kind == Shape::Kind::kList || shape.kind == Shape::Kind::kMap) {
        return object_shape(*shape.element);
    }
    if (shape.kind == Shape::Kind::kEither) {
        for (const ShapePtr& alternative : shape.alternatives) {
            const Shape& inner = object_shape(*alternative);
            if (inner.kind == Shape::Kind::kObject) return inner;
        }
    }
    return shape;
}

Template read_template(const YamlNode& node, const ReadContext& context) {
    Template out = *Template::parse(node.text);
    for (const std::string& name : out.params()) {
        const auto& known = context.param_names;
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        context.add(node, "the parameter '" + name + "' is not declared under `params:`" +
                              did_you_mean(name, known));
    }
    if (!context.in_task && !out.tasks().empty()) {
        context.add(node, "'{tasks...}' is known in tasks of pipelines only");
    }
    return out;
}

RetryPolicy read_retry(const Fields& fields, RetryPolicy otherwise) {
    RetryPolicy retry = otherwise;
    retry.retries = fields.count("retries", otherwise.retries, 0);
    retry.delay = fields.duration("retry_delay").value_or(otherwise.delay);
    retry.backoff = fields.number("backoff").value_or(otherwise.backoff);
    return retry;
}

Retention read_retention(const Fields& fields) {
    const auto retention = fields.object("retention");
    if (!retention) return {};
    return {retention->duration("rows"), retention->duration("files"), retention->duration("log")};
}

SourcePlace sql_place(const YamlNode& node, const ReadContext& context) {
    SourcePlace place = context.place(node);
    if (node.quoted) ++place.column;
    return place;
}

std::vector<Rule> read_rules(const Fields& fields, std::string_view key,
                             const ReadContext& context) {
    std::vector<Rule> rules;
    const YamlNode* list = fields.find(key);
    if (list == nullptr) return rules;
    for (const YamlNode& item : list->items) {
        const Fields rule(item, fields.shape_of(key), context);
        const std::string reason = rule.text("reason");
        if (reason.empty() || reason.size() > 100) {
            context.add(*rule.find("reason"), "a reason has 1 to 100 characters");
        }
        const bool twice = std::any_of(rules.begin(), rules.end(),
                                       [&](const Rule& other) { return other.reason == reason; });
        if (twice) context.add(*rule.find("reason"), "the reason '" + reason + "' is there twice");
        rules.push_back({reason, rule.text("when"), sql_place(*rule.find("when"), context)});
    }
    return rules;
}

std::optional<WindowSpec> read_window(const Fields& fields, const ReadContext& context) {
    const YamlNode* node = fields.find("window");
    if (node == nullptr) return std::nullopt;
    return WindowSpec{*parse_window_unit(node->text),
                      fields.text("timezone", context.project.defaults.timezone)};
}

std::optional<Timestamp> read_start(const Fields& fields, const ReadContext& context) {
    const YamlNode* node = fields.find("start");
    if (node == nullptr) return context.project.defaults.start;
    const auto start =
        parse_timestamp(node->text, fields.text("timezone", context.project.defaults.timezone));
    if (start) return *start;
    context.add(*node, start.error().message);
    return std::nullopt;
}

}  // namespace ingot::project

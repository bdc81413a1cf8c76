#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "orchestrator/items_internal.hpp"

namespace ingot::orchestrator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kItemsBytesMax = std::size_t{1} << 20;

Result<Json> find_list(const RunStatus& run, const ItemsRule& rule);
Result<std::vector<std::string>> checked_items(const Json& list, const ItemsRule& rule);

}  // namespace

Result<std::vector<std::string>> items_of(const RunStatus& run, TaskIndex task) {
    const PlannedTask& planned = run.planned(task);
    const ItemsRule& rule = *planned.items;
    const std::string where =
        fmt::format("{}: the items of {}, {}", rule.place, planned.definition, rule.text);
    const Result<Json> list = find_list(run, rule);
    Result<std::vector<std::string>> items =
        list ? checked_items(*list, rule) : Result<std::vector<std::string>>(list.error());
    if (items) return items;
    return make_error(items.error().code, "{}: {}", where, items.error().message);
}

namespace {

std::string_view type_of(const Json& json) {
    if (json.is_null()) return "null";
    if (json.is_array()) return "a list";
    if (json.is_object()) return "an object";
    if (json.is_string()) return "a text";
    return json.is_boolean() ? "a boolean" : "a number";
}

/// As much of it as a person wants to see.
std::string excerpt(const Json& json) {
    constexpr std::size_t kShown = 200;
    std::string text = json.dump(-1, ' ', true);
    if (text.size() > kShown) text = text.substr(0, kShown) + "...";
    return text;
}

/// What the key has; of a list, what each of it has.
Result<Json> member_of(const Json& json, const std::string& key) {
    if (json.is_array()) {
        Json list = Json::array();
        for (const Json& each : json) {
            INGOT_TRY_ASSIGN(Json member, member_of(each, key));
            list.push_back(std::move(member));
        }
        return list;
    }
    const auto found = json.is_object() ? json.find(key) : json.end();
    if (!json.is_object() || found == json.end()) {
        return make_error(ErrorCode::kInvalidArgument, "no '{}' was given: what was given is {}",
                          key, excerpt(json));
    }
    return *found;
}

Result<Json> find_list(const RunStatus& run, const ItemsRule& rule) {
    const std::string values = values_of(run, rule.from);
    if (values.empty()) {
        return make_error(ErrorCode::kInvalidArgument, "{} gave no values",
                          run.planned(rule.from.front()).name);
    }
    Json json = Json::parse(values);
    for (const std::string& key : rule.path) {
        INGOT_TRY_ASSIGN(json, member_of(json, key));
    }
    return json;
}

Result<std::vector<std::string>> checked_items(const Json& list, const ItemsRule& rule) {
    if (!list.is_array()) {
        return make_error(ErrorCode::kInvalidArgument, "they are no list but {}: {}", type_of(list),
                          excerpt(list));
    }
    if (list.size() > static_cast<std::size_t>(rule.at_most)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "there are {}, at most {} are taken: raise `max_items`, or give fewer",
                          list.size(), rule.at_most);
    }
    std::vector<std::string> items;
    std::size_t bytes = 0;
    for (const Json& item : list) {
        if (item.is_null() || item.is_array()) {
            return make_error(
                ErrorCode::kInvalidArgument,
                "number {} is {}: an item is a text, a number, a boolean or an object",
                items.size(), type_of(item));
        }
        items.push_back(item.dump());
        bytes += items.back().size();
    }
    if (bytes > kItemsBytesMax) {
        return make_error(ErrorCode::kInvalidArgument,
                          "they have {} bytes, at most {} are taken: give keys or names of files",
                          bytes, kItemsBytesMax);
    }
    return items;
}

}  // namespace
}  // namespace ingot::orchestrator

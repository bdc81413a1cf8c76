#include "notify/message.hpp"

#include <nlohmann/json.hpp>

namespace ingot::notify {
namespace {

using Json = nlohmann::ordered_json;

/// Text of tasks and errors may hold any bytes.
std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string for_slack(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string facts_as_lines(const Message& message) {
    std::string lines;
    for (const auto& [name, value] : message.facts) lines += name + ": " + value + "\n";
    return lines;
}

}  // namespace

std::string webhook_body(const Message& message, std::string_view delivery) {
    Json json{{"delivery", delivery},
              {"event", message.event},
              {"title", message.title},
              {"text", message.text},
              {"at", message.at.to_string()}};
    for (const auto& [name, value] : message.facts) json[name] = value;
    return text_of(json);
}

std::string slack_body(const Message& message) {
    std::string text = "*" + for_slack(message.title) + "*";
    if (!message.text.empty()) text += "\n" + for_slack(message.text);
    return text_of(Json{{"text", text}});
}

std::string mail_body(const Message& message) {
    std::string body = message.title + "\n\n";
    if (!message.text.empty()) body += message.text + "\n\n";
    return body + facts_as_lines(message) + "at: " + message.at.to_string() + "\n";
}

std::string message_to_json(const Message& message) {
    Json json{{"event", message.event},
              {"title", message.title},
              {"text", message.text},
              {"at_us", message.at.micros()}};
    json["facts"] = Json::array();
    for (const auto& [name, value] : message.facts) json["facts"].push_back({name, value});
    return text_of(json);
}

Result<Message> parse_message(std::string_view text) {
    try {
        const Json json = Json::parse(text);
        Message message{json.at("event").get<std::string>(),
                        json.at("title").get<std::string>(),
                        json.at("text").get<std::string>(),
                        {},
                        Timestamp::from_micros(json.at("at_us").get<std::int64_t>())};
        for (const Json& fact : json.at("facts")) {
            message.facts.emplace_back(fact.at(0).get<std::string>(),
                                       fact.at(1).get<std::string>());
        }
        return message;
    } catch (const std::exception& e) {
        return make_error(ErrorCode::kCorruptData, "a stored message is not understood: {}",
                          e.what());
    }
}

}  // namespace ingot::notify

#pragma once
// What somebody is told, and what it looks like to each kind of receiver.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace ingot::notify {

struct Message {
    std::string event;  ///< `run_failed`, `task_failed`, `deadline_missed`, `freshness`, `test`
    std::string title;  ///< One line.
    std::string text;   ///< For a person; several lines. May be empty.
    /// `project`, `environment`, `pipeline`, `run`, `window_start`, `window_end`, `task`, `table`,
    /// as far as they are known, in this order.
    std::vector<std::pair<std::string, std::string>> facts;
    Timestamp at;
    friend bool operator==(const Message&, const Message&) = default;
};

/// `{"delivery": ..., "event": ..., "title": ..., "text": ..., "at": ..., "run": ...}`: what
/// webhooks and commands get. docs/guide/alerts.md
std::string webhook_body(const Message& message, std::string_view delivery);
/// `{"text": ...}`, as Slack takes it.
std::string slack_body(const Message& message);
std::string mail_body(const Message& message);

std::string message_to_json(const Message& message);
Result<Message> parse_message(std::string_view json);

}  // namespace ingot::notify

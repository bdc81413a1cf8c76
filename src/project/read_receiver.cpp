// `notify:` of project.yml
#include <fmt/format.h>

#include "base/nearest_name.hpp"
#include "project/reader_internal.hpp"

namespace ingot::project {
namespace {

void check_connection(const Fields& fields, const Receiver& receiver, const ReadContext& context) {
    const YamlNode* named = fields.find("connection");
    if (named == nullptr) {
        context.add(fields.node(), "'email' needs 'connection': a connection of the type smtp");
        return;
    }
    const auto& connections = context.project.connections;
    const auto found = connections.find(receiver.connection);
    if (found == connections.end()) {
        std::vector<std::string> names;
        for (const auto& [name, connection] : connections) names.push_back(name);
        context.add(*named, "there is no connection '" + receiver.connection + "'" +
                                did_you_mean(receiver.connection, names));
        return;
    }
    if (found->second.type != Connection::Type::kSmtp) {
        context.add(*named, "the connection '" + receiver.connection + "' is not of the type smtp");
        return;
    }
    for (const char* key : {"host", "from"}) {
        if (found->second.fields.contains(key)) continue;
        context.problems.add(found->second.place, fmt::format("'{}' is missing: mail is sent over "
                                                              "this connection",
                                                              key));
    }
}

Receiver read_receiver(const Fields& fields, std::string name, const ReadContext& context) {
    Receiver receiver;
    receiver.name = std::move(name);
    receiver.place = fields.place();
    const auto goes_with = [&](std::string_view key, std::string_view kind) {
        const YamlNode* node = fields.find(key);
        if (node == nullptr || fields.find(kind) != nullptr) return;
        context.add(*node, fmt::format("'{}' goes with '{}'", key, kind));
    };
    goes_with("headers", "webhook");
    goes_with("connection", "email");
    if (fields.find("webhook") != nullptr) {
        receiver.kind = Receiver::Kind::kWebhook;
        receiver.url = fields.templ("webhook");
        receiver.headers = fields.named_templates("headers");
    } else if (fields.find("slack") != nullptr) {
        receiver.kind = Receiver::Kind::kSlack;
        receiver.url = fields.templ("slack");
    } else if (fields.find("email") != nullptr) {
        receiver.kind = Receiver::Kind::kEmail;
        receiver.addresses = fields.texts("email");
        receiver.connection = fields.text("connection");
        check_connection(fields, receiver, context);
    } else {
        receiver.kind = Receiver::Kind::kCommand;
        receiver.argv = fields.templates("command");
    }
    return receiver;
}

}  // namespace

std::map<std::string, Receiver> read_receivers(const Fields& fields, const ReadContext& context) {
    std::map<std::string, Receiver> receivers;
    const YamlNode* map = fields.find("notify");
    if (map == nullptr) return receivers;
    for (const YamlNode::Entry& entry : map->entries) {
        const Fields one(entry.value, fields.shape_of("notify"), context);
        receivers[entry.key] = read_receiver(one, entry.key, context);
    }
    return receivers;
}

void check_receiver(const YamlNode* name, const ReadContext& context) {
    if (name == nullptr || context.project.receivers.contains(name->text)) return;
    std::vector<std::string> names;
    for (const auto& [receiver, what] : context.project.receivers) names.push_back(receiver);
    context.add(*name, "nobody is called '" + name->text + "' in `notify:` of project.yml" +
                           did_you_mean(name->text, names));
}

}  // namespace ingot::project

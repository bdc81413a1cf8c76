#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "notify/alerts.hpp"
#include "orchestrator/sqlite_store.hpp"

#include "cli/output.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;
using Json = nlohmann::ordered_json;
using notify::Delivery;

struct AlertsArguments {
    std::string state;
    std::size_t limit = 20;
};

Json delivery_json(const Delivery& delivery) {
    Json facts = Json::object();
    for (const auto& [name, value] : delivery.message.facts) facts[name] = value;
    return {{"id", delivery.id},
            {"receiver", delivery.receiver},
            {"event", delivery.message.event},
            {"title", delivery.message.title},
            {"facts", std::move(facts)},
            {"state", notify::delivery_state_name(delivery.state)},
            {"attempts", delivery.attempts},
            {"outcome", delivery.outcome},
            {"created_at", delivery.created.to_string()},
            {"ended_at", delivery.ended_at ? Json(delivery.ended_at->to_string()) : Json()}};
}

/// Newest first: ids are in the order of time.
Result<std::vector<Delivery>> stored_deliveries(orc::Store& store,
                                                const AlertsArguments& arguments) {
    INGOT_TRY_ASSIGN(const auto records, store.records(notify::kDeliveryRecord));
    std::vector<Delivery> deliveries;
    for (auto record = records.rbegin();
         record != records.rend() && deliveries.size() < arguments.limit; ++record) {
        INGOT_TRY_ASSIGN_WITH(Delivery delivery, notify::parse_delivery(record->second),
                              "in the delivery " + record->first);
        const bool wanted = arguments.state.empty() ||
                            notify::delivery_state_name(delivery.state) == arguments.state;
        if (wanted) deliveries.push_back(std::move(delivery));
    }
    return deliveries;
}

Result<int> alerts(Invocation& invocation, const AlertsArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    const std::string path = orc::store_file(*project);
    std::vector<Delivery> deliveries;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
        INGOT_TRY_ASSIGN(const std::unique_ptr<orc::Store> store, orc::open_sqlite_store({path}));
        INGOT_TRY_ASSIGN(deliveries, stored_deliveries(*store, arguments));
    }
    TextTable table({"told", "receiver", "about", "state", "attempts", "outcome"});
    Json json = Json::array();
    for (const Delivery& delivery : deliveries) {
        json.push_back(delivery_json(delivery));
        table.add({delivery.created.to_string(), delivery.receiver, delivery.message.title,
                   std::string(notify::delivery_state_name(delivery.state)),
                   std::to_string(delivery.attempts), delivery.outcome});
    }
    if (invocation.json()) {
        std::printf("%s\n", json.dump(2).c_str());
    } else {
        std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    }
    return kExitOk;
}

}  // namespace

void add_alerts(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("alerts", "List who was told of what, and whether it arrived");
    auto arguments = std::make_shared<AlertsArguments>();
    verb->add_option("--state", arguments->state, "Only these")
        ->check(CLI::IsMember({"waiting", "delivered", "given_up"}))
        ->type_name("STATE");
    verb->add_option("--limit", arguments->limit, "How many, newest first; 20")
        ->check(CLI::Range(1, 1'000'000));
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return alerts(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

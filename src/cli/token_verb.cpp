#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/account_file.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

struct TokenArguments {
    std::string name;
    std::string role = "viewer";
    std::string lifetime;
    std::int64_t id = 0;
};

std::string text_of(const std::optional<Timestamp>& at) {
    return at ? at->to_string() : std::string();
}

nlohmann::ordered_json token_json(const server::Token& token) {
    const auto time = [](const std::optional<Timestamp>& at) {
        return at ? nlohmann::ordered_json(at->to_string()) : nlohmann::ordered_json();
    };
    return {{"id", token.id},
            {"name", token.name},
            {"role", server::role_name(token.role)},
            {"owner", token.owner},
            {"created_at", token.created_at.to_string()},
            {"expires_at", time(token.expires_at)},
            {"last_used_at", time(token.last_used_at)}};
}

Result<int> create(Invocation& invocation, const TokenArguments& arguments) {
    INGOT_TRY_ASSIGN(const server::Role role, server::parse_role(arguments.role));
    std::optional<Timestamp> expires_at;
    if (!arguments.lifetime.empty()) {
        INGOT_TRY_ASSIGN_WITH(const Duration lifetime, parse_duration(arguments.lifetime),
                              "in --expires-in");
        expires_at = system_clock().now() + lifetime;
    }
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY_ASSIGN(const server::NewToken created,
                     accounts->create_token(arguments.name, role, expires_at, ""));
    if (invocation.json()) {
        nlohmann::ordered_json json = token_json(created.token);
        json["secret"] = created.secret;
        std::printf("%s\n", json.dump(2).c_str());
        return kExitOk;
    }
    // The secret alone, for `$(ingot token create ...)`.
    std::printf("%s\n", created.secret.c_str());
    if (!invocation.quiet()) std::fputs("this is shown once; Ingot keeps its hash only\n", stderr);
    return kExitOk;
}

Result<int> revoke(Invocation& invocation, const TokenArguments& arguments) {
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY(accounts->revoke_token(arguments.id));
    if (!invocation.quiet() && !invocation.json())
        std::printf("token %ld is not valid any more\n", static_cast<long>(arguments.id));
    return kExitOk;
}

Result<int> list(Invocation& invocation) {
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY_ASSIGN(const std::vector<server::Token> tokens, accounts->tokens());
    TextTable table({"id", "token", "role", "owner", "expires", "last used"});
    auto json = nlohmann::ordered_json::array();
    for (const server::Token& token : tokens) {
        table.add({std::to_string(token.id), token.name, std::string(server::role_name(token.role)),
                   token.owner, text_of(token.expires_at), text_of(token.last_used_at)});
        json.push_back(token_json(token));
    }
    if (invocation.json()) {
        std::printf("%s\n", json.dump(2).c_str());
    } else {
        std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    }
    return kExitOk;
}

}  // namespace

void add_token(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("token", "What programs show to the server");
    verb->require_subcommand(1);
    auto arguments = std::make_shared<TokenArguments>();
    CLI::App* made = verb->add_subcommand("create", "Make a token, and print its secret");
    made->add_option("name", arguments->name, "What it is for")->required();
    made->add_option("--role", arguments->role, "viewer looks, operator runs, admin does all")
        ->check(CLI::IsMember({"viewer", "operator", "admin"}));
    made->add_option("--expires-in", arguments->lifetime, "How long it is valid: 90d; for ever")
        ->type_name("DURATION");
    made->callback([&chosen, arguments] {
        chosen([=](Invocation& invocation) { return create(invocation, *arguments); });
    });
    CLI::App* ended = verb->add_subcommand("revoke", "End a token");
    ended->add_option("id", arguments->id, "Its number in `ingot token list`")->required();
    ended->callback([&chosen, arguments] {
        chosen([=](Invocation& invocation) { return revoke(invocation, *arguments); });
    });
    verb->add_subcommand("list", "All tokens, without their secrets")->callback([&chosen] {
        chosen([](Invocation& invocation) { return list(invocation); });
    });
}

}  // namespace ingot::cli

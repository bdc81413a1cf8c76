#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/account_file.hpp"
#include "cli/output.hpp"
#include "cli/password_input.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

struct UserArguments {
    std::string name;
    std::string role = "viewer";
};

void say(const Invocation& invocation, const std::string& sentence) {
    if (!invocation.quiet() && !invocation.json()) std::printf("%s\n", sentence.c_str());
}

Result<int> add(Invocation& invocation, const UserArguments& arguments) {
    INGOT_TRY_ASSIGN(const server::Role role, server::parse_role(arguments.role));
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY_ASSIGN(const std::string password, read_new_password());
    INGOT_TRY(accounts->add(arguments.name, password, role));
    say(invocation, fmt::format("{} may log in, as {}", arguments.name, arguments.role));
    return kExitOk;
}

Result<int> set_password(Invocation& invocation, const UserArguments& arguments) {
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY_ASSIGN(const std::string password, read_new_password());
    INGOT_TRY(accounts->set_password(arguments.name, password));
    say(invocation, fmt::format("{} has a new password and is logged out", arguments.name));
    return kExitOk;
}

Result<int> set_role(Invocation& invocation, const UserArguments& arguments) {
    INGOT_TRY_ASSIGN(const server::Role role, server::parse_role(arguments.role));
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY(accounts->set_role(arguments.name, role));
    say(invocation, fmt::format("{} has the role {}", arguments.name, arguments.role));
    return kExitOk;
}

Result<int> remove(Invocation& invocation, const UserArguments& arguments) {
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY(accounts->remove(arguments.name));
    say(invocation, fmt::format("{} may not log in any more", arguments.name));
    INGOT_TRY_ASSIGN(const bool any, accounts->any());
    if (!any)
        say(invocation, "without users a server lets everybody on this machine do everything");
    return kExitOk;
}

Result<int> list(Invocation& invocation) {
    INGOT_TRY_ASSIGN(const auto accounts, accounts_of(invocation));
    INGOT_TRY_ASSIGN(const std::vector<server::User> users, accounts->users());
    TextTable table({"user", "role", "since", "last login"});
    auto json = nlohmann::ordered_json::array();
    for (const server::User& user : users) {
        const std::string role(server::role_name(user.role));
        const std::string login = user.last_login_at ? user.last_login_at->to_string() : "";
        table.add({user.name, role, user.created_at.to_string(), login});
        json.push_back({{"name", user.name},
                        {"role", role},
                        {"created_at", user.created_at.to_string()},
                        {"last_login_at", nullptr}});
        if (user.last_login_at) json.back()["last_login_at"] = login;
    }
    if (invocation.json()) {
        std::printf("%s\n", json.dump(2).c_str());
    } else {
        std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    }
    return kExitOk;
}

}  // namespace

void add_user(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("user", "Who may log in to the server");
    verb->require_subcommand(1);
    auto arguments = std::make_shared<UserArguments>();
    using Do = Result<int> (*)(Invocation&, const UserArguments&);
    const auto add_action = [&](const char* name, const char* description, Do action) {
        CLI::App* made = verb->add_subcommand(name, description);
        made->add_option("name", arguments->name, "Name of the user")->required();
        made->callback([&chosen, arguments, action] {
            chosen([=](Invocation& invocation) { return action(invocation, *arguments); });
        });
        return made;
    };
    const char* kRoles = "viewer looks, operator runs, admin lets people in";
    add_action("add", "Let somebody in; the password comes from the terminal, or from stdin", add)
        ->add_option("--role", arguments->role, kRoles)
        ->check(CLI::IsMember({"viewer", "operator", "admin"}));
    add_action("role", "Give another role", set_role)
        ->add_option("role", arguments->role, kRoles)
        ->required()
        ->check(CLI::IsMember({"viewer", "operator", "admin"}));
    add_action("password", "Give a new password, and end the user's sessions", set_password);
    add_action("remove", "End an account, its sessions and its tokens", remove);
    verb->add_subcommand("list", "All users")->callback([&chosen] {
        chosen([](Invocation& invocation) { return list(invocation); });
    });
}

}  // namespace ingot::cli

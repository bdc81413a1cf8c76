#include "server/api_accounts.hpp"

#include "server/problem.hpp"

namespace ingot::server {
namespace {

Json time_json(const std::optional<Timestamp>& at) {
    return at ? Json(at->to_string()) : Json();
}

Schema role_schema() {
    return Schema::one_of({"viewer", "operator", "admin"}).named("Role");
}

Schema name_schema() {
    return Schema::text().length(1, 64).pattern("[A-Za-z0-9._@+-]+");
}

Schema password_schema() {
    return Schema::text().length(8, 250);
}

Schema user_schema() {
    return Schema::object({{"name", Schema::text()},
                           {"role", role_schema()},
                           {"created_at", Schema::date_time()},
                           {"last_login_at", Schema::date_time().nullable()}})
        .named("User");
}

Json user_json(const User& user) {
    return {{"name", user.name},
            {"role", role_name(user.role)},
            {"created_at", user.created_at.to_string()},
            {"last_login_at", time_json(user.last_login_at)}};
}

std::vector<Schema::Field> token_fields() {
    return {{"id", Schema::integer()},
            {"name", Schema::text()},
            {"role", role_schema()},
            {"owner", Schema::text().described("Empty: made on the command line")},
            {"created_at", Schema::date_time()},
            {"expires_at", Schema::date_time().nullable()},
            {"last_used_at", Schema::date_time().nullable()}};
}

Schema token_schema() {
    return Schema::object(token_fields()).named("Token");
}

Schema new_token_schema() {
    std::vector<Schema::Field> fields = token_fields();
    fields.push_back({"secret", Schema::text().described("Shown this once")});
    return Schema::object(std::move(fields)).named("NewToken");
}

Json token_json(const Token& token) {
    return {{"id", token.id},
            {"name", token.name},
            {"role", role_name(token.role)},
            {"owner", token.owner},
            {"created_at", token.created_at.to_string()},
            {"expires_at", time_json(token.expires_at)},
            {"last_used_at", time_json(token.last_used_at)}};
}

Schema me_schema() {
    return Schema::object({{"user", Schema::text()},
                           {"role", role_schema()},
                           {"csrf", Schema::text().described(
                                        "Goes into X-CSRF-Token; empty without a session")}})
        .named("Me");
}

Json me_json(const Identity& who) {
    return {{"user", who.name}, {"role", role_name(who.role)}, {"csrf", who.csrf}};
}

Response nothing() {
    return {.status = 204, .headers = {{"Cache-Control", "no-store"}}};
}

Endpoint log_in(Guard& guard) {
    return {.method = Method::kPost,
            .path = "/api/v1/login",
            .name = "log_in",
            .summary = "Begin a session; the cookie is in the answer",
            .area = "accounts",
            .body = Schema::object({{"user", Schema::text().length(1, 64)},
                                    {"password", Schema::text().length(1, 250)}}),
            .answers = {{200, "The session", me_schema()}},
            .handle = [&guard](const Call& call) -> Result<Reply> {
                INGOT_TRY_ASSIGN(
                    Guard::LogIn outcome,
                    guard.log_in(call.request, call.body_text("user"), call.body_text("password")));
                if (!outcome.session) return Reply(*std::move(outcome.refusal));
                // Whoever had this browser before is gone with his session.
                INGOT_TRY(guard.log_out(call.request));
                Response response = json_response(me_json(outcome.session->who));
                response.headers.push_back(guard.cookie(call.request, &*outcome.session));
                return Reply(std::move(response));
            }};
}

Endpoint log_out(Guard& guard) {
    return {.method = Method::kPost,
            .path = "/api/v1/logout",
            .name = "log_out",
            .summary = "End the session",
            .area = "accounts",
            .role = Role::kViewer,
            .answers = {{204, "It has ended"}},
            .handle = [&guard](const Call& call) -> Result<Reply> {
                INGOT_TRY(guard.log_out(call.request));
                Response response = nothing();
                response.headers.push_back(guard.cookie(call.request, nullptr));
                return Reply(std::move(response));
            }};
}

Endpoint me() {
    return {.path = "/api/v1/me",
            .name = "get_me",
            .summary = "Who asks",
            .area = "accounts",
            .role = Role::kViewer,
            .answers = {{200, "You", me_schema()}},
            .handle = [](const Call& call) -> Result<Reply> {
                return Reply(json_response(me_json(*call.who)));
            }};
}

Endpoint list_users(Accounts& accounts) {
    return {.path = "/api/v1/users",
            .name = "list_users",
            .summary = "All users",
            .area = "accounts",
            .role = Role::kAdmin,
            .answers = {{200, "All of them, by name", Schema::page(user_schema())}},
            .handle = [&accounts](const Call&) -> Result<Reply> {
                INGOT_TRY_ASSIGN(const std::vector<User> users, accounts.users());
                Json items = Json::array();
                for (const User& user : users) items.push_back(user_json(user));
                return Reply(json_response({{"items", std::move(items)}, {"next", nullptr}}));
            }};
}

Endpoint add_user(Accounts& accounts) {
    return {
        .method = Method::kPost,
        .path = "/api/v1/users",
        .name = "add_user",
        .summary = "Let somebody in; the first user has to be an admin",
        .area = "accounts",
        .role = Role::kAdmin,
        .body = Schema::object(
            {{"name", name_schema()}, {"password", password_schema()}, {"role", role_schema()}}),
        .answers = {{201, "The user", user_schema()}},
        .handle = [&accounts](const Call& call) -> Result<Reply> {
            const std::string name = call.body_text("name");
            INGOT_TRY_ASSIGN(const Role role, parse_role(call.body_text("role")));
            INGOT_TRY(accounts.add(name, call.body_text("password"), role));
            INGOT_TRY_ASSIGN(const std::vector<User> users, accounts.users());
            for (const User& user : users)
                if (user.name == name) return Reply(json_response(user_json(user), 201));
            return make_error(ErrorCode::kNotFound, "user {} was removed at once", name);
        }};
}

Endpoint change_user(Accounts& accounts) {
    return {.method = Method::kPatch,
            .path = "/api/v1/users/{name}",
            .name = "change_user",
            .summary = "Another role or password; a new password ends the user's sessions",
            .area = "accounts",
            .role = Role::kAdmin,
            .in_path = {{"name", name_schema()}},
            .body = Schema::object({optional_field("role", role_schema()),
                                    optional_field("password", password_schema())}),
            .answers = {{204, "Changed"}},
            .handle = [&accounts](const Call& call) -> Result<Reply> {
                const std::string name = call.text("name");
                if (const std::string text = call.body_text("role"); !text.empty()) {
                    INGOT_TRY_ASSIGN(const Role role, parse_role(text));
                    INGOT_TRY(accounts.set_role(name, role));
                }
                if (const std::string text = call.body_text("password"); !text.empty())
                    INGOT_TRY(accounts.set_password(name, text));
                return Reply(nothing());
            }};
}

Endpoint remove_user(Accounts& accounts) {
    return {.method = Method::kDelete,
            .path = "/api/v1/users/{name}",
            .name = "remove_user",
            .summary = "End an account, its sessions and its tokens",
            .area = "accounts",
            .role = Role::kAdmin,
            .in_path = {{"name", name_schema()}},
            .answers = {{204, "Removed"}},
            .handle = [&accounts](const Call& call) -> Result<Reply> {
                if (call.who->name == call.text("name")) {
                    return Reply(problem(409, "own_account",
                                         "nobody removes the account he uses: another admin can, "
                                         "or `ingot user remove` can"));
                }
                INGOT_TRY(accounts.remove(call.text("name")));
                return Reply(nothing());
            }};
}

Endpoint list_tokens(Accounts& accounts) {
    return {.path = "/api/v1/tokens",
            .name = "list_tokens",
            .summary = "All tokens, without their secrets",
            .area = "accounts",
            .role = Role::kAdmin,
            .answers = {{200, "All of them", Schema::page(token_schema())}},
            .handle = [&accounts](const Call&) -> Result<Reply> {
                INGOT_TRY_ASSIGN(const std::vector<Token> tokens, accounts.tokens());
                Json items = Json::array();
                for (const Token& token : tokens) items.push_back(token_json(token));
                return Reply(json_response({{"items", std::move(items)}, {"next", nullptr}}));
            }};
}

Endpoint create_token(Accounts& accounts) {
    return {.method = Method::kPost,
            .path = "/api/v1/tokens",
            .name = "create_token",
            .summary = "A token for a program",
            .area = "accounts",
            .role = Role::kAdmin,
            .body = Schema::object({{"name", name_schema()},
                                    {"role", role_schema()},
                                    optional_field("expires_at", Schema::date_time().nullable())}),
            .answers = {{201, "The token with its secret", new_token_schema()}},
            .handle = [&accounts](const Call& call) -> Result<Reply> {
                INGOT_TRY_ASSIGN(const Role role, parse_role(call.body_text("role")));
                std::optional<Timestamp> expires_at;
                if (const std::string text = call.body_text("expires_at"); !text.empty()) {
                    INGOT_TRY_ASSIGN(expires_at, parse_timestamp(text));
                }
                // Made by a token, it belongs to nobody who could be removed.
                const bool user = call.who->kind == Identity::Kind::kSession;
                INGOT_TRY_ASSIGN(const NewToken created,
                                 accounts.create_token(call.body_text("name"), role, expires_at,
                                                       user ? call.who->name : ""));
                Json json = token_json(created.token);
                json["secret"] = created.secret;
                return Reply(json_response(json, 201));
            }};
}

Endpoint revoke_token(Accounts& accounts) {
    return {.method = Method::kDelete,
            .path = "/api/v1/tokens/{id}",
            .name = "revoke_token",
            .summary = "End a token",
            .area = "accounts",
            .role = Role::kAdmin,
            .in_path = {{"id", Schema::integer()}},
            .answers = {{204, "It is not valid any more"}},
            .handle = [&accounts](const Call& call) -> Result<Reply> {
                INGOT_TRY(accounts.revoke_token(call.number("id")));
                return Reply(nothing());
            }};
}

Schema audit_schema() {
    return Schema::object({{"at", Schema::date_time()},
                           {"who", Schema::text()},
                           {"what", Schema::text()},
                           {"object", Schema::text()},
                           {"outcome", Schema::text()},
                           {"address", Schema::text()}})
        .named("AuditEntry");
}

Json audit_json(const AuditEntry& entry) {
    return {{"at", entry.at.to_string()}, {"who", entry.who},         {"what", entry.what},
            {"object", entry.object},     {"outcome", entry.outcome}, {"address", entry.address}};
}

Endpoint list_audit(AuditLog& audit) {
    return {.path = "/api/v1/audit",
            .name = "list_audit",
            .summary = "Who changed what, or was not let; newest first",
            .area = "accounts",
            .role = Role::kAdmin,
            .in_query = page_params(),
            .answers = {{200, "A page", Schema::page(audit_schema())}},
            .handle = [&audit](const Call& call) -> Result<Reply> {
                std::optional<std::int64_t> before;
                if (const std::string after = call.text("after"); !after.empty()) {
                    INGOT_TRY_ASSIGN(const Json number, Schema::integer().parse(after));
                    before = number.get<std::int64_t>();
                }
                const std::int64_t limit = call.number("limit");
                INGOT_TRY_ASSIGN(const auto entries, audit.list(before, limit));
                Json items = Json::array();
                for (const AuditEntry& entry : entries) items.push_back(audit_json(entry));
                const bool full = std::ssize(entries) == limit;
                return Reply(json_response(
                    {{"items", std::move(items)},
                     {"next", full ? Json(std::to_string(entries.back().no)) : Json()}}));
            }};
}

}  // namespace

std::vector<Endpoint> account_endpoints(Accounts& accounts, Guard& guard, AuditLog& audit) {
    return {log_in(guard),          log_out(guard),        me(),
            list_users(accounts),   add_user(accounts),    change_user(accounts),
            remove_user(accounts),  list_tokens(accounts), create_token(accounts),
            revoke_token(accounts), list_audit(audit)};
}

}  // namespace ingot::server

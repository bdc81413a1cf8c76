#include "server/api.hpp"

#include <filesystem>
#include <gmock/gmock.h>

#include "server/api_accounts.hpp"
#include "server/api_system.hpp"
#include "server/problem.hpp"

#include "base/uuid.hpp"

namespace ingot::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Two endpoints as every other one is made.
std::vector<Endpoint> pets() {
    const Schema pet = Schema::object({{"name", Schema::text()}, {"age", Schema::integer()}});
    Endpoint get{
        .path = "/api/v1/pets/{name}",
        .name = "get_pet",
        .summary = "One pet",
        .area = "pets",
        .role = Role::kViewer,
        .in_query = {{"age", Schema::integer().at_least(0).at_most(50), "Of it", 7}},
        .answers = {{200, "The pet", pet}},
        .handle = [](const Call& call) -> Result<Reply> {
            if (call.text("name") == "gone")
                return make_error(ErrorCode::kNotFound, "there is no pet gone");
            if (call.text("name") == "broken")
                return make_error(ErrorCode::kIo, "the disk is gone");
            return Reply(json_response({{"name", call.text("name")}, {"age", call.number("age")}}));
        }};
    Endpoint make{.method = Method::kPost,
                  .path = "/api/v1/pets",
                  .name = "make_pet",
                  .summary = "A new pet",
                  .area = "pets",
                  .role = Role::kOperator,
                  .body = pet,
                  .answers = {{201, "The pet", pet}},
                  .handle = [](const Call& call) -> Result<Reply> {
                      return Reply(json_response(call.body, 201));
                  }};
    return {get, make};
}

class ApiTest : public testing::Test {
protected:
    ApiTest() {
        std::vector<Endpoint> all = account_endpoints(*accounts, guard, *audit);
        for (Endpoint& it : pets()) all.push_back(it);
        for (Endpoint& it : system_endpoints({events, metrics, {}, {}})) all.push_back(it);
        all.push_back(openapi_endpoint(all));
        api = std::make_unique<Api>(ApiParts{guard, *audit, metrics, web, clock}, std::move(all));
    }
    ~ApiTest() override { std::filesystem::remove_all(folder); }

    /// As a client on this machine.
    Response send(Method method, std::string target, const std::string& body = "",
                  const Headers& headers = {}) {
        Request request{.method = method,
                        .target = std::move(target),
                        .headers = {{"host", "localhost:8420"}},
                        .body = body,
                        .address = "127.0.0.1"};
        if (!body.empty()) request.headers.emplace_back("content-type", "application/json");
        for (const auto& header : headers) request.headers.push_back(header);
        Reply reply = api->handle(request);
        if (!std::holds_alternative<Response>(reply)) return {.status = 200, .body = "stream"};
        Response response = std::get<Response>(std::move(reply));
        expect_as_defined(request, response);
        return response;
    }
    Response get(const std::string& target, const Headers& headers = {}) {
        return send(Method::kGet, target, "", headers);
    }
    /// Whether the answer is one that the definition has.
    void expect_as_defined(const Request& request, const Response& response) {
        if (response.content_type == "application/problem+json") {
            EXPECT_THAT(problem_schema().check(*parse_json(response.body)), IsEmpty());
            return;
        }
        const auto found = api->router().find(request);
        if (!std::holds_alternative<Router::Found>(found)) return;
        const Endpoint& endpoint = *std::get<Router::Found>(found).endpoint;
        const auto answer =
            std::find_if(endpoint.answers.begin(), endpoint.answers.end(),
                         [&](const Answer& it) { return it.status == response.status; });
        ASSERT_NE(answer, endpoint.answers.end()) << endpoint.name << " " << response.status;
        if (!answer->schema || answer->content_type != "application/json") return;
        EXPECT_THAT(answer->schema->check(*parse_json(response.body)), IsEmpty()) << response.body;
    }
    std::string code(const Response& response) { return Json::parse(response.body)["code"]; }

    void add_users() {
        ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
        ASSERT_TRUE(accounts->add("otto", "a long password", Role::kOperator));
        ASSERT_TRUE(accounts->add("vera", "a long password", Role::kViewer));
    }
    Headers token(Role role) {
        return {
            {"authorization", "Bearer " + accounts->create_token("test", role, {}, "ada")->secret}};
    }
    Headers session(const std::string& user, bool csrf = true) {
        const auto begun = *accounts->log_in(user, "a long password");
        Headers headers = {{"cookie", "a=b; ingot_session=" + begun->secret}};
        if (csrf) headers.emplace_back("x-csrf-token", begun->who.csrf);
        return headers;
    }
    std::vector<std::string> audited() {
        std::vector<std::string> lines;
        const auto entries = *audit->list({}, 100);
        for (const AuditEntry& it : entries)
            lines.push_back(it.who + " " + it.what + " " + it.outcome);
        return lines;
    }

    const std::string folder = testing::TempDir() + "api-" + uuid_v4();
    ManualClock clock{*parse_timestamp("2026-01-01")};
    std::unique_ptr<Accounts> accounts = *Accounts::open(folder + "/accounts.db", clock);
    std::unique_ptr<AuditLog> audit = *AuditLog::open(folder + "/accounts.db", clock);
    Guard guard{*accounts, {.requests = {.per_second = 10, .burst = 200}}, clock};
    RequestMetrics metrics;
    EventHub events{10, clock};
    WebFiles web{{}};
    std::unique_ptr<Api> api;
};

const std::string kPet = R"({"name": "tom", "age": 3})";

TEST_F(ApiTest, ARequestIsRoutedWithItsParameters) {
    EXPECT_EQ(get("/api/v1/pets/tom").body, R"({"name":"tom","age":7})");
    EXPECT_EQ(get("/api/v1/pets/t%2Fo%20m?age=9").body, R"({"name":"t/o m","age":9})");
    EXPECT_EQ(send(Method::kHead, "/api/v1/pets/tom").status, 200);
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", kPet).status, 201);
}

TEST_F(ApiTest, WhatIsNotThereIs404AndAnotherMethodIs405) {
    for (const char* path :
         {"/api/v1/nothing", "/api/v1/pets/", "/api/v1/pets/a/b", "/api/", "/api/v1/pets//"})
        EXPECT_EQ(get(path).status, 404) << path;
    const Response wrong = send(Method::kDelete, "/api/v1/pets/tom");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_THAT(wrong.headers, testing::Contains(std::pair<std::string, std::string>(
                                   "Allow", "GET, HEAD, OPTIONS")));
    EXPECT_EQ(send(Method::kOptions, "/api/v1/pets/tom").status, 204);
    EXPECT_EQ(send(Method::kOther, "/api/v1/pets/tom").status, 405);
}

TEST_F(ApiTest, AParameterThatDoesNotFitIsNamed) {
    const Response response = get("/api/v1/pets/tom?age=51&size=1");
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(Json::parse(response.body)["errors"].dump(),
              R"([{"field":"age","message":"is more than 50"},)"
              R"({"field":"size","message":"is not known here"}])");
    for (const char* query :
         {"age=x", "age=1&age=2", "age=", "age=1e3", "age=99999999999999999999"})
        EXPECT_EQ(get(std::string("/api/v1/pets/tom?") + query).status, 422) << query;
}

TEST_F(ApiTest, BytesThatCannotBeReadAre400) {
    for (const char* target :
         {"/api/v1/pets/%ff", "/api/v1/pets/%00", "/api/v1/pets/%c0%af", "/api/v1/pets/%",
          "/api/v1/pets/%zz", "/api/v1/pets/tom?age=%ff", "/api/v1/pets/%ed%a0%80", "*", ""})
        EXPECT_EQ(get(target).status, 400) << target;
    for (const char* body : {"{", "[1, 2", "{\"name\": \"\xff\"}", "nul", "{'a': 1}"})
        EXPECT_EQ(send(Method::kPost, "/api/v1/pets", body).status, 400) << body;
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets").status, 400);
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", std::string(200'000, '[')).status, 400);
}

TEST_F(ApiTest, ABodyThatDoesNotFitIsNamedByField) {
    const Response response = send(Method::kPost, "/api/v1/pets", R"({"name": 1, "ag": 2})");
    EXPECT_EQ(response.status, 422);
    EXPECT_THAT(Json::parse(response.body)["detail"], "name must be a text");
    EXPECT_EQ(Json::parse(response.body)["errors"].size(), 3);
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", "[]").status, 422);
}

TEST_F(ApiTest, ABodyThatIsNotDeclaredJsonIsRefused) {
    Request request{.method = Method::kPost,
                    .target = "/api/v1/pets",
                    .headers = {{"host", "localhost"}, {"content-type", "text/plain"}},
                    .body = kPet};
    EXPECT_EQ(std::get<Response>(api->handle(request)).status, 415);
    request.headers[1].second = "Application/JSON; charset=utf-8";
    EXPECT_EQ(std::get<Response>(api->handle(request)).status, 201);
}

TEST_F(ApiTest, ErrorsHaveTheStatusThatFits) {
    EXPECT_EQ(get("/api/v1/pets/gone").status, 404);
    EXPECT_THAT(get("/api/v1/pets/gone").body, HasSubstr("there is no pet gone"));
    EXPECT_EQ(get("/api/v1/pets/broken").status, 500);
}

TEST_F(ApiTest, WithoutAccountsEverybodyOnThisMachineIsAnAdmin) {
    EXPECT_EQ(get("/api/v1/me").body, R"({"user":"local","role":"admin","csrf":""})");
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", kPet).status, 201);
    add_users();
    EXPECT_EQ(get("/api/v1/me").status, 401);
}

TEST_F(ApiTest, WithoutAccountsOtherNamesForThisMachineAreRefused) {
    Request request{.target = "/api/v1/me", .headers = {{"host", "evil.example:8420"}}};
    EXPECT_EQ(std::get<Response>(api->handle(request)).status, 421);
    for (const char* host : {"127.0.0.1:8420", "[::1]:8420", "localhost"}) {
        request.headers = {{"host", host}};
        EXPECT_EQ(std::get<Response>(api->handle(request)).status, 200) << host;
    }
    for (const char* host : {"127.0.0.1.evil.example", "localhost.evil.example", "[", "", "[::1"}) {
        request.headers = {{"host", host}};
        EXPECT_NE(std::get<Response>(api->handle(request)).status, 500) << host;
    }
    request.headers = {{"host", "localhost"}, {"x-forwarded-for", "10.0.0.1"}};
    EXPECT_EQ(code(std::get<Response>(api->handle(request))), "proxy_without_accounts");
}

TEST_F(ApiTest, APageOfAnotherSiteCannotChangeAnything) {
    for (const char* origin : {"http://evil.example", "null", "http://localhost:9999"}) {
        const Response response = send(Method::kPost, "/api/v1/pets", kPet, {{"origin", origin}});
        EXPECT_EQ(code(response), "wrong_origin") << origin;
    }
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", kPet, {{"sec-fetch-site", "cross-site"}}).status,
              403);
    EXPECT_EQ(
        send(Method::kPost, "/api/v1/pets", kPet, {{"origin", "http://localhost:8420"}}).status,
        201);
}

TEST_F(ApiTest, EveryEndpointAsksForItsRole) {
    add_users();
    const std::vector<Headers> tokens = {token(Role::kViewer), token(Role::kOperator),
                                         token(Role::kAdmin)};
    for (const Endpoint& endpoint : api->router().endpoints()) {
        if (!endpoint.role) continue;
        std::string target = endpoint.path;
        if (const auto open = target.find('{'); open != std::string::npos)
            target = target.substr(0, open) + "99";
        EXPECT_EQ(send(endpoint.method, target).status, 401) << endpoint.name;
        for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin}) {
            const int status =
                send(endpoint.method, target, "", tokens[static_cast<std::size_t>(role)]).status;
            EXPECT_EQ(status == 403, role < *endpoint.role)
                << endpoint.name << " " << role_name(role) << " " << status;
            EXPECT_NE(status, 401) << endpoint.name;
        }
    }
}

TEST_F(ApiTest, AWrongRoleIs403AndInTheAuditLog) {
    add_users();
    EXPECT_EQ(code(send(Method::kPost, "/api/v1/pets", kPet, token(Role::kViewer))), "wrong_role");
    EXPECT_EQ(code(get("/api/v1/users", token(Role::kOperator))), "wrong_role");
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", kPet, token(Role::kOperator)).status, 201);
    EXPECT_THAT(audited(), testing::ElementsAre("token test make_pet done 201",
                                                "token test list_users denied 403",
                                                "token test make_pet denied 403"));
}

TEST_F(ApiTest, LoggingInGivesASessionForBrowsers) {
    add_users();
    const Response response =
        send(Method::kPost, "/api/v1/login", R"({"user": "otto", "password": "a long password"})");
    EXPECT_EQ(response.status, 200);
    const auto cookie = std::find_if(response.headers.begin(), response.headers.end(),
                                     [](const auto& it) { return it.first == "Set-Cookie"; });
    ASSERT_NE(cookie, response.headers.end());
    EXPECT_THAT(cookie->second, StartsWith("ingot_session="));
    EXPECT_THAT(cookie->second, HasSubstr("; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800"));
    EXPECT_THAT(cookie->second, Not(HasSubstr("Secure")));
    const std::string pair = cookie->second.substr(0, cookie->second.find(';'));
    const Json me = Json::parse(get("/api/v1/me", {{"cookie", pair}}).body);
    EXPECT_EQ(me["user"], "otto");
    EXPECT_EQ(me["csrf"], Json::parse(response.body)["csrf"]);
    const Headers headers = {{"cookie", pair}, {"x-csrf-token", me["csrf"]}};
    EXPECT_EQ(send(Method::kPost, "/api/v1/logout", "", headers).status, 204);
    EXPECT_EQ(get("/api/v1/me", {{"cookie", pair}}).status, 401);
}

TEST_F(ApiTest, UnderTlsTheCookieStaysUnderTls) {
    add_users();
    Request request{.method = Method::kPost,
                    .target = "/api/v1/login",
                    .headers = {{"host", "localhost"}, {"content-type", "application/json"}},
                    .body = R"({"user": "otto", "password": "a long password"})",
                    .tls = true};
    const Response response = std::get<Response>(api->handle(request));
    EXPECT_THAT(response.headers,
                testing::Contains(testing::Pair("Set-Cookie", HasSubstr("; Secure"))));
}

TEST_F(ApiTest, ASessionChangesThingsOnlyWithItsToken) {
    add_users();
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", kPet, session("otto")).status, 201);
    EXPECT_EQ(code(send(Method::kPost, "/api/v1/pets", kPet, session("otto", false))),
              "wrong_csrf");
    Headers mixed = session("otto", false);
    mixed.push_back(session("otto")[1]);
    EXPECT_EQ(code(send(Method::kPost, "/api/v1/pets", kPet, mixed)), "wrong_csrf");
    EXPECT_EQ(get("/api/v1/pets/tom", session("vera", false)).status, 200);
}

TEST_F(ApiTest, WrongPasswordsAreSlowedDownAndRecorded) {
    add_users();
    const std::string wrong = R"({"user": "otto", "password": "a wrong password"})";
    const std::string right = R"({"user": "otto", "password": "a long password"})";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(send(Method::kPost, "/api/v1/login", wrong).status, 401);
    const Response slowed = send(Method::kPost, "/api/v1/login", right);
    EXPECT_EQ(slowed.status, 429);
    EXPECT_THAT(slowed.headers, testing::Contains(testing::Pair("Retry-After", "1")));
    EXPECT_EQ(audited(), std::vector<std::string>(5, "otto log_in denied 401"));
    clock.advance(1s);
    EXPECT_EQ(send(Method::kPost, "/api/v1/login", right).status, 200);
    EXPECT_EQ(send(Method::kPost, "/api/v1/login", wrong).status, 401);
}

TEST_F(ApiTest, WhoAsksTooOftenWaitsAndOthersDoNot) {
    add_users();
    const Headers viewer = token(Role::kViewer);
    for (int i = 0; i < 200; ++i) ASSERT_EQ(get("/api/v1/me", viewer).status, 200) << i;
    EXPECT_EQ(get("/api/v1/me", viewer).status, 429);
    EXPECT_EQ(get("/api/v1/me", session("ada")).status, 200);
    clock.advance(100ms);
    EXPECT_EQ(get("/api/v1/me", viewer).status, 200);
}

TEST_F(ApiTest, UsersAreManagedByAdmins) {
    const std::string ada = R"({"name": "ada", "password": "a long password", "role": "admin"})";
    const std::string bob = R"({"name": "bob", "password": "a long password", "role": "viewer"})";
    EXPECT_EQ(send(Method::kPost, "/api/v1/users", bob).status, 422);
    EXPECT_EQ(send(Method::kPost, "/api/v1/users", ada).status, 201);
    const Headers admin = session("ada");
    EXPECT_EQ(send(Method::kPost, "/api/v1/users", bob, admin).status, 201);
    EXPECT_EQ(send(Method::kPost, "/api/v1/users", bob, admin).status, 409);
    EXPECT_EQ(send(Method::kPatch, "/api/v1/users/bob", R"({"role": "operator"})", admin).status,
              204);
    EXPECT_EQ(send(Method::kPatch, "/api/v1/users/bob", R"({"role": "king"})", admin).status, 422);
    EXPECT_EQ(send(Method::kPatch, "/api/v1/users/ada", R"({"role": "viewer"})", admin).status,
              422);
    EXPECT_EQ(send(Method::kDelete, "/api/v1/users/ada", "", admin).status, 409);
    EXPECT_EQ(Json::parse(get("/api/v1/users", admin).body)["items"][1]["role"], "operator");
    EXPECT_EQ(send(Method::kDelete, "/api/v1/users/bob", "", admin).status, 204);
    EXPECT_EQ(send(Method::kDelete, "/api/v1/users/bob", "", admin).status, 404);
}

TEST_F(ApiTest, TokensAreMadeShownOnceAndRevoked) {
    add_users();
    const Headers admin = session("ada");
    const Response made =
        send(Method::kPost, "/api/v1/tokens", R"({"name": "ci", "role": "operator"})", admin);
    ASSERT_EQ(made.status, 201);
    const std::string secret = Json::parse(made.body)["secret"];
    const Headers bearer = {{"authorization", "Bearer " + secret}};
    EXPECT_EQ(send(Method::kPost, "/api/v1/pets", kPet, bearer).status, 201);
    EXPECT_THAT(get("/api/v1/tokens", admin).body, Not(HasSubstr(secret)));
    const std::string id = Json::parse(made.body)["id"].dump();
    EXPECT_EQ(send(Method::kDelete, "/api/v1/tokens/" + id, "", admin).status, 204);
    EXPECT_EQ(code(get("/api/v1/me", bearer)), "bad_token");
}

TEST_F(ApiTest, TheAuditLogComesInPages) {
    for (int i = 0; i < 5; ++i) send(Method::kPost, "/api/v1/pets", kPet);
    const Json page = Json::parse(get("/api/v1/audit?limit=3").body);
    EXPECT_EQ(page["items"].size(), 3);
    const Json rest =
        Json::parse(get("/api/v1/audit?after=" + page["next"].get<std::string>()).body);
    EXPECT_EQ(rest["items"].size(), 2);
    EXPECT_TRUE(rest["next"].is_null());
    EXPECT_EQ(get("/api/v1/audit?after=x").status, 422);
    EXPECT_EQ(get("/api/v1/audit?limit=501").status, 422);
}

TEST_F(ApiTest, TheDocumentDescribesEveryEndpoint) {
    const Json document = Json::parse(get("/api/v1/openapi.json").body);
    EXPECT_EQ(document["openapi"], "3.1.0");
    for (const Endpoint& endpoint : api->router().endpoints()) {
        std::string method(method_name(endpoint.method));
        std::transform(method.begin(), method.end(), method.begin(), ::tolower);
        const Json& operation = document["paths"][endpoint.path][method];
        EXPECT_EQ(operation["operationId"], endpoint.name);
        EXPECT_TRUE(operation["responses"].contains("default")) << endpoint.name;
        EXPECT_FALSE(endpoint.summary.empty());
    }
    const Json& get_pet = document["paths"]["/api/v1/pets/{name}"]["get"];
    EXPECT_EQ(get_pet["parameters"][1]["schema"].dump(),
              R"({"type":"integer","minimum":0,"maximum":50,"default":7})");
}

TEST_F(ApiTest, HealthNeedsNoAccountAndMetricsDo) {
    add_users();
    EXPECT_EQ(get("/healthz").body, "ok\n");
    EXPECT_EQ(get("/readyz").body, "ready\n");
    EXPECT_EQ(get("/metrics").status, 401);
    EXPECT_THAT(get("/metrics", token(Role::kViewer)).body,
                HasSubstr("ingot_http_requests_total{method=\"GET\",route=\"/healthz\","
                          "status=\"200\"} 1\n"));
    EXPECT_EQ(get("/api/v1/events").status, 401);
    EXPECT_EQ(get("/api/v1/events", session("vera", false)).body, "stream");
}

TEST_F(ApiTest, PagesAreShownToEverybodyAndNoOtherMethod) {
    add_users();
    EXPECT_EQ(get("/runs/1").content_type, "text/html; charset=utf-8");
    EXPECT_EQ(send(Method::kPost, "/runs/1").status, 404);
}

}  // namespace
}  // namespace ingot::server

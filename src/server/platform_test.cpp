// The endpoints of the platform over a project that runs. Every answer is held against its schema.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <set>
#include <thread>

#include "server/api.hpp"
#include "server/api_accounts.hpp"
#include "server/api_platform.hpp"
#include "server/api_system.hpp"
#include "server/problem.hpp"

#include "base/uuid.hpp"

namespace ingot::server {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().to_string());
    return *std::move(result);
}

/// A source by the hour with two hours of events, and what is made of it.
const std::map<std::string, std::string> kProject = {
    {"project.yml",
     "name: small\nlake: ./lake\n"
     "params: {source: {type: string, default: ./input}}\n"
     "defaults: {start: 2020-05-01, timezone: UTC, retries: 0}\n"},
    {"sources/events.yml", R"(
table: bronze.events
load: window
window: hour
description: What happened
from: {files: "{params.source}/{window.start:%Y-%m-%d-%H}.ndjson"}
missing: {allow: 100%}
freshness: {error: 6h}
format: {ndjson: {unknown_fields: ignore}}
columns:
  id: {type: bigint, required: true, description: Number of the event}
  ts: timestamptz
  amount: decimal(10,2)
)"},
    {"models/silver/events.sql", R"(/* ---
kind: incremental
time: ts
checks: [{row_count: {min: 1}}]
--- */
SELECT id, ts, amount FROM bronze.events WHERE ts >= $window.start AND ts < $window.end
)"},
    {"models/gold/newest.sql",
     "/* ---\nkind: view\n--- */\nSELECT max(ts) AS ts FROM silver.events\n"},
    {"pipelines/hourly.yml", R"(
schedule: "5 * * * *"
window: hour
description: Every hour
params: {size: {type: integer, minimum: 1, default: 3}}
tasks:
  load:  {ingest: bronze.events}
  build: {models: "silver.*", after: load}
)"},
    {"pipelines/called.yml", R"(
schedule: {on: {webhook: true}}
tasks:
  say: {command: [sh, -c, "echo hello; echo wörld"]}
  each: {command: [sh, -c, "echo {item}"], each: [eu, us], after: say}
)"},
    {"pipelines/broken.yml",
     "tasks:\n  fail: {command: [sh, -c, 'echo why; exit 3']}\n"
     "  next: {command: ['true'], after: fail}\n"},
    {"pipelines/slow.yml", "tasks:\n  wait: {command: [sleep, '60']}\n"},
    {"input/2020-05-01-00.ndjson",
     "{\"id\": 1, \"ts\": \"2020-05-01T00:10:00Z\", \"amount\": 1.50}\n"
     "{\"id\": 2, \"ts\": \"2020-05-01T00:20:00Z\", \"amount\": null}\n"},
    {"input/2020-05-01-01.ndjson",
     "{\"id\": 3, \"ts\": \"2020-05-01T01:10:00Z\", \"amount\": 2}\n"},
};

class PlatformTest : public testing::Test {
protected:
    PlatformTest() {
        for (const auto& [name, text] : kProject) write(name, text);
        service::ServiceOptions options;
        options.load.root = root;
        options.workers = 2;
        options.drain_time = 100ms;
        options.look_at_files = 50ms;
        const auto project = must(project::open_project(options.load, engine().sql_facts()));
        service =
            must(service::Service::open(project, engine(), system_clock(), std::move(options)));
        publish_changes(*service, events, numbers);
        accounts = must(Accounts::open(root + "/accounts.db"));
        audit = must(AuditLog::open(root + "/accounts.db"));
        guard = std::make_unique<Guard>(*accounts, GuardSettings{});
        std::vector<Endpoint> all = account_endpoints(*accounts, *guard, *audit);
        for (Endpoint& it : platform_endpoints(*service, [this] { return guard->local_mode(); }))
            all.push_back(std::move(it));
        api = std::make_unique<Api>(ApiParts{*guard, *audit, metrics, web, system_clock()},
                                    std::move(all));
        running = std::jthread([this](const std::stop_token& stop) { ran = service->run(stop); });
    }
    ~PlatformTest() override {
        running.request_stop();
        running.join();
        EXPECT_TRUE(ran) << ran.error().to_string();
        service.reset();
        std::filesystem::remove_all(root);
    }
    static engine::Engine& engine() {
        static const std::unique_ptr<engine::Engine> shared =
            must(engine::Engine::open({1ULL << 30, 2, ""}));
        return *shared;
    }
    void write(const std::string& name, const std::string& text) const {
        const std::filesystem::path path = root + "/" + name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }

    /// As somebody on this machine. What waits is asked until it answers.
    Response send(Method method, const std::string& path, const Json& body = nullptr) const {
        Request request{.method = method,
                        .target = "/api/v1" + path,
                        .headers = {{"host", "localhost"}, {"content-type", "application/json"}},
                        .body = body.is_null() ? "" : body.dump(),
                        .address = "127.0.0.1"};
        Reply reply = api->handle(request);
        if (const Wait* wait = std::get_if<Wait>(&reply)) {
            const auto deadline = std::chrono::steady_clock::now() + wait->at_most;
            std::optional<Response> answer;
            while (!answer) {
                answer = wait->look(std::chrono::steady_clock::now() >= deadline);
                if (!answer) std::this_thread::sleep_for(5ms);
            }
            reply = *std::move(answer);
        }
        if (const Stream* stream = std::get_if<Stream>(&reply)) return {.body = drained(*stream)};
        const Response response = std::get<Response>(std::move(reply));
        expect_as_defined(request, response);
        return response;
    }
    static std::string drained(const Stream& stream) {
        std::string text;
        for (Piece piece; !piece.end; std::this_thread::sleep_for(piece.more ? 0ms : 5ms)) {
            piece = stream.pull();
            text += piece.bytes;
        }
        return text;
    }
    void expect_as_defined(const Request& request, const Response& response) const {
        EXPECT_LT(response.status, 500) << request.target << " " << response.body;
        if (response.content_type == "application/problem+json") {
            EXPECT_THAT(problem_schema().check(*parse_json(response.body)), IsEmpty());
            return;
        }
        const auto found = api->router().find(request);
        const Endpoint& endpoint = *std::get<Router::Found>(found).endpoint;
        const auto answer =
            std::find_if(endpoint.answers.begin(), endpoint.answers.end(),
                         [&](const Answer& it) { return it.status == response.status; });
        ASSERT_NE(answer, endpoint.answers.end()) << endpoint.name << " " << response.status;
        if (!answer->schema || answer->content_type != "application/json") return;
        const auto violations = answer->schema->check(*parse_json(response.body));
        for (const Violation& it : violations)
            ADD_FAILURE() << endpoint.name << ": " << it.field << " " << it.message;
    }
    Json get(const std::string& path) const {
        const Response response = send(Method::kGet, path);
        EXPECT_EQ(response.status, 200) << path << " " << response.body;
        return Json::parse(response.body, nullptr, false);
    }
    /// A run that has ended.
    Json run(const std::string& pipeline, const Json& body = nullptr) const {
        const Response begun = send(Method::kPost, "/pipelines/" + pipeline + "/runs", body);
        EXPECT_EQ(begun.status, 201) << begun.body;
        const Json run = Json::parse(begun.body);
        return get("/runs/" + run["run_id"].get<std::string>() + "/wait?timeout_s=60");
    }
    Json run_hour(int hour, bool full = false) const {
        const auto at = [](int h) { return fmt::format("2020-05-01T{:02}:00:00Z", h); };
        return run("hourly",
                   {{"window", {{"start", at(hour)}, {"end", at(hour + 1)}}}, {"full", full}});
    }
    static std::map<std::string, std::string> states(const Json& run) {
        std::map<std::string, std::string> states;
        for (const Json& task : run["tasks"]) states[task["task"]] = task["state"];
        return states;
    }

    /// By the begin of each run's window: `TASK STATE`.
    using Cleared = std::vector<std::pair<std::string, std::vector<std::string>>>;
    static Cleared cleared_tasks(const Response& response) {
        Cleared runs;
        const Json json = Json::parse(response.body);
        for (const Json& run : json["runs"]) {
            auto& [window, tasks] = runs.emplace_back();
            if (!run["window"].is_null()) window = run["window"]["start"];
            for (const Json& task : run["tasks"]) {
                tasks.push_back(task["task"].get<std::string>() + " " +
                                task["state"].get<std::string>());
            }
        }
        return runs;
    }

    const std::string root = testing::TempDir() + "platform-" + uuid_v4();
    EventHub events;
    PlatformMetrics numbers;
    RequestMetrics metrics;
    WebFiles web{{}};
    std::unique_ptr<service::Service> service;
    std::unique_ptr<Accounts> accounts;
    std::unique_ptr<AuditLog> audit;
    std::unique_ptr<Guard> guard;
    std::unique_ptr<Api> api;
    Status ran;
    std::jthread running;
};

TEST_F(PlatformTest, PipelinesSayWhatStartsThem) {
    const Json page = get("/pipelines");
    std::map<std::string, Json> by_name;
    for (const Json& item : page["items"]) by_name[item["name"]] = item;
    EXPECT_EQ(by_name.size(), 4);
    EXPECT_EQ(by_name["hourly"]["schedule"].dump(),
              R"({"kind":"cron","text":"5 * * * *","timezone":"UTC"})");
    EXPECT_EQ(by_name["hourly"]["window"], "hour");
    EXPECT_TRUE(by_name["hourly"]["next_run_at"].is_string());
    EXPECT_EQ(by_name["called"]["schedule"]["kind"], "webhook");
    EXPECT_EQ(by_name["slow"]["schedule"]["kind"], "none");
    EXPECT_EQ(get("/pipelines?limit=1&after=broken")["items"][0]["name"], "called");
    const Json hourly = get("/pipelines/hourly");
    EXPECT_EQ(hourly["params"]["size"]["minimum"], 1);
    EXPECT_EQ(hourly["params"]["source"]["default"], "./input");
    EXPECT_EQ(hourly["tasks"][1]["after"].dump(), R"(["load"])");
    EXPECT_THAT(hourly["source"]["text"].get<std::string>(), HasSubstr("Every hour"));
    EXPECT_EQ(send(Method::kGet, "/pipelines/hourli").status, 404);
}

TEST_F(PlatformTest, AScheduleIsPausedAndResumed) {
    EXPECT_EQ(send(Method::kPatch, "/pipelines/hourly", {{"paused", true}}).status, 200);
    EXPECT_EQ(get("/pipelines/hourly")["paused"], true);
    EXPECT_TRUE(get("/pipelines/hourly")["next_run_at"].is_null());
    EXPECT_EQ(send(Method::kPatch, "/pipelines/hourly", {{"paused", false}}).status, 200);
    EXPECT_EQ(get("/pipelines/hourly")["paused"], false);
    EXPECT_EQ(send(Method::kPatch, "/pipelines/nothing", {{"paused", true}}).status, 404);
}

TEST_F(PlatformTest, ARunIsStartedWaitedForAndItsLogRead) {
    const Json run = this->run("called", {{"note", "by hand"}});
    EXPECT_EQ(run["state"], "success");
    EXPECT_EQ(run["cause"], "manual");
    EXPECT_EQ(run["by"], "local");
    EXPECT_EQ(run["note"], "by hand");
    EXPECT_THAT(states(run), Contains(testing::Pair("each[us]", "success")));
    const std::string log =
        "/runs/" + run["run_id"].get<std::string>() + "/tasks/say/attempts/1/log";
    const std::string text = send(Method::kGet, log).body;
    EXPECT_THAT(text, HasSubstr("\nhello\nwörld\n"));
    const std::string end = std::to_string(text.size());
    EXPECT_THAT(send(Method::kGet, log).headers, Contains(testing::Pair("X-Next-Offset", end)));
    EXPECT_EQ(send(Method::kGet, log + "?offset=6").body, text.substr(6));
    EXPECT_EQ(send(Method::kGet, log + "?offset=" + end).body, "");
    const Json all{{"text", text}, {"offset", text.size()}};
    EXPECT_EQ(send(Method::kGet, log + "/stream").body,
              "data: " + all.dump() + "\n\nevent: end\ndata: {}\n\n");
    for (const char* wrong : {"/tasks/say/attempts/2/log", "/tasks/no/attempts/1/log"})
        EXPECT_EQ(send(Method::kGet, "/runs/" + run["run_id"].get<std::string>() + wrong).status,
                  404);
}

TEST_F(PlatformTest, NobodyLearnsWhereLogsLieOnTheServer) {
    EXPECT_THAT(run("called").dump(), Not(HasSubstr(".log")));
}

TEST_F(PlatformTest, RunsAreListedNewestFirstInPages) {
    for (int i = 0; i < 3; ++i) run("called");
    run("broken");
    const Json page = get("/runs?limit=2");
    EXPECT_EQ(page["items"][0]["pipeline"], "broken");
    const Json rest = get("/runs?limit=2&after=" + page["next"].get<std::string>());
    EXPECT_EQ(rest["items"].size(), 2);
    EXPECT_EQ(get("/runs?pipeline=broken")["items"].size(), 1);
    EXPECT_EQ(get("/runs?state=success")["items"].size(), 3);
    EXPECT_EQ(get("/runs?state=interrupted")["items"].size(), 0);
    EXPECT_EQ(send(Method::kGet, "/runs?state=odd").status, 422);
    EXPECT_EQ(get("/pipelines/called")["recent_runs"].size(), 3);
}

TEST_F(PlatformTest, WhatFailedIsMarkedClearedAndRunsAgain) {
    const Json failed = run("broken");
    EXPECT_EQ(failed["state"], "failed");
    EXPECT_EQ(states(failed)["next"], "upstream_failed");
    const std::string path = "/runs/" + failed["run_id"].get<std::string>();
    const Response dry =
        send(Method::kPost, path + "/clear", {{"failed_only", true}, {"dry_run", true}});
    EXPECT_EQ(cleared_tasks(dry), (Cleared{{"", {"fail failed", "next upstream_failed"}}}));
    EXPECT_EQ(send(Method::kPost, path + "/tasks/fail/mark", {{"state", "success"}}).status, 200);
    const Json marked = get(path + "/wait?timeout_s=60");
    EXPECT_EQ(states(marked)["fail"], "success");
    EXPECT_EQ(send(Method::kPost, path + "/clear", {{"tasks", {"fail"}}}).status, 200);
    EXPECT_EQ(get(path + "/wait?timeout_s=60")["tasks"][0]["attempts"].size(), 2);
    EXPECT_EQ(send(Method::kPost, path + "/tasks/none/mark", {{"state", "success"}}).status, 422);
    EXPECT_EQ(send(Method::kPost, path + "/clear", {{"tasks", {"none"}}}).status, 422);
    EXPECT_EQ(send(Method::kPost, path + "/tasks/fail/mark", {{"state", "odd"}}).status, 422);
}

TEST_F(PlatformTest, AClearReachesTheNewestRunsOfEarlierAndLaterWindows) {
    const auto clear = [this](const std::string& run, Json body) {
        return send(Method::kPost, "/runs/" + run + "/clear", std::move(body));
    };
    write("input/2020-05-01-02.ndjson",
          "{\"id\": 4, \"ts\": \"2020-05-01T02:10:00Z\", \"amount\": 3}\n");
    const std::string first = run_hour(0)["run_id"];
    const std::string redone = run_hour(1)["run_id"];
    const std::string middle = run_hour(1, true)["run_id"];
    const std::string last = run_hour(2)["run_id"];
    const Response future =
        clear(middle, {{"tasks", {"build"}}, {"future", true}, {"dry_run", true}});
    EXPECT_EQ(cleared_tasks(future), (Cleared{{"2020-05-01T01:00:00Z", {"build success"}},
                                              {"2020-05-01T02:00:00Z", {"build success"}}}));
    const Json listed = Json::parse(future.body);
    EXPECT_EQ(listed["runs"][0]["run_id"], middle);
    EXPECT_EQ(get("/runs/" + last)["state"], "success") << "a dry run changes nothing";
    EXPECT_EQ(clear(middle, {{"tasks", {"build"}}, {"past", true}, {"future", true}}).status, 200);
    for (const std::string& each : {first, middle, last}) {
        const Json ended = get("/runs/" + each + "/wait?timeout_s=60");
        EXPECT_EQ(ended["state"], "success");
        EXPECT_EQ(ended["tasks"][0]["attempts"].size(), 1);
        EXPECT_EQ(ended["tasks"][1]["attempts"].size(), 2) << each;
    }
    EXPECT_EQ(get("/runs/" + redone)["tasks"][1]["attempts"].size(), 1)
        << "a newer run of its window took its place";
    const Response failed =
        clear(first, {{"failed_only", true}, {"future", true}, {"dry_run", true}});
    EXPECT_EQ(cleared_tasks(failed), Cleared());
    const std::string without = run("called")["run_id"];
    const Response refused = clear(without, {{"past", true}});
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.body, HasSubstr("has no window"));
    const Response misspelt = clear(first, {{"tasks", {"biuld"}}, {"future", true}});
    EXPECT_THAT(misspelt.body, HasSubstr("did you mean 'build'"));
}

TEST_F(PlatformTest, ARunIsCancelledAndANoteKept) {
    const Json begun = Json::parse(send(Method::kPost, "/pipelines/slow/runs").body);
    const std::string path = "/runs/" + begun["run_id"].get<std::string>();
    EXPECT_EQ(get(path + "/wait?timeout_s=0")["ended_at"], nullptr);
    EXPECT_EQ(send(Method::kPost, path + "/cancel", {{"reason", "too slow"}}).status, 200);
    EXPECT_EQ(send(Method::kPatch, path, {{"note", "as usual"}}).status, 200);
    const Json ended = get(path + "/wait?timeout_s=60");
    EXPECT_EQ(ended["state"], "cancelled");
    EXPECT_THAT(ended["cancelled"].get<std::string>(), HasSubstr("too slow"));
    EXPECT_EQ(ended["note"], "as usual");
    EXPECT_EQ(send(Method::kPost, "/runs/none/cancel").status, 404);
    EXPECT_EQ(send(Method::kGet, "/runs/none").status, 404);
    EXPECT_EQ(send(Method::kGet, "/runs/none/wait").status, 404);
}

TEST_F(PlatformTest, ARequestThatDoesNotFitTheProjectIsRefused) {
    const auto start = [&](const char* pipeline, const Json& body) {
        return send(Method::kPost, std::string("/pipelines/") + pipeline + "/runs", body).status;
    };
    EXPECT_EQ(start("nothing", nullptr), 404);
    EXPECT_EQ(start("hourly", {{"params", {{"size", 0}}}}), 422);
    EXPECT_EQ(start("hourly", {{"params", {{"siz", 1}}}}), 422);
    const char* late = "2020-05-01T01:00:00Z";
    EXPECT_EQ(start("hourly", {{"window", {{"start", late}, {"end", late}}}}), 422);
    EXPECT_EQ(start("hourly", {{"window", "today"}}), 422);
}

TEST_F(PlatformTest, AWebhookStartsOnlyPipelinesThatWaitForOne) {
    const Response called = send(Method::kPost, "/webhooks/called", {{"any", "thing"}});
    EXPECT_EQ(called.status, 202);
    for (int i = 0; i < 500 && get("/runs?pipeline=called")["items"].empty(); ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(get("/runs?pipeline=called")["items"][0]["cause"], "webhook");
    EXPECT_EQ(send(Method::kPost, "/webhooks/nothing").status, 404);
    const int other = send(Method::kPost, "/webhooks/hourly").status;
    EXPECT_TRUE(other == 404 || other == 409 || other == 422) << other;
}

TEST_F(PlatformTest, TablesShowWhatTheLakeHolds) {
    EXPECT_TRUE(get("/tables/silver.events")["version"].is_null());
    EXPECT_EQ(run_hour(0)["state"], "success");
    EXPECT_EQ(run_hour(1)["state"], "success");
    std::this_thread::sleep_for(1100ms);  // A table's log is looked at once a second.
    std::map<std::string, Json> tables;
    const Json page = get("/tables");
    for (const Json& item : page["items"]) tables[item["table"]] = item;
    EXPECT_EQ(tables["bronze.events"]["kind"], "source");
    EXPECT_EQ(tables["bronze.events"]["rows"], 3);
    EXPECT_EQ(tables["bronze.events"]["freshness"]["state"], "error");
    EXPECT_EQ(tables["bronze.events"]["freshness"]["at"], "2020-05-01T02:00:00Z");
    EXPECT_EQ(tables["silver.events"]["inputs"].dump(), R"(["bronze.events"])");
    EXPECT_GE(tables["silver.events"]["checks"]["passed"].get<int>(), 1);
    EXPECT_EQ(tables["silver.events"]["checks"]["failed"], 0);
    EXPECT_TRUE(tables["gold.newest"]["version"].is_null());
    EXPECT_EQ(get("/tables?limit=1&after=bronze.events")["next"], "gold.newest");
}

TEST_F(PlatformTest, ATableShowsColumnsVersionsChecksAndRows) {
    run_hour(0);
    const Json run = run_hour(1);
    const Json table = get("/tables/bronze.events");
    EXPECT_EQ(
        table["columns"][0].dump(),
        R"({"name":"id","type":"long","description":"Number of the event","nullable":false})");
    EXPECT_EQ(table["outputs"].dump(), R"(["silver.events"])");
    EXPECT_EQ(table["place"], "sources/events.yml");
    EXPECT_THAT(get("/tables/silver.events")["sql"].get<std::string>(), HasSubstr("SELECT id"));
    EXPECT_EQ(get("/tables/gold.newest")["columns"][0]["name"], "ts");
    const Json versions = get("/tables/bronze.events/versions?limit=1");
    EXPECT_EQ(versions["items"][0]["rows_added"], 1);
    EXPECT_EQ(versions["items"][0]["run_id"], run["run_id"]);
    const Json older =
        get("/tables/bronze.events/versions?after=" + versions["next"].get<std::string>());
    EXPECT_EQ(older["items"][0]["version"].get<int>(),
              versions["items"][0]["version"].get<int>() - 1);
    EXPECT_TRUE(older["next"].is_null());
    const Json check = get("/tables/silver.events/checks")["items"][0];
    EXPECT_EQ(check["status"], "passed");
    EXPECT_EQ(check["run_id"], run["run_id"]);
    const Json rows = get("/tables/bronze.events/rows");
    EXPECT_EQ(rows["rows"].size(), 3);
    std::set<std::string> amounts;
    for (const Json& row : rows["rows"]) amounts.insert(row[2].dump());
    EXPECT_THAT(amounts, ElementsAre("\"1.50\"", "\"2.00\"", "null"));
    EXPECT_EQ(rows["columns"][0].dump(), R"({"name":"id","type":"long"})");
    EXPECT_EQ(get("/tables/bronze.events/rows?limit=1")["rows"].size(), 1);
    EXPECT_EQ(get("/tables/gold.newest/rows")["rows"].size(), 1);
}

TEST_F(PlatformTest, WindowsSayHowTheyStand) {
    run_hour(0);
    const Json windows =
        get("/tables/silver.events/windows?from=2020-05-01T00:00:00Z&to=2020-05-01T02:00:00Z");
    EXPECT_EQ(windows["window"], "hour");
    EXPECT_EQ(windows["items"].size(), 2);
    EXPECT_EQ(windows["items"][0].dump(),
              R"({"start":"2020-05-01T00:00:00Z","end":"2020-05-01T01:00:00Z","state":"done"})");
    EXPECT_EQ(windows["items"][1]["state"], "missing");
    const Json now = get("/tables/silver.events/windows");
    EXPECT_EQ(now["items"].size(), 240);
    EXPECT_EQ(now["items"][239]["state"], "open");
    write("input/2020-05-01-00.ndjson", "{\"id\": 9, \"ts\": \"2020-05-01T00:10:00Z\"}\n");
    const Json loaded = run(
        "hourly", {{"window", {{"start", "2020-05-01T00:00:00Z"}, {"end", "2020-05-01T01:00:00Z"}}},
                   {"full", true}});
    EXPECT_EQ(loaded["state"], "success");
    EXPECT_EQ(get("/tables/gold.newest/windows").dump(), R"({"window":null,"items":[]})");
    EXPECT_EQ(send(Method::kGet, "/tables/silver.events/windows?from=1900-01-01T00:00:00Z").status,
              422);
    EXPECT_EQ(
        send(Method::kGet,
             "/tables/silver.events/windows?from=2021-01-01T00:00:00Z&to=2020-01-01T00:00:00Z")
            .status,
        422);
}

TEST_F(PlatformTest, WhatIsNotATableIsNotThere) {
    for (const char* name : {"silver.event", "nothing", "a.b.c", "../x", "silver.events%20"}) {
        for (const char* part : {"", "/versions", "/checks", "/windows", "/rows"}) {
            const int status = send(Method::kGet, std::string("/tables/") + name + part).status;
            EXPECT_EQ(status, 404) << name << part;
        }
    }
    EXPECT_EQ(send(Method::kGet, "/tables/silver.events/rows").status, 404);
    EXPECT_EQ(get("/tables/silver.events/versions")["items"].size(), 0);
}

TEST_F(PlatformTest, ABackfillIsTriedRunAndShown) {
    const Json range{
        {"pipeline", "hourly"}, {"from", "2020-05-01T00:00:00Z"}, {"to", "2020-05-01T02:00:00Z"}};
    Json dry = range;
    dry["dry_run"] = true;
    const Response tried = send(Method::kPost, "/backfills", dry);
    EXPECT_EQ(tried.status, 200) << tried.body;
    EXPECT_EQ(Json::parse(tried.body)["windows"].size(), 2);
    EXPECT_EQ(get("/backfills")["items"].size(), 0);
    const Response begun = send(Method::kPost, "/backfills", range);
    ASSERT_EQ(begun.status, 201) << begun.body;
    const std::string path = "/backfills/" + Json::parse(begun.body)["id"].get<std::string>();
    for (int i = 0; i < 3000 && get(path)["state"] != "done"; ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(get(path)["counts"]["success"], 2);
    EXPECT_EQ(get("/backfills")["items"].size(), 1);
    EXPECT_EQ(send(Method::kPost, "/backfills/none/pause").status, 404);
    EXPECT_EQ(send(Method::kGet, "/backfills/none").status, 404);
    EXPECT_EQ(send(Method::kPost, path + "/pause").status, 404);
    Json odd = range;
    odd["pipeline"] = "called";
    EXPECT_EQ(send(Method::kPost, "/backfills", odd).status, 422);
    odd["pipeline"] = "nothing";
    EXPECT_EQ(send(Method::kPost, "/backfills", odd).status, 404);
}

TEST_F(PlatformTest, AProjectThatDoesNotLoadShowsItsProblemsAndTheOldOneStays) {
    EXPECT_EQ(get("/info")["problems"].size(), 0);
    EXPECT_EQ(get("/info")["project"], "small");
    write("pipelines/slow.yml", "tasks:\n  wait: {comand: [sleep, '60']}\n");
    for (int i = 0; i < 500 && get("/info")["problems"].empty(); ++i)
        std::this_thread::sleep_for(10ms);
    const Json problems = get("/info")["problems"];
    ASSERT_FALSE(problems.empty());
    EXPECT_THAT(problems[0]["place"].get<std::string>(), HasSubstr("pipelines/slow.yml:2"));
    EXPECT_EQ(get("/pipelines")["items"].size(), 4);
}

TEST_F(PlatformTest, WhatChangesIsTold) {
    const Stream stream = events.stream("");
    stream.pull();
    const Json run = this->run("called");
    std::string told;
    for (int i = 0; i < 100 && told.find("\"state\":\"success\"") == std::string::npos; ++i) {
        told += stream.pull().bytes;
        std::this_thread::sleep_for(10ms);
    }
    EXPECT_THAT(told, HasSubstr("event: run\n"));
    EXPECT_THAT(told, HasSubstr("event: task\n"));
    EXPECT_THAT(told, HasSubstr(run["run_id"].get<std::string>()));
}

TEST_F(PlatformTest, WhatEndsAndWhatWaitsIsCounted) {
    run("called");
    run("broken");
    ASSERT_EQ(send(Method::kPost, "/pipelines/slow/runs").status, 201);
    ASSERT_EQ(send(Method::kPatch, "/pipelines/hourly", {{"paused", true}}).status, 200);
    MetricsText text;
    numbers.write(*service, text);
    for (const char* line :
         {"ingot_runs_ended_total{pipeline=\"called\",state=\"success\"} 1\n",
          "ingot_runs_ended_total{pipeline=\"broken\",state=\"failed\"} 1\n",
          "ingot_tasks_ended_total{pipeline=\"called\",state=\"success\"} 3\n",
          "ingot_tasks_ended_total{pipeline=\"broken\",state=\"failed\"} 1\n",
          "ingot_runs_unfinished{pipeline=\"slow\",state=\"running\"} 1\n",
          "ingot_runs_unfinished{pipeline=\"called\",state=\"running\"} 0\n",
          "ingot_pipeline_paused{pipeline=\"hourly\"} 1\n", "ingot_store_usable 1\n",
          "ingot_project_problems 0\n",
          "ingot_run_duration_seconds_count{pipeline=\"called\","
          "state=\"success\"} 1\n",
          "ingot_run_duration_seconds_bucket{pipeline=\"called\","
          "state=\"success\",le=\"+Inf\"} 1\n",
          "ingot_task_queue_seconds_count{pipeline=\"slow\",task=\"wait\"} 1\n",
          "# TYPE ingot_trigger_lag_seconds histogram\n",
          "# TYPE ingot_schedule_delay_seconds histogram\n", "\ningot_loop_heartbeats_total ",
          "ingot_workers_open ", "ingot_pool_open_slots{pool=\"default_pool\"} "}) {
        EXPECT_THAT(text.text(), HasSubstr(line));
    }
}

TEST_F(PlatformTest, EveryEndpointAsksForItsRoleAndRefusalsAreRecorded) {
    ASSERT_TRUE(accounts->add("ada", "a long password", Role::kAdmin));
    const std::string viewer = accounts->create_token("v", Role::kViewer, {}, "ada")->secret;
    std::size_t refused = 0;
    for (const Endpoint& endpoint : api->router().endpoints()) {
        if (!endpoint.role) continue;
        std::string target = endpoint.path;
        for (auto open = target.find('{'); open != std::string::npos; open = target.find('{'))
            target.replace(open, target.find('}') - open + 1, "1");
        Request request{.method = endpoint.method, .target = target, .headers = {{"host", "h"}}};
        EXPECT_EQ(std::get<Response>(api->handle(request)).status, 401) << endpoint.name;
        if (*endpoint.role == Role::kViewer) continue;
        request.headers.emplace_back("authorization", "Bearer " + viewer);
        EXPECT_EQ(std::get<Response>(api->handle(request)).status, 403) << endpoint.name;
        ++refused;
    }
    EXPECT_GT(refused, 15);
    const auto entries = must(audit->list({}, 100));
    EXPECT_EQ(entries.size(), refused);
    for (const AuditEntry& entry : entries) EXPECT_EQ(entry.outcome, "denied 403");
}

}  // namespace
}  // namespace ingot::server

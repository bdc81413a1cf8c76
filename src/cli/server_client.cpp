#include "cli/server_client.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "server/http_server.hpp"
#include "service/only_id.hpp"

#include "base/percent.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

/// For an answer to come; whatever takes longer is asked for again and again.
constexpr Duration kAnswerTime = std::chrono::seconds(60);
constexpr Duration kPingTime = std::chrono::seconds(3);
constexpr Duration kToBegin = std::chrono::seconds(10);
constexpr int kWaitSeconds = 20;
constexpr std::size_t kPage = 50;  ///< Items of a list that are asked for at once.

std::string part(std::string_view text) {
    return percent_encode(std::string(text));
}

std::string run_path(const orc::RunId& run) {
    return "/runs/" + part(run.value());
}

ErrorCode code_of(int status) {
    switch (status) {
        case 404:
            return ErrorCode::kNotFound;
        case 409:
            return ErrorCode::kAlreadyExists;
        case 429:
        case 503:
            return ErrorCode::kTimeout;
        default:
            return status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kIo;
    }
}

/// Host of `http://host:port`.
std::string host_of(const std::string& origin) {
    std::string host = origin.substr(origin.find("://") + 3);
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    return host.substr(0, host.find(':'));
}

}  // namespace

Result<ServerClient> ServerClient::at(const std::string& url, std::stop_token stop) {
    std::string origin = url;
    while (origin.ends_with('/')) origin.pop_back();
    const bool secure = origin.starts_with("https://");
    if (!secure && !origin.starts_with("http://")) {
        return make_error(ErrorCode::kInvalidArgument,
                          "--server {}: expected a URL such as https://ingot.example.com:8420, or "
                          "`{}` for the server of the project's store",
                          url, kLocalServer);
    }
    net::HttpRequest base{.url = std::move(origin)};
    if (const char* token = std::getenv("INGOT_TOKEN"); token != nullptr && *token != '\0') {
        const std::string host = host_of(base.url);
        if (!secure && host != "localhost" && !server::is_loopback(host)) {
            return make_error(ErrorCode::kInvalidArgument,
                              "--server {}: INGOT_TOKEN would cross the network readable: use "
                              "https",
                              url);
        }
        base.headers.emplace_back("Authorization", std::string("Bearer ") + token);
    }
    return ServerClient(std::move(base), std::move(stop));
}

ServerClient ServerClient::over_socket(const std::string& path, std::stop_token stop) {
    return ServerClient({.url = "http://localhost", .unix_socket = path}, std::move(stop));
}

Status ServerClient::ping() {
    net::HttpRequest request = base_;
    request.url += "/healthz";
    request.limits.attempt_timeout = kPingTime;
    request.limits.connect_timeout = kPingTime;
    INGOT_TRY_ASSIGN(const net::HttpResponse response, http_->send(request, stop_));
    if (response.status == 200) return {};
    return make_error(ErrorCode::kIo, "it answers with status {}", response.status);
}

Result<orc::RunId> ServerClient::find_run(const std::string& id) {
    INGOT_TRY_ASSIGN(std::string only, only_id("run", "run_id", id));
    return orc::RunId(std::move(only));
}

std::size_t RunQuery::page(std::size_t found) const {
    constexpr std::size_t kPageMin = 50;
    constexpr std::size_t kPageMax = 500;  // Of the API.
    return std::clamp(at_most - found, kPageMin, kPageMax);
}

Result<Json> ServerClient::runs(const RunQuery& query) {
    std::string filters;
    if (!query.pipeline.empty()) filters += "&pipeline=" + part(query.pipeline);
    if (!query.state.empty()) filters += "&state=" + part(query.state);
    return list("/runs", filters, query.at_most,
                [&](std::size_t found) { return query.page(found); });
}

Result<Json> ServerClient::run(const orc::RunId& run) {
    return get(run_path(run));
}

Result<Json> ServerClient::wait_for_run(const orc::RunId& run) {
    while (true) {
        INGOT_TRY_ASSIGN(Json found,
                         get(fmt::format("{}/wait?timeout_s={}", run_path(run), kWaitSeconds)));
        if (!found["ended_at"].is_null()) return found;
    }
}

Result<Json> ServerClient::cancel_run(const orc::RunId& run, const std::string& reason) {
    return change("POST", run_path(run) + "/cancel", {{"reason", reason}});
}

Result<Json> ServerClient::clear_run(const orc::RunId& run, const service::ClearRequest& request,
                                     bool dry_run) {
    Json body{{"failed_only", request.failed_only}, {"upstream", request.upstream},
              {"downstream", request.downstream},   {"past", request.past},
              {"future", request.future},           {"dry_run", dry_run}};
    if (!request.tasks.empty()) body["tasks"] = request.tasks;
    return change("POST", run_path(run) + "/clear", body);
}

Result<Json> ServerClient::mark_task(const orc::RunId& run, const std::string& task,
                                     const std::string& state) {
    return change("POST", run_path(run) + "/tasks/" + part(task) + "/mark", {{"state", state}});
}

Result<Json> ServerClient::note_run(const orc::RunId& run, const std::string& note) {
    return change("PATCH", run_path(run), {{"note", note}});
}

Result<Json> ServerClient::start_run(const std::string& pipeline, const Json& request) {
    return change("POST", "/pipelines/" + part(pipeline) + "/runs", request);
}

Result<Json> ServerClient::set_paused(const std::string& pipeline, bool paused) {
    return change("PATCH", "/pipelines/" + part(pipeline), {{"paused", paused}});
}

Result<Json> ServerClient::pipeline(const std::string& pipeline) {
    return get("/pipelines/" + part(pipeline));
}

Result<Json> ServerClient::begin_backfill(const Json& request) {
    return change("POST", "/backfills", request);
}

Result<Json> ServerClient::backfill(const std::string& id) {
    return get("/backfills/" + part(id));
}

Result<Json> ServerClient::backfills(const std::string& pipeline, std::size_t at_most) {
    const std::string filters = pipeline.empty() ? "" : "&pipeline=" + part(pipeline);
    return list("/backfills", filters, at_most,
                [&](std::size_t found) { return std::min(at_most - found, kPage); });
}

Result<std::string> ServerClient::find_backfill(const std::string& id) {
    return only_id("backfill", "id", id);
}

Result<Json> ServerClient::change_backfill(const std::string& id, const std::string& verb) {
    return change("POST", fmt::format("/backfills/{}/{}", part(id), verb), Json());
}

/// The items of a list, page by page; `page` says how many to ask for while so many have come.
Result<Json> ServerClient::list(const std::string& path, const std::string& filters,
                                std::size_t at_most,
                                const std::function<std::size_t(std::size_t)>& page) {
    Json all = Json::array();
    std::string after;
    while (true) {
        INGOT_TRY_ASSIGN(Json found, get(fmt::format("{}?limit={}{}{}", path, page(all.size()),
                                                     filters, after)));
        for (Json& item : found["items"]) {
            if (all.size() < at_most) all.push_back(std::move(item));
        }
        if (all.size() == at_most || found["next"].is_null()) return all;
        after = "&after=" + part(found["next"].get<std::string>());
    }
}

/// The id that begins so, of the only one of `noun`; `field` has it in lists.
Result<std::string> ServerClient::only_id(const std::string& noun, const char* field,
                                          const std::string& id) {
    INGOT_TRY_ASSIGN(const Json found,
                     get(fmt::format("/{}s?limit=2&id_prefix={}", noun, part(id))));
    std::vector<std::string> ids;
    for (const Json& item : found["items"]) ids.push_back(item[field].get<std::string>());
    return service::only_id(noun, id, ids);
}

/// Asked again while the server restarts, or is not to be reached for a moment.
Result<Json> ServerClient::get(const std::string& path) {
    net::HttpRequest request = base_;
    request.url += "/api/v1" + path;
    request.limits.attempt_timeout = kAnswerTime;
    INGOT_TRY_ASSIGN(const net::HttpResponse response, http_->get(request, stop_));
    return read(response);
}

Result<Json> ServerClient::change(const char* method, const std::string& path, const Json& body) {
    net::HttpRequest request = base_;
    request.url += "/api/v1" + path;
    request.method = method;
    if (!body.is_null()) {
        request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
        request.headers.emplace_back("Content-Type", "application/json");
    }
    request.limits.attempt_timeout = kAnswerTime;
    const Result<net::HttpResponse> response = http_->send(request, stop_);
    if (response) return read(*response);
    Error error = response.error();
    if (net::was_not_sent(error)) return error;
    return std::move(error).with(
        "the server may have done it all the same: look with `ingot runs` before trying again");
}

Result<Json> ServerClient::read(const net::HttpResponse& response) const {
    Json json = Json::parse(response.body, nullptr, false);
    if (response.status < 300 && !json.is_discarded()) return json;
    if (!json.is_object() || !json.contains("detail") || !json["detail"].is_string()) {
        return make_error(ErrorCode::kIo,
                          "{} is no server of Ingot: it answers with status {} and something else",
                          base_.url, response.status);
    }
    std::string detail = json["detail"].get<std::string>();
    for (const Json& violation : json.value("errors", Json::array())) {
        detail +=
            fmt::format("; {}: {}", violation.value("field", ""), violation.value("message", ""));
    }
    if (response.status == 401) {
        detail +=
            ". The environment variable INGOT_TOKEN has the token; `ingot token create` "
            "makes one where the server's store is";
    }
    return make_error(code_of(response.status), "{}", detail);
}

namespace {

/// `process 7 on host h (ingot serve) since ...`
bool is_server(const std::string& holder) {
    return holder.find(fmt::format("({})", orc::kServerPurpose)) != std::string::npos;
}

}  // namespace

Result<InCharge> take_charge(const orc::RunFolder& folder, std::string_view purpose,
                             std::stop_token stop) {
    const auto until = std::chrono::steady_clock::now() + kToBegin;
    while (true) {
        INGOT_TRY_ASSIGN(FileLock::Attempt attempt, folder.lock_server(purpose));
        if (auto* lock = std::get_if<FileLock>(&attempt)) return InCharge(std::move(*lock));
        const std::string& holder = std::get<FileLock::HeldBy>(attempt).holder;
        Status answered;
        if (is_server(holder)) {
            ServerClient client = ServerClient::over_socket(folder.server_socket(), stop);
            answered = client.ping();
            if (answered) return InCharge(std::move(client));
        }
        if (stop.stop_requested()) return make_error(ErrorCode::kCancelled, "stopped");
        if (std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            continue;
        }
        if (!is_server(holder)) {
            return make_error(ErrorCode::kAlreadyExists,
                              "the store is in the hands of {}: wait until it is done", holder);
        }
        return make_error(ErrorCode::kAlreadyExists,
                          "the server of the store ({}) does not answer on {}: {}. Its log may say "
                          "why; --server URL asks it over its address, and `ingot serve --replace` "
                          "takes the place of one that hangs",
                          holder, folder.server_socket(), answered.error().to_string());
    }
}

CLI::Option* add_server_option(CLI::App& verb, std::string& server) {
    return verb
        .add_option("--server", server,
                    "Ask this server, with the token of the environment variable INGOT_TOKEN; "
                    "`local`: the one of the project's store")
        ->type_name("URL");
}

}  // namespace ingot::cli

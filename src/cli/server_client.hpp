#pragma once
// A server asked for something: that of the project's store, or one that is named (docs/adr/0013).
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

#include "orchestrator/run_folder.hpp"
#include "service/run_changes.hpp"

#include "base/file_lock.hpp"
#include "net/http_client.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ingot::cli {

using Json = nlohmann::ordered_json;

/// Which runs to list, newest first.
struct RunQuery {
    std::string pipeline = {};  ///< Empty: of all.
    std::string state = {};     ///< One of service::run_states(); empty: any.
    std::size_t at_most = 20;

    /// How many to ask for at a time while `found` have come: of those, others may be in between.
    std::size_t page(std::size_t found) const;
};

/// One method per endpoint that a verb needs; documents are those of the API. Errors are the
/// server's own words; of a change that may have been made although no answer came, they say so.
class ServerClient {
public:
    /// `--server URL`, with the token that the environment has as INGOT_TOKEN. kInvalidArgument: no
    /// URL of a server.
    static Result<ServerClient> at(const std::string& url, std::stop_token stop);
    /// Over the server's own socket.
    static ServerClient over_socket(const std::string& path, std::stop_token stop);

    /// Whether it answers.
    Status ping();
    /// The run with this id, or the only one whose id begins so.
    Result<orchestrator::RunId> find_run(const std::string& id);
    /// One page after the other, until there are so many or no more.
    Result<Json> runs(const RunQuery& query);
    Result<Json> run(const orchestrator::RunId& run);
    /// Once it is over, or `stop` asks: then as it is.
    Result<Json> wait_for_run(const orchestrator::RunId& run);
    Result<Json> cancel_run(const orchestrator::RunId& run, const std::string& reason);
    Result<Json> clear_run(const orchestrator::RunId& run, const service::ClearRequest& request,
                           bool dry_run);
    Result<Json> mark_task(const orchestrator::RunId& run, const std::string& task,
                           const std::string& state);
    Result<Json> note_run(const orchestrator::RunId& run, const std::string& note);
    Result<Json> start_run(const std::string& pipeline, const Json& request);
    Result<Json> set_paused(const std::string& pipeline, bool paused);
    Result<Json> pipeline(const std::string& pipeline);
    Result<Json> begin_backfill(const Json& request);
    Result<Json> backfill(const std::string& id);
    /// Newest first, at most so many; of one pipeline, or of all when the name is empty.
    Result<Json> backfills(const std::string& pipeline, std::size_t at_most);
    /// The id that begins so, of the only one.
    Result<std::string> find_backfill(const std::string& id);
    /// `verb`: pause, resume, cancel.
    Result<Json> change_backfill(const std::string& id, const std::string& verb);

private:
    explicit ServerClient(net::HttpRequest base, std::stop_token stop)
        : base_(std::move(base)),
          stop_(std::move(stop)),
          http_(std::make_unique<net::HttpClient>()) {}

    Result<Json> list(const std::string& path, const std::string& filters, std::size_t at_most,
                      const std::function<std::size_t(std::size_t)>& page);
    Result<std::string> only_id(const std::string& noun, const char* field, const std::string& id);
    Result<Json> get(const std::string& path);
    /// A body of null: none.
    Result<Json> change(const char* method, const std::string& path, const Json& body);
    Result<Json> read(const net::HttpResponse& response) const;

    net::HttpRequest base_;  ///< The URL without a path, and what every request has.
    std::stop_token stop_;
    std::unique_ptr<net::HttpClient> http_;
};

/// Who answers for a store: its server, or, where there is none, this process, which then holds the
/// server's place.
using InCharge = std::variant<ServerClient, FileLock>;
/// Waits a while for a server that begins, and for others that hold the place for a moment.
/// kAlreadyExists: neither came about.
Result<InCharge> take_charge(const orchestrator::RunFolder& folder, std::string_view purpose,
                             std::stop_token stop);

/// `--server URL`; `local` is the server of the project's store.
inline constexpr const char* kLocalServer = "local";
CLI::Option* add_server_option(CLI::App& verb, std::string& server);

}  // namespace ingot::cli

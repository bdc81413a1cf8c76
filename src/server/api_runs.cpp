// Runs: what they did, what they wait for, and what may be done to them.
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "server/api_platform.hpp"
#include "server/problem.hpp"

namespace ingot::server {
namespace {

namespace orc = ingot::orchestrator;

constexpr std::int64_t kLogBytesMax = std::int64_t{1} << 20;
constexpr const char* kPlain = "text/plain; charset=utf-8";

orc::RunId run_of(const Call& call) {
    return orc::RunId(call.text("run_id"));
}

bool flag_field(const Json& body, const char* name, bool otherwise) {
    const auto found = body.find(name);
    return found == body.end() ? otherwise : found->get<bool>();
}

Result<Reply> run_reply(const service::Service& service, const orc::RunId& run, int status = 200) {
    INGOT_TRY_ASSIGN(const service::RunView view, service.run_view(run));
    return Reply(json_response(run_json(service, view), status));
}

Endpoint list_runs(service::Service& service) {
    return {
        .path = "/api/v1/runs",
        .name = "list_runs",
        .summary = "Runs, newest first",
        .area = "runs",
        .role = Role::kViewer,
        .in_query = page_params({{"pipeline", pipeline_name_schema()},
                                 {"backfill", Schema::text().length(1, 64)},
                                 {"id_prefix", Schema::text().length(1, 64), "How the id begins"},
                                 {"state", Schema::one_of(service::run_states())}}),
        .answers = {{200, "A page of runs; a filtered one may be shorter and still have a next",
                     Schema::page(run_head_schema())}},
        .handle = [&service](const Call& call) -> Result<Reply> {
            const std::string state = call.text("state");
            INGOT_TRY_ASSIGN(orc::RunFilter filter, service::filter_by_state(state));
            filter.pipeline = call.text("pipeline");
            filter.backfill = call.text("backfill");
            filter.id_prefix = call.text("id_prefix");
            if (const std::string after = call.text("after"); !after.empty()) {
                filter.before = orc::RunId(after);
            }
            filter.at_most = static_cast<std::size_t>(call.number("limit"));
            INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> heads, service.list(filter));
            Json items = Json::array();
            for (const orc::RunHead& head : heads) {
                Json item = service::head_json(head, service.is_at_work(head));
                if (state.empty() || item["state"] == state) items.push_back(std::move(item));
            }
            const bool full = heads.size() == filter.at_most;
            return Reply(json_response({{"items", std::move(items)},
                                        {"next", full ? Json(heads.back().id.value()) : Json()}}));
        }};
}

Endpoint get_run(service::Service& service) {
    return {.path = "/api/v1/runs/{run_id}",
            .name = "get_run",
            .summary = "A run with its tasks and their attempts",
            .area = "runs",
            .role = Role::kViewer,
            .answers = {{200, "The run", run_schema()}},
            .handle = [&service](const Call& call) { return run_reply(service, run_of(call)); }};
}

/// The run once it is over; as it is when the time is.
Endpoint wait_for_run(service::Service& service) {
    return {.path = "/api/v1/runs/{run_id}/wait",
            .name = "wait_for_run",
            .summary = "The run once it is over, or as it is when the time is",
            .area = "runs",
            .role = Role::kViewer,
            .in_query = {{"timeout_s", Schema::integer().at_least(0).at_most(300),
                          "How long to wait at most", 30}},
            .answers = {{200, "The run", run_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const orc::RunId run = run_of(call);
                INGOT_TRY(service.run_view(run));
                return Reply(Wait{run_topic(run.value()),
                                  std::chrono::seconds(call.number("timeout_s")),
                                  [&service, run](bool last) -> std::optional<Response> {
                                      const Result<service::RunView> view = service.run_view(run);
                                      if (!view) return problem(view.error());
                                      if (!last && !orc::has_ended(view->run.state))
                                          return std::nullopt;
                                      return json_response(run_json(service, *view));
                                  }});
            }};
}

Endpoint cancel_run(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/runs/{run_id}/cancel",
            .name = "cancel_run",
            .summary = "Stop what runs of it; the rest does not start",
            .area = "runs",
            .role = Role::kOperator,
            .body = Schema::object({optional_field("reason", Schema::text().length(0, 1000))}),
            .body_required = false,
            .answers = {{200, "The run, which may still be stopping", run_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY(service.cancel(run_of(call), call.body_text("reason"), name_of(call)));
                return run_reply(service, run_of(call));
            }};
}

Endpoint note_run(service::Service& service) {
    return {.method = Method::kPatch,
            .path = "/api/v1/runs/{run_id}",
            .name = "note_run",
            .summary = "Say something about the run to others",
            .area = "runs",
            .role = Role::kOperator,
            .body = Schema::object({{"note", Schema::text().length(0, 10'000)}}),
            .answers = {{200, "The run", run_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY(service.note(run_of(call), call.body_text("note")));
                return run_reply(service, run_of(call));
            }};
}

Schema cleared_schema() {
    return Schema::object(
               {{"runs",
                 Schema::array(
                     Schema::object({{"run_id", Schema::text()},
                                     {"window", window_schema().nullable()},
                                     {"tasks", Schema::array(Schema::object(
                                                   {{"task", Schema::text()},
                                                    {"state", Schema::text().described(
                                                                  "Before it runs anew")}}))}})
                         .named("ClearedRun"))
                     .described("In the order of their windows")},
                {"dry_run", Schema::boolean()}})
        .named("Cleared");
}

Endpoint clear_run(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/runs/{run_id}/clear",
            .name = "clear_run",
            .summary =
                "Run tasks anew, with the definitions as they are now: of all runs that are "
                "asked for, at most 1,000, or of none",
            .area = "runs",
            .role = Role::kOperator,
            .body = Schema::object(
                {optional_field("tasks", Schema::array(Schema::text()).items_at_most(10'000)),
                 optional_field("failed_only", Schema::boolean()),
                 optional_field("upstream", Schema::boolean()),
                 optional_field("downstream", Schema::boolean()),
                 optional_field("past", Schema::boolean().described(
                                            "Also in the newest run of each earlier window")),
                 optional_field("future", Schema::boolean().described(
                                              "Also in the newest run of each later window")),
                 optional_field("dry_run", Schema::boolean())}),
            .answers = {{200, "The tasks that run anew, or would", cleared_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                service::ClearRequest request;
                if (call.body.contains("tasks")) {
                    request.tasks = call.body["tasks"].get<std::vector<std::string>>();
                }
                request.failed_only = flag_field(call.body, "failed_only", false);
                request.upstream = flag_field(call.body, "upstream", false);
                request.downstream = flag_field(call.body, "downstream", true);
                request.past = flag_field(call.body, "past", false);
                request.future = flag_field(call.body, "future", false);
                const bool dry_run = flag_field(call.body, "dry_run", false);
                INGOT_TRY_ASSIGN(const std::vector<service::ClearedRun> runs,
                                 service.clear(run_of(call), request, dry_run));
                return Reply(json_response(service::cleared_json(runs, dry_run)));
            }};
}

Endpoint mark_task(service::Service& service) {
    return {.method = Method::kPost,
            .path = "/api/v1/runs/{run_id}/tasks/{task}/mark",
            .name = "mark_task",
            .summary = "Say how a task came out, whatever it did",
            .area = "runs",
            .role = Role::kOperator,
            .body = Schema::object({{"state", Schema::one_of({"success", "failed", "skipped"})}}),
            .answers = {{200, "The run", run_schema()}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY_ASSIGN(const orc::TaskMarked::As as,
                                 service::parse_mark(call.body_text("state")));
                INGOT_TRY(service.mark(run_of(call), call.text("task"), as, name_of(call)));
                return run_reply(service, run_of(call));
            }};
}

/// The log of an attempt.
struct Log {
    std::string path;
    bool ended = false;  ///< Nothing more is written to it.
};

Result<Log> log_of(const service::Service& service, const orc::RunId& run, const std::string& task,
                   std::int64_t attempt) {
    INGOT_TRY_ASSIGN(const service::RunView view, service.run_view(run));
    for (std::uint32_t i = 0; i < view.run.tasks.size(); ++i) {
        const orc::PlannedTask& planned = view.run.planned(orc::TaskIndex(i));
        if (planned.name != task) continue;
        const auto& attempts = view.run.tasks[i].attempts;
        if (attempt > static_cast<std::int64_t>(attempts.size())) break;
        const int number = static_cast<int>(attempt);
        return Log{
            service.folder().log(run, planned, number),
            attempts[static_cast<std::size_t>(attempt - 1)].ended.has_value() || !view.at_work};
    }
    return make_error(ErrorCode::kNotFound, "the run {} has no attempt {} of a task {}",
                      run.value(), attempt, task);
}

/// Bytes at the end that begin a character without ending it.
std::size_t open_character(std::string_view text) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if (byte < 0x80) return 0;
        if (byte < 0xC0) continue;
        const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
        return size > back ? back : 0;
    }
    return 0;
}

/// At most a megabyte from `offset`; a log that is not there yet is empty. The rest of a character
/// comes with the next piece, if it comes at all.
Result<std::string> read_log(const std::string& path, std::int64_t offset) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return std::string();
    std::string text(static_cast<std::size_t>(kLogBytesMax), '\0');
    const ssize_t size = file < 0 ? -1 : ::pread(file, text.data(), text.size(), offset);
    const int failed = errno;
    if (file >= 0) ::close(file);
    if (size < 0) {
        return make_error(ErrorCode::kIo, "the log {} cannot be read: {}", path,
                          std::generic_category().message(failed));
    }
    text.resize(static_cast<std::size_t>(size));
    const std::size_t open = open_character(text);
    if (open < text.size()) text.resize(text.size() - open);
    return text;
}

Param attempt_param() {
    return {"attempt", Schema::integer().at_least(1).at_most(1'000'000), "1 is the first"};
}

Endpoint get_log(service::Service& service) {
    return {.path = "/api/v1/runs/{run_id}/tasks/{task}/attempts/{attempt}/log",
            .name = "get_log",
            .summary =
                "What an attempt wrote, a megabyte at most; X-Next-Offset says where it "
                "goes on",
            .area = "runs",
            .role = Role::kViewer,
            .in_path = {attempt_param()},
            .in_query = {{"offset", Schema::integer().at_least(0), "In bytes", 0}},
            .answers = {{200, "From there on; empty at the end", Schema::text(), kPlain}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                INGOT_TRY_ASSIGN(const Log log, log_of(service, run_of(call), call.text("task"),
                                                       call.number("attempt")));
                const std::int64_t offset = call.number("offset");
                INGOT_TRY_ASSIGN(std::string text, read_log(log.path, offset));
                const std::string next =
                    fmt::format("{}", offset + static_cast<std::int64_t>(text.size()));
                return Reply(
                    Response{.content_type = kPlain,
                             .body = std::move(text),
                             .headers = {{"X-Next-Offset", next}, {"Cache-Control", "no-store"}}});
            }};
}

/// With the reason, where it is not that all was read.
Piece end_of_log(const std::optional<Error>& error) {
    Json data = Json::object();
    if (error) data["problem"] = error->to_string();
    const std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
    return {.bytes = "event: end\ndata: " + text + "\n\n", .end = true};
}

Endpoint stream_log(service::Service& service) {
    return {.path = "/api/v1/runs/{run_id}/tasks/{task}/attempts/{attempt}/log/stream",
            .name = "stream_log",
            .summary = "What an attempt writes, as it does: events {text, offset}, then `end`",
            .area = "runs",
            .role = Role::kViewer,
            .in_path = {attempt_param()},
            .in_query = {{"offset", Schema::integer().at_least(0), "In bytes", 0}},
            .answers = {{200, "Server-sent events", Schema::text(), "text/event-stream"}},
            .handle = [&service](const Call& call) -> Result<Reply> {
                const orc::RunId run = run_of(call);
                const std::string task = call.text("task");
                const std::int64_t attempt = call.number("attempt");
                INGOT_TRY(log_of(service, run, task, attempt));
                auto offset = std::make_shared<std::int64_t>(call.number("offset"));
                Stream stream;
                stream.topic = run_topic(run.value());
                stream.pause = std::chrono::milliseconds(500);
                stream.pull = [&service, run, task, attempt, offset]() -> Piece {
                    // Asked before reading: what is written until it ends is read then.
                    const Result<Log> log = log_of(service, run, task, attempt);
                    if (!log) return end_of_log(log.error());
                    const Result<std::string> read = read_log(log->path, *offset);
                    if (!read) return end_of_log(read.error());
                    const std::string& text = *read;
                    if (text.empty()) return log->ended ? end_of_log(std::nullopt) : Piece{};
                    *offset += static_cast<std::int64_t>(text.size());
                    const Json data{{"text", text}, {"offset", *offset}};
                    return {.bytes = "data: " +
                                     data.dump(-1, ' ', false, Json::error_handler_t::replace) +
                                     "\n\n",
                            .more = true};
                };
                return Reply(std::move(stream));
            }};
}

}  // namespace

std::vector<Endpoint> run_endpoints(service::Service& service) {
    return {list_runs(service),  get_run(service),  wait_for_run(service),
            cancel_run(service), note_run(service), clear_run(service),
            mark_task(service),  get_log(service),  stream_log(service)};
}

}  // namespace ingot::server

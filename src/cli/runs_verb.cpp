// `ingot runs`: a list of runs, or one; from the store of the project, or by a server.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "orchestrator/sqlite_store.hpp"
#include "service/run_changes.hpp"
#include "service/run_view.hpp"

#include "cli/control_verbs.hpp"
#include "cli/run_control.hpp"
#include "cli/run_record.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

struct RunsArguments {
    std::string server;
    std::string run;  ///< Empty: a list.
    RunQuery query;
};

Result<Json> ask_server(Invocation& invocation, const RunsArguments& arguments);
Result<Json> read_store(Invocation& invocation, const RunsArguments& arguments);

/// Documents are those of the API, whoever gives them.
Result<int> runs(Invocation& invocation, const RunsArguments& arguments) {
    INGOT_TRY_ASSIGN(const Json found, arguments.server.empty()
                                           ? read_store(invocation, arguments)
                                           : ask_server(invocation, arguments));
    if (invocation.json()) {
        std::printf("%s\n", found.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
    } else if (arguments.run.empty()) {
        INGOT_TRY(print_runs(found));
    } else {
        INGOT_TRY(print_record(found));
    }
    return kExitOk;
}

Result<Json> ask_server(Invocation& invocation, const RunsArguments& arguments) {
    INGOT_TRY_ASSIGN(ServerClient server, server_of(invocation, arguments.server));
    if (arguments.run.empty()) return server.runs(arguments.query);
    INGOT_TRY_ASSIGN(const orc::RunId id, server.find_run(arguments.run));
    return server.run(id);
}

Result<Json> list_runs(orc::Store& store, const orc::RunFolder& folder, const RunQuery& query) {
    INGOT_TRY_ASSIGN(orc::RunFilter filter, service::filter_by_state(query.state));
    filter.pipeline = query.pipeline;
    Json runs = Json::array();
    while (true) {
        filter.at_most = query.page(runs.size());
        INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> heads, store.list(filter));
        for (const orc::RunHead& head : heads) {
            bool at_work = false;
            if (!orc::has_ended(head.state)) {
                INGOT_TRY_ASSIGN(at_work, folder.is_at_work(head.id));
            }
            const bool meant =
                query.state.empty() || service::state_text(head.state, at_work) == query.state;
            if (meant) runs.push_back(service::head_json(head, at_work));
            if (runs.size() == query.at_most) return runs;
        }
        if (heads.size() < filter.at_most) return runs;
        filter.before = heads.back().id;
    }
}

Result<Json> show_run(const project::Project& project, orc::Store& store,
                      const orc::RunFolder& folder, const std::string& run) {
    INGOT_TRY_ASSIGN(const orc::RunId id, service::find_run(store, run));
    INGOT_TRY_ASSIGN(const orc::StoredRun stored, store.load(id));
    INGOT_TRY_ASSIGN(const bool at_work, folder.is_at_work(id));
    INGOT_TRY_ASSIGN(const service::RunView view, service::view_of(stored, at_work, project.pools));
    return service::run_json(view, folder);
}

Result<Json> read_store(Invocation& invocation, const RunsArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    const std::string path = orc::store_file(*project);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        return make_error(ErrorCode::kNotFound,
                          "no pipeline has run yet (there is no {}): `ingot run --pipeline NAME` "
                          "runs one",
                          path);
    }
    INGOT_TRY_ASSIGN(const std::unique_ptr<orc::Store> store, orc::open_sqlite_store({path}));
    const orc::RunFolder folder(path);
    if (arguments.run.empty()) return list_runs(*store, folder, arguments.query);
    return show_run(*project, *store, folder, arguments.run);
}

}  // namespace

void add_runs(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("runs", "List the runs of pipelines, show one, or act on one");
    auto arguments = std::make_shared<RunsArguments>();
    CLI::Option* run =
        verb->add_option("run", arguments->run, "Id of a run, or how it begins; absent: list them");
    RunQuery& query = arguments->query;
    const std::vector<CLI::Option*> of_list = {
        verb->add_option("--pipeline", query.pipeline, "Only runs of this pipeline")
            ->type_name("NAME"),
        verb->add_option("--state", query.state, "Only runs in this state")
            ->check(CLI::IsMember(service::run_states())),
        verb->add_option("--limit", query.at_most, "How many, newest first; 20")
            ->check(CLI::Range(1, 1'000'000))};
    CLI::Option* server = add_server_option(*verb, arguments->server);
    add_run_controls(*verb, chosen);
    refuse_without_effect(*verb, *run, of_list, *server);
    verb->callback([&chosen, verb, arguments] {
        if (!verb->get_subcommands().empty()) return;
        chosen([arguments](Invocation& invocation) { return runs(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

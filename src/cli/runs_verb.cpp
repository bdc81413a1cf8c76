#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "orchestrator/sqlite_store.hpp"
#include "service/run_changes.hpp"

#include "cli/control_verbs.hpp"
#include "cli/output.hpp"
#include "cli/run_record.hpp"
#include "cli/table_report.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;
using Json = nlohmann::ordered_json;

struct RunsArguments {
    std::string run;
    std::string pipeline;
    std::size_t limit = 20;
};

Result<int> list_runs(Invocation& invocation, orc::Store& store, const orc::RunFolder& folder,
                      const RunsArguments& arguments) {
    INGOT_TRY_ASSIGN(const std::vector<orc::RunHead> heads,
                     store.list({.pipeline = arguments.pipeline, .at_most = arguments.limit}));
    TextTable table({"run", "pipeline", "window", "state", "queued", "took"});
    Json json = Json::array();
    for (const orc::RunHead& head : heads) {
        bool at_work = false;
        if (!orc::has_ended(head.state)) {
            INGOT_TRY_ASSIGN(at_work, folder.is_at_work(head.id));
        }
        const std::string state = service::state_text(head.state, at_work);
        json.push_back(service::head_json(head, at_work));
        table.add({head.id.value(), head.pipeline, window_text(head.window), state,
                   head.queued_at.to_string(),
                   head.started_at && head.ended_at
                       ? fmt::format("{:.2f}s", seconds(*head.ended_at - *head.started_at))
                       : ""});
    }
    if (invocation.json()) {
        std::printf("%s\n", json.dump(2).c_str());
    } else {
        std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    }
    return kExitOk;
}

Result<int> show_run(Invocation& invocation, orc::Store& store, const orc::RunFolder& folder,
                     const RunsArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(const orc::RunId id, service::find_run(store, arguments.run));
    INGOT_TRY_ASSIGN(const orc::StoredRun stored, store.load(id));
    INGOT_TRY_ASSIGN(const bool at_work, folder.is_at_work(id));
    INGOT_TRY_ASSIGN(const service::RunView view,
                     service::view_of(stored, at_work, project->pools));
    if (invocation.json()) {
        std::printf("%s\n", service::run_json(view, folder).dump(2).c_str());
    } else {
        print_record(view);
    }
    return kExitOk;
}

Result<int> runs(Invocation& invocation, const RunsArguments& arguments) {
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
    if (arguments.run.empty()) return list_runs(invocation, *store, folder, arguments);
    return show_run(invocation, *store, folder, arguments);
}

}  // namespace

void add_runs(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("runs", "List the runs of pipelines, show one, or act on one");
    add_run_controls(*verb, chosen);
    auto arguments = std::make_shared<RunsArguments>();
    verb->add_option("run", arguments->run, "Id of a run, or how it begins; absent: list them");
    verb->add_option("--pipeline", arguments->pipeline, "Only runs of this pipeline")
        ->type_name("NAME");
    verb->add_option("--limit", arguments->limit, "How many, newest first; 20")
        ->check(CLI::Range(1, 1'000'000));
    verb->callback([&chosen, verb, arguments] {
        if (!verb->get_subcommands().empty()) return;
        chosen([arguments](Invocation& invocation) { return runs(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

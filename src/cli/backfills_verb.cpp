#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "orchestrator/backfills.hpp"
#include "orchestrator/sqlite_store.hpp"
#include "service/backfill_view.hpp"
#include "service/only_id.hpp"

#include "cli/control_verbs.hpp"
#include "cli/output.hpp"
#include "cli/run_control.hpp"
#include "cli/run_record.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

struct BackfillsArguments {
    std::string backfill;
    std::string pipeline;
    std::size_t limit = 20;
    std::string server;
};

/// Where backfills are read: a server, or the store of the project.
class Backfills {
public:
    static Result<Backfills> open(Invocation& invocation, const std::string& server);
    Result<Json> list(const BackfillsArguments& arguments);
    Result<Json> show(const std::string& id);

private:
    std::optional<ServerClient> server_;
    std::unique_ptr<orc::Store> store_;  ///< Null: of a server, or nothing has run yet.
};
void print_list(const Json& backfills);
void print_backfill(const Json& backfill);

Result<int> backfills(Invocation& invocation, const BackfillsArguments& arguments) {
    INGOT_TRY_ASSIGN(Backfills known, Backfills::open(invocation, arguments.server));
    const bool one = !arguments.backfill.empty();
    INGOT_TRY_ASSIGN(const Json shown,
                     one ? known.show(arguments.backfill) : known.list(arguments));
    if (invocation.json()) {
        std::printf("%s\n", shown.dump(2).c_str());
    } else if (one) {
        print_backfill(shown);
    } else {
        print_list(shown);
    }
    return kExitOk;
}

Result<int> change(Invocation& invocation, const BackfillsArguments& arguments,
                   const std::string& verb) {
    INGOT_TRY_ASSIGN(const std::unique_ptr<RunControl> control,
                     run_control(invocation, arguments.server));
    INGOT_TRY_ASSIGN(const std::string id, control->find_backfill(arguments.backfill));
    INGOT_TRY_ASSIGN(const Json backfill, control->change_backfill(id, verb));
    if (invocation.json()) {
        std::printf("%s\n", backfill.dump(2).c_str());
    } else if (!invocation.quiet()) {
        std::printf("backfill %s: it is %s\n", id.c_str(),
                    backfill["state"].get<std::string>().c_str());
    }
    return kExitOk;
}

Result<Backfills> Backfills::open(Invocation& invocation, const std::string& server) {
    Backfills known;
    if (!server.empty()) {
        INGOT_TRY_ASSIGN(known.server_, server_of(invocation, server));
        return known;
    }
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    const std::string path = orc::store_file(*project);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
        INGOT_TRY_ASSIGN(known.store_, orc::open_sqlite_store({path}));
    }
    return known;
}

Result<Json> Backfills::list(const BackfillsArguments& arguments) {
    if (server_) return server_->backfills(arguments.pipeline, arguments.limit);
    Json all = Json::array();
    if (!store_) return all;
    INGOT_TRY_ASSIGN(const auto records, store_->records(orc::kBackfillRecord));
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
        if (all.size() == arguments.limit) break;
        INGOT_TRY_ASSIGN(const orc::Backfill backfill, orc::parse_backfill(record->second));
        if (!arguments.pipeline.empty() && backfill.pipeline != arguments.pipeline) continue;
        INGOT_TRY_ASSIGN(const service::BackfillRuns runs, orc::runs_of(backfill, *store_));
        all.push_back(service::backfill_head_json(backfill, runs));
    }
    return all;
}

Result<Json> Backfills::show(const std::string& id) {
    if (server_) {
        INGOT_TRY_ASSIGN(const std::string whole, server_->find_backfill(id));
        return server_->backfill(whole);
    }
    if (!store_) return service::only_id("backfill", id, {}).error();
    INGOT_TRY_ASSIGN(const std::string whole, service::find_backfill(*store_, id));
    return service::stored_backfill_json(*store_, whole);
}

/// `3 success, 1 running, 20 waiting`: of windows, without those that get no run.
std::string counts_text(const Json& counts) {
    std::string text;
    for (const auto& [state, count] : counts.items()) {
        if (count == 0 || state == "skipped") continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count.get<int>(), state);
    }
    return text.empty() ? "nothing to run" : text;
}

void print_list(const Json& backfills) {
    TextTable table({"backfill", "of", "range", "state", "windows", "by"});
    for (const Json& each : backfills) {
        table.add(
            {each["id"].get<std::string>(), each["pipeline"].get<std::string>(),
             fmt::format("{}..{}", each["from"].get<std::string>(), each["to"].get<std::string>()),
             each["state"].get<std::string>(), counts_text(each["counts"]),
             each["by"].get<std::string>()});
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
}

void print_backfill(const Json& backfill) {
    TextTable table({"window", "why", "state", "run"});
    for (const Json& window : backfill["windows"]) {
        table.add({window_text(window), window["reason"].get<std::string>(),
                   window["state"].get<std::string>(),
                   window["run_id"].is_null() ? "" : window["run_id"].get<std::string>()});
    }
    std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    const std::string problem = backfill["problem"].get<std::string>();
    std::printf("%s, %s: %s%s%s\n", backfill["pipeline"].get<std::string>().c_str(),
                backfill["state"].get<std::string>().c_str(),
                counts_text(backfill["counts"]).c_str(), problem.empty() ? "" : "; ",
                problem.c_str());
}

}  // namespace

void add_backfills(CLI::App& app, const Chosen& chosen) {
    auto arguments = std::make_shared<BackfillsArguments>();
    CLI::App* verb = app.add_subcommand("backfills", "List backfills, show one, or act on one");
    const auto add = [&](const std::string& name, const char* description) {
        CLI::App* action = verb->add_subcommand(name, description);
        action->add_option("backfill", arguments->backfill, "Id of a backfill, or how it begins")
            ->required();
        add_server_option(*action, arguments->server);
        action->callback([&chosen, arguments, name] {
            chosen([=](Invocation& invocation) { return change(invocation, *arguments, name); });
        });
    };
    add("pause", "Start no more of its runs for now");
    add("resume", "Go on with it");
    add("cancel", "End it: what waits does not run, what runs comes to its end");
    CLI::Option* backfill = verb->add_option(
        "backfill", arguments->backfill, "Id of a backfill, or how it begins; absent: list them");
    const std::vector<CLI::Option*> of_list = {
        verb->add_option("--pipeline", arguments->pipeline,
                         "Only backfills of this pipeline, or of `select:` and a selection")
            ->type_name("NAME"),
        verb->add_option("--limit", arguments->limit, "How many, newest first; 20")
            ->check(CLI::Range(1, 1'000'000))};
    CLI::Option* server = add_server_option(*verb, arguments->server);
    refuse_without_effect(*verb, *backfill, of_list, *server);
    verb->callback([&chosen, verb, arguments] {
        if (!verb->get_subcommands().empty()) return;
        chosen([arguments](Invocation& invocation) { return backfills(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

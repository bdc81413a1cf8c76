// `ingot runs cancel`, `clear`, `mark` and `note`: by the server, or on the store where there is
// none.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/control_verbs.hpp"
#include "cli/output.hpp"
#include "cli/run_control.hpp"
#include "cli/run_record.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

struct ControlArguments {
    std::string server;
    std::string run;
    std::string reason;
    std::string note;
    std::string task;
    std::string state;
    service::ClearRequest clear;
    bool dry_run = false;
};

/// The one run that is meant, and who does something to it.
struct Meant {
    std::unique_ptr<RunControl> control;
    orc::RunId run;
};

Result<Meant> meant_by(Invocation& invocation, const ControlArguments& arguments) {
    INGOT_TRY_ASSIGN(std::unique_ptr<RunControl> control,
                     run_control(invocation, arguments.server));
    INGOT_TRY_ASSIGN(orc::RunId run, control->find_run(arguments.run));
    return Meant{std::move(control), std::move(run)};
}

void print_json(const Json& json) {
    std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

/// `success`; what is not over needs somebody to go on with it.
std::string state_of(const RunControl& control, const Json& run) {
    const std::string state = run["state"].get<std::string>();
    const bool left = !control.goes_on() && run["ended_at"].is_null();
    return left ? state +
                      ": `ingot serve`, or `ingot run --pipeline` with its window, goes on with it"
                : state;
}

void report(const Invocation& invocation, const RunControl& control, const Json& run,
            const std::string& what) {
    if (invocation.json()) return print_json(run);
    if (invocation.quiet()) return;
    std::printf("run %s: %s; it is %s\n", run["run_id"].get<std::string>().c_str(), what.c_str(),
                state_of(control, run).c_str());
}

Result<int> cancel(Invocation& invocation, const ControlArguments& arguments) {
    INGOT_TRY_ASSIGN(const Meant meant, meant_by(invocation, arguments));
    INGOT_TRY_ASSIGN(const Json run, meant.control->cancel_run(meant.run, arguments.reason));
    report(invocation, *meant.control, run, "asked to stop");
    return kExitOk;
}

Result<int> mark(Invocation& invocation, const ControlArguments& arguments) {
    INGOT_TRY_ASSIGN(const Meant meant, meant_by(invocation, arguments));
    INGOT_TRY_ASSIGN(const Json run,
                     meant.control->mark_task(meant.run, arguments.task, arguments.state));
    report(invocation, *meant.control, run,
           fmt::format("{} is marked as {}", arguments.task, arguments.state));
    return kExitOk;
}

Result<int> note(Invocation& invocation, const ControlArguments& arguments) {
    INGOT_TRY_ASSIGN(const Meant meant, meant_by(invocation, arguments));
    INGOT_TRY_ASSIGN(const Json run, meant.control->note_run(meant.run, arguments.note));
    report(invocation, *meant.control, run,
           arguments.note.empty() ? "it has no note any more" : "the note is kept");
    return kExitOk;
}

Result<int> clear(Invocation& invocation, const ControlArguments& arguments) {
    INGOT_TRY_ASSIGN(const Meant meant, meant_by(invocation, arguments));
    INGOT_TRY_ASSIGN(const Json cleared,
                     meant.control->clear_run(meant.run, arguments.clear, arguments.dry_run));
    if (invocation.json()) {
        print_json(cleared);
        return kExitOk;
    }
    if (invocation.quiet()) return kExitOk;
    TextTable table({"run", "window", "task", "state"});
    std::size_t tasks = 0;
    for (const Json& run : cleared["runs"]) {
        const std::string window = window_text(run["window"]);
        for (const Json& task : run["tasks"]) {
            table.add({run["run_id"].get<std::string>(), window, task["task"].get<std::string>(),
                       task["state"].get<std::string>()});
            ++tasks;
        }
    }
    if (tasks > 0) std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    std::printf("%zu task%s of %zu run%s %s again\n", tasks, tasks == 1 ? "" : "s",
                cleared["runs"].size(), cleared["runs"].size() == 1 ? "" : "s",
                arguments.dry_run ? "would run" : "will run");
    if (tasks > 0 && !arguments.dry_run && !meant.control->goes_on()) {
        std::fputs(
            "no server is there to run them: `ingot serve` does, or `ingot run --pipeline` with "
            "the window of each\n",
            stderr);
    }
    return kExitOk;
}

}  // namespace

void add_run_controls(CLI::App& runs, const Chosen& chosen) {
    auto arguments = std::make_shared<ControlArguments>();
    using Do = Result<int> (*)(Invocation&, const ControlArguments&);
    const auto add = [&](const char* name, const char* description, Do action) {
        CLI::App* verb = runs.add_subcommand(name, description);
        verb->add_option("run", arguments->run, "Id of a run, or how it begins")->required();
        add_server_option(*verb, arguments->server);
        verb->callback([&chosen, arguments, action] {
            chosen([=](Invocation& invocation) { return action(invocation, *arguments); });
        });
        return verb;
    };
    add("cancel", "Stop what runs of it; the rest does not start", cancel)
        ->add_option("--reason", arguments->reason, "Kept with the run");
    CLI::App* cleared = add("clear", "Run tasks anew, or a whole run", clear);
    cleared->add_option("task", arguments->clear.tasks, "Names of tasks; absent: all");
    cleared->add_flag("--failed", arguments->clear.failed_only,
                      "Of them those that did not succeed");
    cleared->add_flag("--upstream", arguments->clear.upstream, "And all before them");
    cleared->add_flag("--downstream,!--no-downstream", arguments->clear.downstream,
                      "And all after them, as is done unless it is switched off");
    cleared->add_flag("--past", arguments->clear.past,
                      "The same in the newest run of each earlier window");
    cleared->add_flag("--future", arguments->clear.future,
                      "The same in the newest run of each later window");
    cleared->add_flag("--dry-run", arguments->dry_run, "Only show what would run");
    CLI::App* marked = add("mark", "Say how a task came out, whatever it did", mark);
    marked->add_option("task", arguments->task, "Name of the task")->required();
    marked->add_option("state", arguments->state, "success, failed or skipped")
        ->required()
        ->check(CLI::IsMember({"success", "failed", "skipped"}));
    add("note", "Say something about the run to others", note)
        ->add_option("text", arguments->note, "Takes the place of the one before; empty: none")
        ->required();
}

void refuse_without_effect(CLI::App& verb, CLI::Option& one,
                           const std::vector<CLI::Option*>& of_list, CLI::Option& server) {
    for (CLI::Option* option : of_list) one.excludes(option);
    for (CLI::App* action : verb.get_subcommands({})) {
        for (CLI::Option* option : of_list) action->excludes(option);
        action->excludes(&server);
    }
}

}  // namespace ingot::cli

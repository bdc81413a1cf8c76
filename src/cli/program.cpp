#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <stop_token>
#include <thread>
#include <unistd.h>

#include "base/nearest_name.hpp"
#include "cli/control_verbs.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

void add_global_options(CLI::App& app, GlobalOptions& options) {
    app.add_option("-C", options.directory,
                   "Project folder; relative paths on the command line start there")
        ->type_name("DIR");
    app.add_option("--env", options.environment, "Environment of project.yml")->type_name("NAME");
    app.add_option("--lake", options.lake, "Lake to use instead of the project's: a folder or URI")
        ->type_name("URI");
    app.add_option("--param", options.params, "Parameter of the project")->type_name("NAME=VALUE");
    app.add_flag("--json", options.json,
                 "Output for programs: JSON on stdout, errors as JSON on stderr");
    app.add_flag("-q,--quiet", options.quiet, "Only errors");
    app.add_flag("-v,--verbose", options.verbose, "Say more");
}

/// SIGINT and SIGTERM ask the running verb to stop; a second one ends the process at once.
class StopOnSignal {
public:
    /// `quiet`: says nothing of it.
    explicit StopOnSignal(bool quiet) : quiet_(quiet) {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGINT);
        sigaddset(&signals_, SIGTERM);
        sigaddset(&signals_, kDone);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);  // Threads started from here on inherit it.
        waiter_ = std::thread([this] { wait(); });
    }
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;
    ~StopOnSignal() {
        pthread_kill(waiter_.native_handle(), kDone);
        waiter_.join();
    }
    std::stop_token token() { return source_.get_token(); }

private:
    static constexpr int kDone = SIGUSR1;

    void wait() {
        int signal = 0;
        while (sigwait(&signals_, &signal) == 0 && signal != kDone) {
            if (source_.stop_requested()) std::_Exit(kExitFailed);
            if (!quiet_) std::fputs("stopping; once more to end at once\n", stderr);
            source_.request_stop();
        }
    }
    bool quiet_;
    sigset_t signals_{};
    std::stop_source source_;
    std::thread waiter_;
};

/// The person, not the work, went wrong: an option whose value cannot be read.
bool is_bad_use(const Error& error) {
    return error.code == ErrorCode::kInvalidArgument &&
           (error.message.starts_with("--") ||
            std::any_of(error.context.begin(), error.context.end(),
                        [](const std::string& note) { return note.starts_with("in --"); }));
}

/// `-C DIR`: as if the program had been started there, so that every relative path means the same,
/// in options and in SQL.
Result<GlobalOptions> in_its_directory(GlobalOptions options) {
    std::error_code error;
    std::filesystem::current_path(options.directory, error);
    if (error) {
        return make_error(ErrorCode::kInvalidArgument, "-C {}: {}", options.directory,
                          error.message());
    }
    options.directory = std::filesystem::current_path(error).string();
    if (error) return make_error(ErrorCode::kIo, "-C: {}", error.message());
    return options;
}

bool everything_is_printed() {
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

int carry_out(const Action& action, const GlobalOptions& options) {
    StopOnSignal signals(options.quiet);
    Result<GlobalOptions> placed = in_its_directory(options);
    if (!placed) {
        print_error(placed.error(), options.json);
        return kExitBadUse;
    }
    Invocation invocation(*std::move(placed), signals.token());
    const Result<int> code = action(invocation);
    if (code && !everything_is_printed()) {
        print_error(make_error(ErrorCode::kIo, "cannot write to stdout: what it shows is cut off"),
                    options.json);
        return kExitFailed;
    }
    if (code) return *code;
    print_error(code.error(), options.json);
    return is_bad_use(code.error()) ? kExitBadUse : kExitFailed;
}

/// A standard descriptor that the caller closed must not become one of the lake's files, or what is
/// printed would be written into it. Read-only: printing there still fails.
void occupy_standard_descriptors() {
    int opened = 0;
    do {
        opened = ::open("/dev/null", O_RDONLY);
    } while (opened >= 0 && opened <= STDERR_FILENO);
    if (opened >= 0) ::close(opened);
}

/// `unknown verb 'lss'; did you mean 'ls'?`
std::string unknown_verb(const CLI::App& app, const std::string& verb) {
    std::vector<std::string> verbs;
    for (const CLI::App* known : app.get_subcommands([](const CLI::App*) { return true; }))
        verbs.push_back(known->get_name());
    const std::string suggestion = did_you_mean(verb, verbs);
    return "unknown verb '" + verb + "'" +
           (suggestion.empty() ? "; `ingot --help` lists them" : suggestion);
}

int report_parse_error(const CLI::App& app, const CLI::ParseError& error, bool json) {
    const std::vector<std::string> extras = app.remaining();
    if (error.get_exit_code() != 0 && app.get_subcommands().empty() && !extras.empty() &&
        !extras.front().starts_with('-')) {
        print_error(
            make_error(ErrorCode::kInvalidArgument, "{}", unknown_verb(app, extras.front())), json);
        return kExitBadUse;
    }
    return app.exit(error) == 0 ? kExitOk : kExitBadUse;
}

}  // namespace

int run_program(int argc, char** argv) {
    occupy_standard_descriptors();
    CLI::App app("Ingot: files to checked Delta tables, with one program", "ingot");
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", "ingot " INGOT_VERSION);
    app.footer("`ingot VERB --help` says more. Begin with: ingot init my_project");
    GlobalOptions options;
    add_global_options(app, options);
    Action action;
    const Chosen chosen = [&](Action chosen_action) { action = std::move(chosen_action); };
    add_alerts(app, chosen);
    add_backfill(app, chosen);
    add_backfills(app, chosen);
    add_check(app, chosen);
    add_datagen(app, chosen);
    add_doctor(app, chosen);
    add_init(app, chosen);
    add_lineage(app, chosen);
    add_ls(app, chosen);
    add_pause(app, chosen);
    add_plan(app, chosen);
    add_render(app, chosen);
    add_run(app, chosen);
    add_run_task(app, chosen);
    add_runs(app, chosen);
    add_schema(app, chosen);
    add_serve(app, chosen);
    add_sql(app, chosen);
    add_table(app, chosen);
    add_test(app, chosen);
    add_token(app, chosen);
    add_user(app, chosen);
    add_version(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return report_parse_error(app, e, options.json);
    }
    try {
        return carry_out(action, options);
    } catch (const std::exception& e) {
        print_error(make_error(ErrorCode::kInternal, "unexpected: {}", e.what()), options.json);
        return kExitFailed;
    }
}

}  // namespace ingot::cli

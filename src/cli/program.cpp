#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stop_token>
#include <thread>

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
    StopOnSignal() {
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
            std::fputs("stopping; once more to end at once\n", stderr);
            source_.request_stop();
        }
    }
    sigset_t signals_{};
    std::stop_source source_;
    std::thread waiter_;
};

int carry_out(const Action& action, const GlobalOptions& options) {
    StopOnSignal signals;
    Invocation invocation(options, signals.token());
    const Result<int> code = action(invocation);
    if (code) return *code;
    print_error(code.error(), options.json);
    return kExitFailed;
}

}  // namespace

int run_program(int argc, char** argv) {
    CLI::App app("Ingot: files to checked Delta tables, with one program", "ingot");
    app.require_subcommand(1);
    app.fallthrough();
    GlobalOptions options;
    add_global_options(app, options);
    Action action;
    const Chosen chosen = [&](Action chosen_action) { action = std::move(chosen_action); };
    add_run(app, chosen);
    add_sql(app, chosen);
    add_table(app, chosen);
    add_version(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? kExitOk : kExitBadUse;
    }
    try {
        return carry_out(action, options);
    } catch (const std::exception& e) {
        print_error(make_error(ErrorCode::kInternal, "unexpected: {}", e.what()), options.json);
        return kExitFailed;
    }
}

}  // namespace ingot::cli

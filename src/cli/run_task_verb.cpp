// The process of an isolated task. Who carries a run out begins it, by a keeper.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/prctl.h>

#include "service/pipeline_tasks.hpp"

#include "cli/verbs.hpp"
#include "task/isolated_task.hpp"

namespace ingot::cli {
namespace {

orchestrator::TaskOutcome outcome_of(const task::IsolatedOrder& order, std::stop_token stop);
void be_the_first_to_go();

Result<int> run_task(const Invocation& invocation, const std::string& file) {
    ::prctl(PR_SET_NAME, "ingot-task");
    be_the_first_to_go();
    INGOT_TRY_ASSIGN(const task::IsolatedOrder order, task::take_isolated_order(file));
    const orchestrator::TaskOutcome outcome = outcome_of(order, invocation.stop());
    INGOT_TRY_WITH(task::leave_outcome(order.attempt, outcome),
                   "while saying how the task came out");
    return outcome.kind == orchestrator::TaskOutcome::Kind::kSuccess ? kExitOk : kExitFailed;
}

/// Whatever is begun after it would rather be kept when memory is short: it can be made again.
void be_the_first_to_go() {
    constexpr const char* kMost = "1000";
    if (std::FILE* const file = std::fopen("/proc/self/oom_score_adj", "w")) {
        std::fputs(kMost, file);
        std::fclose(file);
    }
}

/// The project as it is now; its parameters, environment and lake are those of the run.
GlobalOptions options_of(const task::IsolatedOrder& order) {
    GlobalOptions options;
    options.directory = order.root;
    options.environment = order.attempt.spec->environment;
    options.lake = order.attempt.spec->lake;
    for (const auto& [name, value] : order.params)
        options.params.push_back(fmt::format("{}={}", name, value));
    return options;
}

Result<service::DefinitionsPtr> definitions_of(Invocation& invocation) {
    invocation.leave_columns_for_later();
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    return service::make_definitions(project, *engine, system_clock());
}

orchestrator::TaskOutcome outcome_of(const task::IsolatedOrder& order, std::stop_token stop) {
    Invocation invocation(options_of(order), stop);
    const Result<service::DefinitionsPtr> definitions = definitions_of(invocation);
    if (!definitions) {
        // Somebody may be in the middle of changing it.
        return {orchestrator::TaskOutcome::Kind::kFailed,
                "the project as it is now cannot be used: " + definitions.error().to_string()};
    }
    if ((*definitions)->code != order.code) {
        std::fprintf(stderr, "the project is %s here, and %s where the run is carried out\n",
                     (*definitions)->code.c_str(), order.code.c_str());
    }
    return service::carry_out(order, **definitions, std::move(stop));
}

}  // namespace

void add_run_task(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("run-task", "Carry out one task, as an order says");
    verb->group("");  // It is for no person.
    auto file = std::make_shared<std::string>();
    verb->add_option("order", *file)->required();
    verb->callback([file, &chosen] {
        chosen([file](Invocation& invocation) { return run_task(invocation, *file); });
    });
}

}  // namespace ingot::cli

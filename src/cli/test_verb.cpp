#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "cli/selection.hpp"
#include "cli/verbs.hpp"
#include "task/model_tests.hpp"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void print_failure(const task::ModelTestResult& result) {
    std::printf("FAILED %s: %s (%s)\n", result.model.text().c_str(), result.name.c_str(),
                result.place.to_string().c_str());
    for (const std::string& difference : result.differences)
        std::printf("       %s\n", difference.c_str());
}

void print_json(const std::vector<task::ModelTestResult>& results) {
    Json json = Json::array();
    for (const task::ModelTestResult& result : results) {
        json.push_back({{"model", result.model.text()},
                        {"name", result.name},
                        {"place", result.place.to_string()},
                        {"passed", result.passed},
                        {"differences", result.differences},
                        {"seconds", seconds(result.elapsed)}});
    }
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

Result<int> test(Invocation& invocation, const SelectionArguments& arguments) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    INGOT_TRY_ASSIGN(const std::vector<project::TableName> tables,
                     selected_tables(*project, arguments));
    std::vector<const project::Model*> models;
    for (const project::TableName& table : tables) {
        if (const project::Model* model = project->find_model(table)) models.push_back(model);
    }
    const std::vector<task::ModelTestResult> results =
        task::run_model_tests(models, *project, *engine, system_clock(), invocation.stop());
    const auto passed =
        std::count_if(results.begin(), results.end(), [](const auto& r) { return r.passed; });
    const auto failed = static_cast<std::ptrdiff_t>(results.size()) - passed;
    if (invocation.json()) {
        print_json(results);
    } else {
        for (const task::ModelTestResult& result : results) {
            if (!result.passed) {
                print_failure(result);
            } else if (invocation.options().verbose > 0) {
                std::printf("passed %s: %s (%.0f ms)\n", result.model.text().c_str(),
                            result.name.c_str(), seconds(result.elapsed) * 1000);
            }
        }
        std::printf("%td passed, %td failed\n", passed, failed);
    }
    return failed == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void add_test(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand(
        "test",
        "Run the models' unit tests: rows in, rows out, in memory; the lake is not touched");
    auto arguments = std::make_shared<SelectionArguments>();
    add_selection_options(*verb, *arguments);
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return test(invocation, *arguments); });
    });
}

}  // namespace ingot::cli

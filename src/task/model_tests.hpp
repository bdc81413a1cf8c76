#pragma once
#include <stop_token>
#include <string>
#include <vector>

#include "task/workspace.hpp"

namespace ingot::task {

/// How one unit test of a model came out.
struct ModelTestResult {
    project::TableName model;
    std::string name;
    project::SourcePlace place;
    bool passed = false;
    /// What differs: rows that are missing and rows that should not be there, a line each; or why
    /// the test could not run.
    std::vector<std::string> differences;
    Duration elapsed{};
};

/// Runs the tests in the front matter of these models: rows in, rows out, in memory. The lake is
/// neither read nor written. The program of a `kind: command` model is run, without secrets.
std::vector<ModelTestResult> run_model_tests(const std::vector<const project::Model*>& models,
                                             const project::Project& project,
                                             engine::Engine& engine, Clock& clock,
                                             std::stop_token stop);

}  // namespace ingot::task

#include "service/definitions.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "service/json_value.hpp"
#include "service/selection_pipeline.hpp"

#include "base/hash.hpp"
#include "base/nearest_name.hpp"
#include "base/process.hpp"

namespace ingot::service {
namespace {

namespace fs = std::filesystem;
namespace orc = ingot::orchestrator;

std::string code_version(const std::string& root);
Status check_params(const Definitions& definitions, const project::Pipeline& pipeline,
                    const std::map<std::string, project::Value>& given);
std::map<std::string, project::Value> all_params(
    const project::Project& project, const project::Pipeline& pipeline,
    const std::map<std::string, project::Value>& given);

}  // namespace

Result<DefinitionsPtr> make_definitions(project::ProjectPtr project, engine::Engine& engine,
                                        Clock& clock) {
    INGOT_TRY_ASSIGN(task::OpenedWorkspace opened, task::open_workspace(project, engine, clock));
    auto made = std::make_shared<Definitions>(Definitions{code_version(project->root),
                                                          clock.now(),
                                                          std::move(opened.secrets),
                                                          std::move(opened.workspace),
                                                          {}});
    for (const project::Pipeline& pipeline : project->pipelines) {
        made->pipelines.emplace(
            pipeline.name,
            PlannedPipeline{std::shared_ptr<const project::Pipeline>(project, &pipeline),
                            orc::plan_run(*project, pipeline)});
    }
    return DefinitionsPtr(std::move(made));
}

const PlannedPipeline* Definitions::find(const std::string& pipeline) const {
    const auto found = pipelines.find(pipeline);
    return found == pipelines.end() ? nullptr : &found->second;
}

Error no_such_pipeline(const Definitions& definitions, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [known, pipeline] : definitions.pipelines) names.push_back(known);
    return make_error(ErrorCode::kNotFound, "there is no pipeline '{}'{}", name,
                      did_you_mean(name, names));
}

Result<PlannedPipeline> planned_pipeline(const Definitions& definitions, const std::string& name) {
    if (const PlannedPipeline* planned = definitions.find(name)) return *planned;
    if (!name.starts_with(kSelectionPrefix)) return no_such_pipeline(definitions, name);
    const project::Project& project = definitions.project();
    INGOT_TRY_ASSIGN(project::Pipeline made,
                     pipeline_of_selection(project, name.substr(kSelectionPrefix.size())));
    Result<orc::RunPlan> plan = orc::plan_run(project, made);
    return PlannedPipeline{std::make_shared<const project::Pipeline>(std::move(made)),
                           std::move(plan)};
}

Result<orc::RunSpec> make_spec(const Definitions& definitions, const std::string& name,
                               const RunRequest& request) {
    INGOT_TRY_ASSIGN(const PlannedPipeline planned, planned_pipeline(definitions, name));
    if (!planned.plan) return planned.plan.error();
    const project::Project& project = definitions.project();
    const project::Pipeline& pipeline = *planned.pipeline;
    INGOT_TRY(check_params(definitions, pipeline, request.params));
    orc::RunSpec spec;
    spec.plan = *planned.plan;
    spec.window = request.window;
    spec.lake = definitions.workspace.lake.uri();
    spec.environment = project.environment;
    spec.params = params_to_json(all_params(project, pipeline, request.params));
    spec.full = request.full;
    return spec;
}

const project::Param* find_param(const Definitions& definitions, const project::Pipeline& pipeline,
                                 const std::string& name) {
    if (const auto own = pipeline.params.find(name); own != pipeline.params.end()) {
        return &own->second;
    }
    const auto& shared = definitions.project().param_types;
    const auto found = shared.find(name);
    return found == shared.end() ? nullptr : &found->second;
}

orc::RunSpec unplanned_spec(const Definitions& definitions, const std::string& pipeline) {
    orc::RunSpec spec;
    spec.plan.pipeline = pipeline;
    spec.plan.tasks.push_back({.name = "plan", .definition = "", .work = "plan the run"});
    spec.lake = definitions.workspace.lake.uri();
    spec.environment = definitions.project().environment;
    spec.params = "{}";
    return spec;
}

std::string params_to_json(const std::map<std::string, project::Value>& params) {
    project::ValueMap map;
    for (const auto& [name, value] : params) map.emplace_back(name, value);
    return project::Value(std::move(map)).to_json();
}

Result<std::map<std::string, project::Value>> parse_params(const std::string& text) {
    const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!json.is_object()) {
        return make_error(ErrorCode::kCorruptData, "the parameters are no JSON object: {}", text);
    }
    std::map<std::string, project::Value> params;
    for (const auto& [name, value] : json.items()) params[name] = value_of(value);
    return params;
}

Result<task::Workspace> workspace_of(const Definitions& definitions, const orc::RunSpec& spec) {
    INGOT_TRY_ASSIGN(auto params, parse_params(spec.params));
    task::Workspace workspace = definitions.workspace;
    if (params == workspace.project->params) return workspace;
    auto project = std::make_shared<project::Project>(*workspace.project);
    project->params = std::move(params);
    if (const PlannedPipeline* planned = definitions.find(spec.plan.pipeline)) {
        for (const auto& [name, type] : planned->pipeline->params)
            project->param_types[name] = type;
    }
    workspace.project = std::move(project);
    return workspace;
}

namespace {

std::string files_version(const std::string& root) {
    std::uint64_t hash = 0;
    for (const std::string& file : project::definition_files(root)) {
        std::stringstream text;
        text << std::ifstream(fs::path(root) / file).rdbuf();
        hash = hash64(file, hash);
        hash = hash64(text.str(), hash);
    }
    return fmt::format("files-{:016x}", hash);
}

/// What git prints, without the line's end; nothing when it fails, or is not there.
std::optional<std::string> git(const std::string& root, std::vector<std::string> arguments) {
    StreamTail output(1 << 16);
    ProcessOptions process;
    process.arguments = {"git", "-C", root};
    process.arguments.insert(process.arguments.end(), arguments.begin(), arguments.end());
    process.output = StreamTo{std::ref(output)};
    process.error_output = StreamNull{};
    process.timeout = std::chrono::seconds(10);
    const Result<ExitStatus> ended = run_process(process);
    if (!ended || !ended->success()) return std::nullopt;
    std::string text = output.text();
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

/// The commit, when the folder is as it says; with what was changed since, else.
std::string code_version(const std::string& root) {
    const std::optional<std::string> commit = git(root, {"rev-parse", "--short=12", "HEAD"});
    if (!commit || commit->empty()) return files_version(root);
    const std::optional<std::string> changed = git(root, {"status", "--porcelain", "--", "."});
    if (changed && changed->empty()) return *commit;
    return *commit + "+" + files_version(root);
}

Status check_params(const Definitions& definitions, const project::Pipeline& pipeline,
                    const std::map<std::string, project::Value>& given) {
    const project::Project& project = definitions.project();
    std::vector<std::string> names;
    for (const auto& [name, type] : project.param_types) names.push_back(name);
    for (const auto& [name, type] : pipeline.params) names.push_back(name);
    for (const auto& [name, value] : given) {
        const project::Param* param = find_param(definitions, pipeline, name);
        if (param == nullptr) {
            return make_error(ErrorCode::kInvalidArgument, "{} has no parameter '{}'{}",
                              pipeline.name, name, did_you_mean(name, names));
        }
        INGOT_TRY_WITH(param->validate(value), "in the parameter " + name);
    }
    for (const auto& [name, type] : pipeline.params) {
        if (type.default_value || given.contains(name) || project.params.contains(name)) continue;
        return make_error(ErrorCode::kInvalidArgument, "{} needs the parameter '{}' ({})",
                          pipeline.name, name, type.place.to_string());
    }
    return {};
}

std::map<std::string, project::Value> all_params(
    const project::Project& project, const project::Pipeline& pipeline,
    const std::map<std::string, project::Value>& given) {
    std::map<std::string, project::Value> all = project.params;
    for (const auto& [name, type] : pipeline.params) {
        if (type.default_value) all[name] = *type.default_value;
    }
    for (const auto& [name, value] : given) all[name] = value;
    return all;
}

}  // namespace

std::uint64_t files_fingerprint(const std::string& root) {
    std::uint64_t hash = 0;
    for (const std::string& file : project::definition_files(root)) {
        const fs::path path = fs::path(root) / file;
        std::error_code ignored;
        const auto modified = fs::last_write_time(path, ignored).time_since_epoch().count();
        hash = hash64(file, hash);
        hash = hash64(fmt::format("{} {}", modified, fs::file_size(path, ignored)), hash);
    }
    return hash;
}

}  // namespace ingot::service

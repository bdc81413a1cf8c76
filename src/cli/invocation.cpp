#include "cli/invocation.hpp"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "cli/spill_folder.hpp"

namespace ingot::cli {
namespace {

constexpr double kEngineShare =
    0.65;  // Of Ingot's own budget; the rest is for readers, indexes and queues.

std::uint64_t share_of(double share, std::uint64_t bytes) {
    return static_cast<std::uint64_t>(static_cast<double>(bytes) * share);
}

Result<std::map<std::string, std::string>> split_params(const std::vector<std::string>& params) {
    std::map<std::string, std::string> split;
    for (const std::string& param : params) {
        const std::size_t equals = param.find('=');
        if (equals == std::string::npos || equals == 0) {
            return make_error(ErrorCode::kInvalidArgument, "--param {}: expected NAME=VALUE",
                              param);
        }
        split[param.substr(0, equals)] = param.substr(equals + 1);
    }
    return split;
}

}  // namespace

Invocation::Invocation(GlobalOptions options, std::stop_token stop)
    : options_(std::move(options)),
      stop_(std::move(stop)),
      terminal_(isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1) {
    set_log_level(log_level_of_verbosity(options_.quiet ? -1 : options_.verbose));
}

Invocation::~Invocation() = default;

Result<engine::Engine*> Invocation::engine() {
    if (!engine_) {
        INGOT_TRY_ASSIGN(engine_, engine::Engine::open({}));
    }
    return engine_.get();
}

/// The parser needs an engine before the project has said what engine it wants: its settings are
/// made afterwards, before the first statement runs.
Status Invocation::configure_engine(engine::Engine& opened) {
    const project::EngineSettings& settings = project_->engine;
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, opened.session(nullptr));
    std::optional<std::uint64_t> memory = settings.memory_bytes;
    if (settings.memory_share)
        memory = share_of(*settings.memory_share, detect_memory_limits().usable());
    if (memory) {
        const std::uint64_t bytes = share_of(kEngineShare, *memory);
        INGOT_TRY(session->execute({fmt::format("SET GLOBAL memory_limit = '{} B'", bytes), {}}));
    }
    if (settings.threads) {
        INGOT_TRY(
            session->execute({fmt::format("SET GLOBAL threads = {}", *settings.threads), {}}));
    }
    spill_ = std::make_unique<SpillFolder>(settings.spill);
    return session->execute(
        {"SET GLOBAL temp_directory = " + Scalar::text(spill_->path()).to_sql(), {}});
}

Result<project::LoadOptions> Invocation::load_options() const {
    project::LoadOptions load;
    load.root = options_.directory;
    load.environment = options_.environment;
    load.lake = options_.lake;
    INGOT_TRY_ASSIGN(load.params, split_params(options_.params));
    load.lineage = columns_;
    return load;
}

Result<project::ProjectPtr> Invocation::project() {
    if (project_) return project_;
    INGOT_TRY_ASSIGN(const project::LoadOptions load, load_options());
    INGOT_TRY_ASSIGN(engine::Engine * opened, engine());
    INGOT_TRY_ASSIGN(project_, project::open_project(load, opened->sql_facts()));
    INGOT_TRY_WITH(configure_engine(*opened), "while applying `engine` of project.yml");
    return project_;
}

bool Invocation::has_project() const {
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::path(options_.directory) / "project.yml",
                                   ignored);
}

Result<task::Lake> Invocation::lake() {
    if (!has_project() && !options_.lake.empty()) return task::Lake::open(options_.lake);
    INGOT_TRY_ASSIGN(const project::ProjectPtr loaded, project());
    return task::Lake::open(loaded->lake);
}

Result<const task::Workspace*> Invocation::workspace() {
    if (workspace_) return workspace_.get();
    INGOT_TRY_ASSIGN(const project::ProjectPtr loaded, project());
    INGOT_TRY_ASSIGN(engine::Engine * sql, engine());
    INGOT_TRY_ASSIGN(task::OpenedWorkspace opened,
                     task::open_workspace(loaded, *sql, system_clock()));
    secrets_ = std::move(opened.secrets);
    workspace_ = std::make_unique<task::Workspace>(std::move(opened.workspace));
    return workspace_.get();
}

Result<const task::Workspace*> Invocation::workspace_or_bare() {
    if (has_project() || workspace_) return workspace();
    project::Project bare;
    std::error_code ignored;
    bare.root = std::filesystem::absolute(options_.directory, ignored).lexically_normal().string();
    bare.lake = options_.lake.empty() ? bare.root : options_.lake;
    INGOT_TRY_ASSIGN(engine::Engine * sql, engine());
    INGOT_TRY_ASSIGN(task::Lake lake, task::Lake::open(bare.lake));
    workspace_.reset(new task::Workspace{std::make_shared<const project::Project>(std::move(bare)),
                                         std::move(lake), std::nullopt, *sql, system_clock(),
                                         nullptr});
    return workspace_.get();
}

void print_error(const Error& error, bool json) {
    if (json) {
        nlohmann::ordered_json object{
            {"error", {{"code", error_code_name(error.code)}, {"message", error.message}}}};
        object["error"]["context"] = error.context;
        // What somebody typed may be in it, which need not be UTF-8.
        const std::string text =
            object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        std::fprintf(stderr, "%s\n", text.c_str());
        return;
    }
    std::fprintf(stderr, "error: %s\n", error.to_string().c_str());
}

}  // namespace ingot::cli

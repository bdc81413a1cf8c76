#pragma once
// What every verb gets: the global options, where output goes, and the parts that the options
// describe.
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "project/project.hpp"
#include "project/secrets.hpp"
#include "task/workspace.hpp"

namespace CLI {
class App;
}

namespace ingot::cli {

class SpillFolder;

/// Exit codes: what went wrong is on stderr.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadUse = 2;

struct GlobalOptions {
    std::string directory = ".";      ///< `-C`
    std::string environment;          ///< `--env`
    std::string lake;                 ///< `--lake`
    std::vector<std::string> params;  ///< `--param k=v`
    bool json = false;
    bool quiet = false;
    int verbose = 0;
};

/// One call of the program.
class Invocation {
public:
    Invocation(GlobalOptions options, std::stop_token stop);
    ~Invocation();

    const GlobalOptions& options() const { return options_; }
    std::stop_token stop() const { return stop_; }
    bool json() const { return options_.json; }
    bool quiet() const { return options_.quiet; }
    /// Colours and progress bars: a person at a terminal, not a pipe.
    bool terminal() const { return terminal_; }

    /// Whether the folder holds a project.yml, readable or not.
    bool has_project() const;

    /// Opened on first use.
    Result<engine::Engine*> engine();
    Result<project::ProjectPtr> project();
    /// How the project is loaded.
    Result<project::LoadOptions> load_options() const;
    /// Before `project`: contracts and columns are not looked at, which takes most of the time.
    void leave_columns_for_later() { columns_ = false; }
    /// The project's lake, or `--lake` where there is no project.
    Result<task::Lake> lake();
    Result<const task::Workspace*> workspace();
    /// Where there is no project.yml: a project without tables, in the lake of `--lake` or else the
    /// folder itself. Errors of a project that is there are reported all the same.
    Result<const task::Workspace*> workspace_or_bare();

private:
    Status configure_engine(engine::Engine& opened);

    GlobalOptions options_;
    std::stop_token stop_;
    bool terminal_;
    bool columns_ = true;
    std::unique_ptr<SpillFolder> spill_;  ///< The engine uses it.
    std::unique_ptr<engine::Engine> engine_;
    project::ProjectPtr project_;
    std::unique_ptr<project::SecretStore> secrets_;
    std::unique_ptr<task::Workspace> workspace_;
};

/// What a verb does when it was called: returns its exit code, or an error (printed, exit 1;
/// kInvalidArgument of the options: exit 2).
using Action = std::function<Result<int>(Invocation&)>;

/// Prints an error as every verb does: `error: ...` on stderr, or a JSON object with --json.
void print_error(const Error& error, bool json);

}  // namespace ingot::cli

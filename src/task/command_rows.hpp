#pragma once
#include <memory>
#include <stop_token>

#include "format/source.hpp"
#include "task/workspace.hpp"

namespace ingot::task {

/// What a model's program works with.
struct CommandContext {
    const project::Project& project;
    project::SecretResolver* secrets = nullptr;
    const ParameterValues& values;
    std::stop_token stop;
};

/// The rows that the program of a `kind: command` model made, in a file that nobody else sees and
/// that goes with this.
class CommandRows {
public:
    /// Runs the program: the rows of `select` are its input, as an Arrow stream; its output is kept
    /// until it has ended, so that a program that fails leaves no rows. What it writes to its error
    /// output is logged. It may close its input early. kInvalidArgument: it failed, with the last
    /// lines of its error output; kTimeout, kCancelled; kNotFound: there is no such program; the
    /// error of `select`.
    static Result<CommandRows> run(const project::Model& model, engine::Session& session,
                                   const engine::Query& select, const CommandContext& context);

    CommandRows(CommandRows&&) noexcept;
    CommandRows& operator=(CommandRows&&) noexcept;
    ~CommandRows();

    /// Makes the rows readable in the session, for one scan; they must outlive it.
    Status add_to(engine::Session& session);
    /// A SELECT of the declared columns, with their types. Everything that is not as declared (a
    /// line that is damaged, a field more) is an error of the scan.
    engine::Query select() const;

private:
    class OutputFile;

    CommandRows(const project::Model& model, std::unique_ptr<OutputFile> file,
                std::unique_ptr<format::FormatSource> rows);

    const project::Model* model_;
    std::unique_ptr<OutputFile> file_;
    std::unique_ptr<format::FormatSource> rows_;
};

}  // namespace ingot::task

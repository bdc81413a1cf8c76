#pragma once
#include <memory>
#include <string>

#include "cli/invocation.hpp"
#include "cli/server_client.hpp"

namespace ingot::cli {

/// What may be done to runs and backfills: by a server, or by this process on the store of the
/// project, which starts nothing. Documents are those of the API.
class RunControl {
public:
    virtual ~RunControl() = default;
    /// The run with this id, or the only one whose id begins so.
    virtual Result<orchestrator::RunId> find_run(const std::string& id) = 0;
    virtual Result<Json> cancel_run(const orchestrator::RunId& run, const std::string& reason) = 0;
    virtual Result<Json> clear_run(const orchestrator::RunId& run,
                                   const service::ClearRequest& request, bool dry_run) = 0;
    virtual Result<Json> mark_task(const orchestrator::RunId& run, const std::string& task,
                                   const std::string& state) = 0;
    virtual Result<Json> note_run(const orchestrator::RunId& run, const std::string& note) = 0;
    /// The id of a backfill that begins so, of the only one.
    virtual Result<std::string> find_backfill(const std::string& id) = 0;
    /// `verb`: pause, resume, cancel. kNotFound: it is over, or `verb` needs a server.
    virtual Result<Json> change_backfill(const std::string& id, const std::string& verb) = 0;
    /// Somebody carries out what is to run now.
    virtual bool goes_on() const = 0;
};

/// That of `--server`; without the option that of whoever is in charge of the project's store.
Result<std::unique_ptr<RunControl>> run_control(Invocation& invocation, const std::string& server);

/// The server of `--server`, or of the project's store. kNotFound: the store has none.
Result<ServerClient> server_of(Invocation& invocation, const std::string& server);

/// Who this process is in records: `cli ada`.
std::string name_of_user();

}  // namespace ingot::cli

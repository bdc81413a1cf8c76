#pragma once
#include <string>

#include "orchestrator/run_status.hpp"

#include "base/file_lock.hpp"

namespace ingot::orchestrator {

/// What locks of a server say that they are for.
inline constexpr std::string_view kServerPurpose = "ingot serve";

/// The file of the project's store; absolute.
std::string store_file(const project::Project& project);

/// What runs keep beside the store: logs, and locks that show which process is at work.
///   runs/<run>/<task>.<attempt>.log   runs/<run>/lock   places/<pipeline>.<n>
///   server.lock   server.socket
class RunFolder {
public:
    /// Of the store in this file: its own folder.
    explicit RunFolder(const std::string& store_path);

    std::string log(const RunId& run, const PlannedTask& task, int attempt) const;
    /// Held by whoever carries the run out. Makes the run's folder. `from_server`: also when a
    /// server holds it, which then holds a file that is there no more.
    Result<FileLock::Attempt> lock_run(const RunId& run, std::string_view purpose,
                                       bool from_server = false) const;
    /// Held by the server of the store.
    Result<FileLock::Attempt> lock_server(std::string_view purpose, bool from_server = false) const;
    /// Where the server listens for whoever owns the store.
    std::string server_socket() const;
    /// Who is the server now; empty: nobody.
    Result<std::string> server() const;
    /// False: the process that began the run is gone.
    Result<bool> is_at_work(const RunId& run) const;
    /// One of `places` that runs of a pipeline may have at a time, over all processes. HeldBy: all
    /// are taken.
    Result<FileLock::Attempt> lock_place(const std::string& pipeline, int places,
                                         std::string_view purpose) const;

private:
    std::string server_;
    std::string runs_;
    std::string places_;
};

}  // namespace ingot::orchestrator

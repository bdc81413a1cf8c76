#pragma once
#include <string>

#include "orchestrator/run_status.hpp"

#include "base/file_lock.hpp"

namespace ingot::orchestrator {

/// What runs keep beside the store: logs, and locks that show which process is at work.
///   runs/<run>/<task>.<attempt>.log   runs/<run>/lock   places/<pipeline>.<n>
class RunFolder {
public:
    /// Of the store in this file: its own folder.
    explicit RunFolder(const std::string& store_path);

    std::string log(const RunId& run, const PlannedTask& task, int attempt) const;
    /// Held by whoever carries the run out. Makes the run's folder.
    Result<FileLock::Attempt> lock_run(const RunId& run, std::string_view purpose) const;
    /// False: the process that began the run is gone.
    Result<bool> is_at_work(const RunId& run) const;
    /// One of `places` that runs of a pipeline may have at a time, over all processes. HeldBy: all
    /// are taken.
    Result<FileLock::Attempt> lock_place(const std::string& pipeline, int places,
                                         std::string_view purpose) const;

private:
    std::string runs_;
    std::string places_;
};

}  // namespace ingot::orchestrator

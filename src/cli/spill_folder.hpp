#pragma once
#include <optional>
#include <string>

#include "base/file_lock.hpp"

namespace ingot::cli {

/// Where the engine of this process puts what memory does not hold. No two processes may share one:
/// an engine takes whatever lies in its folder for its own. Goes with the object; what killed
/// processes left is removed by the next one.
class SpillFolder {
public:
    /// A new one below `parent`. It is there once the engine needs it. Where none can be made,
    /// whatever spills says so.
    explicit SpillFolder(const std::string& parent);
    SpillFolder(const SpillFolder&) = delete;
    SpillFolder& operator=(const SpillFolder&) = delete;
    ~SpillFolder();

    const std::string& path() const { return path_; }

private:
    std::string path_;
    std::optional<FileLock> lock_;
};

}  // namespace ingot::cli

#include "cli/spill_folder.hpp"

#include <filesystem>
#include <system_error>

#include "base/uuid.hpp"

namespace ingot::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".lock";

std::optional<FileLock> lock_of(const std::string& folder) {
    Result<FileLock::Attempt> attempt = FileLock::try_lock(folder + std::string(kEnding), "spill");
    if (!attempt) return std::nullopt;
    auto* const lock = std::get_if<FileLock>(&*attempt);
    return lock == nullptr ? std::nullopt : std::optional(std::move(*lock));
}

/// Its lock goes last: whoever has it is alone.
void remove_whole(const std::string& folder) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    fs::remove(folder + std::string(kEnding), ignored);
}

void remove_what_was_left(const std::string& parent) {
    std::error_code gone;
    for (const fs::directory_entry& entry : fs::directory_iterator(parent, gone)) {
        // Other programs keep locks, too, and `engine.spill` may name a folder of theirs.
        const fs::path folder = fs::path(entry.path()).replace_extension();
        const bool is_ours =
            entry.path().extension() == kEnding && is_uuid(folder.filename().string());
        if (!is_ours) continue;
        if (const std::optional<FileLock> lock = lock_of(folder.string())) {
            remove_whole(folder.string());
        }
    }
}

}  // namespace

SpillFolder::SpillFolder(const std::string& parent) {
    constexpr int kTries = 3;
    std::error_code ignored;
    fs::create_directories(parent, ignored);
    remove_what_was_left(parent);
    // Another process that removes what was left may hold the lock of a new one before it does.
    for (int tries = 0; tries < kTries && !lock_; ++tries) {
        path_ = parent + '/' + uuid_v4();
        lock_ = lock_of(path_);
    }
}

SpillFolder::~SpillFolder() {
    if (lock_) remove_whole(path_);
}

}  // namespace ingot::cli

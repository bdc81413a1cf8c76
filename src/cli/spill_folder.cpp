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
        if (entry.path().extension() != kEnding) continue;
        const std::string folder = fs::path(entry.path()).replace_extension().string();
        if (const std::optional<FileLock> lock = lock_of(folder)) remove_whole(folder);
    }
}

}  // namespace

SpillFolder::SpillFolder(const std::string& parent) : path_(parent + "/" + uuid_v4()) {
    std::error_code ignored;
    fs::create_directories(parent, ignored);
    remove_what_was_left(parent);
    lock_ = lock_of(path_);
}

SpillFolder::~SpillFolder() {
    if (lock_) remove_whole(path_);
}

}  // namespace ingot::cli

#include "orchestrator/run_folder.hpp"

#include <filesystem>

namespace ingot::orchestrator {
namespace {

Status make_folder(const std::string& path) {
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (!failed) return {};
    return make_error(ErrorCode::kIo, "the folder {} cannot be made: {}", path, failed.message());
}

}  // namespace

RunFolder::RunFolder(const std::string& store_path) {
    const std::filesystem::path folder = std::filesystem::path(store_path).parent_path();
    runs_ = (folder / "runs").string();
    places_ = (folder / "places").string();
}

std::string RunFolder::log(const RunId& run, const PlannedTask& task, int attempt) const {
    const std::string item = task.item ? fmt::format(".{}", *task.item + 1) : "";
    return fmt::format("{}/{}/{}{}.{}.log", runs_, run.value(), task.definition, item, attempt);
}

Result<FileLock::Attempt> RunFolder::lock_run(const RunId& run, std::string_view purpose) const {
    const std::string folder = runs_ + '/' + run.value();
    INGOT_TRY(make_folder(folder));
    return FileLock::try_lock(folder + "/lock", purpose);
}

Result<bool> RunFolder::is_at_work(const RunId& run) const {
    const std::string lock = runs_ + '/' + run.value() + "/lock";
    std::error_code ignored;
    if (!std::filesystem::exists(lock, ignored)) return false;
    INGOT_TRY_ASSIGN(const FileLock::Attempt attempt,
                     FileLock::try_lock(lock, "looks whether the run is at work"));
    return std::holds_alternative<FileLock::HeldBy>(attempt);
}

Result<FileLock::Attempt> RunFolder::lock_place(const std::string& pipeline, int places,
                                                std::string_view purpose) const {
    INGOT_TRY(make_folder(places_));
    FileLock::Attempt attempt = FileLock::HeldBy{};
    for (int place = 1; place <= places; ++place) {
        INGOT_TRY_ASSIGN(attempt, FileLock::try_lock(
                                      fmt::format("{}/{}.{}", places_, pipeline, place), purpose));
        if (std::holds_alternative<FileLock>(attempt)) break;
    }
    return attempt;
}

}  // namespace ingot::orchestrator

#include "orchestrator/run_folder.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

namespace ingot::orchestrator {
namespace {

Status make_folder(const std::string& path) {
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (!failed) return {};
    return make_error(ErrorCode::kIo, "the folder {} cannot be made: {}", path, failed.message());
}

constexpr std::string_view kLookPurpose = "looks who is at work";

/// Who holds the lock; empty: nobody.
Result<std::string> holder_of(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return std::string();
    INGOT_TRY_ASSIGN(const FileLock::Attempt attempt, FileLock::try_lock(path, kLookPurpose));
    const auto* held = std::get_if<FileLock::HeldBy>(&attempt);
    return held == nullptr ? std::string() : held->holder;
}

/// As try_lock. A lock that a server holds is left to it and a new file made in its place: a
/// stopped process lets go of nothing.
Result<FileLock::Attempt> try_lock(const std::string& path, std::string_view purpose,
                                   bool from_server) {
    INGOT_TRY_ASSIGN(FileLock::Attempt attempt, FileLock::try_lock(path, purpose));
    const auto* held = std::get_if<FileLock::HeldBy>(&attempt);
    // Somebody who looks holds it for no longer than that takes.
    for (int times = 0; held != nullptr && times < 100; ++times) {
        if (held->holder.find(kLookPurpose) == std::string::npos) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        INGOT_TRY_ASSIGN(attempt, FileLock::try_lock(path, purpose));
        held = std::get_if<FileLock::HeldBy>(&attempt);
    }
    if (held == nullptr || !from_server) return attempt;
    if (held->holder.find(kServerPurpose) == std::string::npos) return attempt;
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return FileLock::try_lock(path, purpose);
}

}  // namespace

std::string store_file(const project::Project& project) {
    return (std::filesystem::path(project.root) / project.store).lexically_normal().string();
}

RunFolder::RunFolder(const std::string& store_path) {
    const std::filesystem::path folder = std::filesystem::path(store_path).parent_path();
    server_ = (folder / "server.lock").string();
    runs_ = (folder / "runs").string();
    places_ = (folder / "places").string();
}

std::string RunFolder::log(const RunId& run, const PlannedTask& task, int attempt) const {
    const std::string item = task.item ? fmt::format(".{}", *task.item + 1) : "";
    return fmt::format("{}/{}/{}{}.{}.log", runs_, run.value(), task.definition, item, attempt);
}

Result<FileLock::Attempt> RunFolder::lock_run(const RunId& run, std::string_view purpose,
                                              bool from_server) const {
    const std::string folder = runs_ + '/' + run.value();
    INGOT_TRY(make_folder(folder));
    return try_lock(folder + "/lock", purpose, from_server);
}

Result<FileLock::Attempt> RunFolder::lock_server(std::string_view purpose, bool from_server) const {
    INGOT_TRY(make_folder(std::filesystem::path(server_).parent_path().string()));
    return try_lock(server_, purpose, from_server);
}

std::string RunFolder::server_socket() const {
    return std::filesystem::path(server_).replace_extension(".socket").string();
}

Result<std::string> RunFolder::server() const {
    return holder_of(server_);
}

Result<bool> RunFolder::is_at_work(const RunId& run) const {
    INGOT_TRY_ASSIGN(const std::string holder, holder_of(runs_ + '/' + run.value() + "/lock"));
    return !holder.empty();
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

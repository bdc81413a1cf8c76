#include "ingest/input_folder.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "base/hash.hpp"
#include "base/uuid.hpp"
#include "ingest/finders_internal.hpp"

namespace ingot::ingest {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVersionEnding = ".version";

Status make_folder(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        return make_error(ErrorCode::kIo, "cannot make the folder {}: {}", path, error.message());
    }
    return {};
}

}  // namespace

Result<InputFolder> InputFolder::open(const std::string& cache_dir, const std::string& source) {
    const std::string path = cache_dir + "/" + source;
    INGOT_TRY(make_folder(path));
    INGOT_TRY_ASSIGN(FileLock::Attempt lock,
                     FileLock::try_lock(path + "/.lock", "fetching " + source));
    if (auto* held = std::get_if<FileLock>(&lock)) return InputFolder(path, std::move(*held));
    const std::string own = path + "/" + uuid_v4();
    INGOT_TRY(make_folder(own));
    return InputFolder(own, std::nullopt);
}

InputFolder::InputFolder(InputFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")), lock_(std::move(other.lock_)) {}

InputFolder::~InputFolder() {
    if (lock_ || path_.empty()) return;
    std::error_code ignored;  // Nobody else looks into it.
    fs::remove_all(path_, ignored);
}

std::string InputFolder::file_for(std::string_view id, std::string_view tail) const {
    constexpr std::size_t kTailMax = 80;
    tail = tail.substr(tail.size() - std::min(tail.size(), kTailMax));
    std::string safe(tail);
    for (char& c : safe) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!plain) c = '_';
    }
    return fmt::format("{}/{:016x}-{}", path_, hash64(id), safe);
}

Status write_kept_version(const std::string& file, const KeptVersion& version) {
    std::ofstream out(file + kVersionEnding, std::ios::binary);
    out << version.sha256 << '\n' << version.etag << '\n' << version.last_modified << '\n';
    out.flush();
    if (!out) return make_error(ErrorCode::kIo, "cannot write {}{}", file, kVersionEnding);
    return {};
}

Result<std::optional<KeptVersion>> read_kept_version(const std::string& file) {
    std::ifstream in(file + kVersionEnding, std::ios::binary);
    KeptVersion version;
    const bool read = in && std::getline(in, version.sha256) && std::getline(in, version.etag) &&
                      std::getline(in, version.last_modified);
    std::error_code error;
    if (!read || !fs::exists(file, error)) return std::optional<KeptVersion>();
    INGOT_TRY_ASSIGN(const std::string sha256, file_sha256(file));
    if (sha256 != version.sha256) return std::optional<KeptVersion>();
    return std::optional(std::move(version));
}

void remove_kept(const std::string& file) {
    std::error_code ignored;  // What stays is fetched over.
    fs::remove(file, ignored);
    fs::remove(file + kVersionEnding, ignored);
}

void KeptInputs::keep(const Input& input) {
    inputs_.insert_or_assign(input.key, input);
}

std::optional<Input> KeptInputs::find(const Input& input) const {
    const auto found = inputs_.find(input.key);
    if (found == inputs_.end()) return std::nullopt;
    Input kept = found->second;
    kept.before = input.before;
    kept.unchanged = same_bytes(kept.before, kept.identities);
    return kept;
}

void KeptInputs::release(const std::vector<Input>& inputs) {
    for (const Input& input : inputs) {
        for (const format::InputFile& file : input.files) remove_kept(file.path);
        inputs_.erase(input.key);
    }
}

}  // namespace ingot::ingest

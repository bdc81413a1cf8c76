#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_lock.hpp"
#include "base/result.hpp"
#include "ingest/input.hpp"

namespace ingot::ingest {

/// Where the bytes of one source are kept until they are published: a folder of its own below the
/// project's cache. A second process that fetches the same source meanwhile gets a folder for
/// itself, which goes with it.
class InputFolder {
public:
    static Result<InputFolder> open(const std::string& cache_dir, const std::string& source);
    InputFolder(InputFolder&& other) noexcept;
    InputFolder& operator=(InputFolder&&) = delete;
    ~InputFolder();

    /// A path in the folder for what `id` names. `tail` is what people see of it; any text.
    std::string file_for(std::string_view id, std::string_view tail) const;

private:
    InputFolder(std::string path, std::optional<FileLock> lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}
    std::string path_;
    std::optional<FileLock> lock_;  ///< Absent: the folder is this process' own.
};

/// What a kept download is a copy of, beside it in `FILE.version`.
struct KeptVersion {
    std::string sha256;
    std::string etag;
    std::string last_modified;
};
Status write_kept_version(const std::string& file, const KeptVersion& version);
/// Nothing when there is no such download, or it is not what was written.
Result<std::optional<KeptVersion>> read_kept_version(const std::string& file);
void remove_kept(const std::string& file);

/// What a finder has fetched and not released, by key: another table of its source needs it again.
class KeptInputs {
public:
    void keep(const Input& input);
    /// With what was loaded of the key `before`; nothing when it is not kept.
    std::optional<Input> find(const Input& input) const;
    /// Removes the files of inputs that are published.
    void release(const std::vector<Input>& inputs);

private:
    std::map<std::string, Input> inputs_;
};

}  // namespace ingot::ingest

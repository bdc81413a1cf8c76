#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "base/result.hpp"

namespace ingot::net {

/// The file that a download grows in: `target` + ".part", with its checksum kept up as it grows.
/// Removed again unless it was published or kept.
class PartFile {
public:
    /// Empty.
    static Result<PartFile> create(std::string target);
    struct Kept;
    /// What `keep` left, which is thereby taken: it is kept no longer. Nothing when there is none.
    static Result<std::optional<Kept>> take_kept(const std::string& target);
    PartFile(PartFile&& other) noexcept;
    PartFile& operator=(PartFile&&) = delete;
    ~PartFile();

    std::uint64_t size() const { return size_; }
    Status append(std::string_view bytes);
    /// Empties the file.
    Status restart();
    /// Closes the hash; the file cannot grow afterwards.
    std::string finish_sha256() { return hash_.finish_hex(); }
    /// Gives the file its final name.
    Status publish();
    /// Closes the file and leaves it, durable, for a later `take_kept`. `version` is the caller's
    /// note of what it is a part of. On failure nothing is kept.
    Status keep(std::string_view version);

private:
    PartFile(int fd, std::string target);
    std::string path() const { return target_ + ".part"; }
    Status read_on();

    int fd_;
    std::string target_;
    std::uint64_t size_ = 0;
    Sha256 hash_;
};

struct PartFile::Kept {
    PartFile part;
    std::string version;
};

}  // namespace ingot::net

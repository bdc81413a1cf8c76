#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "base/result.hpp"

namespace ingot::net {

/// The file that a download grows in: `target` + ".part", with its checksum kept up as it grows.
/// Removed again unless it was published.
class PartFile {
public:
    static Result<PartFile> create(std::string target);
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

private:
    PartFile(int fd, std::string target);
    std::string path() const { return target_ + ".part"; }

    int fd_;
    std::string target_;
    std::uint64_t size_ = 0;
    Sha256 hash_;
};

}  // namespace ingot::net

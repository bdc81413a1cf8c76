#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "net/part_file_internal.hpp"

namespace ingot::net {

namespace {

constexpr const char* kVersionEnding = ".part.version";

Error file_error(std::string_view what, const std::string& path, int error_number) {
    return make_error(ErrorCode::kIo, "cannot {} {}: {}", what, path,
                      std::generic_category().message(error_number));
}

}  // namespace

Result<PartFile> PartFile::create(std::string target) {
    const std::string path = target + ".part";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return file_error("write", path, errno);
    return PartFile(fd, std::move(target));
}

Result<std::optional<PartFile::Kept>> PartFile::take_kept(const std::string& target) {
    const std::string note = target + kVersionEnding;
    std::ifstream in(note, std::ios::binary);
    if (!in) return std::optional<Kept>();
    std::string version{std::istreambuf_iterator<char>(in), {}};
    in.close();
    // A process that is killed while the part grows leaves no note, so that the part means nothing.
    if (::unlink(note.c_str()) != 0) return file_error("remove", note, errno);
    const std::string path = target + ".part";
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return std::optional<Kept>();
    Kept kept{PartFile(fd, target), std::move(version)};
    INGOT_TRY(kept.part.read_on());
    return std::optional(std::move(kept));
}

PartFile::PartFile(int fd, std::string target) : fd_(fd), target_(std::move(target)) {}

PartFile::PartFile(PartFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      target_(std::move(other.target_)),
      size_(other.size_),
      hash_(std::move(other.hash_)) {}

PartFile::~PartFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(path().c_str());
}

Status PartFile::append(std::string_view bytes) {
    hash_.update(bytes);
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("write", path(), errno);
        size_ += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Status PartFile::restart() {
    if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0) {
        return file_error("empty", path(), errno);
    }
    size_ = 0;
    hash_ = Sha256();
    return {};
}

Status PartFile::publish() {
    if (::close(std::exchange(fd_, -1)) != 0 || ::rename(path().c_str(), target_.c_str()) != 0) {
        Error error = file_error("write", target_, errno);
        ::unlink(path().c_str());
        return error;
    }
    return {};
}

Status PartFile::keep(std::string_view version) {
    const std::string note = target_ + kVersionEnding;
    if (::fsync(fd_) != 0) return file_error("write", path(), errno);
    std::ofstream out(note, std::ios::binary);
    out << version;
    out.flush();
    if (!out) {
        ::unlink(note.c_str());
        return make_error(ErrorCode::kIo, "cannot write {}", note);
    }
    ::close(std::exchange(fd_, -1));
    return {};
}

/// Takes in what the file holds; further bytes come after it.
Status PartFile::read_on() {
    std::vector<char> buffer(1U << 20);
    for (;;) {
        const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("read", path(), errno);
        if (got == 0) return {};
        hash_.update({buffer.data(), static_cast<std::size_t>(got)});
        size_ += static_cast<std::uint64_t>(got);
    }
}

}  // namespace ingot::net

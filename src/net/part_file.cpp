#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "net/part_file_internal.hpp"

namespace ingot::net {

namespace {

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

}  // namespace ingot::net
